"""Files of records that an interrupted run leaves whole, and another run goes on with."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import IO, Any

import srsly

from ..errors import Errors
from ..locking import lock
from ..messages import printable
from .formats import Csv, Format, JsonLines

FORMATS: dict[str, Format] = {"jsonl": JsonLines(), "csv": Csv(), "tsv": Csv("\t")}

# What is written is flushed after so many characters and, where documents are slow, seconds.
_FLUSH_SIZE = 1 << 16
_FLUSH_SECONDS = 1.0


def get_output_format(path: Path) -> Format:
    """RETURNS (Format): The format that the file's name asks for.
    RAISES (ValueError): If it asks for none.
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix[1:] not in FORMATS:
        raise ValueError(Errors.R505.format(path=path))
    return FORMATS[suffix[1:]]


def is_zipped(path: Path) -> bool:
    """RETURNS (bool): Whether the file's name ends in .gz."""
    return path.name.lower().endswith(".gz")


# --- writing


class Output:
    """Writes texts, each of them the records of whole documents.

    file (IO[bytes]): The open file.
    zipped (bool): Whether each flush writes a gzip member of its own, complete for itself.
    close (bool): Whether the file is closed at the end, and texts may wait for others before they
        are written. False for stdout.
    path (Optional[Path]): The file's, for errors.
    documents (int): How many documents the file holds already; then, how many it holds.
    escape (bool): Whether what would steer a terminal is written as an escape.
    """

    def __init__(
        self,
        file: IO[bytes],
        *,
        zipped: bool = False,
        close: bool = True,
        path: Path | None = None,
        documents: int = 0,
        escape: bool = False,
    ) -> None:
        self.file = file
        self.zipped = zipped
        self.close = close
        self.path = path
        self.documents = documents
        self.escape = escape
        self._waiting: list[str] = []
        self._documents_waiting = 0
        self._size = 0
        self._flushed = monotonic()

    def write(self, text: str, documents: int = 0) -> None:
        """Add the records of so many documents."""
        self._waiting.append(text)
        self._documents_waiting += documents
        self._size += len(text)
        late = monotonic() - self._flushed > _FLUSH_SECONDS
        if late or self._size >= _FLUSH_SIZE or not self.close:
            self.flush()

    def flush(self) -> None:
        """Write what waits.
        RAISES (OSError): If it can't be written; with the file's name.
        """
        # emptied first: what is interrupted here must not be written once more at the end
        text, self._waiting, self._size = "".join(self._waiting), [], 0
        data = (printable(text) if self.escape else text).encode()
        documents, self._documents_waiting = self._documents_waiting, 0
        if data:
            with named_errors(self.path):
                self.file.write(gzip.compress(data, 6) if self.zipped else data)
                self.file.flush()
        self.documents += documents
        self._flushed = monotonic()

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *_: Any) -> None:
        try:
            self.flush()
        finally:
            if self.close:
                with named_errors(self.path):
                    self.file.close()


@contextmanager
def named_errors(path: Path | None) -> Iterator[None]:
    """Let the system's errors of a file that is open have its name: a full disk's have none.

    path (Optional[Path]): The file; None for the standard output.
    """
    try:
        yield
    except OSError as error:
        if path is not None and error.filename is None:
            error.filename = str(path)
        raise


def open_stdout() -> Output:
    """RETURNS (Output): The standard output."""
    return Output(sys.stdout.buffer, close=False, escape=sys.stdout.isatty())


def open_file(path: Path, *, may_exist: bool) -> IO[bytes]:
    """Open an output file that no other run writes to meanwhile; what it holds stays.

    path (Path): The file; its folder is made.
    may_exist (bool): Whether it may be there already.
    RETURNS (IO[bytes]): The file, locked until it is closed.
    RAISES (ValueError): If it is there and may not be, or another run has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        number = os.open(path, flags if may_exist else flags | os.O_EXCL, 0o666)
    except FileExistsError:
        raise ValueError(Errors.R504.format(path=path)) from None
    file = os.fdopen(number, "wb")
    try:
        lock(file)
    except (BlockingIOError, PermissionError):
        file.close()
        raise ValueError(Errors.R531.format(path=path)) from None
    except OSError:  # a file system without locks, or no real file
        pass
    return file


def continue_file(file: IO[bytes], path: Path, keep: int = 0, documents: int = 0) -> Output:
    """Write on in a file.

    file (IO[bytes]): The open file.
    path (Path): Its path.
    keep (int): How many bytes of it stay; all that follow are cut off.
    documents (int): How many documents these bytes hold.
    RETURNS (Output): What is written goes to its end.
    """
    if os.fstat(file.fileno()).st_size > keep:
        file.truncate(keep)
    if keep:
        file.seek(keep)
    return Output(file, zipped=is_zipped(path), path=path, documents=documents)


# --- a report beside the table


def check_writable(path: Path | None) -> None:
    """Find out before hours of scoring whether a file can be written; its folder is made.

    path (Optional[Path]): The file, which stays as it is.
    RAISES (OSError): If it can't.
    """
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    path.open("ab").close()
    if is_new:
        path.unlink()


def write_report(path: Path, values: Any) -> None:
    """Write a JSON file.

    path (Path): The file.
    values (Any): What JSON can hold.
    RAISES (OSError): If it can't be written; with its name.
    """
    with named_errors(path):
        srsly.write_json(path, values)
