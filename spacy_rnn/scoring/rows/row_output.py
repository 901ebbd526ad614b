"""Write tables of rows, in a way that another run can go on with."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...corpus.open_files import STDIN
from ...errors import Errors
from ...regular_files import is_special
from ..formats import Csv, Format, JsonLines
from ..outputs import (
    FORMATS,
    Output,
    continue_file,
    get_output_format,
    is_zipped,
    open_file,
    open_stdout,
)
from ..parquet_parts import ParquetParts
from ..scanning import RecordScanner
from .column_types import ColumnTypes, to_arrow_type, to_typed
from .parquet_rows import import_pyarrow
from .row_reader import RowReader

# The column that tells which row of the input a record belongs to.
ROW = "row"


class RowsOutput(ABC):
    """A table that is written. Use it in a `with` block.

    columns (ColumnTypes): Its columns.
    next_row (int): The row of the input to go on with: 1, or where a run before ended.
    resumed (bool): Whether there was something to go on with.
    kept (int): How many records of a run before are kept; 0 where that isn't known.
    written (int): How many records this run wrote.
    """

    def __init__(self, columns: ColumnTypes) -> None:
        self.columns = columns
        self.next_row = 1
        self.resumed = False
        self.kept = 0
        self.written = 0

    @abstractmethod
    def write(self, records: Sequence[Mapping[str, Any]], done: int) -> None:
        """Write whole groups.

        records (Sequence[Mapping[str, Any]]): Their records: values by column.
        done (int): The last row of the input that nothing is left to do with.
        RAISES (ValueError): If the format can't hold a value.
        RAISES (OSError): If the file can't be written.
        """

    @abstractmethod
    def close(self, complete: bool) -> None:
        """Write what waits.

        complete (bool): Whether the run came to its end.
        RAISES (OSError): If it can't be written.
        """

    def __enter__(self) -> RowsOutput:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        self.close(kind is None)


def open_rows_output(
    path: Path,
    *,
    reader: RowReader | None = None,
    new: Mapping[str, type],
    group: Sequence[str] = (),
    skip: Sequence[str] = (),
    row: str = ROW,
    resume: bool = False,
    overwrite: bool = False,
    safe_cells: bool = False,
    piped: str = "jsonl",
) -> RowsOutput:
    """Open a table to write.

    path (Path): .jsonl, .csv or .tsv, gzipped or not; .parquet, which becomes a folder of parts; or
        STDIN for the standard output.
    reader (Optional[RowReader]): The table whose columns come first.
    new (Mapping[str, type]): The columns that follow, with their types: int, float, bool or str.
        `row` is one of them.
    group (Sequence[str]): Columns whose values say which rows belong together: rows that follow
        each other and have the same values there. Without any, each row of the input is a group.
    skip (Sequence[str]): Columns of the table that are left out.
    row (str): The column that tells the number of the row in the input.
    resume (bool): Whether to go on where the output ends: its last group is dropped, because it may
        not be complete, and comes again.
    overwrite (bool): Whether to replace an output that is there.
    safe_cells (bool): Whether text in .csv and .tsv that a spreadsheet would run gets a `'` in
        front.
    piped (str): What the standard output gets: "jsonl", "csv" or "tsv".
    RAISES (ValueError): If that can't be done: the output is there, another run has it, it has
        other columns, a new column's name is taken, a format can't be written.
    """
    assert row in new
    _check_output(path, reader, resume, overwrite)
    is_parquet = path.name.lower().endswith(".parquet")
    form = None if is_parquet else _get_form(path, piped, safe_cells)
    if safe_cells and not isinstance(form, Csv):
        raise ValueError(Errors.R775.format(path="the standard output" if path == STDIN else path))
    columns = _join_columns(reader, new, skip)
    if isinstance(form, JsonLines):
        form = replace(form, optional=frozenset(columns.names) - frozenset(new))
    if form is None:
        return _PartsOutput(path, columns, resume=resume, overwrite=overwrite)
    if path == STDIN:
        return _TextOutput(columns, form, open_stdout())
    file = open_file(path, may_exist=resume or overwrite)
    try:
        scanner = _GroupScanner(path, form, columns.names, group, row)
        if resume:
            scanner.scan()
        cut = scanner.member if is_zipped(path) else scanner.group_cut
        return _TextOutput(columns, form, continue_file(file, path, cut.byte), cut)
    except BaseException:
        file.close()
        raise


def _check_output(path: Path, reader: RowReader | None, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise ValueError(Errors.R511)
    if path == STDIN:
        if resume or overwrite:
            raise ValueError(Errors.R510)
        return
    if resume and is_special(path):
        raise ValueError(Errors.R560.format(path=path))
    given = None if reader is None or reader.path == STDIN else reader.path
    if given is not None and path.exists() and path.samefile(given):
        raise ValueError(Errors.R512.format(path=path))


def _get_form(path: Path, piped: str, safe_cells: bool) -> Format:
    form = FORMATS[piped] if path == STDIN else get_output_format(path)
    if isinstance(form, Csv):
        return replace(form, safe=safe_cells)
    return form


def _join_columns(
    reader: RowReader | None, new: Mapping[str, type], skip: Sequence[str]
) -> ColumnTypes:
    kinds: dict[str, Any] = {}
    if reader is not None:
        kinds = {name: kind for name, kind in reader.types.kinds.items() if name not in skip}
    for name in new:
        if name in kinds:
            raise ValueError(Errors.R766.format(name=name))
    return ColumnTypes({**kinds, **new})


# --- text


@dataclass
class _Cut:
    """Where an output is cut to be gone on with.

    byte (int): What stands before stays.
    row (int): The row of the input whose records come next.
    records (int): How many records stay.
    """

    byte: int = 0
    row: int = 1
    records: int = 0


class _GroupScanner(RecordScanner):
    """Finds the beginning of the last group, and of the last complete gzip member, which holds
    whole groups.

    group (Sequence[str]): The columns that tell groups apart; none: the row does.
    row (str): The column of the row's number.
    """

    def __init__(
        self,
        path: Path,
        form: Format,
        columns: Sequence[str],
        group: Sequence[str],
        row: str,
    ) -> None:
        super().__init__(path, form, columns, "{")
        self.group_cut = _Cut()
        self.member = _Cut()
        self._row = row
        self._group = group or (row,)
        self._key: Any = None
        self._records = 0
        self._member_byte = 0
        self._member_row: int | None = None
        self._member_records = 0

    @property
    def found(self) -> bool:
        """RETURNS (bool): See `RecordScanner`."""
        return self._records > 0

    def follow(self, record: bytes, begin: int, end: int) -> None:
        """See `RecordScanner`."""
        values = self.form.parse(record, self.columns)
        row = int(values[self._row])
        key = [values.get(name) for name in self._group]
        if not self._records or key != self._key:
            self._key = key
            self.group_cut = _Cut(begin, row, self._records)
        if self._member_row is None:
            self._member_row, self._member_records = row, self._records
        self._records += 1

    def end_member(self, end: int) -> None:
        """See `RecordScanner`."""
        if self._member_row is not None:
            self.member = _Cut(self._member_byte, self._member_row, self._member_records)
        self._member_byte, self._member_row = end, None


class _TextOutput(RowsOutput):
    """CSV, TSV and JSON lines."""

    def __init__(
        self, columns: ColumnTypes, form: Format, output: Output, cut: _Cut | None = None
    ) -> None:
        super().__init__(columns)
        self.form = form
        self.output = output
        if cut is not None:
            self.resumed = cut.byte > 0
            self.next_row, self.kept = cut.row, cut.records
        if not self.resumed:
            output.write(form.begin(columns.names))

    def write(self, records: Sequence[Mapping[str, Any]], done: int) -> None:
        """See `RowsOutput`."""
        names = self.columns.names
        self.output.write("".join(self.form.encode_row(record, names) for record in records))
        self.written += len(records)

    def close(self, complete: bool) -> None:
        """See `RowsOutput`."""
        self.output.__exit__()


# --- Parquet


class _PartsOutput(RowsOutput):
    """Parquet."""

    def __init__(self, path: Path, columns: ColumnTypes, *, resume: bool, overwrite: bool) -> None:
        super().__init__(columns)
        pyarrow = import_pyarrow()
        schema = pyarrow.schema(
            [(name, to_arrow_type(kind)) for name, kind in columns.kinds.items()]
        )
        self.parts = ParquetParts(path, schema, resume=resume, overwrite=overwrite)
        state = self.parts.read_state()
        self.resumed = bool(state)
        self.next_row = state.get("done", 0) + 1
        self.kept = state.get("records", 0)

    def write(self, records: Sequence[Mapping[str, Any]], done: int) -> None:
        """See `RowsOutput`."""
        values = [
            [_to_value(record.get(name), kind) for record in records]
            for name, kind in self.columns.kinds.items()
        ]
        table = self.parts.make_table(values)
        self.written += len(records)
        self.parts.add(table, {"done": done, "records": self.kept + self.written})

    def close(self, complete: bool) -> None:
        """See `RowsOutput`."""
        try:
            if complete:
                self.parts.finish()
            else:
                self.parts.flush()
        finally:
            self.parts.close()


def _to_value(value: Any, kind: Any) -> Any:
    if isinstance(value, np.generic):
        value = float(str(value)) if isinstance(value, np.floating) else value.item()
    if isinstance(value, float) and math.isnan(value) and isinstance(kind, type):
        return None
    return to_typed(value, kind)
