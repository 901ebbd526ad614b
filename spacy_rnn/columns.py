"""Tables as plain text: columns as wide as what stands in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_SPACING = "   "


def text_table(
    rows: Sequence[Sequence[str]], header: Sequence[str] = (), *, numbers: bool = True
) -> str:
    """Lay out a table.

    rows (Sequence[Sequence[str]]): The cells, of any length; all rows have as many.
    header (Sequence[str]): The names of the columns, above a line; none if empty.
    numbers (bool): Whether all columns but the first hold numbers, which end below each other.
    RETURNS (str): The lines, without a line end after the last.
    """
    every = [header, *rows] if header else rows
    widths = [max(map(_width, column)) for column in zip(*every, strict=True)]
    lines = [list(row) for row in every]
    if header:
        lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        _SPACING.join(
            _pad(cell, width, right=numbers and number > 0)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _pad(cell: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(cell))
    return space + cell if right else cell + space


def _width(text: str) -> int:
    """How many places it takes on a terminal: Chinese characters two, accents above others none."""
    places = {"W": 2, "F": 2}
    return sum(
        0 if unicodedata.combining(character) else places.get(_kind(character), 1)
        for character in text
    )


def _kind(character: str) -> str:
    return unicodedata.east_asian_width(character)
