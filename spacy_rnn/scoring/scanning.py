"""Read files of records again, however they end: which records are complete, and where."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import Errors
from .formats import Format, OtherColumns
from .outputs import is_zipped

_READ_SIZE = 1 << 18


class RecordScanner(ABC):
    """Follows the records of an output, piece by piece.

    path (Path): The output.
    form (Format): Its format.
    columns (Sequence[str]): Its columns.
    first (str): What a file without a complete record begins with, if it is such an output.
    """

    def __init__(self, path: Path, form: Format, columns: Sequence[str], first: str) -> None:
        self.path = path
        self.form = form
        self.columns = columns
        self.rest = b""
        self._first = first.encode()
        self._position = 0
        self._header = form.begin(columns).encode()

    @property
    @abstractmethod
    def found(self) -> bool:
        """RETURNS (bool): Whether there was a record."""

    @abstractmethod
    def follow(self, record: bytes, begin: int, end: int) -> None:
        """Take notice of a complete record.

        record (bytes): The record with its line end.
        begin, end (int): Where it stands in what was fed.
        RAISES (ValueError): If it is none of these columns.
        """

    def end_member(self, end: int) -> None:
        """Take notice of the end of a gzip member, after its records.

        end (int): The byte of the file after it.
        """
        return

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
            self.follow(record, begin, self._position)

    def scan(self) -> None:
        """Read the file. What follows its last complete record, or its last complete gzip member,
        is fed too, but not believed.

        RAISES (ValueError): If it has other columns, or isn't a file of records at all.
        """
        with _explained(self.path, self.columns):
            (self._scan_zipped if is_zipped(self.path) else self._scan_plain)()
            if not self.found:
                self._check_beginning()

    def _scan_plain(self) -> None:
        with self.path.open("rb") as file:
            while piece := file.read(_READ_SIZE):
                self.feed(piece)

    def _scan_zipped(self) -> None:
        ends_within = False
        member = zlib.decompressobj(wbits=31)
        with self.path.open("rb") as file:
            while piece := file.read(_READ_SIZE):
                while piece:
                    self.feed(member.decompress(piece))
                    piece = member.unused_data
                    if member.eof:
                        ends_within = bool(self.rest)
                        self.end_member(file.tell() - len(piece))
                        member = zlib.decompressobj(wbits=31)
        if ends_within:
            raise _CutRecord

    def _check_beginning(self) -> None:
        """RAISES (ValueError): If what came, without a complete record, can't become one."""
        expected = self._header or self._first
        fits = self.rest.startswith(expected) or expected.startswith(self.rest)
        if not self._position and not fits:
            raise ValueError("it begins otherwise")


class _CutRecord(Exception):
    """A gzip member ends within a record."""


@contextmanager
def _explained(path: Path, columns: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except OtherColumns as error:
        expected = ", ".join(columns)
        raise ValueError(Errors.R506.format(path=path, found=error, expected=expected)) from error
    except _CutRecord as error:
        raise ValueError(Errors.R509.format(path=path)) from error
    except (ValueError, TypeError, KeyError, zlib.error) as error:
        raise ValueError(Errors.R508.format(path=path, error=error)) from error
