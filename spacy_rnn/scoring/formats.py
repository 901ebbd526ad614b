"""How records are written, and read again to see how far an output got: JSON lines and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from json.encoder import encode_basestring
from typing import Any, Protocol

import numpy as np

Column = Sequence[str] | np.ndarray


@dataclass
class Block:
    """Records of one document.

    constants (Dict[str, Any]): What all of them have in common, by column.
    columns (Dict[str, Union[Sequence[str], ndarray]]): Then, what each has for itself: null, or an
        empty cell, where an array is masked. Without columns there is one record.
    """

    constants: dict[str, Any]
    columns: dict[str, Column] = field(default_factory=dict)


class Format(Protocol):
    """A format whose records end in a line end, and begin with the number of their document."""

    def begin(self, columns: Sequence[str]) -> str:
        """RETURNS (str): What stands before the first record."""

    def first(self, columns: Sequence[str]) -> str:
        """RETURNS (str): What every file of records begins with."""

    def encode(self, block: Block) -> str:
        """RETURNS (str): The records as text."""

    def split(self, data: bytes) -> tuple[list[bytes], bytes]:
        """RETURNS (Tuple[List[bytes], bytes]): The complete records, with their line ends, and
        what is left."""

    def parse(self, record: bytes, columns: Sequence[str]) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The values of a record, as JSON or as strings.
        RAISES (ValueError): If it is none, or has other columns."""


class OtherColumns(ValueError):
    """A record has other columns than expected.

    found (Sequence[str]): Those that it has.
    """

    def __init__(self, found: Sequence[str]) -> None:
        super().__init__(", ".join(found))


class JsonLines:
    """A JSON object a line. A column that has no value for a document, such as `id`, may be missing
    in its records."""

    def begin(self, columns: Sequence[str]) -> str:
        return ""

    def first(self, columns: Sequence[str]) -> str:
        return '{"doc": '

    def encode(self, block: Block) -> str:
        constants = json.dumps(block.constants, ensure_ascii=False, allow_nan=False)
        if not block.columns:
            return constants + "\n"
        names = "".join(f", {json.dumps(name)}: %s" for name in block.columns)
        template = constants[:-1].replace("%", "%%") + names + "}\n"
        columns = [_to_json(column) for column in block.columns.values()]
        return "".join([template % values for values in zip(*columns, strict=True)])

    def split(self, data: bytes) -> tuple[list[bytes], bytes]:
        *lines, rest = data.split(b"\n")
        return [line + b"\n" for line in lines], rest

    def parse(self, record: bytes, columns: Sequence[str]) -> dict[str, Any]:
        values = json.loads(record)
        if not isinstance(values, dict) or {*values, "id"} != {*columns, "id"}:
            raise OtherColumns(list(values) if isinstance(values, dict) else ["no object"])
        return values


class Csv:
    """Comma-separated values with a header, as RFC 4180 quotes them. Rows end in "\\n"."""

    def begin(self, columns: Sequence[str]) -> str:
        return _write_rows([columns])

    first = begin

    def encode(self, block: Block) -> str:
        constants = [_to_cell(value) for value in block.constants.values()]
        if not block.columns:
            return _write_rows([constants])
        columns = [_to_cells(column) for column in block.columns.values()]
        # `repeat` has no end: the rows end with the columns
        return _write_rows(zip(*map(repeat, constants), *columns, strict=False))

    def split(self, data: bytes) -> tuple[list[bytes], bytes]:
        records = []
        opened: list[bytes] = []
        *lines, rest = data.split(b"\n")
        quoted = 0
        for line in lines:
            opened.append(line + b"\n")
            # a line end between quotes is text
            quoted ^= line.count(b'"') % 2
            if not quoted:
                records.append(b"".join(opened))
                opened = []
        return records, b"".join([*opened, rest])

    def parse(self, record: bytes, columns: Sequence[str]) -> dict[str, Any]:
        # a token or an id may be longer than csv allows by default
        csv.field_size_limit(max(csv.field_size_limit(), len(record)))
        row = next(csv.reader(io.StringIO(record.decode(), newline="")))
        if len(row) != len(columns):
            raise OtherColumns(row)
        return dict(zip(columns, row, strict=True))


def _to_json(column: Column) -> list[str]:
    if not isinstance(column, np.ndarray):
        return [encode_basestring(text) for text in column]
    if column.dtype == bool:
        return ["true" if value else "false" for value in column.tolist()]
    return _to_text(column, "null")


def _to_cells(column: Column) -> Sequence[Any]:
    if isinstance(column, np.ndarray):
        return column.tolist() if column.dtype == bool else _to_text(column, "")
    return column


def _to_text(numbers: np.ndarray, missing: str) -> list[str]:
    """As few digits as tell a number from all others of its type."""
    texts = list(map(str, np.ma.getdata(numbers)))
    for place in np.flatnonzero(np.ma.getmaskarray(numbers)).tolist():
        texts[place] = missing
    return texts


def _to_cell(value: Any) -> Any:
    is_nested = isinstance(value, dict | list)
    return json.dumps(value, ensure_ascii=False) if is_nested else value


def _write_rows(rows: Any) -> str:
    lines = _Lines()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return "".join(lines)


class _Lines(list[str]):
    """What csv writes, row by row. It quotes those characters only that are in its line end, so
    that is "\\r\\n" until here: a "\\r" in a text needs quotes too."""

    def write(self, row: str) -> None:
        self.append(row[:-2] + "\n")
