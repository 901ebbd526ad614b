"""An LSTM over many sequences in prediction, one step of all of them after the other.

What a layer reads is multiplied by its weights before the first step, at once: for the lowest layer
each word once, however often it occurs. What is left for a step is one product with the state and
the gates, in place, for the sequences that haven't ended. So nothing is padded, and a batch of text
takes less time than by `torch.nn.LSTM`. For few sequences it would take more: a step costs some
calls of torch, whatever its size.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from .._compat.torch import has_hooks
from .layout import Layout

# As many sequences as pay for the calls of a step, in the mean of all steps.
_LEAST_SEQUENCES = 8


def predicts_in_float32(layer: nn.Module) -> TypeGuard[nn.LSTM]:
    """RETURNS (bool): Whether it is an LSTM that predicts in float32 on a processor, and whose call
    nobody wants to be told of: then its numbers can be had without calling it."""
    return (
        isinstance(layer, nn.LSTM)
        and not torch.is_grad_enabled()
        and layer.weight_hh_l0.device.type == "cpu"
        and layer.weight_hh_l0.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and not has_hooks(layer)
    )


def steps_pay(layer: nn.Module, positions: int, longest: int) -> bool:
    """RETURNS (bool): Whether it predicts so, and the sequences are many for their length.

    positions (int): Of all sequences.
    longest (int): Of one of them.
    """
    return positions >= _LEAST_SEQUENCES * longest and predicts_in_float32(layer)


def run_steps(
    layer: nn.LSTM,
    vectors: Tensor,
    index: Tensor | None,
    layout: Layout,
    h: Tensor,
    c: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Read sequences of any lengths.

    layer (LSTM): Of one layer and direction, with biases.
    vectors (Tensor): float32 (m, input_width), what is read.
    index (Optional[Tensor]): int64 (rows,), which of them each row of the layout reads; None for
        each its own.
    layout (Layout): Of a multiple of 1.
    h, c (Tensor): float32 (sequences, width), the state before, sequences in `layout.order`.
    RETURNS (Tuple[Tensor, Tensor, Tensor]): float32 (rows, width), and the state after the last
        step of each sequence.
    """
    weights: Any = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0
    weight_ih, weight_hh, *biases = weights
    recurrent = weight_hh.t()
    width = len(recurrent)
    table = torch.addmm(biases[0] + biases[1], vectors, weight_ih.t())
    output = table.new_empty(len(layout.sequence), width)
    final_h, c = h.clone(), c.clone()
    room = None if index is None else table.new_empty(len(h), 4 * width)
    start = 0
    for steps, running in layout.segments:
        final_h[running : len(h)] = h[running:]
        h, c_now = h[:running], c[:running]
        for _ in range(steps):
            stop = start + running
            if index is None or room is None:
                gates = table[start:stop]
            else:
                gates = torch.index_select(table, 0, index[start:stop], out=room[:running])
            gates.addmm_(h, recurrent)
            entry, forget, candidate, out = gates.chunk(4, 1)
            c_now.mul_(forget.sigmoid_()).addcmul_(entry.sigmoid_(), candidate.tanh_())
            h = torch.mul(torch.tanh(c_now), out.sigmoid_(), out=output[start:stop])
            start = stop
    final_h[: len(h)] = h
    return output, final_h, c
