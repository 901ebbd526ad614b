"""The stack over packed sequences is the plain cell run over every sequence alone."""

import numpy as np
import pytest
import torch
from torch import nn

from spacy_rnn.network.layout import make_layout
from spacy_rnn.network.recurrent import CELLS, RecurrentStack, State

LENGTHS = [4, 9, 1, 9, 2]


def make_stack(cell, depth, *, randomise=True):
    torch.manual_seed(0)
    stack = RecurrentStack(cell, 3, 5, depth)
    if randomise:
        for parameter in stack.parameters():
            nn.init.normal_(parameter, std=0.5)
    return stack


def make_plain(stack, cell, depth):
    """One of torch's own modules of that depth, with the same weights."""
    plain = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](3, 5, num_layers=depth)
    weights = {
        name.replace("_l0", f"_l{number}"): parameter
        for number, layer in enumerate(stack.layers)
        for name, parameter in layer.named_parameters()
    }
    plain.load_state_dict(weights)
    return plain


def run_alone(plain, sequence, h, c):
    output, final = plain(sequence, h if c is None else (h, c))
    return output, final if c is not None else (final, None)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_packed_run_equals_torchs_module_sequence_by_sequence(cell, depth):
    stack = make_stack(cell, depth)
    plain = make_plain(stack, cell, depth)
    flat = torch.randn(sum(LENGTHS), 3)
    h = torch.randn(depth, len(LENGTHS), 5)
    c = torch.randn(depth, len(LENGTHS), 5) if cell == "lstm" else None
    layout = make_layout(np.array(LENGTHS))
    packed = flat[layout.from_flat]
    start = State(h[:, layout.order], None if c is None else c[:, layout.order])
    outputs, final = stack(packed, layout, start)
    outputs = outputs[layout.to_flat].split(LENGTHS)
    for number, sequence in enumerate(flat.split(LENGTHS)):
        alone = None if c is None else c[:, number]
        expected, (expected_h, expected_c) = run_alone(plain, sequence, h[:, number], alone)
        torch.testing.assert_close(outputs[number], expected, atol=1e-6, rtol=1e-5)
        place = layout.order.tolist().index(number)
        torch.testing.assert_close(final.h[:, place], expected_h, atol=1e-6, rtol=1e-5)
        if c is None:
            assert final.c is None
        else:
            torch.testing.assert_close(final.c[:, place], expected_c, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_equal_those_of_torchs_module(cell):
    stack = make_stack(cell, 2)
    plain = make_plain(stack, cell, 2)
    flat = torch.randn(sum(LENGTHS), 3)
    weighting = torch.randn(sum(LENGTHS), 5)
    layout = make_layout(np.array(LENGTHS), multiple=4)
    outputs, _ = stack(flat[layout.from_flat], layout, stack.zero_state(len(LENGTHS)))
    (outputs[layout.to_flat] * weighting).sum().backward()
    alone = torch.cat([plain(sequence)[0] for sequence in flat.split(LENGTHS)])
    (alone * weighting).sum().backward()
    expected = dict(plain.named_parameters())
    for number, layer in enumerate(stack.layers):
        for name, parameter in layer.named_parameters():
            theirs = expected[name.replace("_l0", f"_l{number}")].grad
            torch.testing.assert_close(parameter.grad, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_zero_state_has_a_c_only_for_the_lstm(cell):
    state = make_stack(cell, 2).zero_state(3)
    assert state.h.shape == (2, 3, 5)
    assert not state.h.any()
    assert (state.c is not None) == (cell == "lstm")
    if state.c is not None:
        assert state.c.shape == (2, 3, 5)
        assert not state.c.any()


def inputs_of_layers(stack, layout, packed, **options):
    """What every layer reads, by step, each as (running sequences, width)."""
    seen = [[] for _ in stack.layers]
    for layer, steps in zip(stack.layers, seen, strict=True):
        layer.register_forward_pre_hook(lambda _, args, steps=steps: steps.extend(args[0]))
    stack(packed, layout, stack.zero_state(len(layout.order)), **options)
    return seen


def test_dropout_between_layers_is_locked_and_leaves_the_input_alone():
    stack = RecurrentStack("gru", 3, 40, 3)
    layout = make_layout(np.array(LENGTHS))
    packed = torch.randn(sum(LENGTHS), 3)
    sequence = torch.from_numpy(layout.sequence)
    torch.manual_seed(1)
    first, second, third = inputs_of_layers(stack, layout, packed, sequence=sequence, dropout=0.5)
    torch.testing.assert_close(torch.cat(first), packed)
    masks = []
    for steps in (second, third):
        zero = [step == 0 for step in steps]
        for step in zero:
            assert torch.equal(step, zero[0][: len(step)])
        masks.append(zero[0])
        assert 0.3 < zero[0].double().mean() < 0.7
        assert len({tuple(mask.tolist()) for mask in zero[0]}) == len(LENGTHS)
    assert not torch.equal(*masks)


def test_no_dropout_without_a_rate():
    stack = make_stack("lstm", 2)
    layout = make_layout(np.array(LENGTHS))
    packed = torch.randn(sum(LENGTHS), 3)
    state = stack.zero_state(len(LENGTHS))
    sequence = torch.from_numpy(layout.sequence)
    without, _ = stack(packed, layout, state)
    rate_zero, _ = stack(packed, layout, state, sequence=sequence, dropout=0.0)
    assert torch.equal(without, rate_zero)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_steps_of_one_sequence_are_those_of_the_layers(cell, depth):
    stack = RecurrentStack(cell, 5, 7, depth)
    inputs = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    _, whole = stack.read(inputs, stack.zero_state(1))
    state = stack.zero_state(1)
    for place in range(6):
        with torch.no_grad():
            _, state = stack.read(inputs[place : place + 1], state)
    torch.testing.assert_close(state.h, whole.h.detach(), atol=1e-6, rtol=1e-5)
    assert (state.c is None) == (whole.c is None)
    if state.c is not None:
        torch.testing.assert_close(state.c, whole.c.detach(), atol=1e-6, rtol=1e-5)
