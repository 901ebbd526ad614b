"""One short sequence through an LSTM layer, step by step."""

import pytest
import torch

from spacy_rnn.network import recurrent, short_lstm
from spacy_rnn.network.layout import one_sequence
from spacy_rnn.network.recurrent import RecurrentStack, State
from spacy_rnn.network.short_lstm import STEP_COST, read_short, suits


def make_stack(depth=1, width=6):
    torch.manual_seed(0)
    stack = RecurrentStack("lstm", 4, width, depth)
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.normal_(0, 0.7)
    return stack, State(torch.randn(depth, 1, width), torch.randn(depth, 1, width))


@pytest.mark.parametrize("steps", [1, 2, 7, 40])
def test_states_are_those_of_torch(steps):
    stack, state = make_stack()
    (layer,), inputs = stack.layers, torch.randn(steps, 4)
    expected, (h, c) = layer(inputs[:, None], (state.h, state.c))
    before = state.h.clone(), state.c.clone()
    with torch.no_grad():
        output, last = read_short(layer, inputs, state.h[0], state.c[0])
    torch.testing.assert_close(output, expected[:, 0], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(output[-1:], h[0], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(last, c[0], atol=1e-6, rtol=1e-5)
    assert torch.equal(state.h, before[0]) and torch.equal(state.c, before[1])


@pytest.mark.parametrize("depth", [1, 3])
def test_a_stack_gives_the_same_in_short_and_in_long(monkeypatch, depth):
    stack, state = make_stack(depth)
    inputs = torch.randn(9, 4)
    asked = []

    def spy(*args):
        asked.append(args)
        return read_short(*args)

    monkeypatch.setattr(recurrent, "read_short", spy)
    results = []
    for cost in (0, 1):
        monkeypatch.setattr(short_lstm, "STEP_COST", cost)
        with torch.no_grad():
            hidden, last = stack(inputs, one_sequence(9), state)
            read = stack.read(inputs, state)
        results.append((hidden, *last, *read))
        assert len(asked) == 2 * depth
    for short, long in zip(*results, strict=True):
        assert short.shape == long.shape
        torch.testing.assert_close(short, long, atol=1e-6, rtol=1e-5)


def test_only_predictions_in_float32_of_short_sequences_are_read_so():
    layer = torch.nn.LSTM(2, 3 * STEP_COST)
    assert not suits(layer, 1)  # gradients are wanted
    with torch.no_grad():
        assert suits(layer, 3)
        assert not suits(layer, 4)
        assert suits(torch.nn.LSTM(2, 3), 1)
        assert not suits(torch.nn.GRU(2, 100), 1)
        assert not suits(torch.nn.LSTM(2, 100).double(), 1)
        with torch.autocast("cpu", torch.bfloat16):
            assert not suits(layer, 1)
