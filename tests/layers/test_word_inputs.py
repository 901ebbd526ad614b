"""What a batch's tokens are read as, with their spelling and without."""

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from thinc.api import fix_random_seed, set_dropout_rate

from spacy_rnn.layers import word_inputs
from spacy_rnn.layers.sequences import read_words, sequences_from_docs
from spacy_rnn.layers.shim import get_shim
from spacy_rnn.layers.word_inputs import UNKNOWN_RATE, Inputs, Words
from spacy_rnn.vocabulary import BOUNDARY_ROW, UNKNOWN_ROW, Vocabulary
from spacy_rnn.vocabulary.subword_features import hash_features
from tests.network import naive

from .models import ENTRIES, VOCAB, make_doc, make_docs, make_model, values_of

TABLE = 40
NONE = [0] * 7
TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}


def make_subword_model(**options):
    """What has no spelling gets a vector of zeros for it."""
    model = make_model(subword_rows=TABLE, **options)
    get_shim(model).network.subwords.weight.data[0] = 0.0
    return model


def features_of(word):
    return list(hash_features(word, TABLE))


def vector_of(model, word):
    """The boundary symbol if `word` is None."""
    network = get_shim(model).network
    if word is None:
        return network.embedding[BOUNDARY_ROW]
    vector = network.embedding[model.attrs["vocabulary"].row(word)]
    if word != "<unk>":
        for feature in hash_features(word, TABLE):
            vector = vector + network.subwords.weight[feature]
    return vector


def naive_hidden(model, words):
    """The states after all words but the first, which stands for what is read at the start."""
    network = get_shim(model).network
    weights = naive.weights_of(network)
    vectors = [vector_of(model, word).detach().double() for word in words]
    weights["embedding"] = torch.stack(vectors)
    return naive.read(network.settings, weights, range(len(words)))[0][1:].detach()


# -- rows and features


def test_without_spelling_ids_are_rows():
    vocabulary, docs = Vocabulary(ENTRIES), make_docs()
    inputs = Inputs(vocabulary, docs, 0)
    assert inputs.words is None
    assert inputs.boundary == BOUNDARY_ROW
    assert inputs.ids.tolist() == [vocabulary.row(token.text) for doc in docs for token in doc]
    assert inputs.add(docs[0], "四", None) == vocabulary.row("四")


def test_with_spelling_ids_are_places_of_different_words():
    vocabulary, docs = Vocabulary([["<unk>", 3], ["</s>", 8], *ENTRIES]), make_docs()
    inputs = Inputs(vocabulary, docs, TABLE)
    texts = [token.text for doc in docs for token in doc]
    words = inputs.words
    assert len(words.rows) == len(set(texts)) + 1
    assert words.rows[inputs.ids].tolist() == [vocabulary.row(text) for text in texts]
    assert inputs.rows.tolist() == [vocabulary.row(text) for text in texts]
    assert words.features[inputs.ids].tolist() == [features_of(text) for text in texts]
    counts = dict([["z", 3], *ENTRIES])  # "z" is unknown
    assert words.counts[inputs.ids].tolist() == [counts[text] for text in texts]
    assert words.rows[inputs.boundary] == BOUNDARY_ROW
    assert words.features[inputs.boundary].tolist() == NONE


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["", "一", ""]], ids=str)
def test_batches_without_tokens_have_the_boundary(texts):
    inputs = Inputs(Vocabulary(ENTRIES), make_docs(texts), TABLE)
    assert len(inputs.ids) == sum(map(len, texts))
    assert inputs.words.rows[inputs.boundary] == BOUNDARY_ROW
    assert inputs.words.features[inputs.boundary].tolist() == NONE


@pytest.mark.parametrize("word", ["四", "zz", "</s>", "<unk>", ""])
def test_a_word_that_is_added_is_read_as_if_it_were_a_token(word):
    vocabulary = Vocabulary(ENTRIES)
    doc = make_doc("一二一")
    inputs = Inputs(vocabulary, [doc], TABLE)
    first, second = inputs.add(doc, "b", None), inputs.add(doc, word, None)
    assert len({*inputs.ids, inputs.boundary, first, second}) == 5
    rows, features, _ = inputs.words
    assert rows[first] == vocabulary.row("b")
    assert features[first].tolist() == features_of("b")
    assert rows[second] == (vocabulary.row("四") if word == "四" else UNKNOWN_ROW)
    assert features[second].tolist() == (NONE if word == "<unk>" else features_of(word))
    assert rows[inputs.ids].tolist() == [vocabulary.row(w) for w in "一二一"]


@pytest.mark.parametrize(
    ("attr", "norm", "form"),
    [
        ("ORTH", None, "Abc"),
        ("ORTH", "xyz", "Abc"),
        ("LOWER", None, "abc"),
        ("NORM", None, "abc"),
        ("NORM", "xyz", "xyz"),
    ],
)
def test_a_word_that_is_added_has_the_form_and_spelling_that_is_modelled(attr, norm, form):
    vocabulary = Vocabulary([["Abc", 3], ["abc", 2], ["xyz", 1]], attr=attr)
    inputs = Inputs(vocabulary, [make_doc("一")], TABLE)
    place = inputs.add(make_doc("一"), "Abc", norm)
    assert inputs.words.rows[place] == vocabulary.row(form)
    assert inputs.words.features[place].tolist() == features_of(form)


@pytest.mark.parametrize("attr", ["LOWER", "NORM"])
def test_tokens_have_the_spelling_of_the_form_that_is_modelled(attr):
    doc = make_doc("aBc")
    doc[2].norm_ = "xyz"
    inputs = Inputs(Vocabulary([["a", 2]], attr=attr), [doc], TABLE)
    forms = ["a", "b", "c" if attr == "LOWER" else "xyz"]
    assert inputs.words.features[inputs.ids].tolist() == [features_of(form) for form in forms]


def test_a_prompt_has_rows_and_features_in_the_order_of_reading():
    model = make_subword_model()
    rows, features = read_words(model, make_doc("三z三"))
    row = model.attrs["vocabulary"].row
    assert rows.tolist() == [BOUNDARY_ROW, row("三"), UNKNOWN_ROW, row("三")]
    assert features.tolist() == [NONE, features_of("三"), features_of("z"), features_of("三")]
    network = get_shim(model).network
    expected = [NONE, NONE, *(features_of(w) for w in model.attrs["vocabulary"].words[2:])]
    assert network.subwords.row_features.tolist() == expected


# -- through the network


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_states_are_those_after_reading_embeddings_and_features(cell):
    model, docs = make_subword_model(cell=cell, depth=2), make_docs(["一zyz", "", "z", "一二"])
    docs.append(Doc(VOCAB, words=["一", "<unk>", "</s>", "q"]))
    trained, _ = model.begin_update(docs)
    for doc, one, other in zip(docs, model.predict(docs), trained, strict=True):
        assert one.shape == other.shape == (len(doc), 6)
        expected = naive_hidden(model, [None, *(token.text for token in doc)])
        np.testing.assert_allclose(one, expected, **TOLERANCE)
        np.testing.assert_allclose(other, expected, **TOLERANCE)


def test_a_literal_unknown_symbol_is_read_as_the_unknown_row_alone():
    model = make_subword_model()
    doc = Doc(VOCAB, words=["<unk>"])
    network = get_shim(model).network
    expected = naive.read(network.settings, naive.weights_of(network), [BOUNDARY_ROW, 0])[0][1:]
    np.testing.assert_allclose(model.predict([doc])[0], expected.detach(), **TOLERANCE)


def test_unknown_words_are_told_apart_by_their_spelling():
    one, other = make_doc("一y二"), make_doc("一z二")
    first, second = make_model().predict([one, other])
    np.testing.assert_allclose(first, second, **TOLERANCE)
    first, second = make_subword_model().predict([one, other])
    np.testing.assert_allclose(first[0], second[0], **TOLERANCE)
    assert np.abs(first[1:] - second[1:]).max(axis=1).min() > 1e-3


@pytest.mark.parametrize("beside", ["四", "z", "</s>", "<unk>"])
def test_a_window_starts_from_the_spelling_of_the_token_beside_it(beside):
    forward, backward = make_subword_model(), make_subword_model(direction="backward")
    doc = make_doc("一二", (beside, False))
    expected = naive_hidden(forward, [beside, "一", "二"])
    np.testing.assert_allclose(forward.predict([doc])[0], expected, **TOLERANCE)
    weights = values_of(backward)
    names = {name: name.replace("backward_encoder", "encoder") for name in weights}
    named = {names[name]: value for name, value in weights.items()}
    get_shim(forward).network.load_state_dict({**get_shim(forward).network.state_dict(), **named})
    doc = make_doc("一二", (None, False, None, 0, False, None, beside, None))
    expected = naive_hidden(forward, [beside, "二", "一"])
    found = backward.predict([make_doc("四z"), doc])[1]
    np.testing.assert_allclose(found[::-1], expected, **TOLERANCE)


# -- words read as unknown in training


def test_a_word_is_hidden_with_a_probability_that_falls_with_its_count():
    counts = np.array([0, 1, 3, 9, 99]).repeat(20_000)
    words = Words(np.full(len(counts), 7), np.arange(len(counts))[:, None], counts)
    fix_random_seed(0)
    made = words.some_unknown()
    hidden = (made.rows == UNKNOWN_ROW).reshape(5, -1).mean(1)
    # a word that never occurred counts as one that occurred once
    expected = UNKNOWN_RATE / (UNKNOWN_RATE + np.array([1, 1, 3, 9, 99]))
    np.testing.assert_allclose(hidden, expected, atol=0.015)
    assert set(made.rows.tolist()) == {7, UNKNOWN_ROW}
    assert made.features is words.features and (words.rows == 7).all()


@pytest.fixture
def always_hidden(monkeypatch):
    monkeypatch.setattr(word_inputs, "UNKNOWN_RATE", 1e30)


def test_the_boundary_is_never_hidden(always_hidden):
    words = Words(np.array([UNKNOWN_ROW, BOUNDARY_ROW, 2]), np.zeros((3, 7)), np.zeros(3))
    for _ in range(20):
        assert words.some_unknown().rows.tolist() == [UNKNOWN_ROW, BOUNDARY_ROW, UNKNOWN_ROW]


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_words_are_hidden_in_training_with_dropout_only_and_keep_their_spelling(
    direction, always_hidden
):
    model, docs = make_subword_model(direction=direction), make_docs()
    before = np.concatenate(model.predict(docs))
    without, _ = model.begin_update(docs)
    np.testing.assert_allclose(np.concatenate(without), before, **TOLERANCE)
    set_dropout_rate(model, 1e-30)  # a rate that drops no unit
    np.testing.assert_array_equal(np.concatenate(model.predict(docs)), before)
    trained, _ = model.begin_update(docs)
    embedding = get_shim(model).network.embedding.data
    embedding[2:] = embedding[0].clone()  # of all words, not of the boundary
    hidden = np.concatenate(model.predict(docs))
    assert np.abs(hidden - before).max() > 0.1
    np.testing.assert_allclose(np.concatenate(trained), hidden, **TOLERANCE)


def test_what_is_predicted_is_never_hidden(always_hidden):
    model, docs = make_subword_model(), make_docs()
    set_dropout_rate(model, 0.5)
    reading = sequences_from_docs(model, docs)[0]
    before = reading.targets.copy()
    model.begin_update(docs)
    row = model.attrs["vocabulary"].row
    expected = [r for doc in docs for r in [*(row(t.text) for t in doc), BOUNDARY_ROW]]
    assert reading.targets.tolist() == before.tolist() == expected


def test_the_network_layer_hides_nothing_in_prediction_whatever_the_dropout_rate(always_hidden):
    model, docs = make_subword_model(), make_docs()
    readings = sequences_from_docs(model, docs)
    before = model.layers[0].predict(readings)[0].hidden
    set_dropout_rate(model, 0.5)
    np.testing.assert_array_equal(model.layers[0].predict(readings)[0].hidden, before)


def test_docs_of_several_vocabs_share_a_batch():
    model = make_model(subword_rows=50)
    other = spacy.blank("xx").vocab
    docs = [make_doc("一z"), Doc(other, words=["qq", "一"])]
    alone = [model.predict([doc])[0] for doc in docs]
    for found, expected in zip(model.predict(docs), alone, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)
