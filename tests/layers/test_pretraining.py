"""The objective of `spacy pretrain` is the language model's loss; its schedule moves."""

from itertools import islice, pairwise

import numpy as np
import pytest
import spacy
import torch
from spacy.ml.models import build_hash_embed_cnn_tok2vec
from spacy.training.pretrain import make_update
from thinc.api import SGD, Adam, set_dropout_rate
from thinc.schedules import constant, constant_then, warmup_linear

import spacy_rnn.layers.shim
from spacy_rnn.corpus.windows import Window
from spacy_rnn.layers.pretraining import create_pretrain_next_token, next_token_loss
from spacy_rnn.layers.shim import get_shim

from .by_hand import ByHand
from .models import (
    VOCAB,
    make_doc,
    make_docs,
    make_model,
    parameters_of,
    same_values,
    values_of,
)


def make_objective(**options):
    model = make_model(**{"direction": "both", **options})
    return create_pretrain_next_token()(VOCAB, model), model


def update(objective, docs, optimizer):
    """As spaCy's loop does it, without a step of the schedules."""
    return make_update(objective, docs, optimizer, objective.attrs["loss"])


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("tied", [True, False])
def test_loss_and_gradient_are_those_of_the_naive_network(direction, tied):
    objective, model = make_objective(direction=direction, tied=tied)
    docs = make_docs()
    hand = ByHand(model)
    log_probs, backprop = objective.begin_update(docs)
    loss, gradient = objective.attrs["loss"](objective.ops, docs, log_probs)
    assert backprop(gradient) == []
    symbols = sum(len(doc) + 1 for doc in docs) * (2 if direction == "both" else 1)
    assert len(log_probs) == symbols
    mean = hand.mean_loss(docs)
    total = -sum(part.sum().item() for doc in docs for part in hand.log_probs(doc))
    assert loss == pytest.approx(total, rel=1e-5)
    expected = hand.gradients(mean)
    for name, parameter in parameters_of(model).items():
        np.testing.assert_allclose(parameter.grad, expected[name], atol=1e-5, err_msg=name)


def test_gradient_is_that_of_the_mean():
    objective, _ = make_objective()
    scores = np.array([-1.0, -2.5, -0.25], dtype="f")
    loss, gradient = next_token_loss(objective.ops, [], scores)
    tensor = torch.from_numpy(scores).requires_grad_()
    (-tensor.mean()).backward()
    assert loss == pytest.approx(float(-scores.sum()))
    np.testing.assert_allclose(gradient, tensor.grad)


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_windows_of_a_document_predict_each_of_its_symbols_once(direction):
    objective, _model = make_objective(direction=direction)
    whole = make_doc("一二三四五六七")
    first = make_doc("一二三", Window(None, False, following="四"))
    last = make_doc("四五六七", Window("三", True))
    counts = [len(objective.begin_update([doc])[0]) for doc in (first, last)]
    assert sum(counts) == len(objective.begin_update([whole])[0])
    assert len(objective.begin_update([first, last])[0]) == sum(counts)


def test_a_step_is_plain_gradient_descent_on_the_mean_loss():
    objective, model = make_objective()
    docs, rate = make_docs(), 0.1
    hand = ByHand(model)
    gradients = hand.gradients(hand.mean_loss(docs))
    expected = {name: w.detach() - rate * gradients[name] for name, w in hand.weights.items()}
    update(objective, docs, SGD(rate, grad_clip=0.0))
    for name, value in values_of(model).items():
        torch.testing.assert_close(value.double(), expected[name], atol=1e-5, rtol=0)


SCHEDULES = {
    "warm-up": lambda: warmup_linear(0.1, 3, 7),
    "then": lambda: constant_then(0.1, 2, constant(0.01)),
    "one rate": lambda: constant(0.05),
}


@pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES)
def test_every_step_has_the_rate_of_its_place_in_the_schedule(make, monkeypatch):
    rates = []
    apply = spacy_rnn.layers.shim.apply_gradients

    def spy(optimizer, *args):
        rates.append(float(optimizer.learn_rate))
        apply(optimizer, *args)

    monkeypatch.setattr(spacy_rnn.layers.shim, "apply_gradients", spy)
    objective, _ = make_objective()
    optimizer = Adam(make())
    for _ in range(6):
        update(objective, make_docs(), optimizer)
        objective.predict(make_docs())  # no step, so the schedule waits
    assert rates == pytest.approx(list(islice(make(), 6)))


def test_weights_stop_where_the_schedule_is_zero():
    objective, model = make_objective()
    optimizer = SGD(constant_then(0.1, 2, constant(0.0)), grad_clip=0.0)
    history = [values_of(model)]
    for _ in range(4):
        update(objective, make_docs(), optimizer)
        history.append(values_of(model))
    moved = [not same_values(a, b) for a, b in pairwise(history)]
    assert moved == [True, True, False, False]


def test_training_lowers_the_loss():
    objective, _ = make_objective()
    optimizer, docs = Adam(0.05), make_docs()
    losses = [update(objective, docs, optimizer) for _ in range(30)]
    assert losses[-1] < 0.5 * losses[0]


def test_dropout_of_the_config_reaches_the_network_in_training_only():
    objective, _ = make_objective()
    docs = make_docs()
    exact = objective.predict(docs)
    set_dropout_rate(objective, 0.5)
    dropped, _ = objective.begin_update(docs)
    assert not np.allclose(dropped, exact, atol=1e-3)
    np.testing.assert_allclose(objective.predict(docs), exact, atol=1e-6)


def test_averages_of_the_optimizer_are_what_is_saved():
    """spaCy saves the layer within `use_params(optimizer.averages)`."""
    objective, model = make_objective()
    optimizer = Adam(0.1)
    for _ in range(3):
        update(objective, make_docs(), optimizer)
    with objective.use_params(optimizer.averages):
        loaded = make_model(initialize=False, direction="both")
        loaded.from_bytes(objective.get_ref("tok2vec").to_bytes())
    shim = get_shim(model)
    for name, value in values_of(loaded).items():
        np.testing.assert_array_equal(value, optimizer.averages[(shim.id, name)])
    assert not same_values(values_of(loaded), values_of(model))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_before_the_step(bad):
    objective, model = make_objective()
    with torch.no_grad():
        parameters_of(model)["softmax.bias"][3] = bad
    before = values_of(model)
    with pytest.raises(ValueError, match=r"R023.*no weight was changed"):
        update(objective, make_docs(), Adam(0.1))
    after = values_of(model)
    assert all(torch.equal(after[n].nan_to_num(), before[n].nan_to_num()) for n in before)


def test_a_layer_without_a_language_model_is_named():
    layer = build_hash_embed_cnn_tok2vec(
        width=8, depth=1, embed_size=10, window_size=1, maxout_pieces=2, subword_features=True,
        pretrained_vectors=None,
    )  # fmt: skip
    layer.name = "my-cnn"
    with pytest.raises(ValueError, match=r"R022.*'my-cnn'.*\[pretraining\]"):
        create_pretrain_next_token()(spacy.blank("xx").vocab, layer)
