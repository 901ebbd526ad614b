"""Locks on open files, which end with the process that has them."""

from __future__ import annotations

import sys
from typing import IO, Any

# Where Windows locks bytes, others can't read them: far behind all that files hold.
_FAR = 1 << 62


def lock(file: IO[Any]) -> None:
    """Lock a file until it is closed.

    file (IO): The open file.
    RAISES (OSError): If another has it, or the file system has no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        place = file.tell()
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        finally:
            file.seek(place)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
