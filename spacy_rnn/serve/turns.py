"""One thread for a model: questions are answered one after another, in the order of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class NoTurn(Exception):
    """The turn didn't come in time."""


class Turns:
    """A queue of calls, and the thread that makes them.

    The thread takes the next call by itself: going back to the event loop in between would cost two
    changes of threads for each, which are slow where the cores are busy.

    seconds (float): Who waits longer for a turn to begin gets none.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    async def take(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function when all calls before it are done. Who is cancelled before its turn
        leaves the queue: its call is never made.

        function (Callable): What is to be called.
        RETURNS (Any): Its result.
        RAISES (NoTurn): If the turn doesn't come in time.
        """
        call = self._thread.submit(function, *args)
        late = False

        def give_up() -> None:
            nonlocal late
            late = call.cancel()  # not if it runs already

        timer = asyncio.get_running_loop().call_later(self._seconds, give_up)
        try:
            return await asyncio.wrap_future(call)
        except asyncio.CancelledError:
            if late:
                raise NoTurn from None
            raise
        finally:
            timer.cancel()

    def close(self) -> None:
        """Make no call any more but the one that is running."""
        self._thread.shutdown(cancel_futures=True)
