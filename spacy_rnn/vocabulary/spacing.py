"""Where spaces go between words, as raw text has them.

p(space | left word, right word) backs off to the words' classes. For a gap between the words a and
b of the classes A and B, in the state s (does a space stand before a sign on the left, is the
quotation mark beside the gap open)

    p_rule = 0.95 where the rules of `spacing_rules` want a space, else 0.05
    p_mark = (k(A, B, m) + p_rule) / (n(A, B, m) + 1), m that part of s which is about the mark
    p_class = (k(A, B, s) + 2 p_mark) / (n(A, B, s) + 2)
    p_left = (k(a, B, s) + 2 p_class) / (n(a, B, s) + 2),  p_right likewise of (A, b, s)
    p = (k(a, b, s) + p_left + p_right) / (n(a, b, s) + 2)

where n counts the gaps in the text that was learned from, and k those of them with a space.
Only decisions matter, so of the counts of words those are kept that can change one.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import srsly

from ..errors import Errors, reason, shorten
from ..regular_files import read_regular
from .normalization import QUOTES, normalize_form
from .word_classes import QUOTATION_MARKS, classes_of

# How many gaps the rules, and an estimate of a coarser level, are worth beside what was counted.
RULE_STRENGTH = 1.0
STRENGTH = 2.0
# How often the rules are taken to be wrong.
RULE_ERROR = 0.05
# The left and the right word or class, and the state of the gap.
Gap = tuple[str, str, int]
# The part of a state that says whether the mark beside the gap is open.
MARK_STATE = 2
# How many gaps there were, and how many of them had a space.
Counts = tuple[int, int]
# The levels of counts, by which sides are classes.
LEVELS = ("classes", "left", "right", "pairs")


def spacing_form(word: str, normalize: str) -> str:
    """RETURNS (str): The form under which a word's spacing is learned: in lower case, and a
    quotation mark as the vocabulary shows it.

    word (str): The word.
    normalize (str): The vocabulary's; see `Vocabulary`.
    """
    normal = normalize_form(word, normalize)
    return normal if normal in QUOTES else word.lower()


class OpenMarks:
    """Which quotation marks are open at a place in a text."""

    def __init__(self) -> None:
        self._open: dict[str, bool] = {}

    def is_open(self, word: str) -> bool:
        """RETURNS (bool): Whether the next such mark closes, as far as one knows."""
        return self._open.get(word, False)

    def read(self, word: str, before: bool, after: bool, following: str) -> None:
        """Go past a word.

        word (str): The word.
        before, after (bool): Whether white space stands on its sides.
        following (str): The next word. What has the same on both sides opens before a word and
            closes before a sign.
        """
        if word in QUOTATION_MARKS:
            opens = before if before != after else not classes_of(following).begins_with_sign
            self._open[word] = opens
        elif "\n" in word:
            self._open.clear()


def gap_state(left: str, right: str, before: bool, marks: OpenMarks) -> int:
    """The state of the gap between two words.

    left, right (str): The forms of the words.
    before (bool): Whether white space, or nothing, stands before the left one.
    marks (OpenMarks): Those before the left one.
    RETURNS (int): 1 if the left one ends with a sign that is written apart from what is before
        it, plus 2 if the mark beside the gap is open.
    """
    mark = right if right in QUOTATION_MARKS and right != left else left
    return (before and classes_of(left).ends_with_sign) + MARK_STATE * marks.is_open(mark)


@dataclass
class Spacing:
    """Counts of gaps; see the module. Without any, the rules decide.

    classes, left, right, pairs (Dict[Tuple[str, str, int], Tuple[int, int]]): By both classes, by
        the left word and the right class, by the left class and the right word, by both words.
    """

    classes: Mapping[Gap, Counts] = field(default_factory=dict)
    left: Mapping[Gap, Counts] = field(default_factory=dict)
    right: Mapping[Gap, Counts] = field(default_factory=dict)
    pairs: Mapping[Gap, Counts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_mark: dict[Gap, Counts] = {}
        for (left, right, state), (gaps, spaces) in self.classes.items():
            gap = left, right, state & MARK_STATE
            others = self._by_mark.get(gap, (0, 0))
            self._by_mark[gap] = others[0] + gaps, others[1] + spaces

    def __bool__(self) -> bool:
        return bool(self.classes)

    def probability(self, left: str, right: str, state: int, rule: bool) -> float:
        """The probability of a space between two words.

        left, right (str): The forms of the words.
        state (int): See `gap_state`.
        rule (bool): Whether the rules want a space.
        RETURNS (float): From 0 to 1.
        """
        classes = classes_of(left).last, classes_of(right).first
        p_rule = 1 - RULE_ERROR if rule else RULE_ERROR
        by_mark = self._by_mark.get((*classes, state & MARK_STATE))
        p_mark = refine(by_mark, p_rule, RULE_STRENGTH)
        p_class = refine(self.classes.get((*classes, state)), p_mark)
        p_left = refine(self.left.get((left, classes[1], state)), p_class)
        p_right = refine(self.right.get((classes[0], right, state)), p_class)
        return refine(self.pairs.get((left, right, state)), (p_left + p_right) / 2)

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): JSON: for each level ``[[left, right, state, gaps, spaces], …]``."""
        message: dict[str, Any] = {
            level: [[*gap, *counts] for gap, counts in sorted(getattr(self, level).items())]
            for level in LEVELS
        }
        return srsly.json_dumps({**message, "checksum": _checksum_of(message)}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Spacing:
        """RAISES (ValueError): If the data is damaged."""
        try:
            message = srsly.json_loads(data.decode())
            checksum = message.pop("checksum")
            levels = {
                level: dict(map(_gap_with_counts, entries)) for level, entries in message.items()
            }
            spacing = cls(**levels)
            if checksum != _checksum_of(message):
                raise ValueError("its counts don't have their checksum")
            return spacing
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(Errors.R360.format(error=reason(error))) from None


def refine(counts: Counts | None, coarse: float, strength: float = STRENGTH) -> float:
    """RETURNS (float): A probability at a finer level, from what was counted there, if anything,
    and the probability at the coarser level, which is worth `strength` gaps."""
    if counts is None:
        return coarse
    gaps, spaces = counts
    return (spaces + strength * coarse) / (gaps + strength)


def _checksum_of(message: Mapping[str, Any]) -> int:
    return zlib.crc32(srsly.json_dumps(message, sort_keys=True).encode())


def _gap_with_counts(entry: Any) -> tuple[Gap, Counts]:
    if isinstance(entry, list) and len(entry) == 5:
        words, numbers = entry[:2], entry[2:]
        whole = all(isinstance(n, int) and not isinstance(n, bool) for n in numbers)
        if all(isinstance(word, str) for word in words) and whole:
            state, gaps, spaces = numbers
            if 0 <= state < 4 and 0 <= spaces <= gaps < 2**63:
                return (words[0], words[1], state), (gaps, spaces)
    raise ValueError(f"this is no count of gaps: {shorten(entry)}")


def spacing_path(vocabulary: str | Path) -> Path:
    """RETURNS (Path): The file of spacing beside a vocabulary file: words.spacing.json beside
    words.json."""
    return Path(vocabulary).with_suffix(".spacing.json")


def read_spacing(path: Path) -> Spacing:
    """RETURNS (Spacing): What a file holds; nothing learned if there is no such file.
    RAISES (ValueError): If it can't be read.
    """
    try:
        return Spacing.from_bytes(read_regular(path))
    except FileNotFoundError:
        return Spacing()
    except (OSError, ValueError) as error:
        raise ValueError(Errors.R361.format(path=path, error=reason(error))) from None
