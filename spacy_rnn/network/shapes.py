"""Sizes that come again: oneDNN compiles code for each new shape of a recurrent layer, and of a
product in a low precision, which takes longer than to run it."""

from __future__ import annotations

import numpy as np


def round_up(sizes: np.ndarray) -> np.ndarray:
    """sizes (ndarray): int64, at least 0.
    RETURNS (ndarray): int64, the next numbers with at most four binary digits in front of
        zeros: eight sizes an octave, at most an eighth more.
    """
    units = 1 << np.maximum(np.ceil(np.log2(sizes + 1)).astype(np.int64) - 4, 0)
    rounded: np.ndarray = -(-sizes // units) * units
    return rounded
