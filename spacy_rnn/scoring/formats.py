"""How records are written, and read again to see how far an output got: JSON lines, CSV and TSV."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import repeat
from json.encoder import encode_basestring
from typing import Any, Protocol

import numpy as np

from ..errors import Errors

Column = Sequence[str] | np.ndarray
_JSON_FLAGS = {True: "true", False: "false", None: "null"}

# Text that a spreadsheet runs, unless it is a number; and such text made safe. A `'` that was
# there gets another one, so that what was written can be read back.
# Full-width signs run too, and a byte order mark is dropped by whoever reads the cell.
_RUNS = re.compile("['\ufeff]*[=+\\-@＝＋－＠\t\r\n]")
_SAFE = re.compile("'['\ufeff]*[=+\\-@＝＋－＠\t\r\n]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


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

    def encode_all(self, blocks: Iterable[Block]) -> str:
        """RETURNS (str): The records of several documents."""

    def encode_row(self, values: Mapping[str, Any], columns: Sequence[str]) -> str:
        """RETURNS (str): One record with values of any kind.
        RAISES (ValueError): If the format can't hold one of them.
        """

    def number_of(self, record: bytes) -> bytes:
        """RETURNS (bytes): What the record begins with, up to the end of its first value."""

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


@dataclass(frozen=True)
class JsonLines:
    """A JSON object a line. Columns without a value may be missing in a record.

    optional (FrozenSet[str]): Columns that may.
    further (bool): Whether a record may have columns that aren't known beforehand.
    """

    optional: frozenset[str] = frozenset(["id"])
    further: bool = False

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

    def encode_all(self, blocks: Iterable[Block]) -> str:
        return "".join(map(self.encode, blocks))

    def encode_row(self, values: Mapping[str, Any], columns: Sequence[str]) -> str:
        # a key that a row of the input doesn't have stays missing
        plain = _to_json_row(values, [name for name in columns if name in values])
        return json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n"

    def number_of(self, record: bytes) -> bytes:
        return record[: record.find(b",")]

    def split(self, data: bytes) -> tuple[list[bytes], bytes]:
        *lines, rest = data.split(b"\n")
        return [line + b"\n" for line in lines], rest

    def parse(self, record: bytes, columns: Sequence[str]) -> dict[str, Any]:
        values = json.loads(record)
        if not isinstance(values, dict):
            raise OtherColumns(["no object"])
        missing = {*columns} - {*values} - self.optional
        if missing or not (self.further or {*values} <= {*columns} | self.optional):
            raise OtherColumns(list(values))
        return values


@dataclass(frozen=True)
class Csv:
    """Values in columns with a header, quoted as RFC 4180 says. Rows end in "\\n".

    delimiter (str): What stands between two cells.
    safe (bool): Whether text that a spreadsheet would run gets a `'` in front.
    """

    delimiter: str = ","
    safe: bool = False

    def begin(self, columns: Sequence[str]) -> str:
        return self._write_rows([columns])

    first = begin

    def encode(self, block: Block) -> str:
        constants = [_to_cell(value) for value in block.constants.values()]
        if not block.columns:
            return self._write_rows([constants])
        columns = [_to_cells(column) for column in block.columns.values()]
        # `repeat` has no end: the rows end with the columns
        return self._write_rows(zip(*map(repeat, constants), *columns, strict=False))

    def encode_all(self, blocks: Iterable[Block]) -> str:
        return "".join(map(self.encode, blocks))

    def encode_row(self, values: Mapping[str, Any], columns: Sequence[str]) -> str:
        plain = _to_json_row(values, columns)
        return self._write_rows([map(_to_cell, plain.values())])

    def number_of(self, record: bytes) -> bytes:
        return record[: record.find(self.delimiter.encode())]

    def _write_rows(self, rows: Any) -> str:
        if self.safe:
            rows = ([_to_safe(value) for value in row] for row in rows)
        lines = _Lines()
        csv.writer(lines, delimiter=self.delimiter, lineterminator="\r\n").writerows(rows)
        return "".join(lines)

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
        file = io.StringIO(record.decode(), newline="")
        row = next(csv.reader(file, delimiter=self.delimiter))
        if len(row) != len(columns):
            raise OtherColumns(row)
        if self.safe:
            row = [cell[1:] if _SAFE.match(cell) else cell for cell in row]
        return dict(zip(columns, row, strict=True))


def _to_json(column: Column) -> list[str]:
    if not isinstance(column, np.ndarray):
        return [encode_basestring(text) for text in column]
    if column.dtype == bool:
        return [_JSON_FLAGS[value] for value in column.tolist()]
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


def _to_json_row(values: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    plain = {}
    for name in columns:
        try:
            plain[name] = to_json_value(values.get(name))
        except (TypeError, RecursionError) as error:
            raise ValueError(Errors.R773.format(name=name, error=error)) from error
    return plain


def to_json_value(value: Any) -> Any:
    """RETURNS (Any): A value as JSON has it: null for numbers beyond all bounds, and dates as text.
    RAISES (TypeError): If JSON has nothing for it.
    """
    if isinstance(value, np.generic):
        # as few digits as tell it from others of its type
        value = float(str(value)) if isinstance(value, np.floating) else value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [to_json_value(item) for item in value]
    if isinstance(value, dict):
        return {name: to_json_value(item) for name, item in value.items()}
    if value is None or isinstance(value, str | int):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"text has no form for {type(value).__name__}")


def _to_safe(value: Any) -> Any:
    runs = isinstance(value, str) and _RUNS.match(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if runs else value


class _Lines(list[str]):
    """What csv writes, row by row. It quotes those characters only that are in its line end, so
    that is "\\r\\n" until here: a "\\r" in a text needs quotes too."""

    def write(self, row: str) -> None:
        self.append(row[:-2] + "\n")
