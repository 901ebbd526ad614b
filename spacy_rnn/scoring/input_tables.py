"""Documents that stand in tables: CSV, TSV and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..corpus.open_files import STDIN
from ..corpus.text_files import SourcePosition, TextDocument, make_text_document
from ..errors import Warnings
from ..messages import warn
from .rows.row_places import ColumnMissing
from .rows.row_reader import RowReader

TABLES = (".csv", ".tsv", ".parquet")


class ParquetPosition(SourcePosition):
    """Where a document stands in a table without lines: its row takes the line's place."""

    def __str__(self) -> str:
        return f"{self.path}, row {self.line}"


def open_tables(
    files: Iterable[Path], text_key: str, *, piped: str, in_folder: bool
) -> dict[Path, RowReader]:
    """Open tables of documents.

    files (Iterable[Path]): Those that are tables; or STDIN.
    text_key (str): The column of the texts.
    piped (str): What the standard input holds.
    in_folder (bool): Whether the files were found in a folder. There, tables without such a column
        are left out, with a warning: they may be about something else.
    RETURNS (Dict[Path, RowReader]): The tables.
    RAISES (ValueError): If one can't be read.
    """
    readers = {}
    for path in files:
        try:
            reader = RowReader(path, piped=piped, may_be_empty=True)
            # a Parquet table may have lists of words instead, as .jsonl has
            if "tokens" not in reader.columns or reader.format != ".parquet":
                reader.require([text_key])
            readers[path] = reader
        except ColumnMissing as error:
            if not in_folder or path == STDIN:
                raise
            warn(Warnings.W549.format(error=error))
    return readers


def read_table(
    reader: RowReader,
    text_key: str,
    *,
    id_key: str,
    on_error: Callable[[ValueError], None],
    on_bytes: Callable[[int], None],
    start: int | None,
) -> Iterator[TextDocument]:
    """Read the documents of a table, empty ones too.

    reader (RowReader): The table.
    text_key, id_key (str): The columns of texts and ids.
    on_error (Callable[[ValueError], None]): Told about each bad row, which is left out.
    on_bytes (Callable[[int], None]): Told how many bytes were read.
    start (Optional[int]): The line, or the row of a Parquet table, of the first document that is
        needed: some before it may come too.
    YIELDS (TextDocument): The documents.
    RAISES (ValueError): If the file can't be read any further.
    """
    has_lines = reader.format != ".parquet"
    first = 1 if has_lines else start or 1
    for row in reader.read(on_error, on_bytes, first):
        if has_lines:
            place = SourcePosition(reader.path, row.place.line)
        else:
            place = ParquetPosition(reader.path, row.number)
        try:
            yield make_text_document(row.values, place, text_key, id_key)
        except ValueError as error:
            on_error(error)
