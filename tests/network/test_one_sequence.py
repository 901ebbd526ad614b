"""One sequence read in all directions: the states of the naive network, and of any batch."""

import numpy as np
import pytest
import torch

from spacy_rnn.network.inference import Wanted, predict
from spacy_rnn.network.one_sequence import read_sequence
from spacy_rnn.network.settings import DIRECTIONS

from . import naive
from .test_subwords import make_features, make_network, naive_weights


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("cell", "depth"), [("rnn", 1), ("gru", 2), ("lstm", 1), ("lstm", 2)])
@pytest.mark.parametrize("words", [0, 1, 6])
def test_states_are_those_of_the_naive_network_from_either_side(direction, cell, depth, words):
    network = make_network(direction, cell=cell, depth=depth)
    rows = np.array([1, *range(2, words + 2)])
    features = make_features(len(rows))
    weights = naive_weights(network, rows, features)
    found = read_sequence(network, torch.from_numpy(rows), torch.from_numpy(features))
    assert len(found) == len(network.directions)
    for states, reverse in zip(found, network.directions, strict=True):
        places = [*range(len(rows))]
        read = [0, *reversed(places[1:])] if reverse else places
        given = naive.stack_of(weights, reverse=reverse)
        expected, _ = naive.read(network.settings, given, read)
        torch.testing.assert_close(states.double(), expected.detach(), atol=1e-5, rtol=1e-5)


def test_without_spelling_a_word_is_its_row():
    network = naive.make_network(depth=2)
    rows = torch.tensor([1, 4, 0, 4])
    (states,) = read_sequence(network, rows, None)
    expected, _ = naive.read(network.settings, naive.weights_of(network), rows)
    torch.testing.assert_close(states.double(), expected.detach(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("lower", [torch.bfloat16, torch.float32])
def test_the_states_are_the_batchs_in_any_precision(lower):
    network = naive.make_network(width=16)
    rows = np.array([1, 4, 0, 4, 9])
    (states,) = read_sequence(network, torch.from_numpy(rows), None, lower)
    lengths = np.array([len(rows)])
    made = predict(network, rows, lengths, None, Wanted(hidden=True), exclude=0, dtype=lower)
    assert states.dtype == torch.float32 and not states.requires_grad
    assert torch.equal(states, made.hidden)


@pytest.mark.parametrize(
    ("others", "alone"),
    [
        ({}, True),
        ({"measures": []}, True),
        ({"hidden": False}, False),
        ({"layers": True}, False),
        ({"log_probs": True}, False),
        ({"top_k": 1}, False),
        ({"final_state": True}, False),
        ({"measures": ["rank"]}, False),
        ({"kept": np.array([], dtype=np.int64)}, False),
    ],
)
def test_hidden_states_are_all_that_is_wanted_only_where_nothing_else_is(others, alone):
    assert Wanted(**{"hidden": True, **others}).only_hidden is alone
