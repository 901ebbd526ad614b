"""Words → character n-grams, hashed: what the network may see of all of a word's spelling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from spacy.strings import get_string_id

from .symbols import UNKNOWN

# Rows of the table for each n-gram, whose vectors are added: two n-grams seldom share both (the
# Bloom embeddings of Serrà & Karatzoglou 2017, as in floret).
HASHES = 2
# Of longer words, the middle is left out: a text may hold a token of a million characters.
LONGEST = 24
# Words that are kept; a corpus has ever new ones.
_MOST_KEPT = 200_000


class NgramSettings(NamedTuple):
    """Which n-grams are read.

    rows (int): Rows of the table that they are hashed to.
    least, most (int): Their sizes in characters, marks of the word's edges included.
    first (int): The number of the first row.
    """

    rows: int
    least: int
    most: int
    first: int = 1


class CharacterNgrams:
    """The n-grams of words, kept by the hash of the word's form.

    settings (NgramSettings): Which.
    """

    def __init__(self, settings: NgramSettings) -> None:
        self.settings = settings
        # threads may share it: each entry is written once, whole
        self._known: dict[int, np.ndarray] = {}

    def of_keys(
        self, keys: np.ndarray, strings: Callable[[Sequence[int]], list[str]]
    ) -> np.ndarray:
        """The n-grams of words in a text.

        keys (ndarray): uint64 (n,), hashes of the words' forms.
        strings (Callable[[Sequence[int]], List[str]]): Tells the forms of hashes.
        RETURNS (ndarray): int64 (n, k), padded with 0; k is that of the longest word here.
        """
        known = self._known
        if len(known) > _MOST_KEPT:
            known = self._known = {}
        found = []
        for key in keys.tolist():
            rows = known.get(key)
            if rows is None:
                (word,) = strings([key])
                rows = known[key] = np.array(hash_ngrams(word, self.settings), dtype=np.int32)
            found.append(rows)
        return pad_rows(found)

    def of_words(self, words: Sequence[str]) -> np.ndarray:
        """RETURNS (ndarray): int64 (n, k), those of words that aren't kept, padded with 0."""
        return pad_rows([np.array(hash_ngrams(word, self.settings), np.int32) for word in words])


def hash_ngrams(word: str, settings: NgramSettings) -> tuple[int, ...]:
    """The rows of a word's n-grams, the same anywhere.

    The word is in lower case, between marks: "<word>" (Bojanowski et al. 2017). An n-gram that
    occurs twice counts twice; a mark alone is none. `<unk>` has none: nobody knows the word.

    RETURNS (Tuple[int, ...]): HASHES rows for each n-gram, from `first` to `first` + `rows` − 1.
    """
    if not word or word == UNKNOWN:
        return ()
    lower = word.lower()
    if len(lower) > LONGEST:
        lower = lower[: LONGEST // 2] + lower[-LONGEST // 2 :]
    marked = f"<{lower}>"
    rows, _, _, first = settings
    result = []
    for size in range(settings.least, min(settings.most, len(marked)) + 1):
        starts = range(1, len(marked) - 1) if size == 1 else range(len(marked) - size + 1)
        for start in starts:
            # with something in front: spaCy has small numbers of its own for some words
            key = get_string_id("ng" + marked[start : start + size])
            result += [first + (key & 0xFFFFFFFF) % rows, first + (key >> 32) % rows]
    return tuple(result)


def pad_rows(rows: Sequence[np.ndarray]) -> np.ndarray:
    """RETURNS (ndarray): int64 (n, k), lists of different lengths, filled up with 0."""
    lengths = np.array([len(listed) for listed in rows], dtype=np.int64)
    result = np.zeros((len(rows), int(lengths.max(initial=0))), dtype=np.int64)
    if result.size:
        result[np.arange(result.shape[1]) < lengths[:, None]] = np.concatenate(rows)
    return result
