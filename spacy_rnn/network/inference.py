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


@dataclass
class Wanted:
    """What to compute for every position: nothing else is.

    hidden (bool): Hidden states.
    log_probs (bool): Log-probabilities of the given targets.
    top_k (int): The most probable next words, so many.
    final_state (bool): The state of every layer after each sequence.
    measures (Sequence[str]): Some of NETWORK_MEASURES.
    kept (Optional[ndarray]): int64 (k,), positions whose hidden states are kept by themselves.
    """

    hidden: bool = False
    log_probs: bool = False
    top_k: int = 0
    final_state: bool = False
    measures: Sequence[str] = ()
    kept: np.ndarray | None = None

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
    """

    hidden: Tensor | None = None
    log_probs: Tensor | None = None
    top_log_probs: Tensor | None = None
    top_rows: Tensor | None = None
    state: State | None = None
    measures: dict[str, Tensor] = field(default_factory=dict)
    kept: Tensor | None = None


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
    before (Optional[State]): The state before each sequence; zeros if None.
    shut (Optional[ndarray]): bool (n,), where row 0 can't come: the log-probabilities are those of
        the other rows, which sum to 1.
    dtype (torch.dtype): What the matrix products of the recurrence and of the log-probabilities
        run in. Top-k lists are exact for the hidden states that come out.
    chunk_positions (int): Bound of what runs at once; no result depends on it (1e-5 in
        float32).
    """
    device, total = network.device, len(ids)
    result = _allocate(network, total, len(lengths), wanted, reverse)
    if not wanted.anything:
        return result
    flat_ids = torch.from_numpy(ids).to(device)
    flat_targets = torch.from_numpy(targets).to(device) if targets is not None else None
    flat_shut = None if shut is None else torch.from_numpy(shut).to(device)
    slots = _slots(wanted.kept, total, device)
    if len(lengths) == 1 and total <= chunk_positions:
        multiple = 1 if wanted.final_state else _MULTIPLE
        with network.precision(dtype):
            hidden, after = network.encode(
                flat_ids, lengths, before, words=words, reverse=reverse, multiple=multiple
            )
        _fill(network, result, hidden, slice(0, total), flat_targets, flat_shut, exclude, dtype)
        if wanted.kept is not None:
            result.kept = hidden[torch.from_numpy(wanted.kept).to(device)]
        result.state = after if wanted.final_state else None
        return result
    starts = np.cumsum(lengths) - lengths
    for group in _groups(lengths, chunk_positions):
        state = None if before is None else _columns(before, torch.from_numpy(group).to(device))
        steps = max(1, chunk_positions // len(group))
        longest = int(lengths[group].max())
        multiple = 1 if wanted.final_state or longest > steps else _MULTIPLE
        for done in range(0, longest, steps):
            # the group is sorted by falling length: running sequences are its beginning
            running = int((lengths[group] > done).sum())
            active = group[:running]
            counts = np.minimum(lengths[active] - done, steps)
            places = torch.from_numpy(concatenated_ranges(starts[active] + done, counts)).to(device)
            if state is not None:
                state = _first(state, running)
            with network.precision(dtype):
                hidden, state = network.encode(
                    flat_ids[places],
                    counts,
                    state,
                    words=words,
                    reverse=reverse,
                    multiple=multiple,
                )
            _fill(network, result, hidden, places, flat_targets, flat_shut, exclude, dtype)
            if result.kept is not None and slots is not None:
                numbers = slots[places]
                result.kept[numbers[numbers >= 0]] = hidden[numbers >= 0]
            if result.state is not None:
                columns = torch.from_numpy(active).to(device)
                result.state.h[:, columns] = state.h
                if result.state.c is not None and state.c is not None:
                    result.state.c[:, columns] = state.c
    return result


def _allocate(
    network: RNNLanguageModel, total: int, sequences: int, wanted: Wanted, reverse: bool
) -> Prediction:
    device = network.device
    result = Prediction()
    if wanted.hidden:
        result.hidden = torch.empty(total, network.settings.width, device=device)
    if wanted.log_probs:
        result.log_probs = torch.empty(total, device=device)
    if wanted.top_k:
        result.top_log_probs = torch.empty(total, wanted.top_k, device=device)
        result.top_rows = torch.empty(total, wanted.top_k, dtype=torch.long, device=device)
    for name in wanted.measures:
        kind = np.dtype(NETWORK_MEASURES[name].dtype).kind
        dtype = torch.float32 if kind == "f" else torch.long
        result.measures[name] = torch.empty(total, dtype=dtype, device=device)
    if wanted.final_state:
        result.state = network.stack(reverse).zero_state(sequences)
    if wanted.kept is not None:
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


def _fill(
    network: RNNLanguageModel,
    result: Prediction,
    hidden: Tensor,
    places: Tensor | slice,
    targets: Tensor | None,
    shut: Tensor | None,
    exclude: int,
    dtype: torch.dtype,
) -> None:
    if result.hidden is not None:
        result.hidden[places] = hidden
    if result.log_probs is not None:
        if targets is None:
            raise ValueError("log-probabilities need targets")
        chosen = None if shut is None else shut[places]
        log_probs = network.softmax.target_log_probs(hidden, targets[places], dtype, chosen)
        result.log_probs[places] = log_probs
    if result.top_log_probs is not None and result.top_rows is not None:
        k = result.top_rows.shape[1]
        log_probs, rows = network.softmax.top_k(hidden, k, exclude)
        result.top_log_probs[places], result.top_rows[places] = log_probs, rows
    for name, values in result.measures.items():
        measure = NETWORK_MEASURES[name]
        if measure.needs_targets and targets is None:
            raise ValueError(f"{name} needs targets")
        own = None if targets is None else targets[places]
        values[places] = measure.compute(network.softmax, hidden, own, exclude)


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
