"""Names of torch that its documentation doesn't promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw as adamw  # the step as a function; since torch 1.9


def multiplies_int8_fast() -> bool:
    """RETURNS (bool): Whether products of 8-bit integers exist and the processor has VNNI for them.
    Where torch can't say, it is False: clusters are then computed and not screened."""
    supported = getattr(torch.cpu, "_is_vnni_supported", None)
    return hasattr(torch, "_int_mm") and supported is not None and bool(supported())


def int8_product(left: Tensor, right: Tensor) -> Tensor:
    """RETURNS (Tensor): int32 (n, m), the product of int8 (n, k) and (k, m). Only called where
    `multiplies_int8_fast`."""
    return torch._int_mm(left, right)


def weight_version(weight: Tensor) -> int:
    """RETURNS (int): A number that changes with every change of the weight in place. Without it,
    what is kept for weights could be that of other weights, so that its lack is an error."""
    return weight._version


def scale_all_(tensors: Sequence[Tensor], factor: float) -> None:
    """Multiply all tensors by a number, in place; one by one where torch can't do it at once."""
    together = getattr(torch, "_foreach_mul_", None)
    if together is not None:
        together(list(tensors), factor)
        return
    for tensor in tensors:
        tensor.mul_(factor)


def add_all_(tensors: Sequence[Tensor], others: Sequence[Tensor], alpha: float) -> None:
    """Add `alpha` times the others, in place; one by one where torch can't do it at once."""
    together: Any = getattr(torch, "_foreach_add_", None)
    if together is not None:
        together(list(tensors), list(others), alpha=alpha)
        return
    for tensor, other in zip(tensors, others, strict=True):
        tensor.add_(other, alpha=alpha)


def norms(tensors: Sequence[Tensor]) -> Tensor:
    """RETURNS (Tensor): (n,), the Euclidean norm of each; one by one where torch can't do it at
    once."""
    together = getattr(torch, "_foreach_norm", None)
    if together is not None:
        return torch.stack(list(together(list(tensors))))
    return torch.stack([torch.linalg.vector_norm(tensor) for tensor in tensors])
