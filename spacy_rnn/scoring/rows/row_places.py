"""A row of a table, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...corpus.open_files import STDIN
from ...errors import Errors

_SURROGATE = re.compile("[\ud800-\udfff]")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


class RowPlace(NamedTuple):
    """Where a row stands, for messages.

    path (Optional[Path]): The file; None for rows that come from Python.
    number (int): The row, counted from 1; a header is none.
    line (int): The line of the file where it begins, counted from 1; 0 if there are no lines.
    """

    path: Path | None
    number: int
    line: int = 0

    def __str__(self) -> str:
        row = f"row {self.number}" + (f" (line {self.line})" if self.line else "")
        if self.path is None:
            return row
        name = "standard input" if self.path == STDIN else str(self.path)
        return f"{name}, {row}"

    def at(self, column: str) -> str:
        """RETURNS (str): The place of a cell."""
        return f"{self}, column {column!r}"


class Row(NamedTuple):
    """A row of a table.

    place (RowPlace): Where it stands.
    values (Dict[str, Any]): Its values by column, in the table's order. Those of CSV and TSV are
        the very text of the cells; those of JSON and Parquet keep their types.
    """

    place: RowPlace
    values: dict[str, Any]

    @property
    def number(self) -> int:
        """RETURNS (int): The row, counted from 1."""
        return self.place.number

    def text(self, column: str) -> str:
        """RETURNS (str): The text of a cell.
        RAISES (ValueError): If it is none, or one that no Doc can hold.
        """
        value = self._find(column)
        if not isinstance(value, str):
            found = "nothing" if value is None else f"{type(value).__name__} {value!r}"
            raise ValueError(Errors.R768.format(place=self.place.at(column), found=found))
        if bad := _SURROGATE.search(value):
            raise ValueError(Errors.R211.format(place=self.place.at(column), code=ord(bad[0])))
        return value

    def number_of(self, column: str) -> int:
        """RETURNS (int): The whole number of a cell; text that is one counts.
        RAISES (ValueError): If it is none.
        """
        value = self._find(column)
        if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
            return int(value)
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if not whole or isinstance(value, bool):
            raise ValueError(Errors.R769.format(place=self.place.at(column), found=repr(value)))
        return int(value)

    def _find(self, column: str) -> Any:
        check_columns(self.place, self.values, [column])
        return self.values[column]


class ColumnMissing(ValueError):
    """A table doesn't have a column that is needed."""


def check_columns(place: object, columns: Iterable[str], needed: Iterable[str]) -> None:
    """Look for columns.

    place (object): Where they should be, for the message.
    columns (Iterable[str]): Those that are there.
    needed (Iterable[str]): Those that have to be.
    RAISES (ColumnMissing): If one is missing.
    """
    there = list(columns)
    for name in needed:
        if name not in there:
            found = ", ".join(map(repr, there)) or "none"
            raise ColumnMissing(Errors.R761.format(place=place, name=name, columns=found))


def rows_of(records: Iterable[Mapping[str, Any]], needed: Iterable[str] = ()) -> Iterator[Row]:
    """Make rows of what Python has.

    records (Iterable[Mapping[str, Any]]): Values by column.
    needed (Iterable[str]): Columns that each has to have.
    YIELDS (Row): The rows, with their numbers.
    RAISES (ValueError): If a column is missing.
    """
    needed = list(needed)
    for number, record in enumerate(records, 1):
        place = RowPlace(None, number)
        check_columns(place, record, needed)
        yield Row(place, dict(record))
