"""Rows of text that is separated by commas, semicolons or tabs.

A .csv file is quoted as RFC 4180 says: a cell that begins with `"` ends at the next `"` that isn't
doubled. Of .tsv files there are two kinds, see `is_quoted`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ...corpus.text_files import LONGEST_LINE

# What follows the quote that opened a cell, up to the one that closes it.
_REST_OF_CELL = re.compile(r'([^"]*+(?:""[^"]*+)*+)"')
_NEEDS_QUOTES = re.compile(r'[\t\r\n"]')


class BrokenQuote(ValueError):
    """A cell that begins with a quote doesn't end with one.

    cell (int): Which of its row, from 0.
    """

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


class Record(NamedTuple):
    """A row as it stands in its file.

    line (int): The line where it begins.
    cells (Union[List[str], BrokenQuote]): Its cells, or what is wrong with one.
    quoted (Sequence[int]): Which cells have quotes around them.
    """

    line: int
    cells: list[str] | BrokenQuote
    quoted: tuple[int, ...] = ()


@dataclass
class _OpenRecord:
    """A row of which perhaps not all lines are there yet.

    delimiter (str): What stands between two cells.
    cells (List[str]): The cells that are complete.
    quoted (List[int]): Those with quotes around them.
    parts (List[str]): The beginning of a cell whose quotes aren't closed.
    """

    delimiter: str
    cells: list[str] = field(default_factory=list)
    quoted: list[int] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    def add(self, line: str) -> bool:
        """RETURNS (bool): Whether the row ends with this line.
        RAISES (BrokenQuote): If more than a quote closes a cell."""
        place = 0
        end = len(without_end(line))
        opened = bool(self.parts)
        while True:
            if not opened and line.startswith('"', place):
                opened, place = True, place + 1
                self.parts = []
            if opened:
                closing = _REST_OF_CELL.match(line, place)
                if closing is None:
                    self.parts.append(line[place:])
                    return False
                text = "".join([*self.parts, closing[1]]).replace('""', '"')
                self.quoted.append(len(self.cells))
                opened, self.parts, place = False, [], closing.end()
                if place < end and line[place] != self.delimiter:
                    raise BrokenQuote(len(self.cells))
                self.cells.append(text)
            else:
                stop = line.find(self.delimiter, place, end)
                self.cells.append(line[place : end if stop < 0 else stop])
                place = end if stop < 0 else stop
            if place >= end:
                return True
            place += 1


def without_end(line: str) -> str:
    """RETURNS (str): The line without what ends it."""
    for end in ("\r\n", "\n", "\r"):
        if line.endswith(end):
            return line[: -len(end)]
    return line


def split_records(
    lines: Iterable[tuple[int, str]], delimiter: str, quoted: bool = True
) -> Iterator[Record]:
    """Split text into rows. Empty lines are none.

    lines (Iterable[Tuple[int, str]]): See `read_table_lines`.
    delimiter (str): What stands between two cells.
    quoted (bool): Whether a cell may stand in quotes. If not, quotes are characters like others.
    YIELDS (Record): The rows. Where a quote is broken, the line where its row began is left out,
        and the next row begins with the next line.
    """
    source = iter(lines)
    again: list[tuple[int, str]] = []  # lines after a broken quote, the next one last
    while True:
        numbered = again.pop() if again else next(source, None)
        if numbered is None:
            return
        number, line = numbered
        if not quoted or '"' not in line:
            if text := without_end(line):
                yield Record(number, text.split(delimiter))
            continue
        record = _OpenRecord(delimiter)
        taken = [numbered]
        size = len(line)
        try:
            complete = record.add(line)
            while not complete:
                more = again.pop() if again else next(source, None)
                if more is None or size > LONGEST_LINE:
                    if more is not None:
                        taken.append(more)
                    raise BrokenQuote(len(record.cells))
                taken.append(more)
                size += len(more[1])
                complete = record.add(more[1])
        except BrokenQuote as error:
            yield Record(number, error)
            again += reversed(taken[1:])
            continue
        yield Record(number, record.cells, tuple(record.quoted))


def is_quoted(lines: Iterable[tuple[int, str]]) -> bool:
    """Find out whether quotes in a .tsv file stand around cells, or are characters of the text.

    They stand around cells where

    - all cells of the first row have them: so write programs that quote every text; or
    - each `"` of the file belongs to a cell that has quotes around it, those inside doubled, and
      needs them: there is a tab, a line's end or a `"` in it, or nothing at all in the only cell of
      a row; or a comma, if no cell with a comma goes without quotes, as in what Excel writes. And
      if a cell has a line's end in it, not every line has as many cells as the first: else it is
      quoted speech, which begins in one row and ends in another.

    In all other files each `"` is a character like others.

    lines (Iterable[Tuple[int, str]]): All lines of the file.
    RETURNS (bool): Whether they stand around cells.
    """
    tabs: set[int] = set()
    comma_quoted = comma_bare = has_line_end = False
    for row, record in enumerate(split_records(_counted(lines, tabs), "\t")):
        if isinstance(record.cells, BrokenQuote):
            return False
        if not row and len(record.quoted) == len(record.cells):
            return True
        for place, cell in enumerate(record.cells):
            if place not in record.quoted:
                if '"' in cell:
                    return False
                comma_bare = comma_bare or "," in cell
            elif not _NEEDS_QUOTES.search(cell) and (cell or len(record.cells) > 1):
                if "," not in cell:
                    return False
                comma_quoted = True
            else:
                has_line_end = has_line_end or "\n" in cell
            if comma_bare and comma_quoted:
                return False
    return len(tabs) > 1 or not has_line_end


def _counted(lines: Iterable[tuple[int, str]], tabs: set[int]) -> Iterator[tuple[int, str]]:
    for line in lines:
        if without_end(line[1]):
            tabs.add(line[1].count("\t"))
        yield line


def find_delimiter(header: str) -> str:
    """RETURNS (str): What separates the cells of a .csv file: a comma, or, if the first line has
    none outside of quotes, a semicolon or a tab that it has."""
    outside = re.sub(r'"[^"]*"?', "", header)
    return next((mark for mark in ",;\t" if mark in outside), ",")


def take_hint(line: str) -> str | None:
    """RETURNS (Optional[str]): What a first line such as `sep=;`, which is for Excel, says that
    separates cells; None for any other line."""
    hint = re.fullmatch(r'"?sep=(.)"?', without_end(line))
    return hint[1] if hint else None
