"""What a batch's tokens are read as: rows of the vocabulary, or words with their spelling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc

from ..network.settings import NetworkSettings
from ..vocabulary import BOUNDARY_ROW, UNKNOWN, UNKNOWN_ROW, Vocabulary
from ..vocabulary.character_ngrams import (
    CharacterNgrams,
    NgramSettings,
    hash_ngrams,
    pad_rows,
)
from ..vocabulary.subword_features import hash_features, subword_features_of
from ..vocabulary.token_forms import TokenForms

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
    subword_rows (int): Rows of the table of subword features; 0 if they aren't read.
    ngrams (Optional[NgramSettings]): Which character n-grams are read, if any.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        docs: list[Doc],
        subword_rows: int,
        ngrams: NgramSettings | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.subword_rows = subword_rows
        self.ngrams = ngrams
        self.tokens = vocabulary.forms_of(docs)
        self.boundary = BOUNDARY_ROW
        self._base: Words | None = None
        self._added: list[tuple[int, tuple[int, ...]]] = []
        if not (subword_rows or ngrams):
            self.ids = self.rows = vocabulary.rows_of_keys(self.tokens.keys)
        else:
            types, self.ids = np.unique(self.tokens.keys, return_inverse=True)
            rows = vocabulary.rows_of_keys(types)
            self.rows = rows[self.ids]
            features = spelling_of(vocabulary, self.tokens, types, rows, subword_rows, ngrams)
            self._base = Words(rows, features, vocabulary.counts[rows])
            self.boundary = len(types)
            self._added.append((BOUNDARY_ROW, self._features_of(UNKNOWN)))

    def add(self, doc: Doc, word: str, norm: str | None) -> int:
        """RETURNS (int): The id of a word that is no token of the batch."""
        lexeme = doc.vocab[word]
        form = {"ORTH": word, "LOWER": lexeme.lower_, "NORM": norm or lexeme.norm_}
        spelled = self.vocabulary.form(form[self.vocabulary.attr])
        row = self.vocabulary.row(spelled)
        if self._base is None:
            return row
        self._added.append((row, self._features_of(spelled)))
        return len(self._base.rows) + len(self._added) - 1

    def _features_of(self, spelled: str) -> tuple[int, ...]:
        features: tuple[int, ...] = ()
        if self.subword_rows:
            known = hash_features(spelled, self.subword_rows)
            features = (0,) * len(known) if spelled == UNKNOWN else known
        return features if self.ngrams is None else features + hash_ngrams(spelled, self.ngrams)

    @property
    def words(self) -> Words | None:
        """RETURNS (Optional[Words]): What ids are places in; None if they are rows."""
        if self._base is None:
            return None
        rows = np.array([row for row, _ in self._added], dtype=np.int64)
        added = [features for _, features in self._added]
        if self.ngrams is None:
            features = np.array(added, dtype=np.int64)
        else:
            features = pad_rows([np.array(listed, dtype=np.int64) for listed in added])
        if len(self._base.rows):
            rows = np.concatenate([self._base.rows, rows])
            features = _joined(self._base.features, features)
        return Words(rows, features, self.vocabulary.counts[rows])


def _joined(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    width = max(above.shape[1], below.shape[1])
    if above.shape[1] == below.shape[1]:
        return np.concatenate([above, below])
    parts = [np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in (above, below)]
    return np.concatenate(parts)


def spelling_of(
    vocabulary: Vocabulary,
    tokens: TokenForms,
    keys: np.ndarray,
    rows: np.ndarray,
    subword_rows: int,
    ngrams: NgramSettings | None,
) -> np.ndarray:
    """RETURNS (ndarray): int64 (n, k), the features of words in a text.

    tokens (TokenForms): Of the text.
    keys (ndarray): uint64 (n,), hashes of forms in it.
    rows (ndarray): int64 (n,), their rows in the vocabulary.
    subword_rows, ngrams: See `Inputs`.
    """
    parts = []
    if subword_rows:
        known = subword_features_of(vocabulary, subword_rows)
        parts.append(known.of_keys(keys, rows, tokens.strings))
    if ngrams:
        parts.append(character_ngrams_of(vocabulary, ngrams).of_keys(keys, tokens.strings))
    return parts[0] if len(parts) == 1 else np.hstack(parts)


def ngrams_of_network(settings: NetworkSettings) -> NgramSettings | None:
    """RETURNS (Optional[NgramSettings]): Which character n-grams a network reads, if any."""
    if not settings.ngram_rows:
        return None
    sizes = settings.ngram_min, settings.ngram_max
    return NgramSettings(settings.ngram_rows, *sizes, first=max(settings.subword_rows, 1))


def character_ngrams_of(vocabulary: Vocabulary, ngrams: NgramSettings) -> CharacterNgrams:
    """RETURNS (CharacterNgrams): What is kept of n-grams together with a vocabulary."""
    return vocabulary.derived(ngrams, lambda: CharacterNgrams(ngrams))


def features_of_rows(vocabulary: Vocabulary, settings: NetworkSettings) -> np.ndarray:
    """RETURNS (ndarray): int64 (words, k), the features of every row of the vocabulary."""
    features = np.zeros((len(vocabulary), 0), dtype=np.int64)
    if settings.subword_rows:
        features = subword_features_of(vocabulary, settings.subword_rows).of_rows
    ngrams = ngrams_of_network(settings)
    if ngrams is None:
        return features
    # of `<unk>` and `</s>` nothing is spelled
    words = [UNKNOWN, UNKNOWN, *vocabulary.forms[2:]]
    return np.hstack([features, character_ngrams_of(vocabulary, ngrams).of_words(words)])
