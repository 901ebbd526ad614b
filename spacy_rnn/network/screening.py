"""Which clusters can hold one of the k best words? An upper bound from small integer products.

For a word w of a cluster with weights W, biases b and prior q = softmax(b), Jensen's inequality
gives log Σ exp(h·w' + b') ≥ log Σ exp(b') + h·μ with μ = Σ q w'. So, with v = w − μ,

    log p(w | cluster) ≤ h·v + b_w − log Σ exp(b').

The right side is computed with 8-bit integers, which processors with VNNI multiply several times
as fast as floats, and the bound of the rounding error is added: by Cauchy–Schwarz
|h·v − ĥ·v̂| ≤ |h| |v − v̂| + |h − ĥ| |v̂|. What is left out for it can't be among the k best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from .._compat.torch import int8_product, multiplies_int8_fast, weight_version

_LARGEST = 127
# Hidden states lie between −1 and 1; others are clipped, which counts as rounding.
_HIDDEN_SCALE = 1.0 / _LARGEST
# Columns that hold the bias together: their range is as many times that of a weight.
_BIAS_COLUMNS = 32
_ALIGN = 32
# What float32 sums may be off by, for numbers around 1.
_SLACK = 1e-3
# Bounds are made once so many positions have asked for them with the same weights.
_WORTHWHILE = 256
# A call for one position counts for more: it reads all weights for itself.
_CALL = 32


def can_screen(weight: Tensor) -> bool:
    """RETURNS (bool): Whether the device multiplies 8-bit integers exactly and fast, and the weight
    tells when it changes."""
    return weight.device.type == "cpu" and not weight.is_inference() and _multiplies_exactly()


@cache
def _multiplies_exactly() -> bool:
    """Whether products of 8-bit integers are fast here, and don't overflow in between: without
    VNNI, or where oneDNN was told not to use it, sums of 16 bits saturate."""
    if not multiplies_int8_fast():
        return False
    signs = torch.where(torch.arange(320) % 3 == 0, -1, 1)
    large = torch.stack([torch.full((320,), _LARGEST), _LARGEST * signs])
    left, right = large.repeat(20, 1), large.repeat(500, 1)
    found = int8_product(left.to(torch.int8), right.to(torch.int8).t())
    return torch.equal(found.double(), left.double() @ right.double().t())


class QuantizedHidden:
    """Hidden states as 8-bit integers.

    hidden (Tensor): float32 (n, width).
    """

    def __init__(self, hidden: Tensor) -> None:
        rounded = (hidden / _HIDDEN_SCALE).round_().clamp_(-_LARGEST, _LARGEST)
        self.norms = torch.linalg.vector_norm(hidden, dim=1)
        self.errors = torch.linalg.vector_norm(hidden - rounded * _HIDDEN_SCALE, dim=1)
        ones = torch.full((len(hidden), _BIAS_COLUMNS), _LARGEST, device=hidden.device)
        self.low = _to_bytes(rounded, ones)


class ClusterScreen:
    """The bound for one cluster.

    weight (Tensor): float32 (words, width).
    bias (Tensor): float32 (words,).
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        # μ in float64: float32 would lose digits where all words share a large component
        mean = torch.softmax(bias.double(), 0) @ weight.double()
        rows = (weight.double() - mean).float()
        scale = rows.abs().amax().clamp(min=1e-6) / _LARGEST
        rounded = (rows / scale).round_()
        self.scale = scale
        self.error = torch.linalg.vector_norm(rows - rounded * scale, dim=1).max()
        self.norm = torch.linalg.vector_norm(rounded, dim=1).max() * scale
        top = bias.max()
        self.offset = (top.double() - torch.logsumexp(bias.double(), 0)).float()
        # what float32 may lose in `rows` and where the softmax itself is computed
        self.slack = _SLACK * (1 + torch.linalg.vector_norm(weight, dim=1).max() * 1e-2)
        # rounded up, and cut where it is too small: the bound only grows
        steps = ((bias - top) / scale).ceil_().clamp_(min=-_LARGEST * _BIAS_COLUMNS)
        # floors of (steps + column) / columns have the sum `steps` (Hermite's identity)
        columns = torch.arange(_BIAS_COLUMNS, device=bias.device)
        self.low = _to_bytes(rounded, ((steps[:, None] + columns) / _BIAS_COLUMNS).floor_())

    def bound(self, hidden: QuantizedHidden, places: Tensor) -> Tensor:
        """RETURNS (Tensor): float32 (n,), for hidden states at `places` an upper bound of the
        log-probability, given the cluster, of its most probable word."""
        best = int8_product(hidden.low[places], self.low.t()).amax(dim=1)
        error = hidden.norms[places] * self.error + hidden.errors[places] * self.norm
        slack = self.slack * (1 + hidden.norms[places])
        return best * (self.scale * _HIDDEN_SCALE) + self.offset + error * (1 + _SLACK) + slack


def _to_bytes(rounded: Tensor, bias: Tensor) -> Tensor:
    """RETURNS (Tensor): int8 (n, columns): whole numbers, the bias, zeros up to the alignment."""
    width = rounded.shape[1] + _BIAS_COLUMNS
    low = rounded.new_zeros(len(rounded), -(-width // _ALIGN) * _ALIGN, dtype=torch.int8)
    low[:, : rounded.shape[1]] = rounded
    low[:, rounded.shape[1] : width] = bias
    return low


Screens = dict[int, ClusterScreen]


@dataclass
class _Kept:
    """The bounds for weights as they are at one moment, and how much they were asked for."""

    versions: list[tuple[int, int]]
    asked: int = 0
    screens: Screens | None = None


# Beside the modules, so that no copy and no file holds them.
_KEPT: WeakKeyDictionary[nn.Module, _Kept] = WeakKeyDictionary()


def keep_screens(
    owner: nn.Module, weights: Sequence[Tensor], positions: int, make: Callable[[], Screens]
) -> Screens:
    """Make bounds when they are worth it, and keep them until a weight changes.

    owner (Module): Whose bounds they are; they go with it.
    weights (Sequence[Tensor]): What they are made from. A change through `.data` or a numpy view is
        not seen: torch doesn't count it.
    positions (int): For how many hidden states they are wanted now.
    make (Callable): Makes them.
    RETURNS (Dict[int, ClusterScreen]): By the cluster's number; empty if it isn't worth it yet.
    """
    versions = [(weight.data_ptr(), weight_version(weight)) for weight in weights]
    kept = _KEPT.get(owner)
    if kept is None or kept.versions != versions:
        kept = _KEPT[owner] = _Kept(versions)
    if kept.screens is None:
        kept.asked += max(positions, _CALL)
        if kept.asked < _WORTHWHILE:
            return {}
        kept.screens = make()
    return kept.screens
