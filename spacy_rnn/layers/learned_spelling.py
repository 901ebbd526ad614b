"""What the speller learns from a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..network.forks import no_fork_meanwhile
from ..network.lookup import gradients_in_place
from ..network.precision import resolve_precision
from ..network.speller import Spellings, symbol_log_probs
from ..vocabulary.alphabet import alphabet_of
from ..vocabulary.symbols import BOUNDARY_ROW, UNKNOWN_ROW
from ..vocabulary.token_forms import TokenForms, find_forms
from ..vocabulary.vocabulary import Vocabulary
from .neighbours import Neighbours, join_neighbours
from .open_vocabulary import spell_forms
from .sequences import Sequences
from .shim import RNNShim, get_shim

# In training, longer words (of symbols) are left out: they are no words, and cost much memory.
_LONGEST = 100
# The speller sees ever new words: more dropout than that costs it more than it spares. One that
# reads n-grams learns faster, and needs less still.
_MOST_DROPOUT = 0.2
_MOST_DROPOUT_OF_NGRAMS = 0.1
# Words that occur so often stand for new ones too (Baayen 2001: a word that occurred once tells
# what new words look like), for a vocabulary that leaves none of the training text's out.
_NEW = 1
# How many of these are expected as `<unk>`: few, since known words lose what it gains.
_EXPECTED_NEW = 0.1
# In its context, a speller learns from the vocabulary too, as from known words: from a word that
# occurs so often, and from others as often as that, wherever they occur. So it learns from types
# more than from tokens: how new words look is seen from the different ones (Mielke & Eisner 2019).
_OF_A_TYPE = 5
# Neighbours that are drawn for each new word: more would cost more time than the words themselves.
_NEIGHBOURS = 0.5


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


# `backprop` follows, at most once
@gradients_in_place()
def learn_spelling(
    model: Model,
    docs: Sequence[Doc],
    readings: Sequence[Sequences],
    hidden: Sequence[Tensor] | None,
    dropout: float,
) -> Lesson:
    """Teach the speller a batch.

    model (Model): "spacy-rnn.RNNLM.v1".
    docs (Sequence[Doc]): The batch.
    readings (Sequence[Sequences]): What each direction reads of it.
    hidden (Optional[Sequence[Tensor]]): float32 (positions, width), the states of each reading, if
        the speller knows the context. No gradient goes back to them.
    dropout (float): Rate. Above 0 a speller that knows the context learns frequent words and
        neighbours as one word too, which are drawn.
    """
    shim = get_shim(model)
    speller = shim.network.speller
    if speller is None:
        return Lesson(0.0, 0, _no_gradient)
    taught = _words_to_learn(model, readings[0].tokens, draw=dropout > 0)
    if not len(taught.numbers):
        return Lesson(0.0, 0, _no_gradient)
    dtype = resolve_precision(shim.precision, shim.device)
    most = _MOST_DROPOUT if speller.subwords is None else _MOST_DROPOUT_OF_NGRAMS
    learn = partial(symbol_log_probs, dropout=min(dropout, most), dtype=dtype)
    if hidden is None:
        spellings = spell_forms(model, taught.words)
        counts = np.bincount(taught.numbers)
        new = total = learn(speller, spellings) @ _repeat(counts, spellings, shim)
    else:
        if dropout:
            number = round(_NEIGHBOURS * int((~taught.known).sum()))
            taught = _add_neighbours(taught, join_neighbours(docs, readings[0].tokens, number))
        spellings = spell_forms(model, taught.words).of_words(taught.numbers)
        spellings = _let_end(spellings, taught.known)
        flags = torch.from_numpy(taught.known).to(shim.device)
        parts = []
        for reading, states in zip(readings, hidden, strict=True):
            places = reading.predicting[taught.last if reading.reverse else taught.first]
            given = states.detach().index_select(0, torch.from_numpy(places).to(shim.device))
            before = shim.network.spell_from(given, reverse=reading.reverse, known=flags)
            parts.append(learn(speller, spellings, before))
        log_probs = torch.stack(parts).mean(0)
        total = log_probs.sum()
        new = log_probs.detach() @ _repeat(~taught.known, spellings, shim)

    @no_fork_meanwhile
    def backprop(weight: float) -> None:
        if total.requires_grad:
            (total * -weight).backward()

    return Lesson(-float(new.detach()), int((~taught.known).sum()), backprop)


def expect_new_words(model: Model, reading: Sequences) -> Sequences:
    """RETURNS (Sequences): In which some of the words that the training text has once are `<unk>`,
    which are drawn. So p(`<unk>` | context), and what follows `<unk>`, are learned where the
    vocabulary has every word of the text.

    model (Model): "spacy-rnn.RNNLM.v1"; without a speller that knows the context nothing changes.
    reading (Sequences): A batch.
    """
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    if not get_shim(model).network.spells_in_context or not _has_counts(vocabulary):
        return reading
    once = (vocabulary.counts[reading.targets] == _NEW) & (reading.targets > BOUNDARY_ROW)
    if not once.any():
        return reading
    drawn = once & (np.random.random(len(once)) < _EXPECTED_NEW)
    changed = replace(reading, targets=np.where(drawn, UNKNOWN_ROW, reading.targets))
    if reading.words is None:  # otherwise rare words are read as unknown ones anyway
        # what a position predicts the next one reads, but for the last one of a sequence
        read = np.concatenate([[False], drawn[:-1]])
        read[np.cumsum(reading.lengths)[:-1]] = False
        changed.ids = np.where(read, UNKNOWN_ROW, reading.ids)
    return changed


class _Taught(NamedTuple):
    """Words to learn.

    words (List[str]): Different forms.
    numbers (ndarray): int64 (n,), which of them each example is.
    first, last (ndarray): int64 (n,), the tokens of the batch that are read at which it begins and
        ends.
    known (ndarray): bool (n,), whether it is taught as a known word.
    """

    words: list[str]
    numbers: np.ndarray
    first: np.ndarray
    last: np.ndarray
    known: np.ndarray


def _words_to_learn(model: Model, tokens: TokenForms, *, draw: bool) -> _Taught:
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    rows = vocabulary.rows_of_keys(tokens.keys)
    unknown = rows == UNKNOWN_ROW
    counts = np.where(unknown, 0, vocabulary.counts[rows])
    wanted = unknown
    if _has_counts(vocabulary):
        in_context = get_shim(model).network.spells_in_context
        most = _OF_A_TYPE if in_context else _NEW
        wanted = unknown | ((counts > 0) & (counts <= most))
        if draw and in_context:
            wanted |= (counts > most) & (np.random.random(len(counts)) * counts < most)
    forms = find_forms(tokens, wanted & ~vocabulary.missing(tokens.keys))
    _, lengths = alphabet_of(vocabulary).spell(forms.words)
    short = lengths <= _LONGEST
    kept = short[forms.numbers]
    words = [word for word, good in zip(forms.words, short.tolist(), strict=True) if good]
    numbers = (np.cumsum(short) - 1)[forms.numbers[kept]]
    places = forms.places[kept]
    return _Taught(words, numbers, places, places, counts[places] > _NEW)


def _has_counts(vocabulary: Vocabulary) -> bool:
    """RETURNS (bool): Whether they say which words are rare: a list of words may have none."""
    return bool(vocabulary.counts[BOUNDARY_ROW + 1 :].max(initial=0) > _NEW)


def _add_neighbours(taught: _Taught, neighbours: Neighbours) -> _Taught:
    words, first = neighbours
    return _Taught(
        [*taught.words, *words],
        np.concatenate([taught.numbers, len(taught.words) + np.arange(len(words))]),
        np.concatenate([taught.first, first]),
        np.concatenate([taught.last, first + 1]),
        np.concatenate([taught.known, np.ones(len(words), dtype=bool)]),
    )


def _no_gradient(weight: float) -> None:
    return None


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
