"""Which clusters can hold one of the k best words? An upper bound from bfloat16 products.

For a word w of a cluster with weights W, biases b and prior q = softmax(b), Jensen's inequality
gives log Σ exp(h·w' + b') ≥ log Σ exp(b') + h·μ with μ = Σ q w', so

    log p(w | cluster) ≤ h·(w − μ) + b_w − log Σ exp(b').

The right side's products are taken in bfloat16, which costs a third of float32, and the bound of
their rounding is added: what is left out for it can't be among the k best.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Relative error of a product of two numbers rounded to bfloat16 (unit roundoff 2⁻⁸ each), with a
# tenth more for the sums in float32; and of the rounded result.
_PRODUCT_ERROR = 1.1 * (2 * 2.0**-8 + 2.0**-16)
_RESULT_ERROR = 2.0**-8
# Columns are filled up to it: products of odd widths are slower.
_ALIGN = 32


class ClusterScreen:
    """The bound for one cluster.

    weight (Tensor): float32 (words, width).
    bias (Tensor): float32 (words,).
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        words, width = weight.shape
        prior = torch.softmax(bias, 0)
        rows = weight - prior @ weight
        top = bias.max()
        self.offset = top - torch.logsumexp(bias, 0)
        # the bias, relative to the largest one, is one more column, read by a 1 in the hidden state
        low = weight.new_zeros(words, padded(width), dtype=torch.bfloat16)
        low[:, :width] = rows
        low[:, width] = bias - top
        self.low = low
        self.norm = torch.linalg.vector_norm(rows, dim=1).max()
        self.spread = top - bias.min()

    def bound(self, low_hidden: Tensor, norms: Tensor) -> Tensor:
        """An upper bound of the log-probability, given the cluster, of its most probable word.

        low_hidden (Tensor): bfloat16 (n, padded width), from `to_low`.
        norms (Tensor): float32 (n,), the norms of the hidden states.
        RETURNS (Tensor): float32 (n,).
        """
        best = (low_hidden @ self.low.t()).amax(dim=1).float()
        # Cauchy–Schwarz bounds the sum of the products' magnitudes
        error = _PRODUCT_ERROR * (norms * self.norm + self.spread)
        return best + _RESULT_ERROR * (best.abs() + error) + error + self.offset


def to_low(hidden: Tensor) -> Tensor:
    """RETURNS (Tensor): bfloat16 (n, padded width): hidden states (n, width), then a 1."""
    width = hidden.shape[1]
    low = hidden.new_zeros(len(hidden), padded(width), dtype=torch.bfloat16)
    low[:, :width] = hidden
    low[:, width] = 1.0
    return low


def padded(width: int) -> int:
    """RETURNS (int): Columns of the bfloat16 matrices."""
    return (width // _ALIGN + 1) * _ALIGN
