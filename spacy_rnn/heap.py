"""What the C library does with memory that is given back to it."""

from __future__ import annotations

import ctypes
import os
import sys

# malloc.h of glibc; the number is part of its interface
_M_MMAP_THRESHOLD = -3
_LARGE = 4 << 20
SETTINGS = ("MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def return_large_blocks() -> bool:
    """Let blocks of 4 MB and more go back to the system when they are freed, for the rest of this
    process. glibc keeps them after the first ones, up to 32 MB each (`man mallopt`,
    M_MMAP_THRESHOLD); in a training, whose batches are of all sizes, the holes between them grow
    for many steps.

    RETURNS (bool): Whether it was done: not without glibc, and not where an environment variable
        (MALLOC_MMAP_THRESHOLD_, GLIBC_TUNABLES) says what is wanted.
    """
    if sys.platform != "linux" or any(name in os.environ for name in SETTINGS):
        return False
    library = ctypes.CDLL(None)
    # other C libraries have a mallopt that does nothing, or none
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    return bool(library.mallopt(_M_MMAP_THRESHOLD, _LARGE))
