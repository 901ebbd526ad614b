"""A recurrent layer over many sequences in prediction, one step of all of them after the other.

What a layer reads is multiplied by its weights before the first step, at once: for the lowest layer
each word once, however often it occurs. What is left for a step is one product with the state and
the gates, in place, for the sequences that haven't ended. So nothing is padded, and a batch of text
takes less time than by torch's layers. For few sequences it would take more: a step costs some
calls of torch, whatever its size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from .._compat.torch import has_hooks
from .layout import Layout

# As many sequences as pay for the calls of a step, in the mean of all steps.
_LEAST_SEQUENCES = 8


def predicts_in_float32(layer: nn.Module) -> TypeGuard[nn.RNNBase]:
    """RETURNS (bool): Whether it is a layer that predicts in float32 on a processor, and whose call
    nobody wants to be told of: then its numbers can be had without calling it."""
    if torch.is_grad_enabled() or not isinstance(layer, nn.RNNBase):
        return False
    weight: Any = layer.weight_hh_l0
    return (
        weight.dtype == torch.float32
        and weight.is_cpu
        and not torch.is_autocast_enabled("cpu")
        and not has_hooks(layer)
    )


def steps_pay(layer: nn.Module, positions: int, longest: int) -> bool:
    """RETURNS (bool): Whether it predicts so, and the sequences are many for their length.

    positions (int): Of all sequences.
    longest (int): Of one of them.
    """
    return (
        positions >= _LEAST_SEQUENCES * longest
        and predicts_in_float32(layer)
        and layer.mode in _STEPS
    )


def run_steps(
    layer: nn.RNNBase,
    vectors: Tensor,
    index: Tensor | None,
    layout: Layout,
    h: Tensor,
    c: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Read sequences of any lengths.

    layer (RNNBase): An LSTM, GRU or Elman layer of one direction, with biases.
    vectors (Tensor): float32 (m, input_width), what is read.
    index (Optional[Tensor]): int64 (rows,), which of them each row of the layout reads; None for
        each its own.
    layout (Layout): Of a multiple of 1.
    h, c (Tensor): float32 (sequences, width), the state before, sequences in `layout.order`; c of
        an LSTM only.
    RETURNS (Tuple[Tensor, Tensor, Optional[Tensor]]): float32 (rows, width), and the state after
        the last step of each sequence.
    """
    weights: Any = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    step, recurrent = _STEPS[layer.mode], weight_hh.t()
    # the GRU's reset gate stands between the state's bias and the other one
    own_bias = bias_hh if layer.mode == "GRU" else None
    table = torch.addmm(
        bias_ih if own_bias is not None else bias_ih + bias_hh, vectors, weight_ih.t()
    )
    output = table.new_empty(len(layout.sequence), len(recurrent))
    final_h, c = h.clone(), None if c is None else c.clone()
    room = None if index is None else table.new_empty(len(h), table.shape[1])
    start = 0
    for steps, running in layout.segments:
        final_h[running : len(h)] = h[running:]
        h, c_now = h[:running], None if c is None else c[:running]
        for _ in range(steps):
            stop = start + running
            if index is None or room is None:
                gates = table[start:stop]
            else:
                gates = torch.index_select(table, 0, index[start:stop], out=room[:running])
            h = step(gates, h, c_now, recurrent, own_bias, output[start:stop])
            start = stop
    final_h[: len(h)] = h
    return output, final_h, c


def _step_lstm(
    gates: Tensor, h: Tensor, c: Any, recurrent: Tensor, bias: Tensor | None, out: Tensor
) -> Tensor:
    """gates (Tensor): (sequences, gates · width), what the input and the biases give; overwritten.
    h (Tensor): (sequences, width), the state.
    c (Optional[Tensor]): The LSTM's; becomes that after the step.
    recurrent (Tensor): (width, gates · width).
    bias (Optional[Tensor]): (gates · width,), what is added to the product with the state alone.
    out (Tensor): Where the next h goes.
    """
    gates.addmm_(h, recurrent)
    entry, forget, candidate, shown = gates.chunk(4, 1)
    c.mul_(forget.sigmoid_()).addcmul_(entry.sigmoid_(), candidate.tanh_())
    return torch.mul(torch.tanh(c), shown.sigmoid_(), out=out)


def _step_gru(
    gates: Tensor, h: Tensor, c: Any, recurrent: Tensor, bias: Any, out: Tensor
) -> Tensor:
    width = h.shape[1]
    of_state = torch.addmm(bias, h, recurrent)
    both = gates[:, : 2 * width].add_(of_state[:, : 2 * width]).sigmoid_()
    reset, update = both.chunk(2, 1)
    candidate = gates[:, 2 * width :].addcmul_(reset, of_state[:, 2 * width :]).tanh_()
    return torch.lerp(candidate, h, update, out=out)


def _step_elman(
    gates: Tensor, h: Tensor, c: Any, recurrent: Tensor, bias: Tensor | None, out: Tensor
) -> Tensor:
    return torch.tanh(gates.addmm_(h, recurrent), out=out)


# By the layer's mode: an Elman layer with ReLU has none.
_STEPS: dict[str, Callable[..., Tensor]] = {
    "LSTM": _step_lstm,
    "GRU": _step_gru,
    "RNN_TANH": _step_elman,
}
