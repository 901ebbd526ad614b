"""What the speller learns from a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from thinc.api import Model
from torch import Tensor

from ..network.forks import no_fork_meanwhile
from ..network.precision import resolve_precision
from ..network.speller import Spellings, symbol_log_probs
from ..vocabulary.alphabet import alphabet_of
from ..vocabulary.symbols import BOUNDARY_ROW, UNKNOWN_ROW
from ..vocabulary.token_forms import TokenForms
from ..vocabulary.vocabulary import Vocabulary
from .open_vocabulary import Forms, find_forms, spell_forms
from .sequences import Sequences
from .shim import RNNShim, get_shim

# In training, longer words (of symbols) are left out: they are no words, and cost much memory.
_LONGEST = 100
# The speller sees ever new words: more dropout than that costs it more than it spares.
_MOST_DROPOUT = 0.2
# Words that occur so often stand for new ones too (Baayen 2001: a word that occurred once tells
# what new words look like), for a vocabulary that leaves none of the training text's out.
_NEW = 1
# In its context, a speller learns from words that occur so often too, as from known ones.
_RARE = 5


class Lesson(NamedTuple):
    """The training pass of the speller.

    loss (float): The negative log-likelihood in nats of the spelling of unknown words, and of those
        that the training text had once, never of the text `<unk>`; the mean of the directions.
    words (int): How many tokens these are.
    backprop (Callable[[float], None]): Adds the gradients, times a weight, to the speller's.
    """

    loss: float
    words: int
    backprop: Callable[[float], None]


def learn_spelling(
    model: Model, readings: Sequence[Sequences], hidden: Sequence[Tensor] | None, dropout: float
) -> Lesson:
    """Teach the speller a batch.

    model (Model): "spacy-rnn.RNNLM.v1".
    readings (Sequence[Sequences]): The batch, as each direction reads it.
    hidden (Optional[Sequence[Tensor]]): float32 (positions, width), the states of each reading, if
        the speller knows the context. No gradient goes back to them.
    dropout (float): Rate.
    """
    shim = get_shim(model)
    speller = shim.network.speller
    if speller is None:
        return Lesson(0.0, 0, _no_gradient)
    forms, known = _taught(model, readings[0].tokens)
    if not len(forms.places):
        return Lesson(0.0, 0, _no_gradient)
    dtype = resolve_precision(shim.precision, shim.device)
    learn = partial(symbol_log_probs, dropout=min(dropout, _MOST_DROPOUT), dtype=dtype)
    spellings = spell_forms(model, forms.words)
    if hidden is None:
        log_probs = learn(speller, spellings)
        new = total = log_probs @ _repeat(np.bincount(forms.numbers), spellings, shim)
    else:
        spellings = _let_end(spellings, known).of_words(forms.numbers)
        known = known[forms.numbers]
        flags = torch.from_numpy(known).to(shim.device)
        parts = []
        for reading, states in zip(readings, hidden, strict=True):
            places = torch.from_numpy(reading.predicting[forms.places]).to(shim.device)
            given = states.detach().index_select(0, places)
            before = shim.network.spell_from(given, reverse=reading.reverse, known=flags)
            parts.append(learn(speller, spellings, before))
        log_probs = torch.stack(parts).mean(0)
        total = log_probs.sum()
        new = log_probs.detach() @ _repeat(~known, spellings, shim)

    @no_fork_meanwhile
    def backprop(weight: float) -> None:
        if total.requires_grad:
            (total * -weight).backward()

    words = int((~known).sum()) if hidden is not None else len(forms.places)
    return Lesson(-float(new.detach()), words, backprop)


def _no_gradient(weight: float) -> None:
    return None


def _taught(model: Model, tokens: TokenForms) -> tuple[Forms, np.ndarray]:
    """RETURNS (Tuple[Forms, ndarray]): The words to learn, and bool (words,), which of them are
    taught as known ones."""
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    rows = vocabulary.rows_of_keys(tokens.keys)
    counts = np.where(rows == UNKNOWN_ROW, 0, vocabulary.counts[rows])
    # a list of words without real counts doesn't say which of them are rare
    counted = vocabulary.counts[BOUNDARY_ROW + 1 :].max(initial=0) > _NEW
    most = 0
    if counted:
        most = _RARE if get_shim(model).network.spells_in_context else _NEW
    wanted = (counts <= most) & ((counts > 0) | (rows == UNKNOWN_ROW))
    forms = find_forms(tokens, wanted & ~vocabulary.missing(tokens.keys))
    _, lengths = alphabet_of(vocabulary).spell(forms.words)
    forms = _shorter(forms, lengths <= _LONGEST)
    known = np.zeros(len(forms.words), dtype=bool)
    known[forms.numbers] = counts[forms.places] > _NEW
    return forms, known


def _shorter(forms: Forms, short: np.ndarray) -> Forms:
    """RETURNS (Forms): Those that are short enough: bool (words,)."""
    kept = short[forms.numbers]
    numbers = (np.cumsum(short) - 1)[forms.numbers[kept]]
    words = [word for word, good in zip(forms.words, short.tolist(), strict=True) if good]
    return Forms(words, numbers, forms.places[kept])


def _let_end(spellings: Spellings, known: np.ndarray) -> Spellings:
    """RETURNS (Spellings): In which known words can end wherever one of them does: they are spelled
    as any word of the language. No word is empty."""
    assert spellings.shut is not None
    shut = spellings.shut & ~np.repeat(known, spellings.lengths)
    shut[np.cumsum(spellings.lengths) - spellings.lengths] = True
    return spellings._replace(shut=shut)


def _repeat(weights: np.ndarray, spellings: Spellings, shim: RNNShim) -> Tensor:
    """RETURNS (Tensor): float32 (positions,), of each word's weight."""
    repeated = np.repeat(weights.astype(np.float32), spellings.lengths)
    return torch.from_numpy(repeated).to(shim.device)
