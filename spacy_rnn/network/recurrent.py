"""A stack of Elman, GRU or LSTM layers over packed sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from .dropout import locked_dropout
from .initialization import initialize_cell
from .layout import Layout
from .packed_lstm import run_layer
from .recurrent_steps import run_steps, steps_pay

CELLS: dict[str, Callable[[int, int], nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class State(NamedTuple):
    """The state of every layer: h, and the LSTM's c; both float32 (depth, sequences, width)."""

    h: Tensor
    c: Tensor | None


class RecurrentStack(nn.Module):
    """`depth` layers; layer l reads the hidden states of layer l − 1.

    h_t = tanh(W x_t + U h_{t−1} + b) for "rnn" (Elman 1990); "gru" as in Cho et al. 2014 with the
    reset gate applied after the product, "lstm" as in Hochreiter & Schmidhuber 1997 with forget
    gates (Gers et al. 2000): the definitions of torch.nn.RNN, GRU and LSTM.

    cell (str): "rnn", "gru" or "lstm".
    input_width (int): Width of what the first layer reads.
    width (int): Width of all hidden states.
    depth (int): Number of layers.
    """

    def __init__(self, cell: str, input_width: int, width: int, depth: int) -> None:
        super().__init__()
        self.cell, self.width, self.depth = cell, width, depth
        widths = [input_width] + [width] * (depth - 1)
        self.layers = nn.ModuleList(CELLS[cell](w, width) for w in widths)
        for layer in self.layers:
            initialize_cell(layer, cell)  # type: ignore[arg-type]

    def zero_state(self, sequences: int) -> State:
        like = cast(Tensor, self.layers[0].weight_hh_l0)
        shape = self.depth, sequences, self.width
        return State(like.new_zeros(shape), like.new_zeros(shape) if self.cell == "lstm" else None)

    def forward(
        self,
        packed: Tensor,
        layout: Layout,
        state: State,
        *,
        sequence: Tensor | None = None,
        dropout: float = 0.0,
        lower: list[Tensor] | None = None,
    ) -> tuple[Tensor, State]:
        """packed (Tensor): float32 (rows, input_width), in the layout's order.
        layout (Layout): Where sequences begin and end.
        state (State): Before the first step, sequences in `layout.order`.
        sequence (Optional[Tensor]): `layout.sequence` on the device; needed for dropout.
        dropout (float): Rate of locked dropout between layers.
        lower (Optional[List[Tensor]]): Gets what each layer reads, after its dropout.
        RETURNS (Tuple[Tensor, State]): float32 (rows, width) of the last layer, and the state of
            every layer after each sequence's last step, sequences in `layout.order`.
        """
        finals: list[State] = []
        for layer, before in zip(self.layers, _layers_of(state, self.depth), strict=True):
            if finals and dropout and sequence is not None:
                packed = locked_dropout(packed, sequence, len(layout.order), dropout)
            if lower is not None:
                lower.append(packed)
            packed, final = _run_segments(layer, packed, layout.segments, before)
            finals.append(final)
        return packed, _one_above_the_other(finals)

    def reads_in_steps(self, positions: int, longest: int) -> bool:
        """RETURNS (bool): Whether `read_in_steps` can read a batch, and is faster.

        positions (int): Of all sequences.
        longest (int): Of one of them.
        """
        return all(steps_pay(layer, positions, longest) for layer in self.layers)

    def read_in_steps(
        self,
        vectors: Tensor,
        index: Tensor,
        layout: Layout,
        state: State,
        lower: list[Tensor] | None = None,
    ) -> tuple[Tensor, State]:
        """What `forward` does without dropout, faster; see `recurrent_steps.py`.

        vectors (Tensor): float32 (m, input_width), what is read, in any order.
        index (Tensor): int64 (rows,), which of them each row of the layout reads.
        layout (Layout): Of a multiple of 1.
        state, lower: See `forward`.
        RETURNS (Tuple[Tensor, State]): See `forward`.
        """
        read: Tensor | None = index
        finals: list[State] = []
        for number, layer in enumerate(self.layers):
            if lower is not None:
                lower.append(vectors if read is None else vectors.index_select(0, read))
            before = state.h[number], None if state.c is None else state.c[number]
            vectors, h, c = run_steps(cast(nn.RNNBase, layer), vectors, read, layout, *before)
            finals.append(State(h[None], None if c is None else c[None]))
            read = None
        return vectors, _one_above_the_other(finals)

    def read(
        self, inputs: Tensor, state: State, lower: list[Tensor] | None = None
    ) -> tuple[Tensor, State]:
        """Run over one sequence: what `forward` does, where there is nothing to lay out.

        inputs (Tensor): float32 (steps, input_width).
        state (State): (depth, 1, width) each, before the first step.
        lower (Optional[List[Tensor]]): See `forward`.
        RETURNS (Tuple[Tensor, State]): float32 (steps, width) of the last layer, and the state
            after the last step.
        """
        output, finals = inputs.unsqueeze(1), []
        for layer, before in zip(self.layers, _layers_of(state, self.depth), strict=True):
            if lower is not None:
                lower.append(output.squeeze(1))
            output, h, c = run_layer(layer, output, *before)
            output = output.float()
            finals.append(State(h.float(), None if c is None else c.float()))
        return output.squeeze(1), _one_above_the_other(finals)


def _layers_of(state: State, depth: int) -> list[State]:
    """RETURNS (List[State]): What `_one_above_the_other` joins."""
    if depth == 1:
        return [state]
    cs = [None] * depth if state.c is None else state.c.split(1)
    return [State(h, c) for h, c in zip(state.h.split(1), cs, strict=True)]


def _one_above_the_other(finals: list[State]) -> State:
    """RETURNS (State): That of a stack, from those of its layers."""
    if len(finals) == 1:
        return finals[0]
    cs = [final.c for final in finals if final.c is not None]
    return State(torch.cat([final.h for final in finals]), torch.cat(cs) if cs else None)


def _run_segments(
    layer: nn.Module, packed: Tensor, segments: list[tuple[int, int]], state: State
) -> tuple[Tensor, State]:
    """One call of the layer for every segment; finished sequences leave the running state."""
    if len(segments) == 1 and segments[0][1] == state.h.shape[1]:
        return _run_block(layer, packed, segments[0], state)
    outputs: list[Tensor] = []
    ended_h: list[Tensor] = []
    ended_c: list[Tensor] = []
    h, c = state
    # One split: its backward writes the whole gradient once, slices would add it once a segment.
    parts = packed.split([steps * running for steps, running in segments])
    for (steps, running), part in zip(segments, parts, strict=True):
        if running < h.shape[1]:
            ended_h.append(h[:, running:])
            h = h[:, :running].contiguous()
            if c is not None:
                ended_c.append(c[:, running:])
                c = c[:, :running].contiguous()
        block = part.view(steps, running, -1)
        output, h, c = run_layer(layer, block, h, c)
        outputs.append(output.reshape(steps * running, -1))
    final_h = torch.cat([h, *reversed(ended_h)], dim=1).float()
    final_c = None if c is None else torch.cat([c, *reversed(ended_c)], dim=1).float()
    packed_output = torch.cat(outputs) if len(outputs) > 1 else outputs[0]
    return packed_output.float(), State(final_h, final_c)


def _run_block(
    layer: nn.Module, packed: Tensor, segment: tuple[int, int], state: State
) -> tuple[Tensor, State]:
    """What `_run_segments` does where all sequences have one length: nothing to cut or join."""
    steps, running = segment
    output, h, c = run_layer(layer, packed.view(steps, running, -1), *state)
    final = State(h.float(), None if c is None else c.float())
    return output.reshape(steps * running, -1).float(), final
