"""From a file of rows to a file of rows with numbers, so that a run that was killed can go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...corpus.open_files import STDIN
from ...errors import Warnings
from ...messages import warn
from ..rows.row_output import open_rows_output
from ..rows.row_places import Row
from ..rows.row_reader import RowReader
from ..run import BadDocument
from .data_dictionary import check_dictionary, write_dictionary
from .item_options import ROW
from .item_scorer import ItemScorer


@dataclass
class LeftOutRows:
    """What a run leaves out.

    skip (bool): Whether to report rows that can't be read or scored, and go on.
    rows (int): How many rows that were.
    """

    skip: bool
    rows: int = 0

    def add(self, error: ValueError, row: int, count: int) -> None:
        """See `OnBad`.
        RAISES (BadDocument): The error, if it can't be left out.
        """
        if not self.skip:
            raise BadDocument(str(error)) from error
        self.rows += count
        warn(f"left out: {error}")


@dataclass
class TableTarget:
    """Where a table goes; see `open_rows_output`."""

    path: Path
    piped: str = "csv"
    resume: bool = False
    overwrite: bool = False
    safe_cells: bool = False


@dataclass
class TableRun:
    """The scoring of a table.

    scorer (ItemScorer): What scores it.
    reader (RowReader): The table.
    target (TableTarget): Where it goes.
    description (Dict[str, Any]): What is written beside it, see `describe_table`.
    on_bytes (Callable[[int], None]): Told how many bytes of the table were read.
    written (int): How many records the output holds, as far as this run knows.
    opened (bool): Whether the output was opened.
    """

    scorer: ItemScorer
    reader: RowReader
    target: TableTarget
    description: dict[str, Any]
    on_bytes: Callable[[int], None]
    written: int = 0
    opened: bool = False

    def write(self) -> None:
        """Score what the output doesn't have yet.
        RAISES (BadDocument): At a row that can't be left out; those before it are written.
        RAISES (ValueError): If the output can't be gone on with.
        """
        path = self.target.path
        edited = self._check_resumed()
        with open_rows_output(
            path,
            reader=self.reader,
            new=self.scorer.options.new_columns(self.reader.columns),
            group=self.scorer.options.unit,
            row=self.scorer.options.named(ROW),
            resume=self.target.resume,
            overwrite=self.target.overwrite,
            safe_cells=self.target.safe_cells,
            piped=self.target.piped,
        ) as output:
            self.opened = True
            if path != STDIN and not output.resumed:
                write_dictionary(path, self.description)
            elif edited:
                known = {"input": self.reader.path, "output": path, "row": output.next_row}
                warn(Warnings.W545.format(**known))
            self.written = output.kept
            for records, done in self.scorer.score(self._read, output.next_row):
                output.write(records, done)
                self.written = output.kept + output.written

    def _read(self, leave_out: Callable[[ValueError], None]) -> Iterable[Row]:
        return self.reader.read(leave_out, self.on_bytes)

    def _check_resumed(self) -> bool:
        """RETURNS (bool): Whether the table was changed after the output.
        RAISES (ValueError): If the output was made in another way.
        """
        path, table = self.target.path, self.reader.path
        if not self.target.resume or path == STDIN or not path.exists():
            return False
        parts = path.glob("*.parquet") if path.is_dir() else [path] * bool(path.stat().st_size)
        if any(parts):
            check_dictionary(path, self.description)
        return table != STDIN and table.stat().st_mtime_ns > path.stat().st_mtime_ns
