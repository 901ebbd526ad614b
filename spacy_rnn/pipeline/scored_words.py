"""Notices that a text which is scored isn't one that the model was made for."""

from __future__ import annotations

import warnings

import numpy as np
from spacy.strings import get_string_id

from ..errors import Warnings
from ..vocabulary import BOUNDARY_ROW, UNKNOWN_ROW, Vocabulary
from ..vocabulary.text_fit import CUT_NAMES, MENTIONED

# Unknown words are too many where they are so many times those of the training text, and such a
# share. So many tokens are seen before.
_TIMES = 4.0
_LEAST_SHARE = 0.15
_LEAST_TOKENS = 1000
# A cut `<unk>` is more than a mention if there are so many.
_LEAST_CUT = 3
_OPEN, _CLOSE = get_string_id("<"), get_string_id(">")
_NAMES = np.array([get_string_id(name) for name in CUT_NAMES], dtype=np.uint64)


class ScoredWords:
    """What was scored with one vocabulary.

    vocabulary (Vocabulary): The vocabulary.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        total = max(1, int(vocabulary.counts.sum() - vocabulary.counts[BOUNDARY_ROW]))
        once = int((vocabulary.counts[BOUNDARY_ROW + 1 :] == 1).sum())
        # words that occurred once tell how many new text has that are new (Good 1953)
        self._own = max(int(vocabulary.counts[UNKNOWN_ROW]), once) / total
        self._tokens = self._unknown = self._cut = 0
        self._told_unknown = False
        # a model that was trained on such text has been warned of then
        self._told_cut = any(name in vocabulary for name in CUT_NAMES)

    def see(self, keys: np.ndarray, name: str) -> None:
        """Look at tokens that are scored, and warn where they don't fit; of each thing once.

        keys (ndarray): uint64 (n,), hashes of the forms of tokens that are read.
        name (str): The component, for the message.
        """
        self._tokens += len(keys)
        if not self._told_cut:
            self._cut += _count_cut(keys)
            if self._cut >= max(_LEAST_CUT, MENTIONED * self._tokens):
                self._told_cut = self._told_unknown = True  # its parts are unknown words
                warnings.warn(Warnings.W339.format(name=name, count=f"{self._cut:,}"), stacklevel=3)
        if not self._told_unknown:
            self._unknown += int((self.vocabulary.rows_of_keys(keys) == UNKNOWN_ROW).sum())
            share = self._unknown / max(1, self._tokens)
            if self._tokens >= _LEAST_TOKENS and share > max(_LEAST_SHARE, _TIMES * self._own):
                self._told_unknown = True
                shares = {"share": f"{share:.0%}", "own": f"{self._own:.1%}"}
                warnings.warn(Warnings.W338.format(name=name, **shares), stacklevel=3)


def see_scored(vocabulary: Vocabulary, keys: np.ndarray, name: str) -> None:
    """See `ScoredWords.see`; of all that this process scores with the vocabulary.

    vocabulary (Vocabulary): Of the component `name`.
    """
    vocabulary.derived("scored_words", lambda: ScoredWords(vocabulary)).see(keys, name)


def _count_cut(keys: np.ndarray) -> int:
    """RETURNS (int): How many `<unk>` there are in three tokens."""
    inside = np.isin(keys[1:-1], _NAMES)
    return int((inside & (keys[:-2] == _OPEN) & (keys[2:] == _CLOSE)).sum())
