"""What the libraries under torch do with memory, where their defaults are wrong for us.

glibc: a training step allocates the same blocks as the step before it, but glibc gives the free top
of its heap back and maps most large blocks anew; each time the kernel has to fault the pages in
again. (Blocks above 32 MB are still mapped: on the heap they tear it to pieces, and a training grew
to twice its size.)

oneDNN: it keeps the compiled code and buffers of the last 1,024 shapes of a product or a recurrent
layer. Documents of all lengths make ever new shapes: hundreds of megabytes over a large corpus.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

# The numbers of mallopt's parameters in <malloc.h>.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_LIMIT = 2**31 - 1
_LARGEST_ON_HEAP = 2**25
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
    settings = (
        (_MMAP_THRESHOLD, _LARGEST_ON_HEAP),
        (_TRIM_THRESHOLD, _LIMIT),
        (_TOP_PAD, _PAD),
    )
    return all(mallopt(parameter, value) for parameter, value in settings)


def return_freed_memory() -> bool:
    """Give the system the pages that are free in glibc's heaps, between blocks too.

    RETURNS (bool): False, and nothing is done, with another C library.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is None:
        return False
    trim(ctypes.c_size_t(0))
    return True


def limit_shape_cache() -> None:
    """Let oneDNN keep fewer shapes; an environment variable that is set already rules. It is read
    when torch first calls oneDNN in a process. Lengths are rounded so that documents have some
    hundred shapes, of which each is kept several times: with 128 a narrow network spends half of
    its time on compiling them again, with 512 none."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "512")
