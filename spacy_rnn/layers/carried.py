"""The states that streams of windows carry from one batch to the next."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..corpus.windows import Window
from ..errors import Errors
from ..network.recurrent import RecurrentStack, State


class CarriedStates:
    """The state after the last window of every stream; see `spacy_rnn.corpus.streams`.

    name (str): The component's name, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._turns: dict[int, int] = {}
        self._columns: dict[int, int] = {}
        self._state: State | None = None

    def take(self, encoder: RecurrentStack, marks: Sequence[Window | None]) -> State | None:
        """The state before each window of a batch.

        encoder (RecurrentStack): Tells the shape.
        marks (Sequence[Optional[Window]]): The windows.
        RETURNS (Optional[State]): (depth, windows, width) each, zeros where nothing is carried
            on; None if no window belongs to a stream.
        RAISES (ValueError): If two windows are of one stream, or one doesn't follow the last.
        """
        seen: set[int] = set()
        columns = []
        for mark in marks:
            if mark is None or mark.stream is None:
                columns.append(0)
                continue
            if mark.stream in seen:
                raise ValueError(Errors.R318.format(name=self.name, stream=mark.stream))
            seen.add(mark.stream)
            if mark.carried and self._turns.get(mark.stream) != mark.turn - 1:
                known = {"name": self.name, "stream": mark.stream, "turn": mark.turn}
                raise ValueError(Errors.R319.format(**known))
            columns.append(self._columns[mark.stream] if mark.carried else 0)
        if not seen:
            return None
        zero = encoder.zero_state(1)
        if self._state is None:
            self._state = zero  # column 0 stays the zero state
        elif self._state.h.device != zero.h.device:  # the model was moved
            h, c = self._state
            self._state = State(h.to(zero.h.device), None if c is None else c.to(zero.h.device))
        index = torch.tensor(columns, device=self._state.h.device)
        h, c = self._state
        return State(h.index_select(1, index), None if c is None else c.index_select(1, index))

    def put(self, marks: Sequence[Window | None], state: State) -> None:
        """Keep the states after the windows of a batch.

        marks (Sequence[Optional[Window]]): The windows, as in `take`.
        state (State): (depth, windows, width) each; kept without gradient.
        """
        places, columns = [], []
        for place, mark in enumerate(marks):
            if mark is not None and mark.stream is not None:
                self._turns[mark.stream] = mark.turn
                columns.append(self._columns.setdefault(mark.stream, len(self._columns) + 1))
                places.append(place)
        if places:
            assert self._state is not None
            self._state = _write_columns(self._state, columns, state, places)

    def to_tensors(self) -> dict[str, Tensor]:
        """RETURNS (Dict[str, Tensor]): What a training needs to go on elsewhere: "places", int64
        (streams, 3) with stream, turn and column, and "h" (and "c"), float32 (depth, columns,
        width), on the CPU; empty if nothing is carried.
        """
        if self._state is None:
            return {}
        known = [(stream, turn, self._columns[stream]) for stream, turn in self._turns.items()]
        tensors = {"places": torch.tensor(known, dtype=torch.int64).view(-1, 3)}
        for name, part in zip(("h", "c"), self._state, strict=True):
            if part is not None:
                tensors[name] = part.cpu()
        return tensors

    def from_tensors(self, tensors: dict[str, Tensor], device: torch.device) -> None:
        """Carry on what `to_tensors` gave.

        tensors (Dict[str, Tensor]): Its result.
        device (device): Where the network is.
        """
        self._turns, self._columns, self._state = {}, {}, None
        if not tensors:
            return
        for stream, turn, column in tensors["places"].tolist():
            self._turns[stream], self._columns[stream] = turn, column
        c = tensors.get("c")
        self._state = State(tensors["h"].to(device), None if c is None else c.to(device))


def _write_columns(kept: State, columns: list[int], new: State, places: list[int]) -> State:
    """RETURNS (State): `kept` with new columns, more of them where there is no room."""
    source = torch.tensor(places, device=kept.h.device)
    target = torch.tensor(columns, device=kept.h.device)
    missing = max(0, max(columns) + 1 - kept.h.shape[1])

    def part(old: Tensor, fresh: Tensor) -> Tensor:
        room = old.new_zeros(old.shape[0], missing, old.shape[2])
        fresh = fresh.detach().index_select(1, source)
        return torch.cat([old, room], dim=1).index_copy_(1, target, fresh)

    c = None if kept.c is None or new.c is None else part(kept.c, new.c)
    return State(part(kept.h, new.h), c)
