"""Open files of a corpus, gzipped or not, and the standard input."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..errors import Errors

# Stands for the standard input wherever a file is read.
STDIN = Path("-")


class DamagedFile(ValueError):
    """A file that can't be read any further, whatever a reader does about bad lines."""


def reason_of(error: OSError) -> str:
    """RETURNS (str): What the system says, without the path."""
    return error.strerror or str(error)


@contextmanager
def open_binary(path: Path, on_bytes: Callable[[int], None] | None = None) -> Iterator[IO[bytes]]:
    """Open a file, through gzip if its name ends in .gz.

    path (Path): The file, or STDIN.
    on_bytes (Optional[Callable[[int], None]]): Told how many bytes of the file were read, each
        time some are, before they are decompressed.
    YIELDS (IO[bytes]): The open file.
    RAISES (DamagedFile): If the file can't be opened; while reading, if the gzip data is damaged or
        incomplete.
    """
    zipped = path.name.lower().endswith(".gz")
    try:
        with _open_raw(path, on_bytes) as raw:
            if zipped:
                if not raw.peek(1):  # gzip makes 20 bytes of nothing
                    raise EOFError("the file is empty")
                with gzip.GzipFile(fileobj=raw) as file:
                    yield file  # type: ignore[misc]
            else:
                yield raw
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DamagedFile(Errors.R207.format(path=path, error=error)) from error
    except OSError as error:
        raise DamagedFile(Errors.R227.format(path=path, error=reason_of(error))) from error


def _open_raw(path: Path, on_bytes: Callable[[int], None] | None) -> io.BufferedReader:
    if path == STDIN:
        return io.BufferedReader(_Counted(sys.stdin.buffer, on_bytes, keep_open=True))
    file = path.open("rb")
    return file if on_bytes is None else io.BufferedReader(_Counted(file, on_bytes))


class _Counted(io.RawIOBase):
    """A file that tells how many bytes of it were read, and can be left open when it is closed."""

    def __init__(
        self, file: Any, on_bytes: Callable[[int], None] | None, keep_open: bool = False
    ) -> None:
        self.file = file
        self.keep_open = keep_open
        self.on_bytes = on_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self.file.readinto1(buffer)  # a pipe gives what it has
        if self.on_bytes is not None:
            self.on_bytes(count)
        return count

    def close(self) -> None:
        if not self.keep_open:
            self.file.close()
        super().close()
