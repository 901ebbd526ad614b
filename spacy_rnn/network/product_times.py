"""How long the products of a softmax take, by their shape and number format.

A model of the time, not a measurement when it is needed: so the same vocabulary is divided in the
same way on every machine. It was fitted once to measured products, and its job is to say what is
dearer than what: a call, a pass over the weights, a logit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

# In bfloat16 a product has to be so large, and to have so many positions, to be the faster one:
# the weights are converted for it first.
_LEAST_SIZE = 2**24
_LEAST_POSITIONS = 64


class _Times(NamedTuple):
    """CPU microseconds of a product of (positions, width) and (width, rows), and of the softmax.

    call: Of each call. position: Of each position. weight: Of each number of the weights.
    logit: Of each logit. term: Of each number that is multiplied.
    """

    call: float
    position: float
    weight: float
    logit: float
    term: float

    def of(self, positions: np.ndarray, rows: np.ndarray, width: int) -> np.ndarray:
        logits = positions * rows
        return (
            self.call
            + self.position * positions
            + self.weight * rows * width
            + (self.logit + self.term * width) * logits
        )


# Least relative deviations over 16 to 2,048 positions, 64 to 32,768 rows, widths 64 and 256, on one
# core with AMX: half of all products within a tenth (training) to a quarter of it (prediction).
_PREDICTION = _Times(32.3, 0.0557, 0.000298, 0.00177, 1.6e-5)
_TRAINING = {
    torch.float32: _Times(182.0, 0.1, 0.00139, 0.00435, 4.12e-5),
    torch.bfloat16: _Times(373.0, 0.2, 0.00258, 0.00506, 4.07e-6),
}


def product_times(positions: np.ndarray, rows: np.ndarray, width: int) -> np.ndarray:
    """The time of a training step and of a prediction for the same tokens.

    positions (ndarray): How many hidden states are multiplied.
    rows (ndarray): With how many rows each; broadcast with `positions`.
    width (int): Of the hidden states.
    RETURNS (ndarray): float64, CPU microseconds: of training in the faster number format, and of
        prediction in float32.
    """
    training = [times.of(positions, rows, width) for times in _TRAINING.values()]
    return np.minimum(*training) + _PREDICTION.of(positions, rows, width)


def faster_type(dtype: torch.dtype, positions: int, rows: int, width: int) -> torch.dtype:
    """RETURNS (dtype): What a product on a processor should run in, where it may run in `dtype`:
    small ones are faster in float32."""
    large = positions >= _LEAST_POSITIONS and positions * rows * width >= _LEAST_SIZE
    return dtype if large else torch.float32
