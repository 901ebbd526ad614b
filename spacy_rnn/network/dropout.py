"""Locked dropout: one mask for a sequence, the same at every time step.

Gal & Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural
Networks"; the places (input, between layers, output) are those of Zaremba et al. 2014 and of
Merity et al. 2018 (AWD-LSTM), who call it locked or variational dropout.
"""

from __future__ import annotations

from torch import Tensor


def locked_dropout(packed: Tensor, sequence: Tensor, sequences: int, rate: float) -> Tensor:
    """Drop units of every sequence with probability `rate`, scaling the others by 1/(1 − rate).

    packed (Tensor): float32 (rows, width).
    sequence (Tensor): int64 (rows,), the sequence of each row.
    sequences (int): How many there are.
    rate (float): 0 <= rate < 1; 0 returns the input itself.
    """
    if not rate:
        return packed
    mask = packed.new_empty(sequences, packed.shape[1]).bernoulli_(1 - rate).div_(1 - rate)
    return packed * mask.index_select(0, sequence)
