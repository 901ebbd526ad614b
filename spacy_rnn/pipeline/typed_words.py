"""The words that a half-typed one can become: those of the vocabulary, and the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from thinc.api import Model

from .._compat.torch import weight_version
from ..layers.open_vocabulary import spell_forms
from ..layers.shim import get_shim
from ..network.language_model import RNNLanguageModel
from ..network.speller import spelling_log_probs
from ..network.state_softmax import StateSoftmax
from ..vocabulary import UNKNOWN_ROW, Vocabulary
from ..vocabulary.prefixes import PrefixIndex, prefix_index


class Found(NamedTuple):
    """Words that begin with what was typed.

    words (List[str]): The words.
    log_probs (ndarray): float64 (n,), natural log-probabilities; see what made them.
    """

    words: list[str]
    log_probs: np.ndarray


class OwnWords:
    """Words of the tokenizer that the vocabulary doesn't have: each is spelled.

    words (List[str]): The words.
    forms (Sequence[str]): Their forms.
    model (Model): "spacy-rnn.RNNLM.v1", with a speller if there are words.
    """

    def __init__(self, words: Sequence[str], forms: Sequence[str], model: Model) -> None:
        self.words = list(words)
        self.index = PrefixIndex(forms, range(len(words)))
        self._spellings = spell_forms(model, forms) if words else None
        self._everywhere: np.ndarray | None = None
        network = get_shim(model).network
        if self._spellings is not None and not network.spells_in_context:
            assert network.speller is not None
            self._everywhere = spelling_log_probs(network.speller, self._spellings)

    @torch.no_grad()
    def spell(
        self, network: RNNLanguageModel, softmax: StateSoftmax, numbers: np.ndarray
    ) -> np.ndarray:
        """RETURNS (ndarray): float64 (n,), natural log p(spelling) of some of the words.

        network (RNNLanguageModel): That of the model.
        softmax (StateSoftmax): Of the state in which they are predicted; it keeps them.
        numbers (ndarray): int64 (n,), which words.
        """
        if self._everywhere is not None:
            return self._everywhere[numbers]
        if self._spellings is None:
            return np.zeros(0)
        kept = softmax.made_for(self, lambda: np.full(len(self.words), np.nan))
        new = numbers[np.isnan(kept[numbers])]
        if len(new):
            assert network.speller is not None
            before = network.spell_from(softmax.hidden.expand(len(new), -1))
            kept[new] = spelling_log_probs(network.speller, self._spellings.of_words(new), before)
        return kept[numbers]


class TypedWords:
    """Finds words by their beginnings.

    lm (RNNLM): The component. Its tokenizer's user words count where the model has a speller:
        without one they have no probability of their own.
    """

    def __init__(self, lm: Any) -> None:
        self.vocabulary: Vocabulary = lm.vocabulary
        self.network: RNNLanguageModel = get_shim(lm.model).network
        self.own = _own_words(lm)

    def form(self, typed: str) -> str:
        """RETURNS (str): How the vocabulary writes the beginning of a word."""
        lowered = typed if self.vocabulary.attr == "ORTH" else typed.lower()
        return self.vocabulary.form(lowered)

    def rest(self, word: str, typed: str) -> str:
        """RETURNS (str): What of a word is still to be typed."""
        if word.startswith(typed):
            return word[len(typed) :]
        return self.vocabulary.form(word)[len(self.form(typed)) :]

    def find(
        self, softmax: StateSoftmax, typed: str, *, longer: bool, relative: bool = False
    ) -> Found:
        """Find the words that begin with what was typed.

        softmax (StateSoftmax): Of the state after the words before.
        typed (str): The beginning.
        longer (bool): Only words that are longer than it.
        relative (bool): Whether the log-probabilities may lack a constant, which is less work.
        RETURNS (Found): Words of the vocabulary, then the user's own; not in order.
        """
        form = self.form(typed)
        rows = prefix_index(self.vocabulary).find(form, longer=longer)
        own = self.own.index.find(form, longer=longer)
        wanted = np.append(rows, UNKNOWN_ROW) if len(own) else rows
        if not len(wanted):
            return Found([], np.zeros(0))
        scores = softmax.row_scores if relative else softmax.row_log_probs
        found = scores(torch.from_numpy(wanted).to(self.network.device))
        log_probs = found.cpu().double().numpy()
        if len(own):
            spelling = self.own.spell(self.network, softmax, own)
            log_probs = np.append(log_probs[:-1], log_probs[-1] + spelling)
        words = [self.vocabulary.words[row] for row in rows.tolist()]
        return Found([*words, *(self.own.words[number] for number in own.tolist())], log_probs)


# What was made of a network's user words: for which words and which weights, and the words.
_kept: WeakKeyDictionary[RNNLanguageModel, tuple[Any, OwnWords]] = WeakKeyDictionary()


def _own_words(lm: Any) -> OwnWords:
    network: RNNLanguageModel = get_shim(lm.model).network
    speller, vocabulary = network.speller, lm.vocabulary
    given = getattr(lm.tokenizer, "user_words", ())
    if speller is None or not given:
        return OwnWords([], [], lm.model)
    # a frequency of 0 says that something is no word
    pairs = [(entry, None) if isinstance(entry, str) else entry for entry in given]
    known = tuple(word for word, frequency in pairs if frequency != 0)
    key = known, vocabulary, tuple(map(weight_version, speller.parameters()))
    if network not in _kept or _kept[network][0] != key:
        words = [word for word in known if vocabulary.row(word) == UNKNOWN_ROW]
        lowered = words if vocabulary.attr == "ORTH" else [word.lower() for word in words]
        forms = [vocabulary.form(word) for word in lowered]
        # the first word of each form: all of one form are one word
        first = {form: place for place, form in reversed(list(enumerate(forms)))}
        places = sorted(place for form, place in first.items() if not vocabulary.row(form))
        words, forms = [words[place] for place in places], [forms[place] for place in places]
        _kept[network] = key, OwnWords(words, forms, lm.model)
    return _kept[network][1]
