"""Files of records that an interrupted run leaves whole, and another run goes on with."""

from __future__ import annotations

import copy
import gzip
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, Any

import srsly

from ..errors import Errors
from ..locking import lock
from ..messages import printable
from .formats import Csv, Format, JsonLines, OtherColumns
from .inputs import Start

FORMATS: dict[str, Format] = {"jsonl": JsonLines(), "csv": Csv()}

# What is written is flushed after so many characters and, where documents are slow, seconds.
_FLUSH_SIZE = 1 << 16
_FLUSH_SECONDS = 1.0
_READ_SIZE = 1 << 18


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


# --- going on


@dataclass
class OutputPosition:
    """How far an output got: its last document.

    path (Path): The output.
    values (Dict[str, Any]): The document's first record.
    number (int): Its number.
    file, line: Where it began, see `Start`.
    in_file (int): How many documents of this file there are.
    records (int): How many records of it there are.
    begin (Optional[int]): The byte of the output where they begin; None if it can't be cut there.
    end (int): The byte after the last complete one.
    """

    path: Path
    values: dict[str, Any]
    number: int
    file: str | None
    line: int | None
    in_file: int
    records: int
    begin: int | None
    end: int

    @property
    def start(self) -> Start:
        """RETURNS (Start): Where the input has the document."""
        return Start(self.file, self.line, self.in_file)


def find_progress(path: Path, form: Format, columns: Sequence[str]) -> OutputPosition | None:
    """Find out how far an output got. What follows its last complete record doesn't count.

    path (Path): The file.
    form (Format): Its format.
    columns (Sequence[str]): Those that it has to have.
    RETURNS (Optional[OutputPosition]): Its last document; None if there isn't any.
    RAISES (ValueError): If it has other columns, or isn't a file of records at all.
    """
    scanner = _Scanner(path, form, columns)
    try:
        found = (_scan_zipped if is_zipped(path) else _scan_plain)(path, scanner)
        if scanner.progress is None:
            scanner.check_beginning()
    except OtherColumns as error:
        expected = ", ".join(columns)
        raise ValueError(Errors.R506.format(path=path, found=error, expected=expected)) from error
    except _CutDocument as error:
        raise ValueError(Errors.R509.format(path=path)) from error
    except (ValueError, TypeError, zlib.error) as error:
        raise ValueError(Errors.R508.format(path=path, error=error)) from error
    return found


class _CutDocument(Exception):
    """A gzip member ends within a record."""


def _scan_plain(path: Path, scanner: _Scanner) -> OutputPosition | None:
    with path.open("rb") as file:
        while piece := file.read(_READ_SIZE):
            scanner.feed(piece)
    return scanner.progress


def _scan_zipped(path: Path, scanner: _Scanner) -> OutputPosition | None:
    """Read the complete gzip members. An incomplete one is fed too, but not believed."""
    found, ends_within = None, False
    member = zlib.decompressobj(wbits=31)
    with path.open("rb") as file:
        while piece := file.read(_READ_SIZE):
            while piece:
                scanner.feed(member.decompress(piece))
                piece = member.unused_data
                if member.eof:
                    ends_within = bool(scanner.rest)
                    if scanner.progress is not None:
                        found = copy.copy(scanner.progress)
                        found.begin, found.end = None, file.tell() - len(piece)
                    member = zlib.decompressobj(wbits=31)
    if ends_within:
        raise _CutDocument
    return found


class _Scanner:
    """Follows the records of an output, piece by piece.

    path (Path): The output.
    form (Format): Its format.
    columns (Sequence[str]): Its columns.
    """

    def __init__(self, path: Path, form: Format, columns: Sequence[str]) -> None:
        self.path = path
        self.form = form
        self.columns = columns
        self.progress: OutputPosition | None = None
        self.rest = b""
        self._position = 0
        self._header = form.begin(columns).encode()
        self._number = b""

    def feed(self, piece: bytes) -> None:
        """Read on.
        RAISES (ValueError): If something else than a record of these columns comes.
        """
        records, self.rest = self.form.split(self.rest + piece)
        for record in records:
            begin, self._position = self._position, self._position + len(record)
            if not begin and self._header:
                if record != self._header:
                    raise OtherColumns([record.decode("utf8", "replace").strip()])
                continue
            number = record[: record.find(b",")]
            if number != self._number or self.progress is None:
                self._number = number
                self.progress = self._begin_document(record, begin)
            self.progress.records += 1
            self.progress.end = self._position

    def _begin_document(self, record: bytes, begin: int) -> OutputPosition:
        values = self.form.parse(record, self.columns)
        before = self.progress
        line, file = values["line"], values.get("file")
        number = int(values["doc"])
        if number <= (before.number if before else 0):
            raise ValueError(f"document {number} comes after {before and before.number}")
        # documents without lines that were left out have numbers too
        steps = number - (before.number if before else 0)
        same = before is None or before.file == file
        return OutputPosition(
            path=self.path,
            values=values,
            number=number,
            file=file,
            line=int(line) if line not in (None, "") else None,
            in_file=(before.in_file if before else 0) + steps if same else 1,
            records=0,
            begin=begin,
            end=begin,
        )

    def check_beginning(self) -> None:
        """RAISES (ValueError): If what came, without a complete record, can't become one."""
        expected = self.form.first(self.columns).encode()
        fits = self.rest.startswith(expected) or expected.startswith(self.rest)
        if not self._position and not fits:
            raise ValueError("it begins otherwise")


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
