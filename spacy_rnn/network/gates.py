"""What happens inside the cells, step by step: the gates, which torch doesn't return.

The hidden states are those of torch's own modules. The gates follow from them: every gate of a step
is a function of what the layer reads and of the hidden state before.

    rnn    h = tanh(W x + U h′ + b)
    gru    reset r = σ(W x + U h′ + b),  update z = σ(W x + U h′ + b),
           candidate n = tanh(W x + b + r · (U h′ + b′)),  h = (1 − z) · n + z · h′
    lstm   input i, forget f and output o = σ(W x + U h′ + b),  candidate g = tanh(W x + U h′ + b),
           c = f · c′ + i · g,  h = o · tanh(c)

Every gate has weights W, U, b of its own; h′ and c′ are those of the step before.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from .recurrent import RecurrentStack, State

# The gates of each cell, in the order of the blocks of torch's weights.
GATES: dict[str, tuple[str, ...]] = {
    "rnn": (),
    "gru": ("reset", "update", "candidate"),
    "lstm": ("input", "forget", "candidate", "output"),
}


class LayerSteps(NamedTuple):
    """A layer at every step of one sequence; (steps, width) each.

    h (Tensor): The hidden state after each step.
    c (Optional[Tensor]): The LSTM's cell state after each step.
    gates (Dict[str, Tensor]): The cell's gates and its candidate, by the names in `GATES`.
    """

    h: Tensor
    c: Tensor | None
    gates: dict[str, Tensor]


@torch.no_grad()
def trace_stack(
    stack: RecurrentStack, inputs: Tensor, state: State | None = None
) -> list[LayerSteps]:
    """Run over one sequence and keep everything.

    stack (RecurrentStack): The layers, of any floating type.
    inputs (Tensor): (steps, input_width), steps > 0.
    state (Optional[State]): (depth, 1, width) each, before the first step; zeros if None.
    RETURNS (List[LayerSteps]): One for each layer, from below.
    """
    state = stack.zero_state(1) if state is None else state
    result: list[LayerSteps] = []
    for number, layer in enumerate(cast(list[nn.RNNBase], stack.layers)):
        h = state.h[number : number + 1]
        c = None if state.c is None else state.c[number : number + 1]
        result.append(_trace_layer(layer, stack.cell, inputs, h, c))
        inputs = result[-1].h
    return result


def _trace_layer(
    layer: nn.RNNBase, cell: str, inputs: Tensor, h: Tensor, c: Tensor | None
) -> LayerSteps:
    output, _ = layer(inputs[:, None], h if c is None else (h, c))
    output = output[:, 0]
    if cell == "rnn":
        return LayerSteps(output, None, {})
    before = torch.cat([h[0], output[:-1]])
    parts = len(GATES[cell])
    weights: Any = layer  # torch's types don't know the names of its weights
    read = torch.addmm(weights.bias_ih_l0, inputs, weights.weight_ih_l0.t()).chunk(parts, dim=1)
    kept = torch.addmm(weights.bias_hh_l0, before, weights.weight_hh_l0.t()).chunk(parts, dim=1)
    if c is None:
        reset, update = ((x + u).sigmoid() for x, u in zip(read[:2], kept[:2], strict=True))
        values = [reset, update, torch.tanh(read[2] + reset * kept[2])]
        return LayerSteps(output, None, dict(zip(GATES[cell], values, strict=True)))
    sums = [x + u for x, u in zip(read, kept, strict=True)]
    values = [sums[0].sigmoid(), sums[1].sigmoid(), sums[2].tanh(), sums[3].sigmoid()]
    let_in, cs, now = values[0] * values[2], [], c[0, 0]
    for step, forget in enumerate(values[1]):
        now = forget * now + let_in[step]
        cs.append(now)
    return LayerSteps(output, torch.stack(cs), dict(zip(GATES[cell], values, strict=True)))
