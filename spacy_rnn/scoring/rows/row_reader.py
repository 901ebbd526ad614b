"""Read tables row by row, whatever their format is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ...corpus.open_files import STDIN
from ...corpus.text_files import raise_error
from ...errors import Errors, counted
from ...regular_files import is_special
from .column_types import ColumnTypes
from .delimited import BrokenQuote, Record, find_delimiter, is_quoted, split_records, take_hint
from .json_rows import read_json_rows
from .parquet_rows import find_parts, read_parquet_rows, read_parquet_schema
from .row_places import Row, RowPlace, check_columns
from .spooling import spool_stdin
from .table_text import read_table_lines

ROW_FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
_UNDECODED = re.compile("[\ud800-\udfff]")
_MARKS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}


def get_row_format(path: Path) -> str | None:
    """RETURNS (Optional[str]): One of ROW_FORMATS, by a file's name; None for any other."""
    name = path.name.lower()
    if name.endswith(".parquet"):
        return ".parquet"
    name = name.removesuffix(".gz")
    return next((suffix for suffix in ROW_FORMATS[:3] if name.endswith(suffix)), None)


class RowReader:
    """A table whose rows are read one by one.

    - .csv: UTF-8, with or without a byte order mark, or UTF-16 with its mark. Cells are separated
      by commas, or by semicolons or tabs if the header has no comma; a first line `sep=;` says it
      too. Quotes are those of RFC 4180.
    - .tsv: the same with tabs; for quotes see `delimited.is_quoted`.
    - .jsonl: UTF-8, an object a line.
    - .parquet: a file, or a folder of parts. Needs pyarrow.

    path (Path): The file; .csv, .tsv and .jsonl may be gzipped (.gz). Or STDIN.
    needed (Iterable[str]): Columns that have to be there.
    piped (str): What the standard input holds: "csv", "tsv" or "jsonl".
    may_be_empty (bool): Whether a file without rows is one with nothing to read.
    RAISES (ValueError): If it is no such file, if a column is missing or there twice, or if there
        are no rows.
    """

    def __init__(
        self,
        path: Path,
        needed: Iterable[str] = (),
        *,
        piped: str = "csv",
        may_be_empty: bool = False,
    ) -> None:
        self.path = path
        self.needed = list(needed)
        self.may_be_empty = may_be_empty
        self.format = f".{piped}" if path == STDIN else _check_format(path)
        self._file = path
        self._delimiter = "\t" if self.format == ".tsv" else ""
        self._quoted = True
        self._types: ColumnTypes | None = None
        if self.format == ".parquet":
            self._types = ColumnTypes.of_schema(read_parquet_schema(path))
            check_columns(path, self._types.names, self.needed)
            self._check_rows(next(read_parquet_rows(path), None))
        elif self.format == ".jsonl":
            if path != STDIN:
                self._check_rows(next(read_json_rows(path), None))
        else:
            self._open_delimited()

    @property
    def columns(self) -> list[str]:
        """RETURNS (List[str]): The columns in order. Those of .jsonl are all keys of all rows: the
        file is read once for them."""
        return self.types.names

    @property
    def types(self) -> ColumnTypes:
        """RETURNS (ColumnTypes): The columns with their types."""
        if self._types is None:
            self.keep_input()
            rows = read_json_rows(self._file)
            self._types = ColumnTypes.of_rows(row.values for row in rows if isinstance(row, Row))
        return self._types

    def require(self, names: Iterable[str]) -> None:
        """Look for columns of a table whose columns are known.
        RAISES (ColumnMissing): If one isn't there, and there are any.
        """
        if self.columns:
            check_columns(self.path, self.columns, names)

    @property
    def size(self) -> int | None:
        """RETURNS (Optional[int]): The bytes that `read` tells of; None if they aren't known."""
        if self._file == STDIN:
            return None
        return sum(part.stat().st_size for part in find_parts(self._file))

    def keep_input(self) -> None:
        """Make sure that the rows can be read again: the standard input is copied to a file."""
        if self._file == STDIN:
            self._file = spool_stdin()

    def read(
        self,
        on_error: Callable[[ValueError], None] = raise_error,
        on_bytes: Callable[[int], None] | None = None,
        start: int = 1,
    ) -> Iterator[Row]:
        """Read the rows.

        on_error (Callable[[ValueError], None]): Told about each bad row, which is left out; it may
            raise the error, and does by default.
        on_bytes (Optional[Callable[[int], None]]): Told how many bytes of the file were read.
        start (int): The first row to yield. Errors of those before it are not told.
        YIELDS (Row): The rows.
        RAISES (DamagedFile): If the file can't be read any further.
        """
        for found in self._read_all(on_bytes, start):
            if isinstance(found, Row):
                if found.number >= start:
                    yield found
            elif found[0] >= start:
                on_error(found[1])

    def _read_all(
        self, on_bytes: Callable[[int], None] | None, start: int
    ) -> Iterator[Row | tuple[int, ValueError]]:
        if self.format == ".parquet":
            yield from read_parquet_rows(self.path, on_bytes, start)
        elif self.format == ".jsonl":
            number = 0
            for number, found in enumerate(read_json_rows(self._file, on_bytes), 1):
                if isinstance(found, Row):
                    found = found._replace(place=found.place._replace(path=self.path))
                    try:
                        check_columns(found.place, found.values, self.needed)
                    except ValueError as error:
                        yield number, error
                        continue
                    yield found
                else:
                    yield number, found
            self._check_rows(number or None)
        else:
            records = self._records(on_bytes)
            next(records, None)  # the header
            number = 0
            for number, record in enumerate(records, 1):
                try:
                    yield self._make_row(number, record)
                except ValueError as error:
                    yield number, error
            self._check_rows(number or None)

    def _check_rows(self, first: object | None) -> None:
        if first is None and not self.may_be_empty:
            found = "no rows" if self.format == ".jsonl" else "names of columns, but no rows"
            raise ValueError(Errors.R765.format(path=self.path, found=found))

    # --- CSV and TSV

    def _open_delimited(self) -> None:
        # what separates cells stands in the header, and how they are quoted anywhere
        self.keep_input()
        if self.format == ".tsv":
            self._quoted = is_quoted(read_table_lines(self._file))
        else:
            first = next(read_table_lines(self._file), (1, ""))[1]
            self._delimiter = take_hint(first) or find_delimiter(first)
        records = self._records()
        header = next(records, None)
        if header is None:
            if not self.may_be_empty:
                raise ValueError(Errors.R765.format(path=self.path, found="nothing in it"))
            self._types = ColumnTypes.of_names([])
            return
        names = self._check_cells(RowPlace(self.path, 0, header.line), header, None)
        for name in names:
            if names.count(name) > 1:
                place = f"{self.path}, line {header.line}"
                raise ValueError(Errors.R764.format(place=place, name=name))
        check_columns(self.path, names, self.needed)
        self._types = ColumnTypes.of_names(names)
        self._check_rows(next(records, None))

    def _records(self, on_bytes: Callable[[int], None] | None = None) -> Iterator[Record]:
        lines = read_table_lines(self._file, on_bytes)
        records = split_records(lines, self._delimiter, self._quoted)
        first = next(records, None)
        if first is not None:
            cells = first.cells
            hint = isinstance(cells, list) and take_hint(self._delimiter.join(cells)) is not None
            if self.format == ".tsv" or not hint:
                yield first
            yield from records

    def _make_row(self, number: int, record: Record) -> Row:
        assert self._types is not None
        names = self._types.names
        place = RowPlace(self.path, number, record.line)
        cells = self._check_cells(place, record, names)
        if len(cells) != len(names):
            mark = _MARKS.get(self._delimiter, repr(self._delimiter))
            message = {"found": counted(len(cells), "cell"), "expected": len(names), "mark": mark}
            raise ValueError(Errors.R762.format(place=place, **message))
        return Row(place, dict(zip(names, cells, strict=True)))

    def _check_cells(self, place: RowPlace, record: Record, names: list[str] | None) -> list[str]:
        def at(number: int) -> str:
            if names is None:
                return f"{place.path}, line {place.line}, cell {number + 1}"
            return place.at(names[number]) if number < len(names) else str(place)

        cells = record.cells
        if isinstance(cells, BrokenQuote):
            mark = _MARKS.get(self._delimiter, repr(self._delimiter))
            raise ValueError(Errors.R763.format(place=at(cells.cell), mark=mark))
        for number, cell in enumerate(cells):
            if not cell.isascii() and (bad := _UNDECODED.search(cell)):
                code = ord(bad[0])
                if code < 0xDC80 or code > 0xDCFF:
                    raise ValueError(Errors.R211.format(place=at(number), code=code))
                message = {"byte": code - 0xDC00, "encoding": "UTF-8"}
                raise ValueError(Errors.R771.format(place=at(number), **message))
        return cells


def _check_format(path: Path) -> str:
    if not path.exists():
        raise ValueError(Errors.R202.format(path=path))
    form = get_row_format(path)
    if form is None and path.is_dir() and find_parts(path):
        form = ".parquet"
    if form is None or (path.is_dir() and form != ".parquet"):
        known = ", ".join(ROW_FORMATS)
        raise ValueError(Errors.R760.format(path=path, known=known))
    if is_special(path):
        raise ValueError(Errors.R226.format(path=path))
    return form
