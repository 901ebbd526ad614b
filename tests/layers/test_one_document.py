"""One Doc by itself: the plain recurrence's states, and when it has to be read as many are."""

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_rnn.corpus.windows import split_document
from spacy_rnn.layers.network_outputs import joint_hidden, predict_sequences
from spacy_rnn.layers.one_document import read_document
from spacy_rnn.layers.sequences import sequences_from_docs
from spacy_rnn.network.inference import SHORT, Wanted

from ..helpers import make_random
from ..pipeline.reference import Reference

WORDS = ["the", "grey", "cat", "watches", "zeppelin", "<unk>", "</s>", "the", "harbour"]
SPELLINGS = {
    "rows": {},
    "features": {"subword_rows": 30},
    "n-grams": {"ngram_rows": 20},
    "features and n-grams": {"subword_rows": 30, "ngram_rows": 20},
}


def make_doc(nlp, words):
    return Doc(nlp.vocab, words=words)


@pytest.fixture(scope="module", params=list(SPELLINGS))
def spelled(request):
    return make_random(model={"direction": "both", **SPELLINGS[request.param]})


@pytest.mark.parametrize("count", [0, 1, len(WORDS)])
def test_states_are_those_of_the_plain_recurrence_from_both_sides(spelled, count):
    lm, words = spelled.get_pipe("rnn_lm"), WORDS[:count]
    found = read_document(lm.model, make_doc(spelled, words))
    width = lm.shim.network.settings.width
    assert found.dtype == np.float32 and found.shape == (count, 2 * width)
    forward = Reference(lm).read(words).hidden[1:]
    backward = Reference(lm, reverse=True).read(words[::-1]).hidden[:0:-1]
    np.testing.assert_allclose(found[:, :width], forward, atol=1e-5)
    np.testing.assert_allclose(found[:, width:], backward, atol=1e-5)


def test_states_are_the_batchs(spelled):
    lm = spelled.get_pipe("rnn_lm")
    docs = [make_doc(spelled, WORDS[:count]) for count in (9, 3, 0, 5)]
    readings = sequences_from_docs(lm.model, docs)
    joint = joint_hidden(predict_sequences(lm.model, readings, Wanted(hidden=True))).numpy()
    stops = np.cumsum([len(doc) + 1 for doc in docs])
    for doc, stop in zip(docs, stops, strict=True):
        found = read_document(lm.model, doc)
        np.testing.assert_allclose(found, joint[stop - len(doc) : stop], atol=1e-6)


def test_long_documents_windows_and_skipped_tokens_are_left_to_the_batch():
    nlp = make_random(model={"white_space": "skip"})
    model = nlp.get_pipe("rnn_lm").model
    assert read_document(model, make_doc(nlp, ["the"] * (SHORT - 1))) is not None
    assert read_document(model, make_doc(nlp, ["the"] * SHORT)) is None
    assert read_document(model, make_doc(nlp, ["the", "\n", "cat"])) is None
    windows = split_document(make_doc(nlp, WORDS), 4)
    assert [read_document(model, window) for window in windows] == [None] * 3
