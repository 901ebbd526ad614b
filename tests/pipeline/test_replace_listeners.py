"""`nlp.replace_listeners` gives a component a network of its own."""

import numpy as np
import pytest
import spacy
import torch
from thinc.api import SGD, Adam

from ..helpers import ENGLISH, make_examples
from ..inline import network_weights, same, shim_of, tagged
from .test_upstream import listening_pipeline

TEXTS = [*ENGLISH[::9], "", "zeppelin"]
MODEL = {"width": 5, "depth": 2, "direction": "both", "subword_rows": 16}


@pytest.fixture
def replaced():
    """A language model, and a tagger that listened to it until now."""
    nlp = listening_pipeline(model=MODEL)
    before = tag_scores(nlp)
    nlp.replace_listeners("rnn_lm", "tagger0", ["model.tok2vec"])
    return nlp, before


def tag_scores(nlp):
    docs = [nlp.make_doc(text) for text in TEXTS]
    for name, pipe in nlp.pipeline:
        if name == "rnn_lm":
            docs = list(pipe.pipe(docs))
    return nlp.get_pipe("tagger0").model.predict(docs)


def update(nlp, only, optimizer, steps=3):
    other = "tagger0" if only == "rnn_lm" else "rnn_lm"
    for _ in range(steps):
        nlp.update(tagged(nlp), sgd=optimizer, exclude=[other])


def test_the_copy_predicts_the_very_same_numbers(replaced):
    nlp, before = replaced
    assert same(network_weights(nlp, "tagger0"), network_weights(nlp, "rnn_lm"))
    for ours, theirs in zip(tag_scores(nlp), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("trained", "still"), [("tagger0", "rnn_lm"), ("rnn_lm", "tagger0")], ids=["copy", "original"]
)
@pytest.mark.parametrize("make", [Adam, SGD])
def test_training_one_leaves_the_other_alone(trained, still, make, replaced):
    nlp, _ = replaced
    optimizer = make(0.05)
    before = {name: network_weights(nlp, name) for name in (trained, still)}
    update(nlp, trained, optimizer)
    assert same(network_weights(nlp, still), before[still])
    assert not same(network_weights(nlp, trained), before[trained])
    # the other one starts with this optimizer as if nothing had been
    update(nlp, still, optimizer)
    fresh = listening_pipeline(model=MODEL)
    fresh.replace_listeners("rnn_lm", "tagger0", ["model.tok2vec"])
    update(fresh, still, make(0.05))
    expected = network_weights(fresh, still)
    for name, value in network_weights(nlp, still).items():
        torch.testing.assert_close(value, expected[name], atol=1e-6, rtol=1e-5)


def test_both_are_trained_at_once_as_if_each_were_alone(replaced):
    nlp, _ = replaced
    nlp.update(tagged(nlp), sgd=SGD(0.05, grad_clip=0.0))
    for name in ("rnn_lm", "tagger0"):
        alone = listening_pipeline(model=MODEL)
        alone.replace_listeners("rnn_lm", "tagger0", ["model.tok2vec"])
        update(alone, name, SGD(0.05, grad_clip=0.0), steps=1)
        assert same(network_weights(alone, name), network_weights(nlp, name))


def test_the_copy_keeps_the_vocabulary_when_the_original_gets_another_one(replaced):
    nlp, before = replaced
    texts = ["other words altogether , quite a lot"]
    nlp.get_pipe("rnn_lm").initialize(lambda: make_examples(nlp, texts))
    for ours, theirs in zip(tag_scores(nlp), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_saved_and_loaded_both_networks_are_there(replaced, tmp_path):
    nlp, _ = replaced
    update(nlp, "tagger0", Adam(0.05))
    nlp.to_disk(tmp_path)
    for loaded in (spacy.load(tmp_path), spacy.load(tmp_path).from_bytes(nlp.to_bytes())):
        for name in ("rnn_lm", "tagger0"):
            assert same(network_weights(loaded, name), network_weights(nlp, name))
        assert not same(network_weights(loaded, "tagger0"), network_weights(loaded, "rnn_lm"))
        for ours, theirs in zip(tag_scores(loaded), tag_scores(nlp), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_the_tagger_needs_the_language_model_no_more(replaced, tmp_path):
    nlp, before = replaced
    nlp.remove_pipe("rnn_lm")
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.pipe_names == ["tagger0"]
    for ours, theirs in zip(tag_scores(loaded), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_copy_of_a_frozen_network_has_an_id_of_its_own_and_learns(replaced):
    nlp, _ = replaced
    shim = shim_of(nlp, "rnn_lm")
    assert shim.id != shim_of(nlp, "tagger0").id
    shim.set_rates([0.0, 0.0, 1.0, 1.0])
    copied = shim.copy()
    assert copied.id not in (shim.id, shim_of(nlp, "tagger0").id)
    assert not all(p.requires_grad for p in shim.network.parameters())
    assert all(p.requires_grad for p in copied.network.parameters())
    assert all(p.requires_grad for p in shim_of(nlp, "tagger0").network.parameters())
