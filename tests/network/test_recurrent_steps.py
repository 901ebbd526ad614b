"""Prediction of many sequences step by step, against the naive network and torch's own layer."""

import numpy as np
import pytest
import torch

from spacy_rnn.network import recurrent_steps
from spacy_rnn.network.recurrent import RecurrentStack, State

from . import naive

# ten times as many words as the longest has
LENGTHS = [4, 1, 7, 7, 2, 3, 7, 1, 5, 4, 6, 7, 2, 7, 7]


@pytest.fixture
def taken(monkeypatch):
    """How often a layer was read in steps."""
    calls = []
    read = RecurrentStack.read_in_steps

    def count(stack, *args, **options):
        calls.append(stack.depth)
        return read(stack, *args, **options)

    monkeypatch.setattr(RecurrentStack, "read_in_steps", count)
    return calls


def random_state(depth, sequences, width, cell):
    generator = torch.Generator().manual_seed(0)
    h, c = torch.randn(2, depth, sequences, width, generator=generator)
    return State(h.tanh(), c if cell == "lstm" else None)


def column(state, number):
    parts = state.h, torch.zeros_like(state.h) if state.c is None else state.c
    return [part[:, number].double() for part in parts]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("multiple", [1, 4])
@pytest.mark.parametrize("carried", [False, True])
def test_many_sequences_are_read_as_one_by_one(cell, depth, multiple, carried, taken):
    network = naive.make_network(cell=cell, depth=depth)
    ids, _, lengths = naive.make_batch(LENGTHS)
    state = random_state(depth, len(lengths), 6, cell) if carried else None
    lower = []
    with torch.no_grad():
        hidden, after = network.encode(
            torch.from_numpy(ids), lengths, state, multiple=multiple, lower=lower
        )
    assert taken == [depth]
    weights = naive.weights_of(network)
    start = 0
    for number, length in enumerate(lengths.tolist()):
        part = slice(start, start + length)
        before = column(state, number) if carried else None
        with torch.no_grad():
            expected, (h, c) = naive.read(network.settings, weights, ids[part], before)
        np.testing.assert_allclose(hidden[part], expected, atol=1e-6)
        np.testing.assert_allclose(after.h[:, number], h, atol=1e-6)
        if cell == "lstm":
            np.testing.assert_allclose(after.c[:, number], c, atol=1e-6)
        np.testing.assert_array_equal(lower[0][part], network.embedding[ids[part]].detach())
        start += length
    assert [len(layer) for layer in lower] == [len(ids)] * depth


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_steps_give_what_the_layer_gives_and_leave_its_state_alone(cell, monkeypatch, taken):
    network = naive.make_network(cell=cell, depth=2, width=5)
    ids, _, lengths = naive.make_batch(LENGTHS)
    words = torch.randn(40, 5, generator=torch.Generator().manual_seed(1))
    state = random_state(2, len(lengths), 5, cell)
    given = [part for part in state if part is not None]
    kept = [part.clone() for part in given]
    made = []
    for least in (recurrent_steps._LEAST_SEQUENCES, 10**9):
        monkeypatch.setattr(recurrent_steps, "_LEAST_SEQUENCES", least)
        lower = []
        with torch.no_grad():
            hidden, after = network.encode(
                torch.from_numpy(ids), lengths, state, words=words, lower=lower
            )
        made.append([part for part in (hidden, *after, *lower) if part is not None])
    assert taken == [2]
    for one, other in zip(*made, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)
    assert all(torch.equal(*pair) for pair in zip(kept, given, strict=True))


def test_a_layer_that_has_no_steps_is_read_by_itself(taken):
    network = naive.make_network(cell="rnn")
    network.stack().layers[0] = torch.nn.RNN(6, 6, nonlinearity="relu")
    ids, _, lengths = naive.make_batch(LENGTHS)
    with torch.no_grad():
        network.encode(torch.from_numpy(ids), lengths)
    assert taken == []


def test_what_learns_or_runs_in_bfloat16_is_read_by_the_layer(taken):
    ids, _, lengths = naive.make_batch(LENGTHS)
    network = naive.make_network()
    hidden, _ = network.encode(torch.from_numpy(ids), lengths)
    assert hidden.requires_grad
    with torch.no_grad(), network.precision(torch.bfloat16):
        network.encode(torch.from_numpy(ids), lengths)
    assert taken == []


def test_few_sequences_for_their_length_are_read_by_the_layer(taken):
    network = naive.make_network()
    ids, _, lengths = naive.make_batch([50, 1, 2, 3])
    with torch.no_grad():
        network.encode(torch.from_numpy(ids), lengths)
    assert taken == []
