"""Count the gaps between words, in bounded memory, while a corpus is read for its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import starmap

import numpy as np
from spacy.attrs import ORTH, SPACY
from spacy.tokens import Doc

from ..defaults import MODEL
from .gap_tables import GapTable, mark_gaps, pack_gaps, unpack_gaps
from .spaced_words import SpacedWords
from .spacing import LEVELS, RULE_ERROR, RULE_STRENGTH, Counts, Gap, Spacing

# Tokens counted together: enough to make numpy worthwhile, little to hold.
_CHUNK = 50_000
# Which sides of a gap are words at each level, the left and the right one; the others are classes.
_SIDES = ((False, False), (True, False), (False, True), (True, True))
_IS_WORD = dict(zip(LEVELS, _SIDES, strict=True))


class SpacingCounts:
    """Counts the gaps of documents whose spaces are known, at all levels of `Spacing`.

    normalize (str): The vocabulary's; see `spacing_form`.
    max_gaps (int): The most gaps to keep at each level; see `GapTable`.
    tokens (int): How many were read, those that aren't counted too.
    """

    def __init__(self, normalize: str = MODEL.normalize, *, max_gaps: int = 100_000) -> None:
        self.tokens = 0
        self._words = SpacedWords(normalize)
        self._tables = {level: GapTable(max_gaps) for level in LEVELS}
        self._max_words = 2 * max_gaps
        self._documents: list[tuple[np.ndarray, np.ndarray]] = []
        self._waiting = 0

    def watch(self, docs: Iterable[Doc]) -> Iterator[Doc]:
        """YIELDS (Doc): The same Docs, while their gaps are counted."""
        for doc in docs:
            self.add(doc)
            yield doc

    def add(self, doc: Doc) -> None:
        """Count the gaps of a Doc, if it knows its spaces (`doc.has_unknown_spaces`)."""
        self.tokens += len(doc)
        if not len(doc) or doc.has_unknown_spaces:
            return
        array = doc.to_array([ORTH, SPACY])
        # the words now: they may go with the memory zone
        words = self._words.rows(array[:, 0].tolist(), doc.vocab.strings)
        self._documents.append((words, array[:, 1] != 0))
        self._waiting += len(doc)
        if self._waiting >= _CHUNK:
            self._count()

    def add_spacing(self, spacing: Spacing) -> None:
        """Add the counts of a spacing that was learned before."""
        for level, table in self._tables.items():
            counts: dict[Gap, Counts] = getattr(spacing, level)
            if not counts:
                continue
            left, right, states = zip(*counts, strict=True)
            rows = [
                np.array([self._words.row(n) if word else self._words.class_row(n) for n in names])
                for names, word in zip((left, right), _IS_WORD[level], strict=True)
            ]
            gaps, spaces = np.array(list(counts.values()), dtype=np.int64).T
            table.add(pack_gaps(rows[0], rows[1], np.array(states)), gaps, spaces)

    def spacing(self) -> Spacing:
        """RETURNS (Spacing): All counts of classes, and those of words that can change a decision,
        whatever the rules say."""
        self._count()
        for table in self._tables.values():
            table.merge()
        return Spacing(*starmap(self._named, self._deciding().items()))

    def _count(self) -> None:
        if not self._documents:
            return
        words = np.concatenate([words for words, _ in self._documents])
        spaces = np.concatenate([spaces for _, spaces in self._documents])
        lengths = [len(words) for words, _ in self._documents]
        starts = np.zeros(len(words), dtype=bool)
        starts[np.cumsum([0, *lengths[:-1]])] = True
        self._documents, self._waiting = [], 0
        places, states = self._words.gaps(words, spaces, starts)
        left, right = words[places], words[places + 1]
        for level, table in self._tables.items():
            table.add(self._keys(level, left, right, states), np.ones_like(left), spaces[places])
        if len(self._words.words) > self._max_words:
            self._forget_words()

    def _keys(
        self, level: str, left: np.ndarray, right: np.ndarray, states: np.ndarray
    ) -> np.ndarray:
        """RETURNS (ndarray): int64 (n,), the gaps between words as a level knows them."""
        words = _IS_WORD[level]
        left = left if words[0] else self._words.left_classes(left)
        right = right if words[1] else self._words.right_classes(right)
        return pack_gaps(left, right, states)

    def _deciding(self) -> dict[str, GapTable]:
        """RETURNS (Dict[str, GapTable]): The tables with the gaps that can change a decision."""
        tables = self._tables
        kept = {"classes": tables["classes"]}
        for level in ("left", "right"):
            kept[level] = tables[level].deciding(self._class_probabilities(level))
        left, right, states = unpack_gaps(tables["pairs"].keys)
        p_class = self._class_probabilities("pairs")
        p_left, p_right = (
            kept[level].refined(self._keys(level, left, right, states), p_class)
            for level in ("left", "right")
        )
        return {**kept, "pairs": tables["pairs"].deciding((p_left + p_right) / 2)}

    def _class_probabilities(self, level: str) -> np.ndarray:
        """RETURNS (ndarray): float64 (2, gaps), p_class of a level's gaps, where the rules want no
        space and where they want one."""
        left, right, states = unpack_gaps(self._tables[level].keys)
        words = _IS_WORD[level]
        left = self._words.left_classes(left) if words[0] else left
        right = self._words.right_classes(right) if words[1] else right
        p_rule = np.full((2, len(states)), RULE_ERROR)
        p_rule[1] = 1 - RULE_ERROR
        table = self._tables["classes"]
        keys = pack_gaps(left, right, states)
        p_mark = table.by_mark().refined(mark_gaps(keys), p_rule, RULE_STRENGTH)
        return table.refined(keys, p_mark)

    def _named(self, level: str, table: GapTable) -> dict[Gap, Counts]:
        left_names, right_names = (
            self._words.words if word else self._words.classes for word in _IS_WORD[level]
        )
        left, right, states = (column.tolist() for column in unpack_gaps(table.keys))
        gaps = zip(
            (left_names[row] for row in left),
            (right_names[row] for row in right),
            states,
            strict=True,
        )
        counts = zip(table.gaps.tolist(), table.spaces.tolist(), strict=True)
        return dict(zip(gaps, counts, strict=True))

    def _forget_words(self) -> None:
        """Drop the words that stand in no table."""
        used = np.zeros(len(self._words.words), dtype=bool)
        for level, table in self._tables.items():
            table.merge()
            for side, is_word in zip(unpack_gaps(table.keys), _IS_WORD[level], strict=False):
                if is_word:
                    used[side] = True
        rows = self._words.keep(used)
        for level, table in self._tables.items():
            left, right, states = unpack_gaps(table.keys)
            left = rows[left] if _IS_WORD[level][0] else left
            right = rows[right] if _IS_WORD[level][1] else right
            table.keys = pack_gaps(left, right, states)  # still in order
