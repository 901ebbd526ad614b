"""Prediction doesn't depend on batches, chunks, order or what else is asked for."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_rnn.network import inference
from spacy_rnn.network.inference import CHUNK_POSITIONS, Wanted, predict
from spacy_rnn.network.recurrent import CELLS

from . import naive

WORDS = 23
EVERYTHING = Wanted(hidden=True, log_probs=True, top_k=4, final_state=True)
TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}


def run(network, ids, targets, lengths, wanted=EVERYTHING, chunk=CHUNK_POSITIONS):
    return predict(network, ids, lengths, targets, wanted, exclude=0, chunk_positions=chunk)


def assert_same(ours, theirs, places=slice(None), sequences=slice(None)):
    """Two predictions agree, the second taken at some of its positions and sequences."""
    for name in ("hidden", "log_probs", "top_log_probs"):
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name)[places], **TOLERANCE)
    assert torch.equal(ours.top_rows, theirs.top_rows[places])
    for part, other in zip(ours.state, theirs.state, strict=True):
        assert (part is None) == (other is None)
        if part is not None:
            torch.testing.assert_close(part, other[:, sequences], **TOLERANCE)


@pytest.mark.parametrize(("tied", "cutoffs"), naive.SOFTMAXES)
@pytest.mark.parametrize("cell", CELLS)
def test_everything_equals_the_naive_run(cell, tied, cutoffs):
    network = naive.make_network(cell=cell, depth=2, tied=tied, cutoffs=cutoffs)
    ids, targets, lengths = naive.make_batch([5, 1, 8, 8, 2])
    prediction = run(network, ids, targets, lengths)
    weights = naive.weights_of(network)
    with torch.no_grad():
        hidden, log_probs = naive.score(network.settings, weights, ids, targets, lengths)
        distribution = naive.log_distribution(network.settings, weights, hidden).tolist()
    torch.testing.assert_close(prediction.hidden.double(), hidden, **TOLERANCE)
    torch.testing.assert_close(prediction.log_probs.double(), log_probs, **TOLERANCE)
    best = [naive.best_rows(row, 4, 0) for row in distribution]
    assert prediction.top_rows.tolist() == best
    for position, rows in enumerate(best):
        expected = [distribution[position][row] for row in rows]
        assert prediction.top_log_probs[position].tolist() == pytest.approx(expected, abs=1e-5)
    for number, part in enumerate(naive.split(ids, lengths)):
        _, (h, c) = naive.read(network.settings, weights, part)
        torch.testing.assert_close(prediction.state.h[:, number].double(), h, **TOLERANCE)
        if cell == "lstm":
            torch.testing.assert_close(prediction.state.c[:, number].double(), c, **TOLERANCE)


@pytest.mark.parametrize("cutoffs", [(), (5, 9)])
@pytest.mark.parametrize("cell", CELLS)
def test_sequence_gets_the_same_alone_and_in_a_batch(cell, cutoffs):
    network = naive.make_network(cell=cell, depth=2, cutoffs=cutoffs)
    ids, targets, lengths = naive.make_batch([5, 1, 30, 8, 8, 2, 17])
    whole = run(network, ids, targets, lengths)
    stop = 0
    for number, length in enumerate(lengths):
        start, stop = stop, stop + length
        places = slice(start, stop)
        alone = run(network, ids[places], targets[places], lengths[number : number + 1])
        assert_same(alone, whole, places, slice(number, number + 1))


@pytest.mark.slow
@given(st.lists(st.integers(1, 40), min_size=1, max_size=9), st.integers(1, 60))
@settings(deadline=None, max_examples=30)
def test_any_chunk_length_gives_the_same(lengths, chunk):
    network = naive.make_network(depth=2, cutoffs=(5, 9))
    batch = naive.make_batch(lengths)
    with pytest.MonkeyPatch.context() as patch:
        # small groups too, so that several of them are needed
        patch.setattr(inference, "_MIN_SEQUENCES", 3)
        patch.setattr(inference, "_MAX_SEQUENCES", 4)
        chunked = run(network, *batch, chunk=chunk)
    assert_same(chunked, run(network, *batch))


def test_order_of_the_sequences_changes_nothing():
    network = naive.make_network(cell="gru", cutoffs=(5, 9))
    lengths = [3, 11, 1, 7, 11, 2]
    ids, targets, lengths = naive.make_batch(lengths)
    order = [4, 2, 0, 5, 3, 1]
    places = [np.arange(len(ids))[part] for part in _slices(lengths)]
    moved = np.concatenate([places[number] for number in order])
    shuffled = run(network, ids[moved], targets[moved], lengths[order])
    whole = run(network, ids, targets, lengths)
    assert_same(shuffled, whole, torch.from_numpy(moved), torch.tensor(order))


def _slices(lengths):
    stops = np.cumsum(lengths)
    return [slice(stop - length, stop) for stop, length in zip(stops, lengths, strict=True)]


@pytest.mark.parametrize("cell", CELLS)
def test_changing_a_word_changes_nothing_before_it(cell):
    network = naive.make_network(cell=cell, depth=2)
    ids, targets, lengths = naive.make_batch([20])
    before = run(network, ids, targets, lengths)
    for place in (0, 7, 19):
        changed = ids.copy()
        changed[place] = (changed[place] + 1) % WORDS
        after = run(network, changed, targets, lengths)
        assert torch.equal(after.hidden[:place], before.hidden[:place])
        assert torch.equal(after.log_probs[:place], before.log_probs[:place])
        assert torch.equal(after.top_rows[:place], before.top_rows[:place])
        assert not torch.equal(after.hidden[place], before.hidden[place])


@pytest.mark.parametrize("choice", list(product([False, True], repeat=4)))
def test_only_what_is_wanted_is_there(choice):
    hidden, log_probs, top_k, final_state = choice
    network = naive.make_network(cutoffs=(5,))
    ids, targets, lengths = naive.make_batch([4, 6])
    softmax_calls = []
    for name in ("target_log_probs", "top_k", "log_distribution"):
        method = getattr(network.softmax, name)
        setattr(network.softmax, name, lambda *a, m=method: softmax_calls.append(m) or m(*a))
    wanted = Wanted(hidden, log_probs, 3 if top_k else 0, final_state)
    given = targets if log_probs else None
    prediction = run(network, ids, given, lengths, wanted)
    found = (prediction.hidden, prediction.log_probs, prediction.top_rows, prediction.state)
    assert tuple(part is not None for part in found) == choice
    assert (prediction.top_log_probs is not None) == top_k
    assert len(softmax_calls) == log_probs + top_k


def test_nothing_that_is_wanted_runs_nothing(monkeypatch):
    network = naive.make_network()
    monkeypatch.setattr(network, "encode", None)
    ids, targets, lengths = naive.make_batch([3, 1])
    made = predict(network, ids, lengths, targets, Wanted(), exclude=0)
    assert made == inference.Prediction()


def test_no_sequences_give_empty_answers():
    network = naive.make_network()
    empty = np.zeros(0, dtype=np.int64)
    prediction = run(network, empty, empty, empty)
    assert prediction.hidden.shape == (0, network.settings.width)
    assert prediction.log_probs.shape == (0,)
    assert prediction.top_rows.shape == (0, 4)
    assert prediction.state.h.shape == (1, 0, network.settings.width)


@pytest.mark.slow
def test_very_long_sequence_runs_in_small_chunks(monkeypatch):
    network = naive.make_network(cell="gru", width=4, cutoffs=(5, 9))
    ids, targets, lengths = naive.make_batch([20_000, 3])
    largest = []
    encode = network.encode
    monkeypatch.setattr(
        network,
        "encode",
        lambda ids, *rest, **more: largest.append(len(ids)) or encode(ids, *rest, **more),
    )
    chunked = run(network, ids, targets, lengths, chunk=500)
    assert max(largest) <= 500
    assert sum(largest) == len(ids)
    whole = run(network, ids, targets, lengths, chunk=len(ids))
    assert_same(chunked, whole)


def test_prediction_makes_no_graph():
    network = naive.make_network()
    prediction = run(network, *naive.make_batch([4]))
    assert not prediction.hidden.requires_grad
    assert not prediction.log_probs.requires_grad


def test_random_state_is_not_touched():
    network = naive.make_network()
    before = torch.random.get_rng_state()
    run(network, *naive.make_batch([4, 2]))
    assert torch.equal(torch.random.get_rng_state(), before)
