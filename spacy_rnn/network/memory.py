"""Keep the C library from giving memory back to the system between two training steps.

A step allocates the same large blocks as the step before it. glibc maps every block above 32 MB
anew, and returns the free top of its heap; each time the kernel has to fault the pages in again,
which costs a fifth of a step (`benchmarks/README.md`).
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

# The numbers of mallopt's parameters in <malloc.h>.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_LIMIT = 2**31 - 1
_PAD = 64 * 2**20
_VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")


@cache
def keep_freed_memory() -> bool:
    """Raise glibc's thresholds for this process, once. What is freed is used again by later
    allocations; the peak is what it was.

    RETURNS (bool): False, and nothing is changed, on other systems and where an environment
        variable has set a threshold.
    """
    if not sys.platform.startswith("linux") or any(name in os.environ for name in _VARIABLES):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    settings = ((_MMAP_THRESHOLD, _LIMIT), (_TRIM_THRESHOLD, _LIMIT), (_TOP_PAD, _PAD))
    return all(mallopt(parameter, value) for parameter, value in settings)
