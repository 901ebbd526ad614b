"""An LSTM layer over one short sequence, step by step.

A library's LSTM arranges its weights anew at each call, which takes longer than reading a sentence:
for one that somebody waits for, plain products and functions are faster. They give the numbers of
`torch.nn.LSTM` (1e-6).
"""

from __future__ import annotations

from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

# The library's start grows with the weights, width², a step of ours hardly. With more steps than
# the width divided by this, the library is faster (measured for widths from 64 to 512).
STEP_COST = 20


def suits(layer: nn.Module, steps: int) -> TypeGuard[nn.LSTM]:
    """RETURNS (bool): Whether a layer reads a single sequence faster so: an LSTM that predicts, in
    float32 on the CPU.

    steps (int): Of the sequence.
    """
    return (
        isinstance(layer, nn.LSTM)
        and steps * STEP_COST <= max(layer.hidden_size, STEP_COST)
        and not torch.is_grad_enabled()
        and layer.weight_hh_l0.device.type == "cpu"
        and layer.weight_hh_l0.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
    )


def read_short(layer: nn.LSTM, inputs: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Read one sequence.

    layer (LSTM): Of one layer and direction, with biases.
    inputs (Tensor): float32 (steps, input_width), at least one step.
    h, c (Tensor): float32 (1, width) each, the state before it; not changed.
    RETURNS (Tuple[Tensor, Tensor]): float32 (steps, width), h after each step, and (1, width), c
        after the last one.
    """
    named: Any = layer
    biases = named.bias_ih_l0 + named.bias_hh_l0
    above = torch.addmm(biases, inputs, named.weight_ih_l0.t())
    recurrent, width = named.weight_hh_l0.t(), layer.hidden_size
    output = inputs.new_empty(len(inputs), width)
    c = c.clone()
    # written again at each step: what is made anew takes longer than the arithmetic
    gates, squashed = inputs.new_empty(1, 4 * width), inputs.new_empty(1, width)
    entering, keeping, new, leaving = gates.split(width, dim=1)
    first_two = gates[:, : 2 * width]
    for row, place in zip(above.split(1), output.split(1), strict=True):
        torch.addmm(row, h, recurrent, out=gates)
        first_two.sigmoid_()
        leaving.sigmoid_()
        new.tanh_()
        c.mul_(keeping).addcmul_(entering, new)
        torch.tanh(c, out=squashed)
        h = torch.mul(leaving, squashed, out=place)
    return output, c
