"""Words as they can be seen: signs for what is invisible, the direction of their script, and where
a line may break."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from spacy.tokens import Token

_SPACE = "␣"
_LINE_END = "↵"
# Control characters have pictures of their own; the line ends among them that of a line end.
_SIGNS = {code: chr(0x2400 + code) for code in range(0x20)}
_SIGNS.update({0x09: "⇥", 0x0A: _LINE_END, 0x0D: "␍", 0x7F: "␡"})
_SIGNS.update({0x2028: _LINE_END, 0x2029: _LINE_END})
# What is invisible or turns the text around it is written as its number.
_NUMBERED = [
    *range(0x80, 0xA0),
    *(0x00AD, 0x061C, 0x200B, 0x200E, 0x200F, 0xFEFF, 0xFFFE, 0xFFFF),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
]
_SIGNS.update({code: f"⟨U+{code:04X}⟩" for code in _NUMBERED})


def visible(text: str) -> str:
    """RETURNS (str): The text with a sign for every control character; for spaces too, if there is
    nothing else."""
    if text.isspace():
        text = "".join(_SPACE if unicodedata.category(c) == "Zs" else c for c in text)
    return text.translate(_SIGNS)


def word(text: str) -> str:
    """RETURNS (str): HTML of a word that can't disturb what stands around it."""
    return f'<bdi class="spacy-rnn-word">{escape(visible(text))}</bdi>'


def direction_of(texts: Iterable[str]) -> str:
    """RETURNS (str): "ltr" or "rtl", by the first word that has a direction."""
    return next(filter(None, map(_direction, texts)), "ltr")


def _direction(text: str) -> str | None:
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return None


def _directions(texts: Sequence[str]) -> list[str]:
    """The direction of each word. What has none, such as a number or a comma, follows the words
    around it if they agree, and else the text."""
    base, own = direction_of(texts), [_direction(text) for text in texts]
    found: list[str] = []
    for way, run in groupby(own):
        stop = len(found) + len(list(run))
        before = found[-1] if found else base
        after = own[stop] if stop < len(own) else base
        found += [way or (before if before == after else base)] * (stop - len(found))
    return found


def runs(tokens: Sequence[Token]) -> Iterator[tuple[str, list[list[Token]]]]:
    """Divide tokens by direction, and each run into groups that no line break should divide.

    YIELDS (Tuple[str, List[List[Token]]]): The direction of a run and its groups.
    """
    ways = _directions([token.text for token in tokens])
    for way, pairs in groupby(zip(ways, tokens, strict=True), key=lambda pair: pair[0]):
        groups: list[list[Token]] = []
        for _, token in pairs:
            if groups and not _may_break(groups[-1][-1], token):
                groups[-1].append(token)
            else:
                groups.append([token])
        yield way, groups


def _may_break(left: Token, right: Token) -> bool:
    if left.whitespace_ or left.is_space or right.is_space:
        return True
    end, begin = left.text[-1], right.text[0]
    if unicodedata.category(begin) in ("Pe", "Pf", "Po"):
        return False
    if unicodedata.category(end) in ("Ps", "Pi"):
        return False
    # Chinese breaks between any two characters
    return any(unicodedata.east_asian_width(c) in "WF" for c in (end, begin))
