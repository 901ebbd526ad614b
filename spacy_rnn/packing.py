"""msgpack, read so that a damaged message does no harm."""

from __future__ import annotations

import gc
from typing import Any

import srsly


def unpack(data: bytes) -> Any:
    """Read a message that srsly wrote.

    data (bytes): The message, damaged or hostile perhaps.
    RETURNS (Any): What it holds.
    RAISES (ValueError): If it can't be read.
    """
    try:
        return srsly.msgpack_loads(data)
    except Exception as error:  # the decoder of arrays raises whatever its parts do
        raise ValueError(str(error) or type(error).__name__) from None
    finally:
        # srsly turns the garbage collector off, and leaves it so after an error
        gc.enable()
