"""Where a training log goes. What can't be written never ends the training: it is told once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ..errors import Warnings, reason
from ..messages import encodable

Warn = Callable[[str], object]

# The most bytes that wait for room on the disk; later lines are dropped.
_MOST_WAITING = 1 << 20


class LogStream:
    """Lines for a stream that may be closed, or full, at any moment.

    stream (IO): The stream.
    name (str): What the user knows it by.
    warn (Callable[[str], object]): Told once, when it can't be written; it gets nothing more then.
    """

    def __init__(self, stream: IO, name: str, warn: Warn) -> None:
        self._stream: IO | None = stream
        self._name = name
        self._warn = warn

    def print(self, text: str) -> None:
        """Write a line, if that is still possible."""
        if self._stream is None:
            return
        try:
            print(encodable(text, self._stream), file=self._stream, flush=True)
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            if self._stream is sys.stdout:
                _silence_stdout()
            self._stream = None
            self._warn(Warnings.W610.format(name=self._name, error=reason(error)))


class LogFile:
    """Lines for a file, each whole: what finds no room on the disk waits, and is tried again.

    path (Path): The file.
    mode (str): "w" to begin anew, "x" to make a new one.
    warn (Callable[[str], object]): Told once, when it can't be written.
    RAISES (OSError): If it can't be opened.
    """

    def __init__(self, path: Path, mode: str, warn: Warn) -> None:
        # without a buffer: one would hide how much of a line the disk took
        self._file = path.open(f"{mode}b", buffering=0)
        self._path = path
        self._warn = warn
        self._warned = False
        self._waiting = b""

    def write_line(self, text: str) -> None:
        """Write a line, and those that wait."""
        if len(self._waiting) < _MOST_WAITING:
            self._waiting += text.encode() + b"\n"
        try:
            while self._waiting:
                self._waiting = self._waiting[self._file.write(self._waiting) or 0 :]
        except OSError as error:
            self._tell(error)

    def close(self) -> None:
        """Close it. Some file systems only say here that the disk is full."""
        try:
            self._file.close()
        except OSError as error:
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            self._warn(Warnings.W610.format(name=self._path, error=error.strerror or error))


def read_evaluations(path: Path) -> list[dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): The evaluations in the file of a training log, without the
    lines about the progress between them."""
    lines = (json.loads(line) for line in path.read_text(encoding="utf8").splitlines())
    return [line for line in lines if "progress" not in line]


def silence_if_closed() -> None:
    """Let the standard output lead nowhere if it can't be written any more: whoever else prints,
    and Python at its end, would fail."""
    with suppress(OSError, ValueError, AttributeError):  # no real file, or none at all
        try:
            sys.stdout.flush()
        except OSError:
            _silence_stdout()


def _silence_stdout() -> None:
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, sys.stdout.fileno())
        finally:
            os.close(nowhere)
