"""msgpack, read so that a damaged message does no harm."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import srsly

from .errors import reason


def unpack(data: bytes) -> Any:
    """Read a message that srsly wrote.

    data (bytes): The message, damaged or hostile perhaps.
    RETURNS (Any): What it holds.
    RAISES (ValueError): If it can't be read.
    """
    try:
        with same_garbage_collection():
            return srsly.msgpack_loads(data)
    except Exception as error:  # the decoder of arrays raises whatever its parts do
        raise ValueError(reason(error)) from None


@contextmanager
def same_garbage_collection() -> Iterator[None]:
    """Leave the garbage collector as it was: srsly turns it off while it reads msgpack, leaves it
    so after an error, and turns it on after success."""
    collects = gc.isenabled()
    try:
        yield
    finally:
        (gc.enable if collects else gc.disable)()
