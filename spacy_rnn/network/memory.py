"""What the libraries under torch do with memory, where their defaults are wrong for us.

glibc: a training step allocates the same large blocks as the step before it. glibc maps every block
above 32 MB anew, and returns the free top of its heap; each time the kernel has to fault the pages
in again, which costs a fifth of a step (`benchmarks/README.md`).

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
# The highest mmap threshold that glibc before 2.35 takes.
_OLD_LIMIT = 2**25
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
    raised = mallopt(_MMAP_THRESHOLD, _LIMIT) or mallopt(_MMAP_THRESHOLD, _OLD_LIMIT)
    return bool(raised and mallopt(_TRIM_THRESHOLD, _LIMIT) and mallopt(_TOP_PAD, _PAD))


def limit_shape_cache() -> None:
    """Let oneDNN keep fewer shapes; an environment variable that is set already rules. It is read
    when torch first calls oneDNN in a process."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
