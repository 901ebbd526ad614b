"""Columns of the input that are copied to the output: `rnn score --keep`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..corpus.open_files import STDIN
from ..errors import Errors
from .formats import to_json_value
from .rows.column_types import ColumnTypes
from .rows.row_places import check_columns
from .rows.row_reader import RowReader

ALL = "all"


@dataclass
class Keeping:
    """What of a record of the input is kept.

    names (Optional[Sequence[str]]): The columns; None for all.
    own (Sequence[str]): Columns that the output has besides, whose names can't be kept.
    left_out (Sequence[str]): Columns that "all" leaves out.
    types (Optional[ColumnTypes]): All columns that the output has for them, where it needs to know
        them beforehand.
    typed (bool): Whether values keep the types that they have in Python; else they are as JSON has
        them.
    seen (Set[str]): The named columns that some record had.
    """

    names: Sequence[str] | None
    own: Sequence[str]
    left_out: Sequence[str] = ()
    types: ColumnTypes | None = None
    typed: bool = False
    seen: set[str] = field(default_factory=set)

    @property
    def columns(self) -> list[str]:
        """RETURNS (List[str]): The columns that each record of the output has."""
        return list(self.names or ()) if self.types is None else self.types.names

    @property
    def is_open(self) -> bool:
        """RETURNS (bool): Whether each record has the columns that it has in the input."""
        return self.names is None and self.types is None

    def pick(self, record: Mapping[str, Any] | None, place: object) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The values that are kept; None for those that aren't there.

        record (Optional[Mapping[str, Any]]): All values.
        place (object): Where it stands, for the message.
        RAISES (ValueError): If a value can't be kept, or has the name of another column.
        """
        record = record or {}
        names = self.columns
        if self.is_open:
            names = [name for name in record if name not in self.left_out]
            check_names(names, self.own)
        self.seen.update(name for name in names if name in record)
        return {name: self._convert(name, record.get(name), place) for name in names}

    def _convert(self, name: str, value: Any, place: object) -> Any:
        if value is None or self.typed:
            return value
        try:
            plain = to_json_value(value)
            json.dumps(plain, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            message = Errors.R778.format(place=place, name=name, error=error)
            raise ValueError(message) from error
        return plain


def check_names(names: Sequence[str], own: Sequence[str]) -> None:
    """RAISES (ValueError): If a column that is kept has the name of another."""
    for name in names:
        if name in own:
            raise ValueError(Errors.R779.format(name=name))


def choose_kept(
    keep: str,
    readers: Sequence[RowReader],
    own: Sequence[str],
    *,
    path: Path,
    left_out: Sequence[str],
    fill: bool,
    typed: bool,
) -> Keeping:
    """Find out what is kept.

    keep (str): Names of columns, separated by commas, or "all".
    readers (Sequence[RowReader]): All files that have records.
    own (Sequence[str]): The columns that the output has besides.
    path (Path): The input, for messages.
    left_out (Sequence[str]): Columns that "all" leaves out.
    fill (bool): Whether the output needs to know all columns beforehand.
    typed (bool): Whether it needs to know their types.
    RETURNS (Keeping): The columns.
    RAISES (ValueError): If there are no records; if a column is in none of the tables, or has the
        name of another; if the columns of the standard input aren't known.
    """
    if not readers:
        raise ValueError(Errors.R780.format(path=path))
    names = None
    if keep.strip() != ALL:
        names = list(dict.fromkeys(filter(None, map(str.strip, keep.split(",")))))
        # the column `id` has it already
        names = [name for name in names if name != "id" or name not in (*own, *left_out)]
        check_names(names, own)
        tables = [reader for reader in readers if reader.format != ".jsonl"]
        if len(tables) == len(readers):
            there = dict.fromkeys(name for reader in tables for name in reader.columns)
            check_columns(path, there, names)
    if not typed and (names is not None or not fill):
        return Keeping(names, own, left_out)
    found = join_types(readers, path).kinds
    if names is None:
        names = [name for name in found if name not in left_out]
        check_names(names, own)
    types = ColumnTypes({name: found.get(name, str) for name in names})
    return Keeping(names, own, left_out, types, typed)


def join_types(readers: Sequence[RowReader], path: Path) -> ColumnTypes:
    """RETURNS (ColumnTypes): All columns of some tables.
    RAISES (ValueError): If they come through the standard input, and aren't known before its end.
    """
    if any(reader.path == STDIN and reader.format == ".jsonl" for reader in readers):
        raise ValueError(Errors.R777.format(path="the output"))
    if len(readers) == 1:
        return readers[0].types
    return ColumnTypes.of_several(reader.types for reader in readers)
