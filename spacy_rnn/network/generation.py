"""Read a prefix, then write on: the state is kept, so each word costs one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from .forks import no_fork_meanwhile
from .inference import CHUNK_POSITIONS
from .language_model import RNNLanguageModel
from .recurrent import State
from .sampling import Transform, sample
from .state_softmax import StateSoftmax


@no_fork_meanwhile
@torch.no_grad()
def read_prefix(
    network: RNNLanguageModel, ids: np.ndarray, features: np.ndarray | None = None
) -> State:
    """RETURNS (State): After reading all ids, which begin with the boundary row; `features` are
    those of their spelling, see `RNNLanguageModel.word_vectors`."""
    state = network.stack().zero_state(1)
    rows = torch.from_numpy(ids).to(network.device)
    spelling = None if features is None else torch.from_numpy(features).to(network.device)
    for start in range(0, len(rows), CHUNK_POSITIONS):
        part = slice(start, start + CHUNK_POSITIONS)
        state = network.read(rows[part], state, None if spelling is None else spelling[part])
    return state


@no_fork_meanwhile
@torch.no_grad()
def next_log_probs(network: RNNLanguageModel, state: State) -> Tensor:
    """RETURNS (Tensor): float32 (words,) natural log-probabilities of what follows."""
    return network.softmax.log_distribution(state.h[-1])[0]


@no_fork_meanwhile
@torch.no_grad()
def next_top_k(
    network: RNNLanguageModel, state: State, k: int, exclude: int
) -> tuple[list[float], list[int]]:
    """RETURNS (Tuple[List[float], List[int]]): The k best log-probabilities and their rows."""
    return StateSoftmax(network.softmax, state.h[-1]).top_k(k, exclude)


@torch.no_grad()
def continue_rows(
    network: RNNLanguageModel,
    state: State,
    *,
    end: int,
    max_tokens: int,
    transforms: Sequence[Transform],
    seed: int,
    read: Iterable[int] = (),
) -> Iterator[int]:
    """Draw rows until `end` is drawn or `max_tokens` are there; see `sample`.

    state (State): After the prefix.
    transforms (Sequence[Transform]): What is done to each distribution before a row is drawn.
    seed (int): Of a generator of its own: torch's global random state is not touched.
    read (Iterable[int]): The rows of the prefix, for transforms that look back.
    YIELDS (int): Rows; never `end`.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = list(read)
    for _ in range(max_tokens):
        row = sample(next_log_probs(network, state).cpu(), transforms, generator, rows)
        if row == end:
            return
        yield row
        rows.append(row)
        state = _read_row(network, row, state)


@no_fork_meanwhile
@torch.no_grad()
def _read_row(network: RNNLanguageModel, row: int, state: State) -> State:
    return network.read(torch.tensor([row], device=network.device), state)
