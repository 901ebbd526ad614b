"""Which words of a vocabulary begin with some letters."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

import numpy as np

from .symbols import BOUNDARY_ROW
from .vocabulary import Vocabulary

_LAST = 0x10FFFF


class PrefixIndex:
    """Words in the order of their code points, so that those with one beginning stand together.

    words (Iterable[str]): The words.
    numbers (Iterable[int]): What each is known by.
    """

    def __init__(self, words: Iterable[str], numbers: Iterable[int]) -> None:
        ordered = sorted(zip(words, numbers, strict=True))
        self._words = [word for word, _ in ordered]
        self._numbers = np.array([number for _, number in ordered], dtype=np.int64)

    def find(self, prefix: str, *, longer: bool = False) -> np.ndarray:
        """Find the words with a beginning.

        prefix (str): The beginning; all words have the empty one.
        longer (bool): Leave out what is no longer than the beginning.
        RETURNS (ndarray): int64 (n,), their numbers, in the order of the words.
        """
        start, stop = bisect_left(self._words, prefix), _stop(self._words, prefix)
        while longer and start < stop and self._words[start] == prefix:
            start += 1
        return self._numbers[start:stop]


def _stop(words: list[str], prefix: str) -> int:
    """RETURNS (int): Where words with this beginning end."""
    kept = prefix.rstrip(chr(_LAST))  # no character comes after the last one
    if not kept:
        return len(words)
    return bisect_left(words, kept[:-1] + chr(ord(kept[-1]) + 1))


def prefix_index(vocabulary: Vocabulary) -> PrefixIndex:
    """RETURNS (PrefixIndex): The forms of a vocabulary's words by row; its two symbols are none."""

    def make() -> PrefixIndex:
        forms = vocabulary.forms[BOUNDARY_ROW + 1 :]
        return PrefixIndex(forms, range(BOUNDARY_ROW + 1, len(vocabulary)))

    return vocabulary.derived("prefix_index", make)
