"""Parquet output: a folder of files that are whole, each written under another name and renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import monotonic
from typing import IO, Any

from ..errors import Errors
from .outputs import named_errors, open_file
from .rows.parquet_rows import import_pyarrow

# A part is written after so many rows or, where rows are slow, seconds.
_PART_ROWS = 1 << 16
_PART_SECONDS = 300.0
# What a part says of the run that wrote it.
_KEY = b"spacy_rnn"


class ParquetParts:
    """The parts of a table, `part-00000.parquet` and so on, and the writing of more.

    path (Path): The folder, which is made.
    schema (Schema): The columns, as pyarrow has them.
    resume (bool): Whether to go on after the parts that are there.
    overwrite (bool): Whether to remove them.
    RAISES (ValueError): If there is something and neither was asked for, if another run writes
        there, or if the parts have other columns.
    """

    def __init__(
        self, path: Path, schema: Any, *, resume: bool = False, overwrite: bool = False
    ) -> None:
        self.path = path
        self.schema = schema
        self._pyarrow = import_pyarrow()
        self._waiting: list[Any] = []
        self._rows = 0
        self._state: dict[str, Any] = {}
        self._began = monotonic()
        self._lock = _open_folder(path, may_exist=resume or overwrite)
        try:
            for leftover in path.glob(".part-*"):
                leftover.unlink()
            if overwrite:
                for part in self.parts:
                    part.unlink()
            self._check_parts()
            parts = self.parts
            self._next = int(parts[-1].stem.rpartition("-")[2]) + 1 if parts else 0
        except BaseException:
            self._lock.close()
            raise

    @property
    def parts(self) -> list[Path]:
        """RETURNS (List[Path]): What is written, in order."""
        return sorted(self.path.glob("part-*.parquet"))

    def read_state(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The state that was added with the last rows that are written;
        empty if there are none."""
        parts = self.parts
        if not parts:
            return {}
        metadata = self._pyarrow.parquet.read_schema(parts[-1]).metadata or {}
        try:
            return dict(json.loads(metadata[_KEY]))
        except (KeyError, ValueError) as error:
            raise ValueError(Errors.R508.format(path=parts[-1], error=repr(error))) from error

    def make_table(self, columns: Iterable[Sequence[Any]]) -> Any:
        """Make a table of values.

        columns (Iterable[Sequence]): The values of each column of the schema.
        RETURNS (Table): As pyarrow has it.
        RAISES (ValueError): If a column can't hold one of its values.
        """
        arrays = []
        for kind, values in zip(self.schema, columns, strict=True):
            try:
                arrays.append(self._pyarrow.array(values, type=kind.type, from_pandas=True))
            except (self._pyarrow.ArrowException, TypeError, ValueError, OverflowError) as error:
                message = Errors.R773.format(name=kind.name, error=error)
                raise ValueError(message) from error
        return self._pyarrow.Table.from_arrays(arrays, schema=self.schema)

    def add(self, table: Any, state: dict[str, Any]) -> None:
        """Add rows, which come into one part.

        table (Table): See `make_table`.
        state (Dict[str, Any]): How far the run is with them, for JSON.
        RAISES (OSError): If it can't be written.
        """
        self._waiting.append(table)
        self._rows += table.num_rows
        self._state = state
        if self._rows >= _PART_ROWS or monotonic() - self._began > _PART_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what waits.
        RAISES (OSError): If it can't be written; with the file's name.
        """
        # emptied first: what is interrupted here must not be written once more at the end
        tables, self._waiting, self._rows = self._waiting, [], 0
        self._began = monotonic()
        if tables:
            table = self._pyarrow.concat_tables(tables)
            self._write(table.replace_schema_metadata({_KEY: json.dumps(self._state)}))

    def finish(self) -> None:
        """Write what waits, and an empty part if there is nothing: a table has columns.
        RAISES (OSError): If it can't be written.
        """
        self.flush()
        if not self._next:
            table = self.schema.empty_table()
            self._write(table.replace_schema_metadata({_KEY: json.dumps(self._state)}))

    def close(self) -> None:
        """Let other runs write here."""
        self._lock.close()

    def _write(self, table: Any) -> None:
        part = self.path / f"part-{self._next:05}.parquet"
        hidden = part.with_name(f".{part.name}")
        with named_errors(part):
            self._pyarrow.parquet.write_table(table, hidden)
            with hidden.open("rb+") as file:
                os.fsync(file.fileno())
            hidden.replace(part)
        self._next += 1

    def _check_parts(self) -> None:
        own = self.parts
        others = [p for p in self.path.iterdir() if p not in own and p.name[0] not in "._"]
        if others:
            message = {"path": self.path, "found": f"it holds {others[0].name}"}
            raise ValueError(Errors.R776.format(**message))
        for part in own:
            try:
                schema = self._pyarrow.parquet.read_schema(part)
            except (self._pyarrow.ArrowException, OSError) as error:
                raise ValueError(Errors.R508.format(path=part, error=error)) from error
            if not schema.equals(self.schema, check_metadata=False):
                found, expected = (
                    ", ".join(f"{kind.name} ({kind.type})" for kind in one)
                    for one in (schema, self.schema)
                )
                message = {"path": part, "found": found, "expected": expected}
                raise ValueError(Errors.R506.format(**message))


def _open_folder(path: Path, *, may_exist: bool) -> IO[bytes]:
    """RETURNS (IO[bytes]): A lock on the folder."""
    if path.exists() and not path.is_dir():
        raise ValueError(Errors.R776.format(path=path, found="it is a file"))
    lock = path / ".lock"  # which stays: another run may be waiting for this very file
    if not may_exist and path.is_dir() and any(inner != lock for inner in path.iterdir()):
        raise ValueError(Errors.R504.format(path=path))
    return open_file(lock, may_exist=True)
