"""The network as a sublayer: its vectors, its gradients and where its vocabulary comes from."""

import json

import numpy as np
import pytest
import torch
from spacy.util import registry

from spacy_rnn.layers.rnn_tok2vec import build_rnn_tok2vec
from spacy_rnn.layers.shim import get_shim
from spacy_rnn.vocabulary import Vocabulary

from .by_hand import ByHand
from .models import ENTRIES, make_doc, make_docs, make_model, parameters_of, same_values, values_of


@pytest.fixture
def vocabulary(tmp_path):
    path = tmp_path / "words.json"
    path.write_text(json.dumps(ENTRIES), "utf8")
    return str(path)


def make_tok2vec(vocabulary, docs=(), **options):
    """A sublayer with random weights, made as a config makes it."""
    block = {"@architectures": "spacy-rnn.RNNTok2Vec.v1", "width": 6, "precision": "float32"}
    block = {**block, "subword_rows": 0, "vocabulary": vocabulary, **options}
    model = registry.resolve({"model": block})["model"]
    model.initialize(X=list(docs))
    with torch.no_grad():
        for parameter in get_shim(model).network.parameters():
            parameter.normal_(0, 0.5)
    return model


@pytest.mark.parametrize(("direction", "width"), [("forward", 6), ("backward", 6), ("both", 12)])
def test_width_of_the_vectors_is_known_before_initialization(direction, width, vocabulary):
    model = build_rnn_tok2vec(width=6, direction=direction)
    assert model.get_dim("nO") == width
    made = make_tok2vec(vocabulary, direction=direction).predict(make_docs())
    assert {array.shape[1] for array in made} == {width}


@pytest.mark.parametrize("options", [{"depth": 2}, {"cell": "gru", "tied": False}], ids=str)
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_vectors_and_gradients_are_those_of_the_naive_network(direction, options, vocabulary):
    model, docs = make_tok2vec(vocabulary, direction=direction, **options), make_docs()
    hand = ByHand(model)
    generator = np.random.default_rng(0)
    made, backprop = model.begin_update(docs)
    weights = [generator.normal(size=array.shape).astype("f") for array in made]
    total = 0.0
    for doc, array, predicted, weight in zip(docs, made, model.predict(docs), weights, strict=True):
        assert array.shape == (len(doc), model.get_dim("nO"))
        if len(doc):
            expected = hand.joint_hidden(doc)
            np.testing.assert_allclose(array, expected.detach(), atol=1e-5)
            np.testing.assert_allclose(predicted, expected.detach(), atol=1e-5)
            total = total + (expected * torch.from_numpy(weight).double()).sum()
    assert backprop(weights) == []
    expected = hand.gradients(total)
    for name, parameter in parameters_of(model).items():
        if name.startswith("softmax"):
            assert parameter.grad is None
        else:
            np.testing.assert_allclose(parameter.grad, expected[name], atol=1e-4)


def test_vocabulary_is_the_files_whatever_documents_are_shown(vocabulary):
    model = make_tok2vec(vocabulary, docs=[make_doc("zzz")])
    assert model.attrs["vocabulary"].words == Vocabulary.from_file(vocabulary).words
    assert "z" not in model.attrs["vocabulary"]
    assert len(parameters_of(model)["embedding"]) == len(ENTRIES) + 2


def test_words_are_looked_up_by_the_attribute(vocabulary):
    model = make_tok2vec(vocabulary, attr="LOWER")
    upper, lower = model.predict([make_doc("A B"), make_doc("a b")])
    np.testing.assert_array_equal(upper, lower)
    orth = make_tok2vec(vocabulary)
    assert not np.allclose(*orth.predict([make_doc("A B"), make_doc("a b")]))


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_network_is_that_of_the_language_model(direction, vocabulary, tmp_path):
    """One can load the bytes of the other, and predicts the very same numbers."""
    options = {"direction": direction, "subword_rows": 16}
    sublayer = make_tok2vec(vocabulary, **options)
    model = make_model(**options)
    assert not same_values(values_of(model), values_of(sublayer))
    model.from_bytes(sublayer.to_bytes())
    assert same_values(values_of(model), values_of(sublayer))
    for ours, theirs in zip(*(m.predict(make_docs()) for m in (model, sublayer)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_without_vocabulary_and_source_initialization_says_what_to_do():
    with pytest.raises(ValueError, match=r"R007.*vocabulary"):
        build_rnn_tok2vec(width=6).initialize(X=make_docs())


def test_options_are_checked_as_those_of_the_language_model():
    with pytest.raises(ValueError, match=r"R008.*cell"):
        build_rnn_tok2vec(cell="cnn")
    with pytest.raises(ValueError, match="R017"):
        build_rnn_tok2vec(width=6, embedding_width=4)
