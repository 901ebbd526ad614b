"""p(spelling of a word), for words that the vocabulary doesn't have.

The speller is a character-level recurrent language model (compare Sutskever et al. 2011; for open
vocabularies Mielke & Eisner 2019): a word is read as `end, c_1 … c_n` and predicted as `c_1 … c_n,
end`. The empty word is left out: p(c_1 … c_n) is divided by 1 − p(end | end). So the probabilities
of all non-empty sequences of symbols sum to 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .forks import no_fork_meanwhile
from .inference import Wanted, predict
from .language_model import RNNLanguageModel

# The row of the symbol that begins and ends a word.
END = 0


class Spellings(NamedTuple):
    """Words as the speller reads them, one after another.

    ids, targets (ndarray): int64 (positions,), what is read and what is predicted.
    lengths (ndarray): int64 (words,), positions of each: its symbols and one.
    """

    ids: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray

    @classmethod
    def from_symbols(cls, symbols: np.ndarray, lengths: np.ndarray) -> Spellings:
        """symbols (ndarray): int64 (n,), of all words, none of them END.
        lengths (ndarray): int64 (words,), with sum n.
        """
        lengths = lengths + 1
        body = np.ones(int(lengths.sum()), dtype=bool)
        body[np.cumsum(lengths) - lengths] = False
        ids = np.full(len(body), END, dtype=np.int64)
        targets = ids.copy()
        ids[body] = symbols
        targets[np.flatnonzero(body) - 1] = symbols
        return cls(ids, targets, lengths)


@torch.no_grad()
def spelling_log_probs(speller: RNNLanguageModel, spellings: Spellings) -> np.ndarray:
    """RETURNS (ndarray): float64 (words,), natural log p of each spelling, in bounded memory."""
    if not len(spellings.lengths):
        return np.zeros(0)
    wanted = Wanted(log_probs=True)
    made = predict(
        speller, spellings.ids, spellings.lengths, spellings.targets, wanted, exclude=END
    )
    assert made.log_probs is not None
    symbols = made.log_probs.cpu().double().numpy()
    starts = np.cumsum(spellings.lengths) - spellings.lengths
    return np.add.reduceat(symbols, starts) - log_prob_of_a_symbol(speller)


@no_fork_meanwhile
@torch.no_grad()
def log_prob_of_a_symbol(speller: RNNLanguageModel) -> float:
    """RETURNS (float): log(1 − p(end | end)): that a word isn't empty."""
    start = torch.full((1,), END, device=speller.device)
    state = speller.read(start, speller.stack().zero_state(1))
    first = speller.softmax.log_distribution(state.h[-1])[0].cpu().double()
    return float(torch.logsumexp(first[END + 1 :], 0))


@no_fork_meanwhile
def weighted_log_prob(
    speller: RNNLanguageModel,
    spellings: Spellings,
    weights: np.ndarray,
    *,
    dropout: float,
    dtype: torch.dtype,
) -> Tensor:
    """The training pass: Σ weight · log p(spelling), with gradients. That no word is empty isn't
    taken into account here: it is soon learned.

    weights (ndarray): (words,), how often each word counts.
    dropout, dtype: See `RNNLanguageModel.forward`.
    RETURNS (Tensor): float32 (), in nats.
    """
    device = speller.device
    _, log_probs, _ = speller(
        torch.from_numpy(spellings.ids).to(device),
        spellings.lengths,
        torch.from_numpy(spellings.targets).to(device),
        dropout=dropout,
        dtype=dtype,
    )
    repeated = np.repeat(weights.astype(np.float32), spellings.lengths)
    return log_probs @ torch.from_numpy(repeated).to(device)
