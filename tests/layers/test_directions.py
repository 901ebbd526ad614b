"""A model that reads from the right is one that reads reversed documents from the left."""

from functools import partial

import numpy as np
import pytest
import torch

from spacy_rnn.layers import network_outputs
from spacy_rnn.layers.network_outputs import Outputs, predict_sequences
from spacy_rnn.layers.sequences import sequences_from_docs, states_order, targets_order
from spacy_rnn.layers.shim import get_shim
from spacy_rnn.network.inference import Wanted, predict
from spacy_rnn.vocabulary import BOUNDARY_ROW, UNKNOWN_ROW
from tests.network import naive

from .models import TEXTS, make_doc, make_docs, make_model, parameters_of, values_of

TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}
EVERYTHING = Wanted(hidden=True, log_probs=True, top_k=4, final_state=True)
VARIANTS = [
    {"cell": "lstm", "depth": 2},
    {"cell": "gru", "cutoffs": None},
    {"cell": "rnn", "depth": 2, "tied": False, "embedding_width": 4},
    {"cell": "lstm", "subword_rows": 30},
]


def alone(model, reverse):
    """A forward model with the weights of one of the directions."""
    shim = get_shim(model)
    settings = {**shim.settings, "direction": "forward"}
    network = shim.network.settings
    single = make_model(cutoffs=list(network.cutoffs), **settings)
    kept, dropped = ("backward_encoder.", "encoder.") if reverse else ("encoder.", "backward_")
    values = {
        name.replace("backward_encoder.", "encoder."): value
        for name, value in values_of(model).items()
        if name.startswith(kept) or not name.startswith(dropped)
    }
    targets = parameters_of(single)
    assert targets.keys() == values.keys()
    with torch.no_grad():
        for name, value in values.items():
            targets[name].copy_(value)
    return single


def predict_all(model, docs):
    return predict_sequences(model, sequences_from_docs(model, docs), EVERYTHING)


def by_document(prediction, docs):
    """Each document's rows, and its final state."""
    stop = 0
    for number, doc in enumerate(docs):
        start, stop = stop, stop + len(doc) + 1
        parts = {
            name: getattr(prediction, name)[start:stop]
            for name in ("hidden", "log_probs", "top_log_probs", "top_rows")
        }
        yield parts, [None if s is None else s[:, number] for s in prediction.state]


def assert_same_state(one, other):
    for first, second in zip(one, other, strict=True):
        assert (first is None) == (second is None)
        if first is not None:
            torch.testing.assert_close(first, second, **TOLERANCE)


def assert_mirrored(backward, docs, forward, reversed_docs):
    """Positions: 0 is after the boundary, i after token i; log-probabilities are of tokens."""
    pairs = zip(by_document(backward, docs), by_document(forward, reversed_docs), strict=True)
    for (found, state), (expected, expected_state) in pairs:
        for name in ("hidden", "top_log_probs"):
            torch.testing.assert_close(found[name][0], expected[name][0], **TOLERANCE)
            mirrored = expected[name][1:].flip(0)
            torch.testing.assert_close(found[name][1:], mirrored, **TOLERANCE)
        assert torch.equal(found["top_rows"][0], expected["top_rows"][0])
        assert torch.equal(found["top_rows"][1:], expected["top_rows"][1:].flip(0))
        log_probs = expected["log_probs"]
        torch.testing.assert_close(found["log_probs"][:-1], log_probs[:-1].flip(0), **TOLERANCE)
        torch.testing.assert_close(found["log_probs"][-1], log_probs[-1], **TOLERANCE)
        assert_same_state(state, expected_state)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_backward_numbers_are_the_forward_ones_of_reversed_documents(variant):
    model = make_model(direction="backward", **variant)
    docs, reversed_docs = make_docs(), make_docs([text[::-1] for text in TEXTS])
    forward = alone(model, reverse=True)
    (found,), (expected,) = predict_all(model, docs), predict_all(forward, reversed_docs)
    assert_mirrored(found, docs, expected, reversed_docs)
    for one, other in zip(model.predict(docs), forward.predict(reversed_docs), strict=True):
        np.testing.assert_allclose(one, other[::-1], **TOLERANCE)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_both_directions_give_the_numbers_of_each_alone(variant):
    model, docs = make_model(direction="both", **variant), make_docs()
    reversed_docs = make_docs([text[::-1] for text in TEXTS])
    forward, backward = alone(model, reverse=False), alone(model, reverse=True)
    made = predict_all(model, docs)
    (expected,), (mirrored,) = predict_all(forward, docs), predict_all(backward, reversed_docs)
    for name in ("hidden", "log_probs", "top_log_probs"):
        found = getattr(made[0], name)
        torch.testing.assert_close(found, getattr(expected, name), **TOLERANCE)
    assert torch.equal(made[0].top_rows, expected.top_rows)
    assert_same_state(made[0].state, expected.state)
    assert_mirrored(made[1], docs, mirrored, reversed_docs)
    left, right = forward.predict(docs), backward.predict(reversed_docs)
    for states, one, other in zip(model.predict(docs), left, right, strict=True):
        assert states.shape[1] == model.get_dim("nO") == 12
        np.testing.assert_allclose(states, np.hstack([one, other[::-1]]), **TOLERANCE)


@pytest.mark.parametrize("direction", ["backward", "both"])
def test_training_gives_the_states_of_prediction(direction):
    model, docs = make_model(direction=direction, depth=2), make_docs()
    trained, _ = model.begin_update(docs)
    for one, other in zip(model.predict(docs), trained, strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE)


def test_the_directions_have_weights_of_their_own_and_share_the_words():
    names = set(parameters_of(make_model(direction="both")))
    assert {name for name in names if "encoder" not in name} == {
        name for name in parameters_of(make_model()) if "encoder" not in name
    }
    stacks = [{n for n in names if n.startswith(s)} for s in ("encoder", "backward_encoder")]
    assert len(stacks[0]) == len(stacks[1]) == 4
    assert not any(n.startswith("encoder") for n in parameters_of(make_model(direction="backward")))


@pytest.mark.parametrize("place", range(5))
def test_each_half_sees_its_own_side_only(place):
    model, words = make_model(direction="both", depth=2), list("一二三四五")
    before = model.predict([make_doc("".join(words))])[0]
    words[place] = "b"
    after = model.predict([make_doc("".join(words))])[0]
    moved = np.abs(after - before).reshape(5, 2, 6).max(axis=2) > 1e-4
    assert moved[:, 0].tolist() == [i >= place for i in range(5)]
    assert moved[:, 1].tolist() == [i <= place for i in range(5)]


@pytest.mark.parametrize("direction", ["backward", "both"])
@pytest.mark.parametrize("chunk", [1, 3, 10, 1000])
def test_documents_get_the_same_alone_and_in_any_batch_and_chunk(direction, chunk, monkeypatch):
    model, docs = make_model(direction=direction, depth=2, subword_rows=30), make_docs()
    # more documents than run side by side at the least
    docs += [make_doc("一二z四" * (i % 7)) for i in range(40)]
    each = [predict_all(model, [doc]) for doc in docs]
    monkeypatch.setattr(network_outputs, "predict", partial(predict, chunk_positions=chunk))
    for number, together in enumerate(predict_all(model, docs)):
        for (found, state), made in zip(by_document(together, docs), each, strict=True):
            for name in ("hidden", "log_probs", "top_log_probs"):
                torch.testing.assert_close(found[name], getattr(made[number], name), **TOLERANCE)
            assert torch.equal(found["top_rows"], made[number].top_rows)
            assert_same_state(state, [None if s is None else s[:, 0] for s in made[number].state])


@pytest.mark.parametrize("direction", ["backward", "both"])
def test_empty_documents_and_no_documents_give_empty_arrays(direction):
    model = make_model(direction=direction)
    width = model.get_dim("nO")
    assert [array.shape for array in model.predict(make_docs(["", ""]))] == [(0, width)] * 2
    arrays, backprop = model.begin_update(make_docs(["", ""]))
    assert [array.shape for array in arrays] == [(0, width)] * 2
    backprop(arrays)
    assert model.predict([]) == []
    assert model.begin_update([])[0] == []


@pytest.mark.parametrize("lengths", [[1], [4], [1, 1], [3, 1, 5, 2]])
def test_orders_lead_there_and_back(lengths):
    states, targets, stop = [], [], 0
    for length in lengths:
        start, stop = stop, stop + length
        places = list(range(start, stop))
        states += [places[0], *places[:0:-1]]
        targets += [*places[:-1][::-1], places[-1]]
    for order, expected in ((states_order, states), (targets_order, targets)):
        found = order(np.array(lengths))
        assert found.tolist() == expected
        assert found[found].tolist() == list(range(stop))


# -- gradients


@pytest.mark.parametrize("direction", ["backward", "both"])
def test_gradients_are_those_of_the_naive_network(direction):
    """Of states and log-probabilities together, in one backward pass."""
    model, docs = make_model(direction=direction, depth=2), make_docs()
    readings = sequences_from_docs(model, docs)
    generator = np.random.default_rng(0)
    network = get_shim(model).network
    weights = naive.weights_of(network)
    given, loss = [], 0.0
    for reading in readings:
        reading.wanted = Wanted(log_probs=True)
        positions = len(reading.ids)
        d_hidden, d_log_probs = (
            generator.normal(size=(positions, 6)),
            generator.normal(size=positions),
        )
        given.append(Outputs(d_hidden.astype("f"), d_log_probs.astype("f")))
        prefix = "backward_encoder." if reading.reverse else "encoder."
        named = {
            "encoder." + name.removeprefix(prefix): weights[name]
            for name in weights
            if name.startswith(prefix)
        }
        named.update({name: w for name, w in weights.items() if "encoder" not in name})
        ids, targets = [], []
        row = model.attrs["vocabulary"].row
        for doc in docs:
            rows = [row(token.text) for token in doc][:: -1 if reading.reverse else 1]
            ids += [BOUNDARY_ROW, *rows]
            targets += [*rows, BOUNDARY_ROW]
        lengths = [len(doc) + 1 for doc in docs]
        hidden, log_probs = naive.score(network.settings, named, ids, targets, lengths)
        loss = loss + (hidden * torch.from_numpy(d_hidden)).sum()
        loss = loss + (log_probs * torch.from_numpy(d_log_probs)).sum()
    _, backprop = model.layers[0].begin_update(readings)
    backprop(given)
    loss.backward()
    for name, parameter in parameters_of(model).items():
        expected = weights[name].grad
        torch.testing.assert_close(parameter.grad.double(), expected, atol=1e-4, rtol=1e-4)


def test_gradients_of_joint_states_reach_the_half_they_belong_to():
    model, docs = make_model(direction="both"), make_docs()
    singles = [alone(model, reverse=reverse) for reverse in (False, True)]
    trained, backprop = model.begin_update(docs)
    generator = np.random.default_rng(0)
    d_hidden = [generator.normal(size=array.shape).astype("f") for array in trained]
    assert backprop(d_hidden) == []
    reversed_docs = make_docs([text[::-1] for text in TEXTS])
    singles[0].begin_update(docs)[1]([d[:, :6] for d in d_hidden])
    singles[1].begin_update(reversed_docs)[1]([d[::-1, 6:].copy() for d in d_hidden])
    embedding = sum(parameters_of(single)["embedding"].grad for single in singles)
    for name, parameter in parameters_of(model).items():
        if name.startswith("softmax"):
            assert parameter.grad is None
            continue
        single = singles[name.startswith("backward_")]
        expected = parameters_of(single)[name.replace("backward_", "")].grad
        expected = embedding if name == "embedding" else expected
        torch.testing.assert_close(parameter.grad, expected, atol=1e-4, rtol=1e-4)


# -- windows


def test_a_window_is_read_from_the_following_token_and_scored_up_to_its_documents_start():
    model = make_model(direction="both")
    row = model.attrs["vocabulary"].row
    docs = [
        make_doc("一二", (None, False, None, 0, False, None, "三", None)),
        make_doc("三四", ("二", False, None, 0, False, None, "z", None)),
        make_doc("z", ("四", True)),
        make_doc("", ("四", True)),
        make_doc("一"),
    ]
    forward, backward = sequences_from_docs(model, docs)
    assert not forward.reverse and backward.reverse
    starts = np.cumsum(backward.lengths) - backward.lengths
    expected = [row("三"), UNKNOWN_ROW, BOUNDARY_ROW, BOUNDARY_ROW, BOUNDARY_ROW]
    assert backward.ids[starts].tolist() == expected
    assert backward.complete.tolist() == [True, False, False, False, True]
    scored = [True, True, True, True, True, False, True, False, False, True, True]
    assert backward.scored.tolist() == scored
    kept = backward.only_scored()
    assert kept.lengths.tolist() == [3, 2, 1, 2]
    read = [row("三"), row("二"), row("一"), UNKNOWN_ROW, row("四"), BOUNDARY_ROW]
    assert kept.ids.tolist() == [*read, BOUNDARY_ROW, row("一")]
    predicted = [row("二"), row("一"), BOUNDARY_ROW, row("四"), row("三"), UNKNOWN_ROW]
    assert kept.targets.tolist() == [*predicted, row("一"), BOUNDARY_ROW]
    assert kept.reverse and len(kept.marks) == 4
