"""p(spelling of a word), for words that the vocabulary doesn't have.

The speller is a character-level recurrent language model (compare Sutskever et al. 2011; for open
vocabularies Mielke & Eisner 2019): a word is read as `end, c_1 … c_n` and predicted as `c_1 … c_n,
end`.

Of a plain speller, the empty word is left out: p(c_1 … c_n) is divided by 1 − p(end | end). So the
probabilities of all non-empty sequences of symbols sum to 1. One that knows the vocabulary leaves
its words out too: where what is spelled so far is one of them, the end can't come, and the other
symbols share its probability. So the probabilities of all sequences that are none of these words
sum to 1. It starts from the state in which the word is predicted, see `speller_start.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .forks import no_fork_meanwhile
from .inference import Wanted, concatenated_ranges, predict
from .language_model import RNNLanguageModel
from .recurrent import State

# The row of the symbol that begins and ends a word.
END = 0


class Spellings(NamedTuple):
    """Words as the speller reads them, one after another.

    ids, targets (ndarray): int64 (positions,), what is read and what is predicted.
    lengths (ndarray): int64 (words,), positions of each: its symbols and one.
    shut (Optional[ndarray]): bool (positions,), where END can't come; None for a plain speller.
    """

    ids: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray
    shut: np.ndarray | None = None

    @classmethod
    def from_symbols(
        cls, symbols: np.ndarray, lengths: np.ndarray, shut: np.ndarray | None = None
    ) -> Spellings:
        """symbols (ndarray): int64 (n,), of all words, none of them END.
        lengths (ndarray): int64 (words,), with sum n.
        shut (Optional[ndarray]): bool (n,), after which symbols END can't come; before the first
            one of a word it can't either. None for a plain speller.
        """
        lengths = lengths + 1
        body = np.ones(int(lengths.sum()), dtype=bool)
        body[np.cumsum(lengths) - lengths] = False
        ids = np.full(len(body), END, dtype=np.int64)
        targets = ids.copy()
        ids[body] = symbols
        targets[np.flatnonzero(body) - 1] = symbols
        if shut is None:
            return cls(ids, targets, lengths)
        closed = ~body
        closed[body] = shut
        return cls(ids, targets, lengths, closed)

    def of_words(self, numbers: np.ndarray) -> Spellings:
        """RETURNS (Spellings): Of some of the words, in another order, repeated perhaps.

        numbers (ndarray): int64 (n,), which of the words.
        """
        starts = (np.cumsum(self.lengths) - self.lengths)[numbers]
        places = concatenated_ranges(starts, self.lengths[numbers])
        shut = None if self.shut is None else self.shut[places]
        return Spellings(self.ids[places], self.targets[places], self.lengths[numbers], shut)


@torch.no_grad()
def spelling_log_probs(
    speller: RNNLanguageModel, spellings: Spellings, before: State | None = None
) -> np.ndarray:
    """Score spellings, in bounded memory.

    before (Optional[State]): (1, words, speller_width) each, what each word's spelling starts from;
        None for zeros.
    RETURNS (ndarray): float64 (words,), natural log p of each spelling.
    """
    if not len(spellings.lengths):
        return np.zeros(0)
    wanted = Wanted(log_probs=True)
    made = predict(
        speller,
        spellings.ids,
        spellings.lengths,
        spellings.targets,
        wanted,
        exclude=END,
        before=before,
        shut=spellings.shut,
    )
    assert made.log_probs is not None
    symbols = made.log_probs.cpu().double().numpy()
    starts = np.cumsum(spellings.lengths) - spellings.lengths
    result = np.add.reduceat(symbols, starts)
    return result if spellings.shut is not None else result - log_prob_of_a_symbol(speller)


@no_fork_meanwhile
@torch.no_grad()
def log_prob_of_a_symbol(speller: RNNLanguageModel) -> float:
    """RETURNS (float): log(1 − p(end | end)): that a word isn't empty."""
    start = torch.full((1,), END, device=speller.device)
    state = speller.read(start, speller.stack().zero_state(1))
    first = speller.softmax.log_distribution(state.h[-1])[0].cpu().double()
    return float(torch.logsumexp(first[END + 1 :], 0))


@no_fork_meanwhile
def symbol_log_probs(
    speller: RNNLanguageModel,
    spellings: Spellings,
    before: State | None = None,
    *,
    dropout: float,
    dtype: torch.dtype,
) -> Tensor:
    """The training pass, with gradients. That no word is empty isn't taken into account for a
    plain speller: it is soon learned.

    before (Optional[State]): See `spelling_log_probs`.
    dropout, dtype: See `RNNLanguageModel.forward`.
    RETURNS (Tensor): float32 (positions,), natural log p of each symbol and end.
    """
    device = speller.device
    hidden, _, _ = speller(
        torch.from_numpy(spellings.ids).to(device),
        spellings.lengths,
        None,
        state=before,
        dropout=dropout,
        dtype=dtype,
    )
    targets = torch.from_numpy(spellings.targets).to(device)
    shut = None if spellings.shut is None else torch.from_numpy(spellings.shut).to(device)
    return speller.softmax.target_log_probs(hidden, targets, dtype, shut)
