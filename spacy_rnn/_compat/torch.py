"""Names of torch that its documentation doesn't promise."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
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


def has_hooks(module: nn.Module) -> bool:
    """RETURNS (bool): Whether somebody wants to be told when this module is called, by a hook of it
    (`register_forward_hook`, pruning): then it has to be called."""
    return bool(module._forward_hooks or module._forward_pre_hooks)


@cache
def _knows_packed_lstm() -> bool:
    # ops that torch was built without raise an error at each look
    found = getattr(torch.ops.mkldnn, "_reorder_mkldnn_rnn_layer_weight", None)
    return found is not None and hasattr(torch.ops.aten, "mkldnn_rnn_layer")


def packs_lstm() -> bool:
    """RETURNS (bool): Whether weights of an LSTM can be kept as oneDNN wants them: this torch can,
    and nobody has switched oneDNN off. Where not, torch's own LSTM runs."""
    return _knows_packed_lstm() and bool(torch.backends.mkldnn.enabled)


def pack_lstm(weight_ih: Tensor, weight_hh: Tensor) -> list[Tensor]:
    """RETURNS (List[Tensor]): Copies of an LSTM's weights for `run_packed_lstm`. Only called where
    `packs_lstm`."""
    pack = torch.ops.mkldnn._reorder_mkldnn_rnn_layer_weight
    # not reversed, with biases, steps before sequences
    made: list[Tensor] = pack(weight_ih, weight_hh, weight_hh.shape[1], False, True, False)
    return made


def run_packed_lstm(
    inputs: Tensor, packed: Sequence[Tensor], biases: Sequence[Tensor], h: Tensor, c: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What torch's LSTM does, of one layer, without gradients.

    inputs (Tensor): float32 (steps, sequences, input_width).
    packed, biases (Sequence[Tensor]): Of input and state.
    h, c (Tensor): float32 (1, sequences, width).
    RETURNS (Tuple[Tensor, Tensor, Tensor]): float32 (steps, sequences, width), and h and c.
    """
    given = (inputs.contiguous(), *packed, *biases, h.contiguous(), c.contiguous())
    # of one layer and direction, with biases, steps before sequences
    lstm, shape = 2, (h.shape[2], 1, True, False, False)
    run = torch.ops.aten.mkldnn_rnn_layer.default
    output, h, c, _ = run(*given, False, [], lstm, *shape, False)
    return output, h, c


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
