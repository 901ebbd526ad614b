"""p(spelling of a word), for words that the vocabulary doesn't have.

The speller is a character-level recurrent language model (compare Sutskever et al. 2011; for open
vocabularies Mielke & Eisner 2019): a word is read as `end, c_1 … c_n` and predicted as `c_1 … c_n,
end`.

Of a plain speller, the empty word is left out: p(c_1 … c_n) is divided by 1 − p(end | end). So the
probabilities of all non-empty sequences of symbols sum to 1. One that knows the vocabulary leaves
its words out too: where what is spelled so far is one of them, the end can't come, and the other
symbols share its probability. So the probabilities of all sequences that are none of these words
sum to 1. It starts from the state in which the word is predicted, see `speller_start.py`.

What it reads of a symbol may be more than its embedding: with vectors of the last two, three
and four symbols added, hashed to a table, one step sees what an LSTM that learns from few words is
slow to find (compare the n-gram features of Mikolov et al. 2011, there beside a recurrent network).
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
    ngrams (Optional[ndarray]): int64 (positions, k), rows of the speller's table of n-grams that
        end with what is read; None for a speller without one.
    """

    ids: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray
    shut: np.ndarray | None = None
    ngrams: np.ndarray | None = None

    @classmethod
    def from_symbols(
        cls,
        symbols: np.ndarray,
        lengths: np.ndarray,
        shut: np.ndarray | None = None,
        ngrams: np.ndarray | None = None,
    ) -> Spellings:
        """symbols (ndarray): int64 (n,), of all words, none of them END.
        lengths (ndarray): int64 (words,), with sum n.
        shut (Optional[ndarray]): bool (n,), after which symbols END can't come; before the first
            one of a word it can't either. None for a plain speller.
        ngrams (Optional[ndarray]): int64 (n, k), of `symbol_ngrams`; at the beginning of a word
            there are none.
        """
        lengths = lengths + 1
        body = np.ones(int(lengths.sum()), dtype=bool)
        body[np.cumsum(lengths) - lengths] = False
        ids = np.full(len(body), END, dtype=np.int64)
        targets = ids.copy()
        ids[body] = symbols
        targets[np.flatnonzero(body) - 1] = symbols
        made = cls(ids, targets, lengths)
        if shut is not None:
            closed = ~body
            closed[body] = shut
            made = made._replace(shut=closed)
        if ngrams is not None:
            rows = np.zeros((len(body), ngrams.shape[1]), dtype=np.int64)
            rows[body] = ngrams
            made = made._replace(ngrams=rows)
        return made

    def of_words(self, numbers: np.ndarray) -> Spellings:
        """RETURNS (Spellings): Of some of the words, in another order, repeated perhaps.

        numbers (ndarray): int64 (n,), which of the words.
        """
        starts = (np.cumsum(self.lengths) - self.lengths)[numbers]
        places = concatenated_ranges(starts, self.lengths[numbers])
        shut, ngrams = (None if p is None else p[places] for p in (self.shut, self.ngrams))
        chosen = self.ids[places], self.targets[places], self.lengths[numbers]
        return Spellings(*chosen, shut, ngrams)


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
        features=spellings.ngrams,
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
    nothing = torch.zeros(1, 1, dtype=torch.long, device=speller.device)
    state = speller.read(start, speller.stack().zero_state(1), nothing)
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
    ids, words = torch.from_numpy(spellings.ids).to(device), None
    if spellings.ngrams is not None:
        words = speller.word_vectors(ids, torch.from_numpy(spellings.ngrams).to(device))
        ids = torch.arange(len(ids), device=device)
    hidden, _, _ = speller(
        ids,
        spellings.lengths,
        None,
        words=words,
        state=before,
        dropout=dropout,
        dtype=dtype,
    )
    targets = torch.from_numpy(spellings.targets).to(device)
    shut = None if spellings.shut is None else torch.from_numpy(spellings.shut).to(device)
    return speller.softmax.target_log_probs(hidden, targets, dtype, shut)
