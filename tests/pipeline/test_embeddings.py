"""The learned embedding table."""

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose

from ..helpers import make_pipeline, make_trained


def cosine(a, b):
    return float(np.dot(a, b) / np.sqrt(np.dot(a, a)) / np.sqrt(np.dot(b, b)))


def test_embedding_is_the_row_of_the_word(lm):
    table = lm.shim.network.embedding.detach().numpy()
    for row, word in list(enumerate(lm.vocabulary.words))[2:]:
        assert np.array_equal(lm.embedding(word), table[row])
    assert lm.embedding("baker").dtype == np.float32


@pytest.mark.parametrize("word", ["zeppelin", "<unk>", "</s>", ""])
def test_embedding_of_an_unknown_word_is_that_of_the_unknown_row(lm, word):
    assert np.array_equal(lm.embedding(word), lm.shim.network.embedding.detach().numpy()[0])


@pytest.mark.parametrize("attr", ["LOWER", "NORM"])
def test_words_are_looked_up_as_the_network_reads_them(attr):
    lm = make_pipeline(model={"attr": attr}).get_pipe("rnn_lm")
    assert np.array_equal(lm.embedding("The"), lm.embedding("the"))
    assert not np.array_equal(lm.embedding("The"), lm.embedding("<unk>"))
    assert lm.most_similar("The", 3) == lm.most_similar("the", 3)
    assert np.array_equal(lm.embedding(""), lm.embedding("<unk>"))


def test_vectors_of_a_sourced_component_can_go_to_its_new_pipeline():
    source, nlp = make_pipeline(), spacy.blank("xx")
    lm = nlp.add_pipe("rnn_lm", source=source)
    lm.export_vectors(vocab=nlp.vocab)
    assert not source.vocab.vectors.shape[0]
    assert np.array_equal(nlp("the baker")[1].vector, lm.embedding("baker"))
    assert [nlp.vocab.strings[key] for key in nlp.vocab.vectors] == lm.vocabulary.words[2:]


def test_changing_what_was_returned_changes_no_weight(lm):
    before = lm.embedding("baker")
    lm.embedding("baker")[:] = 9
    assert np.array_equal(lm.embedding("baker"), before)


@pytest.mark.parametrize("n", [1, 5, 1000])
def test_most_similar_is_the_order_of_cosines(lm, n):
    others = [w for w in lm.vocabulary.words[2:] if w != "baker"]
    target = lm.embedding("baker")
    expected = sorted(((cosine(target, lm.embedding(w)), w) for w in others), reverse=True)[:n]
    found = lm.most_similar("baker", n=n)
    assert [word for word, _ in found] == [word for _, word in expected]
    assert_allclose([value for _, value in found], [value for value, _ in expected], atol=1e-6)
    assert all(type(value) is float for _, value in found)


@pytest.mark.parametrize("word", ["zeppelin", "<unk>", "</s>"])
def test_a_word_outside_the_vocabulary_has_no_neighbours(lm, word):
    with pytest.raises(ValueError, match="R310"):
        lm.most_similar(word)


def test_so_many_neighbours_must_be_positive(lm):
    with pytest.raises(ValueError, match="R009"):
        lm.most_similar("baker", n=0)


def test_a_word_whose_vector_is_zero_has_similarity_zero():
    lm = make_pipeline().get_pipe("rnn_lm")
    lm.shim.network.embedding.data[lm.vocabulary.row("baker")] = 0
    assert {value for _, value in lm.most_similar("baker")} == {0.0}


def test_exported_vectors_are_those_of_spacy(tmp_path):
    nlp = make_trained()
    lm = nlp.get_pipe("rnn_lm")
    assert not nlp.vocab.has_vector("baker")
    lm.export_vectors()
    doc = nlp("the baker sailor zeppelin")
    assert np.array_equal(doc[1].vector, lm.embedding("baker"))
    expected = cosine(lm.embedding("baker"), lm.embedding("sailor"))
    assert doc[1].similarity(doc[2]) == pytest.approx(expected, abs=1e-5)
    assert not doc[3].has_vector
    assert nlp.vocab.vectors.shape == (len(lm.vocabulary) - 2, 12)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert np.array_equal(loaded("baker")[0].vector, lm.embedding("baker"))


def test_vectors_of_a_lower_case_model_are_found_in_any_case():
    nlp = make_pipeline(["The Baker sings .", "the BAKER sings !"], model={"attr": "LOWER"})
    lm = nlp.get_pipe("rnn_lm")
    lm.export_vectors()
    for token in nlp("BAKER Baker baker"):
        assert np.array_equal(token.vector, lm.embedding("baker"))


def test_vectors_that_are_there_are_not_overwritten_unless_asked():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    nlp.vocab.set_vector("baker", np.ones(4, dtype="f"))
    with pytest.raises(ValueError, match="R311"):
        lm.export_vectors()
    assert np.array_equal(nlp.vocab["baker"].vector, np.ones(4, dtype="f"))
    lm.export_vectors(overwrite=True)
    assert np.array_equal(nlp.vocab["baker"].vector, lm.embedding("baker"))


def test_exported_vectors_do_not_follow_later_training():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    lm.export_vectors()
    before = nlp.vocab["baker"].vector.copy()
    lm.shim.network.embedding.data += 1
    assert np.array_equal(nlp.vocab["baker"].vector, before)
