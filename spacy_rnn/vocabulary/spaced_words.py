"""The words beside gaps, by row, with what the classes and states of gaps need to know of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from spacy.strings import StringStore

from .spacing import OpenMarks, spacing_form
from .word_classes import QUOTATION_MARKS, classes_of

# The columns of the features; a word's class is that of its end left of a gap.
_LEFT_CLASS, _RIGHT_CLASS, _SIGN, _BLANK, _LINE_END, _MARK = range(6)
_COLUMNS = 6


class SpacedWords:
    """Words and classes by row.

    normalize (str): The vocabulary's; see `spacing_form`.
    words (List[str]): Forms; see `spacing_form`.
    classes (List[str]): Classes of words.
    """

    def __init__(self, normalize: str) -> None:
        self.normalize = normalize
        self.words: list[str] = []
        self.classes: list[str] = []
        self._rows: dict[str, int] = {}
        self._rows_by_hash: dict[int, int] = {}
        self._class_rows: dict[str, int] = {}
        self._numbers = array("i")

    @property
    def _features(self) -> np.ndarray:
        # a view for a moment: the array can't grow while there is one
        return np.frombuffer(self._numbers, dtype=np.intc).reshape(-1, _COLUMNS)

    def rows(self, hashes: Sequence[int], strings: StringStore) -> np.ndarray:
        """RETURNS (ndarray): int64 (n,), the rows of words, new ones if need be.

        hashes (Sequence[int]): The words' hashes.
        strings (StringStore): Has their texts.
        """
        known = self._rows_by_hash
        try:
            rows = [known[key] for key in hashes]
        except KeyError:
            for key in hashes:
                if key not in known:
                    known[key] = self.row(spacing_form(strings[key], self.normalize))
            rows = [known[key] for key in hashes]
        return np.array(rows, dtype=np.int64)

    def row(self, word: str) -> int:
        """RETURNS (int): The row of a form, a new one if need be."""
        row = self._rows.setdefault(word, len(self.words))
        if row == len(self.words):
            self.words.append(word)
            first, last, _, sign = classes_of(word)
            mark, line_end = word in QUOTATION_MARKS, "\n" in word
            classes = self.class_row(last), self.class_row(first)
            self._numbers.extend((*classes, sign, word.isspace(), line_end, mark))
        return row

    def class_row(self, name: str) -> int:
        """RETURNS (int): The row of a class, a new one if need be."""
        row = self._class_rows.setdefault(name, len(self.classes))
        if row == len(self.classes):
            self.classes.append(name)
        return row

    def left_classes(self, rows: np.ndarray) -> np.ndarray:
        """RETURNS (ndarray): int (n,), the rows of the classes that words have left of a gap."""
        return self._features[rows, _LEFT_CLASS]

    def right_classes(self, rows: np.ndarray) -> np.ndarray:
        """RETURNS (ndarray): int (n,), the rows of the classes that words have right of a gap."""
        return self._features[rows, _RIGHT_CLASS]

    def gaps(
        self, rows: np.ndarray, spaces: np.ndarray, starts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The gaps within some documents; none comes after white space, where spaces never stand.

        rows (ndarray): int64 (n,), the words, one document after another.
        spaces (ndarray): bool (n,), whether a space follows.
        starts (ndarray): bool (n,), whether the word starts a document.
        RETURNS (Tuple[ndarray, ndarray]): int64 (gaps,), the places of the words before the gaps,
            and the states of the gaps, as `gap_state` has them.
        """
        features = self._features[rows] != 0
        before = np.roll(spaces | features[:, _BLANK], 1) | starts
        is_open = np.zeros(len(rows), dtype=bool)
        marks = OpenMarks()
        stops = features[:, _MARK] | features[:, _LINE_END] | starts
        for place in np.flatnonzero(stops).tolist():
            if starts[place]:
                marks = OpenMarks()
            word = self.words[rows[place]]
            is_open[place] = marks.is_open(word)
            following = self.words[rows[place + 1]] if place + 1 < len(rows) else ""
            marks.read(word, bool(before[place]), bool(spaces[place]), following)
        places = np.flatnonzero(~features[:-1, _BLANK] & ~starts[1:])
        after = places + 1
        other_mark = features[after, _MARK] & (rows[after] != rows[places])
        beside = np.where(other_mark, is_open[after], is_open[places])
        apart = before[places] & features[places, _SIGN]
        return places, apart + 2 * beside.astype(np.int64)

    def keep(self, used: np.ndarray) -> np.ndarray:
        """Forget words.

        used (ndarray): bool (words,), which ones stay.
        RETURNS (ndarray): int64 (words,), the new rows of those that stay, in the same order.
        """
        kept, new_rows = np.flatnonzero(used), np.cumsum(used) - 1
        hashes = {key: int(new_rows[row]) for key, row in self._rows_by_hash.items() if used[row]}
        self.words = [self.words[row] for row in kept.tolist()]
        self._rows = {word: row for row, word in enumerate(self.words)}
        self._rows_by_hash = hashes
        self._numbers = array("i", self._features[kept].tobytes())
        return new_rows
