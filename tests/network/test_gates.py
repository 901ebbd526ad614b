"""Gates and states of every step, against torch's own modules and a step written by hand."""

import pytest
import torch

from spacy_rnn.network.gates import trace_stack
from spacy_rnn.network.recurrent import CELLS, State

from .test_recurrent import make_plain, make_stack

STEPS = 7
# in the order in which torch's documentation has the blocks of its weights
NAMES = {
    "rnn": (),
    "gru": ("reset", "update", "candidate"),
    "lstm": ("input", "forget", "candidate", "output"),
}
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-5}


@pytest.fixture(params=list(TOLERANCE), ids=["float64", "float32"])
def dtype(request):
    return request.param


def make_start(cell, depth, dtype):
    h = torch.randn(depth, 1, 5, dtype=dtype)
    return State(h, torch.randn(depth, 1, 5, dtype=dtype) if cell == "lstm" else None)


def before(start):
    """The state as torch's module takes it for one sequence that isn't in a batch."""
    return start.h[:, 0] if start.c is None else (start.h[:, 0], start.c[:, 0])


def step_by_hand(cell, layer, x, h, c):
    """One step, unit by unit: the gates by name, and the next h and c."""

    def affine(block, unit):
        row = block * len(h) + unit
        of_x = sum(w * v for w, v in zip(layer.weight_ih_l0[row].tolist(), x, strict=True))
        of_h = sum(w * v for w, v in zip(layer.weight_hh_l0[row].tolist(), h, strict=True))
        return of_x + layer.bias_ih_l0[row].item(), of_h + layer.bias_hh_l0[row].item()

    def squash(kind, value):
        return float(getattr(torch, kind)(torch.tensor(value, dtype=torch.float64)))

    gates = {name: [] for name in NAMES[cell]}
    next_h, next_c = [], []
    for unit in range(len(h)):
        if cell == "rnn":
            next_h.append(squash("tanh", sum(affine(0, unit))))
        elif cell == "gru":
            reset = squash("sigmoid", sum(affine(0, unit)))
            update = squash("sigmoid", sum(affine(1, unit)))
            of_x, of_h = affine(2, unit)
            candidate = squash("tanh", of_x + reset * of_h)
            values = reset, update, candidate
            next_h.append((1 - update) * candidate + update * h[unit])
        else:
            kinds = ("sigmoid", "sigmoid", "tanh", "sigmoid")
            values = [squash(kind, sum(affine(block, unit))) for block, kind in enumerate(kinds)]
            next_c.append(values[1] * c[unit] + values[0] * values[2])
            next_h.append(values[3] * squash("tanh", next_c[-1]))
        for name, value in zip(gates, values if gates else (), strict=True):
            gates[name].append(value)
    return gates, next_h, next_c


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_hidden_states_of_all_steps_are_those_of_torchs_module(cell, depth, dtype):
    stack = make_stack(cell, depth).to(dtype)
    inputs, start = torch.randn(STEPS, 3, dtype=dtype), make_start(cell, depth, dtype)
    plain = make_plain(stack, cell, depth).to(dtype)
    output, final = plain(inputs, before(start))
    layers = trace_stack(stack, inputs, start)
    close = {"atol": TOLERANCE[dtype], "rtol": 0}
    torch.testing.assert_close(layers[-1].h, output, **close)
    final_h, final_c = final if cell == "lstm" else (final, None)
    torch.testing.assert_close(torch.stack([layer.h[-1] for layer in layers]), final_h, **close)
    if final_c is not None:
        torch.testing.assert_close(torch.stack([layer.c[-1] for layer in layers]), final_c, **close)
    assert all(layer.h.dtype == dtype for layer in layers)


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_gates_of_all_steps_are_those_of_a_step_by_hand(cell, depth, dtype):
    stack = make_stack(cell, depth).to(dtype)
    inputs, start = torch.randn(STEPS, 3, dtype=dtype), make_start(cell, depth, dtype)
    layers = trace_stack(stack, inputs, start)
    for number, (layer, traced) in enumerate(zip(stack.layers, layers, strict=True)):
        assert tuple(traced.gates) == NAMES[cell]
        h = start.h[number, 0].tolist()
        c = None if start.c is None else start.c[number, 0].tolist()
        read = inputs if number == 0 else layers[number - 1].h
        for step, x in enumerate(read.tolist()):
            gates, h, c = step_by_hand(cell, layer, x, h, c)
            assert traced.h[step].tolist() == pytest.approx(h, abs=TOLERANCE[dtype])
            if cell == "lstm":
                assert traced.c[step].tolist() == pytest.approx(c, abs=TOLERANCE[dtype])
            for name, values in gates.items():
                found = traced.gates[name][step].tolist()
                assert found == pytest.approx(values, abs=TOLERANCE[dtype]), (step, name)


@pytest.mark.parametrize("cell", CELLS)
def test_without_a_state_it_starts_at_zero_and_one_step_is_enough(cell):
    stack = make_stack(cell, 2)
    inputs = torch.randn(1, 3)
    found = trace_stack(stack, inputs)
    wanted = trace_stack(stack, inputs, stack.zero_state(1))
    _, final = stack.read(inputs, stack.zero_state(1))
    assert [layer.h.shape for layer in found] == [(1, 5), (1, 5)]
    for one, other in zip(found, wanted, strict=True):
        assert torch.equal(one.h, other.h)
    torch.testing.assert_close(torch.stack([layer.h for layer in found]), final.h)


def test_tracing_has_no_gradient_and_leaves_the_network_as_it_is():
    stack = make_stack("lstm", 1)
    before = {name: p.detach().clone() for name, p in stack.named_parameters()}
    (layer,) = trace_stack(stack, torch.randn(3, 3))
    assert not layer.h.requires_grad and not layer.gates["forget"].requires_grad
    assert all(torch.equal(before[name], p) for name, p in stack.named_parameters())
