"""A sentence by itself gets what it gets among others."""

import numpy as np
import pytest

from spacy_rnn.pipeline import computing

from ..helpers import ENGLISH, make_random
from .comparing import assert_same_docs

TEXTS = [ENGLISH[0], "the zeppelin", "", " \n ", "cat", " ".join(ENGLISH[:12])]


@pytest.fixture(scope="module", params=["forward", "backward", "both"])
def nlp(request):
    return make_random(model={"direction": request.param, "subword_rows": 30})


@pytest.mark.parametrize("kept", [["hidden"], ["tensor"], ["hidden", "tensor"]])
def test_states_alone_are_those_of_a_batch(nlp, monkeypatch, kept):
    lm, read = nlp.get_pipe("rnn_lm"), []
    monkeypatch.setattr(lm, "annotations", tuple(kept))
    expected = [*nlp.pipe(TEXTS)]

    def read_document(model, doc):
        read.append(doc.text)
        return original(model, doc)

    original = computing.read_document
    monkeypatch.setattr(computing, "read_document", read_document)
    found = [nlp(text) for text in TEXTS]
    assert read == TEXTS
    assert_same_docs(found, expected, 1e-6)
    for one, other in zip(found, expected, strict=True):
        pair = one._.rnn_lm, other._.rnn_lm
        while all(part is not None for part in pair):
            assert pair[0].reverse == pair[1].reverse
            assert np.array_equal(pair[0].word_hashes, pair[1].word_hashes)
            pair = pair[0].backward, pair[1].backward
        assert pair == (None, None)


def test_output_and_tensor_are_arrays_of_their_own(nlp, monkeypatch):
    monkeypatch.setattr(nlp.get_pipe("rnn_lm"), "annotations", ("hidden", "tensor"))
    doc = nlp(ENGLISH[0])
    before = doc._.rnn_lm.hidden.copy()
    doc.tensor[:] = 0
    assert before.any() and np.array_equal(doc._.rnn_lm.hidden, before)
    if doc._.rnn_lm.backward is not None:
        assert not np.shares_memory(doc._.rnn_lm.offsets, doc._.rnn_lm.backward.offsets)


@pytest.mark.parametrize("kept", [["log_probs"], ["hidden", "next"], ["tensor", "final_state"]])
def test_what_needs_more_than_states_is_read_as_a_batch(nlp, monkeypatch, kept):
    def read_document(model, doc):
        raise AssertionError("more was wanted")

    monkeypatch.setattr(nlp.get_pipe("rnn_lm"), "annotations", tuple(kept))
    monkeypatch.setattr(computing, "read_document", read_document)
    assert_same_docs([nlp(text) for text in TEXTS[:3]], [*nlp.pipe(TEXTS[:3])])
