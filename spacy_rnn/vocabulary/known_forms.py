"""The forms of words that are never spelled, and where they end within other words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from .alphabet import alphabet_of
from .symbols import BOUNDARY_ROW, UNKNOWN
from .vocabulary import Vocabulary


class KnownForms:
    """The forms of a vocabulary's words, and `<unk>`, as which a text has missing words.

    vocabulary (Vocabulary): The vocabulary.

    EXAMPLE:
        >>> KnownForms(Vocabulary([("ab", 2), ("abc", 1)])).ends(["abcd"], np.array([4]))
        array([False,  True,  True, False])
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._forms = {UNKNOWN, *vocabulary.forms[BOUNDARY_ROW + 1 :]}
        self._lengths = sorted({len(form) for form in self._forms})
        self._alphabet = alphabet_of(vocabulary)

    def ends(self, words: Sequence[str], lengths: np.ndarray) -> np.ndarray:
        """RETURNS (ndarray): bool (symbols,), of all words one after another: after which symbols
        what is spelled so far is such a form, so that no unknown word ends there. A word's own end
        isn't meant, even if it is one of them.

        words (Sequence[str]): The words.
        lengths (ndarray): int64 (words,), how many symbols each has.
        """
        found: list[int] = []
        start = 0
        for word, length in zip(words, lengths.tolist(), strict=True):
            stops = self._lengths[: bisect_left(self._lengths, len(word))]
            inside = [stop - 1 for stop in stops if word[:stop] in self._forms]
            if length == len(word):  # every character is a symbol
                found += [start + place for place in inside]
            elif inside:
                found += (start + self._alphabet.last_symbols(word)[inside]).tolist()
            start += length
        result = np.zeros(int(lengths.sum()), dtype=bool)
        result[found] = True
        return result


def known_forms_of(vocabulary: Vocabulary) -> KnownForms:
    """RETURNS (KnownForms): The forms that a speller which knows the vocabulary leaves out."""
    return vocabulary.derived("known_forms", lambda: KnownForms(vocabulary))
