"""Where `rnn score` writes: a file or the standard output, or a folder of Parquet parts."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from .formats import Format
from .outputs import continue_file, open_file, open_stdout
from .parquet_records import ParquetRecords
from .reached import OutputPosition, find_progress
from .rows.column_types import ColumnTypes
from .run import Encoder


class Target(Protocol):
    """An output that no other run writes to meanwhile."""

    @property
    def encoder(self) -> Encoder:
        """RETURNS (Encoder): How records are written there."""

    def find_progress(self) -> OutputPosition | None:
        """RETURNS (Optional[OutputPosition]): The last document that it holds."""

    def go_on(self, keep: int, documents: int) -> AbstractContextManager[Any]:
        """RETURNS (AbstractContextManager[RecordOutput]): What writes there.

        keep (int): The bytes that stay.
        documents (int): The documents that they hold.
        """

    def changed_at(self) -> int:
        """RETURNS (int): When it was changed last, in nanoseconds."""

    def close(self) -> None:
        """Let other runs write there."""


class TextTarget:
    """A file, or the standard output.

    path (Optional[Path]): The file; None for the standard output.
    form (Format): Its format.
    columns (ColumnTypes): The columns of its records.
    may_exist (bool): Whether the file may be there.
    RAISES (ValueError): See `open_file`.
    """

    def __init__(
        self, path: Path | None, form: Format, columns: ColumnTypes, *, may_exist: bool
    ) -> None:
        self.path = path
        self.columns = columns
        self.encoder = form
        self._file = None if path is None else open_file(path, may_exist=may_exist)

    def find_progress(self) -> OutputPosition | None:
        """See `Target`."""
        assert self.path is not None
        return find_progress(self.path, self.encoder, self.columns.names)

    def go_on(self, keep: int, documents: int) -> AbstractContextManager[Any]:
        """See `Target`."""
        if self.path is None or self._file is None:
            return open_stdout()
        return continue_file(self._file, self.path, keep, documents)

    def changed_at(self) -> int:
        """See `Target`."""
        assert self.path is not None
        return self.path.stat().st_mtime_ns

    def close(self) -> None:
        """See `Target`."""
        if self._file is not None:
            self._file.close()


class PartsTarget:
    """A folder of Parquet parts: the arguments are those of `ParquetRecords`."""

    def __init__(self, path: Path, columns: ColumnTypes, *, resume: bool, overwrite: bool) -> None:
        self._records = ParquetRecords(path, columns, resume=resume, overwrite=overwrite)

    @property
    def encoder(self) -> Encoder:
        """See `Target`."""
        return self._records

    def find_progress(self) -> OutputPosition | None:
        """See `Target`."""
        return self._records.find_progress()

    def go_on(self, keep: int, documents: int) -> AbstractContextManager[Any]:
        """See `Target`: parts are whole, nothing is cut."""
        self._records.documents = documents
        return self._records

    def changed_at(self) -> int:
        """See `Target`."""
        return max(part.stat().st_mtime_ns for part in self._records.parts.parts)

    def close(self) -> None:
        """See `Target`."""
        self._records.parts.close()
