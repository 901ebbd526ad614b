"""Files of a model that may come from strangers: what is no file is refused, not waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .errors import Errors


def is_special(path: Path) -> bool:
    """RETURNS (bool): Whether it is a pipe, a device or a socket, which could give bytes without
    end, or none for ever. A link is what it leads to; what isn't there is not special."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # opening it says so
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def read_regular(path: Path) -> bytes:
    """RETURNS (bytes): What a file holds.
    RAISES (ValueError): If it is a pipe, a device or a socket.
    RAISES (OSError): If it can't be read.
    """
    if is_special(path):
        raise ValueError(Errors.R370.format(path=path))
    return path.read_bytes()


def check_folder(path: Path) -> None:
    """Look for what is no file before others read a folder, and those in it.

    path (Path): The folder of a pipeline.
    RAISES (ValueError): If a pipe, a device or a socket is in it, or what a link there leads to.
    """
    seen: set[str] = set()
    folders = [str(path)]
    while folders:
        folder = folders.pop()
        real = os.path.realpath(folder)
        if real in seen:  # a link back
            continue
        seen.add(real)
        for name in sorted(os.listdir(folder)):
            inner = Path(folder, name)
            if is_special(inner):
                raise ValueError(Errors.R370.format(path=inner))
            if inner.is_dir():
                folders.append(str(inner))
