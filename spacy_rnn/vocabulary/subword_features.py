"""Words → subword features: what the network may see of a word's spelling."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from spacy.lang.lex_attrs import word_shape
from spacy.strings import get_string_id

from .symbols import UNKNOWN
from .vocabulary import Vocabulary

# Kept for unknown words; a corpus has ever new ones.
_MOST_KEPT = 100_000


class SubwordFeatures:
    """The features of the words of a vocabulary and of all others, hashed to rows of a table.

    Prefixes of 1 and 3 characters and suffixes of 1 to 4, all in lower case, and the word's shape
    ("Xxxx", "dd.dd"). `<unk>` and `</s>` have none: row 0.

    vocabulary (Vocabulary): The words.
    rows (int): Of the table; above 1.
    """

    def __init__(self, vocabulary: Vocabulary, rows: int) -> None:
        self.vocabulary = vocabulary
        self.rows = rows
        self._unknown: dict[int, tuple[int, ...]] = {}
        self._of_rows: np.ndarray | None = None

    @property
    def of_rows(self) -> np.ndarray:
        """RETURNS (ndarray): int64 (words, 7), the features of every row of the vocabulary."""
        # no `cached_property`: until Python 3.12 it has a lock, which a fork could leave shut
        if self._of_rows is None:
            words = [hash_features(word, self.rows) for word in self.vocabulary.forms[2:]]
            none = (0,) * len(hash_features("", self.rows))
            self._of_rows = np.array([none, none, *words], dtype=np.int64)
        return self._of_rows

    def of_keys(
        self, keys: np.ndarray, rows: np.ndarray, strings: Callable[[Sequence[int]], list[str]]
    ) -> np.ndarray:
        """The features of words in a text.

        keys (ndarray): uint64 (n,), hashes of the words' forms.
        rows (ndarray): int64 (n,), their rows in the vocabulary.
        strings (Callable[[Sequence[int]], List[str]]): Tells the forms of hashes.
        RETURNS (ndarray): int64 (n, 7).
        """
        features = self.of_rows[rows]
        if len(self._unknown) > _MOST_KEPT:
            self._unknown = {}
        for place in np.flatnonzero(rows == 0).tolist():
            key = int(keys[place])
            known = self._unknown.get(key)
            if known is None:
                (word,) = strings([key])
                known = (0,) * features.shape[1]
                # a text's own "<unk>" says nothing of the word; a text's "</s>" is a word
                if word != UNKNOWN:
                    known = hash_features(word, self.rows)
                self._unknown[key] = known
            features[place] = known
        return features


def subword_features_of(vocabulary: Vocabulary, rows: int) -> SubwordFeatures:
    """RETURNS (SubwordFeatures): Those of a vocabulary's words in a table of so many rows."""
    name = "subword_features", rows
    return vocabulary.derived(name, lambda: SubwordFeatures(vocabulary, rows))


def hash_features(word: str, rows: int) -> tuple[int, ...]:
    """RETURNS (Tuple[int, ...]): A row from 1 to rows − 1 for each feature, the same anywhere."""
    lower = word.lower()
    features = (
        "p1" + lower[:1],
        "p3" + lower[:3],
        "s1" + lower[-1:],
        "s2" + lower[-2:],
        "s3" + lower[-3:],
        "s4" + lower[-4:],
        "sh" + word_shape(word),
    )
    return tuple(get_string_id(feature) % (rows - 1) + 1 for feature in features)
