"""A tagger with a recurrent network of its own is trained, saved and rehearsed like any other."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import spacy
import torch
from thinc.api import SGD, Adam

from spacy_rnn.layers.shim import get_shim

from ..helpers import ENGLISH
from ..inline import (
    add_tagger,
    network_weights,
    same,
    shim_of,
    tagged,
    tagger_pipeline,
    tags_of,
    write_words,
)
from .reference import Reference, words_of

TEXTS = [*ENGLISH[::9], "", "zeppelin", "the submarine paints our harbour !"]
OPTIONS = {"width": 6, "subword_rows": 32}


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    return write_words(tmp_path_factory.mktemp("inline") / "words.json")


def fit(nlp, steps=25, optimizer=None):
    optimizer = optimizer or Adam(0.03)
    losses = []
    for _ in range(steps):
        losses.append(nlp.update(tagged(nlp), sgd=optimizer, losses={})["tagger"])
    return losses


def tok2vec_of(nlp, component="tagger"):
    return nlp.get_pipe(component).model.get_ref("tok2vec")


def scores_of(nlp, texts=TEXTS, component="tagger"):
    return nlp.get_pipe(component).model.predict([nlp.make_doc(text) for text in texts])


def assert_identical(first, second):
    for ours, theirs in zip(first, second, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(scope="module")
def trained(words):
    """Shared: tests must not change it."""
    nlp = tagger_pipeline(**OPTIONS, depth=2, vocabulary=words)
    fit(nlp)
    return nlp


def test_tagger_learns_words_of_its_training_and_their_network_moves(words):
    nlp = tagger_pipeline(**OPTIONS, vocabulary=words)
    before = network_weights(nlp)
    losses = fit(nlp, steps=40)
    assert losses[-1] < 0.1 * losses[0]
    docs = [nlp(text) for text in ENGLISH[:12]]
    assert all([t.tag_ for t in doc] == tags_of(doc) for doc in docs)
    moved = {n for n, value in network_weights(nlp).items() if not torch.equal(value, before[n])}
    assert moved == {name for name in before if not name.startswith("softmax.")}


def test_vectors_are_those_of_the_definition(trained):
    layer = tok2vec_of(trained)
    view = SimpleNamespace(vocabulary=layer.attrs["vocabulary"], shim=get_shim(layer))
    forward, backward = Reference(view), Reference(view, reverse=True)
    docs = [trained.make_doc(text) for text in TEXTS]
    for doc, made in zip(docs, layer.predict(docs), strict=True):
        read = words_of(doc)
        left = forward.read(read).hidden[1:]
        right = backward.read(read[::-1]).hidden[1:][::-1]
        np.testing.assert_allclose(made, np.concatenate([left, right], axis=1), atol=1e-5)


def test_a_document_gets_the_same_numbers_in_any_batch(trained):
    together = scores_of(trained)
    alone = [scores_of(trained, [text])[0] for text in TEXTS]
    backwards = scores_of(trained, TEXTS[::-1])[::-1]
    for first, second, third in zip(together, alone, backwards, strict=True):
        np.testing.assert_allclose(second, first, atol=1e-5)
        np.testing.assert_allclose(third, first, atol=1e-5)


def test_ten_documents_at_initialization_leave_the_vocabulary_of_the_file(words):
    nlp = tagger_pipeline(ENGLISH[:10], **OPTIONS, vocabulary=words)
    seen = {word for text in ENGLISH[:10] for word in text.split()}
    every = {word for text in ENGLISH for word in text.split()}
    assert seen < every
    assert set(tok2vec_of(nlp).attrs["vocabulary"].words[2:]) == every


def test_without_a_vocabulary_initialization_fails_with_advice():
    with pytest.raises(ValueError, match=r"R007.*`vocabulary` of the architecture"):
        tagger_pipeline(**OPTIONS)


def by_bytes(nlp, folder):
    return spacy.blank("xx").from_config(nlp.config).from_bytes(nlp.to_bytes())


def by_disk(nlp, folder):
    nlp.to_disk(folder)
    return spacy.load(folder)


def by_pickle(nlp, folder):
    return pickle.loads(pickle.dumps(nlp))


@pytest.mark.parametrize("way", [by_bytes, by_disk, by_pickle])
def test_saved_and_loaded_it_predicts_the_very_same_numbers(way, trained, tmp_path):
    loaded = way(trained, tmp_path)
    assert same(network_weights(loaded), network_weights(trained))
    assert tok2vec_of(loaded).attrs["vocabulary"].labels == (
        tok2vec_of(trained).attrs["vocabulary"].labels
    )
    assert_identical(scores_of(loaded), scores_of(trained))


def test_a_loaded_one_goes_on_training(trained, tmp_path):
    loaded = by_disk(trained, tmp_path)
    before = network_weights(loaded)
    fit(loaded, steps=1)
    assert not same(network_weights(loaded), before)


def make_forgetful(words):
    """A trained tagger that spaCy remembers for rehearsals, with disturbed weights since then."""
    nlp = tagger_pipeline(**OPTIONS, vocabulary=words)
    fit(nlp)
    nlp.resume_training()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in shim_of(nlp).network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.3)
    return nlp


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [Adam, SGD])
def test_rehearsal_pulls_the_tagger_back_to_what_it_was(optimizer, words):
    nlp = make_forgetful(words)
    teacher = nlp.get_pipe("tagger")._rehearsal_model.predict([nlp.make_doc(t) for t in TEXTS])

    def distance():
        pairs = zip(scores_of(nlp), teacher, strict=True)
        return sum(float(((ours - theirs) ** 2).sum()) for ours, theirs in pairs)

    before, start = network_weights(nlp), distance()
    sgd, losses = optimizer(0.01), []
    for _ in range(25):
        losses.append(nlp.rehearse(tagged(nlp, TEXTS), sgd=sgd, losses={})["tagger"])
    assert losses[-1] < losses[0]
    assert distance() < 0.7 * start
    moved = {n for n, value in network_weights(nlp).items() if not torch.equal(value, before[n])}
    assert moved == {name for name in before if not name.startswith("softmax.")}
    assert all(p.grad is None for p in shim_of(nlp).network.parameters())


def test_a_rehearsal_step_is_plain_descent_along_the_gradient(words):
    nlp = make_forgetful(words)
    tagger, rate = nlp.get_pipe("tagger"), 0.05
    before, gradients = network_weights(nlp), {}

    def look(key, weights, gradient):
        gradients[key] = gradient.copy()
        return weights, gradient

    tagger.rehearse(tagged(nlp), sgd=look)
    assert same(network_weights(nlp), before)
    nlp.rehearse(tagged(nlp), sgd=SGD(rate, grad_clip=0.0))
    owner, moved = shim_of(nlp).id, network_weights(nlp)
    assert any(key[0] == owner for key in gradients)
    for name, value in before.items():
        change = rate * gradients.get((owner, name), np.zeros(value.shape))
        np.testing.assert_allclose(moved[name], value.numpy() - change, atol=1e-6)


@pytest.mark.parametrize("first", ["update", "rehearse"])
def test_one_adam_serves_updates_and_rehearsals_in_turn(first, words):
    """Compared with thinc's own Adam for all steps, array by array."""
    shared, expected = [], []
    for steps, own in ((shared, True), (expected, False)):
        nlp = make_forgetful(words)
        # the epsilons stand in different places (see tests/layers/test_optimizer.py)
        optimizer = Adam(0.003, eps=1e-12, grad_clip=0.0, L2=0.0)
        shim = shim_of(nlp)
        if not own:
            finish = shim.finish_update
            shim.finish_update = lambda sgd, finish=finish: finish(_as_function(sgd))
        for number in range(6):
            if (number % 2 == 0) == (first == "update"):
                nlp.update(tagged(nlp), sgd=optimizer)
            else:
                nlp.rehearse(tagged(nlp, TEXTS), sgd=optimizer)
        updates = {name: optimizer.nr_update[(shim.id, name)] for name in network_weights(nlp)}
        averages = {n: a for (i, n), a in optimizer.averages.items() if i == shim.id}
        steps += [network_weights(nlp), updates, averages]
    assert shared[1] == expected[1]
    assert max(shared[1].values()) == 6
    for ours, theirs in zip((shared[0], shared[2]), (expected[0], expected[2]), strict=True):
        assert ours.keys() == theirs.keys()
        for name in ours:
            np.testing.assert_allclose(ours[name], theirs[name], atol=1e-4)


def _as_function(sgd):
    def step(key, weights, gradient):
        return sgd(key, weights, gradient)

    return step


def test_two_taggers_have_networks_of_their_own_in_one_optimizer(words):
    nlp = spacy.blank("xx")
    for name in ("tagger", "second"):
        add_tagger(nlp, name, **OPTIONS, vocabulary=words)
    nlp.initialize(lambda: tagged(nlp))
    optimizer = Adam(0.03)
    before = network_weights(nlp, "second")
    for _ in range(2):
        nlp.update(tagged(nlp), sgd=optimizer, exclude=["second"])
    assert same(network_weights(nlp, "second"), before)
    for _ in range(3):  # the head starts at zero, and lets no gradient through at first
        nlp.update(tagged(nlp), sgd=optimizer)
    assert not same(network_weights(nlp, "second"), before)
    counts = {key: optimizer.nr_update[key] for key in optimizer.mom1 if key[1] == "embedding"}
    assert counts == {
        (shim_of(nlp).id, "embedding"): 5,
        (shim_of(nlp, "second").id, "embedding"): 3,
    }
