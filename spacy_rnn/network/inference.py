"""Prediction for documents of any number and length, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from .forks import no_fork_meanwhile
from .language_model import RNNLanguageModel
from .measures import NETWORK_MEASURES
from .recurrent import State

# Positions that run through the network at once; memory grows with it, speed hardly.
CHUNK_POSITIONS = 16_384
_MAX_SEQUENCES = 512
# Long documents run side by side: a step of one sequence costs nearly as much as one of 32.
_MIN_SEQUENCES = 32
# Lengths are rounded up to it where no state is wanted: a fifth fewer, larger calls of the cell.
_MULTIPLE = 4
# A single sequence of so many positions isn't: somebody waits for each step.
SHORT = 64


@dataclass
class Wanted:
    """What to compute for every position: nothing else is.

    hidden (bool): Hidden states.
    log_probs (bool): Log-probabilities of the given targets.
    top_k (int): The most probable next words, so many.
    final_state (bool): The state of every layer after each sequence.
    measures (Sequence[str]): Some of NETWORK_MEASURES.
    kept (Optional[ndarray]): int64 (k,), positions whose hidden states are kept by themselves.
    layers (bool): What each layer reads, beside hidden states.
    """

    hidden: bool = False
    log_probs: bool = False
    top_k: int = 0
    final_state: bool = False
    measures: Sequence[str] = ()
    kept: np.ndarray | None = None
    layers: bool = False

    @property
    def only_hidden(self) -> bool:
        """RETURNS (bool): Whether hidden states of the last layer are all."""
        others = self.log_probs, self.top_k, self.final_state, self.measures, self.layers
        return self.hidden and self.kept is None and not any(others)

    @property
    def anything(self) -> bool:
        """RETURNS (bool): Whether the network has to run at all."""
        every = self.hidden, self.log_probs, self.top_k, self.final_state, self.measures
        return any(map(bool, every))


@dataclass
class Prediction:
    """float32 and int64 tensors on the network's device, a row for every id; None if not wanted.

    hidden: (n, width). log_probs: (n,). top_log_probs, top_rows: (n, k).
    state: (depth, sequences, width) each. measures: (n,) each, those that are wanted, by name.
    kept: (k, width), in the order of `Wanted.kept`.
    lower: What each layer reads: (n, embedding_width), (n, width) for each layer but the last.
    """

    hidden: Tensor | None = None
    log_probs: Tensor | None = None
    top_log_probs: Tensor | None = None
    top_rows: Tensor | None = None
    state: State | None = None
    measures: dict[str, Tensor] = field(default_factory=dict)
    kept: Tensor | None = None
    lower: list[Tensor] = field(default_factory=list)


@no_fork_meanwhile
@torch.no_grad()
def predict(
    network: RNNLanguageModel,
    ids: np.ndarray,
    lengths: np.ndarray,
    targets: np.ndarray | None,
    wanted: Wanted,
    *,
    exclude: int,
    words: Tensor | None = None,
    features: np.ndarray | None = None,
    reverse: bool = False,
    before: State | None = None,
    shut: np.ndarray | None = None,
    dtype: torch.dtype = torch.float32,
    chunk_positions: int = CHUNK_POSITIONS,
) -> Prediction:
    """Run sequences through the network, sorted by length, in chunks with the state carried.

    ids (ndarray): int64 (n,), the sequences one after another, in the order of reading.
    lengths (ndarray): int64 (sequences,), all > 0.
    targets (Optional[ndarray]): int64 (n,); needed for log-probabilities and measures of
        what came.
    wanted (Wanted): What to compute.
    exclude (int): The row left out of top-k lists and not counted in ranks; it has none itself.
    words, reverse: See `RNNLanguageModel.encode`.
    features (Optional[ndarray]): int64 (n, k), what is read of the subword table at each position;
        with it, ids are rows of the vocabulary and `words` is None.
    before (Optional[State]): The state before each sequence; zeros if None.
    shut (Optional[ndarray]): bool (n,), where row 0 can't come: the log-probabilities are those of
        the other rows, which sum to 1.
    dtype (torch.dtype): What the matrix products of the recurrence and of the log-probabilities
        run in. Top-k lists are exact for the hidden states that come out.
    chunk_positions (int): Bound of what runs at once; no result depends on it (1e-5 in
        float32).
    """
    device, total = network.device, len(ids)
    alone = len(lengths) == 1 and total <= chunk_positions
    result = _allocate(network, total, len(lengths), wanted, reverse, alone)
    if not wanted.anything:
        return result
    run = _Run(
        network,
        result,
        torch.from_numpy(ids).to(device),
        None if targets is None else torch.from_numpy(targets).to(device),
        None if shut is None else torch.from_numpy(shut).to(device),
        wanted,
        exclude,
        words,
        None if features is None else torch.from_numpy(features).to(device),
        reverse,
        dtype,
    )
    if alone:
        run.read_one(before)
        return result
    starts = np.cumsum(lengths) - lengths
    for group in _groups(lengths, chunk_positions):
        state = None if before is None else _columns(before, torch.from_numpy(group).to(device))
        run.read_group(group, starts[group], lengths[group], state, chunk_positions)
    return result


@dataclass
class _Run:
    """One call of `predict`: what its chunks share."""

    network: RNNLanguageModel
    result: Prediction
    ids: Tensor
    targets: Tensor | None
    shut: Tensor | None
    wanted: Wanted
    exclude: int
    words: Tensor | None
    features: Tensor | None
    reverse: bool
    dtype: torch.dtype

    def __post_init__(self) -> None:
        self.slots = _slots(self.wanted.kept, len(self.ids), self.network.device)

    def read_one(self, before: State | None) -> None:
        """Read a single sequence, whose positions need no order."""
        whole = slice(0, len(self.ids))
        multiple = 1 if self.wanted.final_state or whole.stop <= SHORT else _MULTIPLE
        lengths = np.array([whole.stop])
        hidden, state = self._encode(self.ids, lengths, before, multiple, whole)
        if self.wanted.hidden:
            self.result.hidden = hidden
        self._fill(hidden, whole)
        if self.wanted.kept is not None:
            self.result.kept = hidden[torch.from_numpy(self.wanted.kept).to(hidden.device)]
        self.result.state = state if self.wanted.final_state else None

    def read_group(
        self,
        group: np.ndarray,
        starts: np.ndarray,
        lengths: np.ndarray,
        state: State | None,
        chunk_positions: int,
    ) -> None:
        """Read some sequences in chunks, their states carried.

        group (ndarray): int64 (n,), which sequences these are, sorted by falling length.
        starts, lengths (ndarray): int64 (n,), of each.
        state (Optional[State]): Before each of them.
        """
        steps = max(1, chunk_positions // len(group))
        longest = int(lengths.max())
        multiple = 1 if self.wanted.final_state or longest > steps else _MULTIPLE
        for done in range(0, longest, steps):
            # running sequences are the group's beginning
            running = int((lengths > done).sum())
            counts = np.minimum(lengths[:running] - done, steps)
            ranges = concatenated_ranges(starts[:running] + done, counts)
            places = torch.from_numpy(ranges).to(self.network.device)
            state = None if state is None else _first(state, running)
            hidden, state = self._encode(self.ids[places], counts, state, multiple, places)
            self._fill(hidden, places)
            if self.result.kept is not None and self.slots is not None:
                numbers = self.slots[places]
                self.result.kept[numbers[numbers >= 0]] = hidden[numbers >= 0]
            if self.result.state is not None:
                columns = torch.from_numpy(group[:running]).to(self.network.device)
                self.result.state.h[:, columns] = state.h
                if self.result.state.c is not None and state.c is not None:
                    self.result.state.c[:, columns] = state.c

    def _encode(
        self,
        ids: Tensor,
        lengths: np.ndarray,
        state: State | None,
        multiple: int,
        places: Tensor | slice,
    ) -> tuple[Tensor, State]:
        lower: list[Tensor] = []
        words = self.words
        if self.features is not None:
            words = self.network.word_vectors(ids, self.features[places])
            ids = torch.arange(len(ids), device=ids.device)
        with self.network.precision(self.dtype):
            made = self.network.encode(
                ids,
                lengths,
                state,
                words=words,
                reverse=self.reverse,
                multiple=multiple,
                lower=lower if self.wanted.layers else None,
            )
        for kept, part in zip(self.result.lower, lower, strict=True):
            kept[places] = part
        return made

    def _fill(self, hidden: Tensor, places: Tensor | slice) -> None:
        result, softmax = self.result, self.network.softmax
        targets = None if self.targets is None else self.targets[places]
        if result.hidden is not None and result.hidden is not hidden:
            result.hidden[places] = hidden
        if result.log_probs is not None:
            if targets is None:
                raise ValueError("log-probabilities need targets")
            shut = None if self.shut is None else self.shut[places]
            result.log_probs[places] = softmax.target_log_probs(hidden, targets, self.dtype, shut)
        if result.top_log_probs is not None and result.top_rows is not None:
            k = result.top_rows.shape[1]
            log_probs, rows = softmax.top_k(hidden, k, self.exclude)
            result.top_log_probs[places], result.top_rows[places] = log_probs, rows
        for name, values in result.measures.items():
            measure = NETWORK_MEASURES[name]
            if measure.needs_targets and targets is None:
                raise ValueError(f"{name} needs targets")
            values[places] = measure.compute(softmax, hidden, targets, self.exclude)


def _allocate(
    network: RNNLanguageModel,
    total: int,
    sequences: int,
    wanted: Wanted,
    reverse: bool,
    alone: bool,
) -> Prediction:
    """alone (bool): Whether it is a single sequence, whose states are taken as they come."""
    device = network.device
    result = Prediction()
    if wanted.hidden and not alone:
        result.hidden = torch.empty(total, network.settings.width, device=device)
    if wanted.layers:
        widths = network.settings.lower_widths
        result.lower = [torch.empty(total, width, device=device) for width in widths]
    if wanted.log_probs:
        result.log_probs = torch.empty(total, device=device)
    if wanted.top_k:
        result.top_log_probs = torch.empty(total, wanted.top_k, device=device)
        result.top_rows = torch.empty(total, wanted.top_k, dtype=torch.long, device=device)
    for name in wanted.measures:
        kind = np.dtype(NETWORK_MEASURES[name].dtype).kind
        dtype = torch.float32 if kind == "f" else torch.long
        result.measures[name] = torch.empty(total, dtype=dtype, device=device)
    if wanted.final_state and not alone:
        result.state = network.stack(reverse).zero_state(sequences)
    if wanted.kept is not None and not alone:
        result.kept = torch.empty(len(wanted.kept), network.settings.width, device=device)
    return result


def _slots(kept: np.ndarray | None, total: int, device: torch.device) -> Tensor | None:
    """RETURNS (Optional[Tensor]): int64 (total,), the number of each position that is kept; −1 for
    all others."""
    if kept is None or not len(kept):
        return None
    slots = np.full(total, -1, dtype=np.int64)
    slots[kept] = np.arange(len(kept))
    return torch.from_numpy(slots).to(device)


def _groups(lengths: np.ndarray, positions: int) -> Iterator[np.ndarray]:
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        room = np.cumsum(lengths[order[start : start + _MAX_SEQUENCES]])
        size = max(_MIN_SEQUENCES, int(np.searchsorted(room, positions, side="right")))
        yield order[start : start + size]
        start += size


def concatenated_ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): int64, arange(start, start + count) of every pair, one after another."""
    before = np.cumsum(counts) - counts
    return np.arange(int(counts.sum())) + np.repeat(starts - before, counts)


def _columns(state: State, numbers: Tensor) -> State:
    c = None if state.c is None else state.c.index_select(1, numbers)
    return State(state.h.index_select(1, numbers), c)


def _first(state: State, running: int) -> State:
    c = None if state.c is None else state.c[:, :running]
    return State(state.h[:, :running], c)
