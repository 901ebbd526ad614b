"""SIGTERM and Ctrl-C end a training after the step that is under way."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

_ASKS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """Notices the signals in a `with` block. Ctrl-C twice stops at once.

    number (int): The signal that came, 0 if none did.
    """

    def __init__(self) -> None:
        self.number = 0
        self._before: dict[int, object] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._notice) for number in _ASKS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _notice(self, number: int, frame: FrameType | None) -> None:
        if self.number and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.number = number
