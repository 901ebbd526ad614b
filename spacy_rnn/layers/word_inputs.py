"""What a batch's tokens are read as: rows of the vocabulary, or words with their spelling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc

from ..vocabulary import BOUNDARY_ROW, UNKNOWN, UNKNOWN_ROW, Vocabulary
from ..vocabulary.subword_features import hash_features, subword_features_of

# α: in training, a word that occurred c times is read as unknown with probability α / (α + c), so
# that the network learns what spelling alone tells (Kiperwasser & Goldberg 2016 have 0.25).
UNKNOWN_RATE = 1.0


class Words(NamedTuple):
    """Different words, once each.

    rows (ndarray): int64 (n,), of the vocabulary.
    features (ndarray): int64 (n, k), of the table of subword features.
    counts (ndarray): int64 (n,), how often each occurred when the vocabulary was made.
    """

    rows: np.ndarray
    features: np.ndarray
    counts: np.ndarray

    def some_unknown(self) -> Words:
        """RETURNS (Words): With rare words read as `<unk>` here and there; their spelling stays."""
        draws = np.random.random(len(self.rows))
        rates = UNKNOWN_RATE / (UNKNOWN_RATE + np.maximum(self.counts, 1))
        hidden = (draws < rates) & (self.rows > BOUNDARY_ROW)
        return self._replace(rows=np.where(hidden, UNKNOWN_ROW, self.rows))


class Inputs:
    """The tokens of a batch that are read, as ids: rows of the vocabulary, or places in `words`.

    vocabulary (Vocabulary): The vocabulary.
    docs (List[Doc]): The batch.
    subword_rows (int): Rows of the table of subword features; 0 if spelling isn't read.
    """

    def __init__(self, vocabulary: Vocabulary, docs: list[Doc], subword_rows: int) -> None:
        self.vocabulary = vocabulary
        self.subword_rows = subword_rows
        self.tokens = vocabulary.forms_of(docs)
        self.rows = vocabulary.rows_of_keys(self.tokens.keys)
        self.ids = self.rows
        self.boundary = BOUNDARY_ROW
        self._base: Words | None = None
        self._added: list[tuple[int, tuple[int, ...]]] = []
        if subword_rows:
            types, self.ids = np.unique(self.tokens.keys, return_inverse=True)
            rows = vocabulary.rows_of_keys(types)
            features = np.zeros((0, 0), dtype=np.int64)
            if len(types):
                spelling = subword_features_of(vocabulary, subword_rows)
                features = spelling.of_keys(types, rows, self.tokens.strings)
            self._base = Words(rows, features, vocabulary.counts[rows])
            self.boundary = len(types)
            self._added.append((BOUNDARY_ROW, (0,) * len(hash_features("", subword_rows))))

    def add(self, doc: Doc, word: str, norm: str | None) -> int:
        """RETURNS (int): The id of a word that is no token of the batch."""
        lexeme = doc.vocab[word]
        form = {"ORTH": word, "LOWER": lexeme.lower_, "NORM": norm or lexeme.norm_}
        spelled = self.vocabulary.form(form[self.vocabulary.attr])
        row = self.vocabulary.row(spelled)
        if self._base is None:
            return row
        none = self._added[0][1]
        features = none if spelled == UNKNOWN else hash_features(spelled, self.subword_rows)
        self._added.append((row, features))
        return len(self._base.rows) + len(self._added) - 1

    @property
    def words(self) -> Words | None:
        """RETURNS (Optional[Words]): What ids are places in; None if they are rows."""
        if self._base is None:
            return None
        rows = np.array([row for row, _ in self._added], dtype=np.int64)
        features = np.array([features for _, features in self._added], dtype=np.int64)
        if len(self._base.rows):
            rows = np.concatenate([self._base.rows, rows])
            features = np.concatenate([self._base.features, features])
        return Words(rows, features, self.vocabulary.counts[rows])
