"""Rows of Parquet: a file, or a folder of files that are the parts of one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...corpus.open_files import DamagedFile
from ...errors import Errors, reason
from .row_places import Row, RowPlace

_BATCH = 1024


def import_pyarrow() -> Any:
    """RETURNS (Module): pyarrow with its module `parquet`.
    RAISES (ValueError): If it isn't installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ValueError(Errors.R767.format(error=error)) from error
    return pyarrow


def find_parts(path: Path) -> list[Path]:
    """RETURNS (List[Path]): The file, or the .parquet files of the folder in the order of their
    names; what is hidden is left out."""
    if not path.is_dir():
        return [path]
    parts = [part for part in path.iterdir() if part.suffix.lower() == ".parquet"]
    return sorted((p for p in parts if p.name[0] not in "._"), key=lambda part: part.name)


def read_parquet_schema(path: Path) -> Any:
    """RETURNS (Schema): The columns of a table in order, with their types, as pyarrow has them.
    RAISES (ValueError): If it can't be read, has two columns of one name, or parts with other
        columns than the first.
    """
    pyarrow = import_pyarrow()
    parts = find_parts(path)
    if not parts:
        raise ValueError(Errors.R765.format(path=path, found="no part"))
    first = None
    for part in parts:
        with _named_damage(part, pyarrow):
            schema = pyarrow.parquet.read_schema(part).remove_metadata()
        if first is None:
            first = schema
        if schema.names != first.names:
            message = {"path": part, "names": ", ".join(schema.names), "first": parts[0].name}
            raise ValueError(Errors.R774.format(expected=", ".join(first.names), **message))
    assert first is not None
    for name in first.names:
        if first.names.count(name) > 1:
            raise ValueError(Errors.R764.format(place=path, name=name))
    return first


def read_parquet_rows(
    path: Path, on_bytes: Callable[[int], None] | None = None, start: int = 1
) -> Iterator[Row]:
    """Read the rows of a table.

    path (Path): The file or the folder.
    on_bytes (Optional[Callable[[int], None]]): Told about each part's bytes when it was read.
    start (int): The first row to yield.
    YIELDS (Row): The rows; their values are those of Python.
    RAISES (DamagedFile): If it can't be read.
    """
    pyarrow = import_pyarrow()
    number = 0
    for part in find_parts(path):
        with _named_damage(part, pyarrow), pyarrow.parquet.ParquetFile(part) as file:
            batches = file.iter_batches(batch_size=_BATCH)
            if number + file.metadata.num_rows < start:
                batches = iter(())
                number += file.metadata.num_rows
            for batch in batches:
                if number + batch.num_rows < start:
                    number += batch.num_rows
                    continue
                for values in batch.to_pylist():
                    number += 1
                    if number >= start:
                        yield Row(RowPlace(path, number), values)
        if on_bytes is not None:
            on_bytes(part.stat().st_size)


@contextmanager
def _named_damage(path: Path, pyarrow: Any) -> Iterator[None]:
    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        message = reason(error).partition("\n")[0]
        raise DamagedFile(Errors.R772.format(path=path, error=message)) from error
