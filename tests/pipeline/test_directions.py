"""The component from right to left and in both directions, against the plain recurrence."""

import copy
import math
import pickle

import numpy as np
import pytest
import spacy
import srsly
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from spacy_rnn import LMOutput

from ..helpers import ENGLISH, make_pipeline, make_random
from .reference import Reference, words_of
from .test_output import through_bytes, through_docbin, through_pickle

MODELS = {
    "lstm-deep-clusters": {"depth": 2, "cutoffs": [6, 15]},
    "gru-untied": {"cell": "gru", "tied": False, "embedding_width": 7},
    "rnn-spelling": {"cell": "rnn", "subword_rows": 50},
}
TEXTS = [ENGLISH[5], "", "the baker paints a zeppelin .", "zeppelin", " "]


@pytest.fixture(scope="module", params=list(MODELS))
def both(request):
    return make_random(model={**MODELS[request.param], "direction": "both"})


@pytest.fixture(scope="module", params=list(MODELS))
def backward(request):
    return make_random(model={**MODELS[request.param], "direction": "backward"})


def read_backward(lm, words):
    return Reference(lm, reverse=True).read(words[::-1])


def assert_output(output, reference, trace, hidden, reverse=False):
    """In the order of the text: the state after n − i words is that of token i."""
    n = len(trace.hidden) - 1
    after = list(range(n, 0, -1)) if reverse else list(range(1, n + 1))
    log_probs = trace.log_probs[:-1]
    assert_allclose(hidden, trace.hidden[after], atol=1e-5)
    assert_allclose(output.log_probs, log_probs[::-1] if reverse else log_probs, atol=1e-5)
    assert output.end_log_prob == pytest.approx(trace.log_probs[-1], abs=1e-5)
    assert output.perplexity == pytest.approx(math.exp(-trace.log_probs.mean()), rel=1e-4)
    assert_allclose(output.final_state["h"], trace.h, atol=1e-5)
    if reference.settings.cell == "lstm":
        assert_allclose(output.final_state["c"], trace.c, atol=1e-5)
    else:
        assert set(output.final_state) == {"h"}
    listed = [output.next_words.at(0), *output.next]
    for row, distribution in zip(listed, trace.log_distributions[[0, *after]], strict=True):
        assert [word for word, _ in row] == reference.top(distribution, 5)
        expected = [math.exp(distribution[reference.words.index(word)]) for word, _ in row]
        assert_allclose([p for _, p in row], expected, atol=1e-5)


@pytest.mark.parametrize("text", TEXTS)
def test_backward_numbers_are_those_of_the_words_read_from_the_right(backward, text):
    lm, doc = backward.get_pipe("rnn_lm"), backward(text)
    reference = Reference(lm, reverse=True)
    trace = read_backward(lm, words_of(doc))
    output = doc._.rnn_lm
    assert output.backward is None
    assert_output(output, reference, trace, output.hidden, reverse=True)
    assert np.array_equal(doc.tensor, output.hidden)
    assert doc._.rnn_next == output.next
    assert doc._.rnn_perplexity == output.perplexity
    bits = -trace.log_probs[:-1][::-1] / math.log(2)
    assert_allclose([token._.rnn_surprisal for token in doc], bits, rtol=1e-4)
    assert [token._.rnn_next for token in doc] == output.next


@pytest.mark.parametrize("text", TEXTS)
def test_both_directions_are_kept_side_by_side(both, text):
    lm, doc = both.get_pipe("rnn_lm"), both(text)
    output, words = doc._.rnn_lm, words_of(doc)
    assert output.hidden.shape == doc.tensor.shape == (len(doc), 24)
    forward = Reference(lm)
    assert_output(output, forward, forward.read(words), output.hidden[:, :12])
    other, reference = output.backward, Reference(lm, reverse=True)
    assert other.hidden is None and other.backward is None
    trace = read_backward(lm, words)
    assert_output(other, reference, trace, output.hidden[:, 12:], reverse=True)
    assert np.array_equal(doc.tensor, output.hidden)
    # what is left to right elsewhere stays so
    assert doc._.rnn_perplexity == output.perplexity
    assert doc._.rnn_next == output.next


@pytest.mark.parametrize("batch_size", [1, 3, 100])
@pytest.mark.parametrize("positions", [9, 1 << 17])
def test_numbers_do_not_depend_on_the_batch(both, batch_size, positions, monkeypatch):
    texts = ["", *TEXTS, " ".join(ENGLISH[:9]), *ENGLISH[:7], ""]
    each = [both(text)._.rnn_lm for text in texts]
    monkeypatch.setattr("spacy_rnn.pipeline.position_batches._BATCH_POSITIONS", positions)
    together = [doc._.rnn_lm for doc in both.pipe(texts, batch_size=batch_size)]
    for one, made in zip(each, together, strict=True):
        assert_allclose(made.hidden, one.hidden, atol=1e-5)
        for first, second in ((one, made), (one.backward, made.backward)):
            assert_allclose(second.log_probs, first.log_probs, atol=1e-5)
            assert second.end_log_prob == pytest.approx(first.end_log_prob, abs=1e-5)
            assert_allclose(second.final_state["h"], first.final_state["h"], atol=1e-5)
            assert np.array_equal(second.next_words.index, first.next_words.index)


@pytest.mark.parametrize("direction", ["backward", "both"])
def test_equally_probable_words_come_in_the_order_of_rows(direction):
    nlp = make_pipeline(model={"direction": direction})
    lm = nlp.get_pipe("rnn_lm")
    lm.shim.network.softmax.bias.data.zero_()
    lm.shim.network.embedding.data.zero_()
    output = nlp("the baker")._.rnn_lm
    for made in (output, output.backward or output):
        assert [[w for w, _ in row] for row in made.next] == [lm.vocabulary.words[1:6]] * 2


def test_annotations_that_are_not_named_are_not_kept_in_either_direction():
    for kept in ("log_probs", "next", "final_state", "hidden", "tensor"):
        doc = make_pipeline(model={"direction": "both"}, annotations=[kept])("the baker")
        output = doc._.rnn_lm
        for made in (output, output.backward):
            assert (made.log_probs is not None) == (kept == "log_probs")
            assert (made.next is not None) == (kept == "next")
            assert (made.final_state is not None) == (kept == "final_state")
        assert (output.hidden is not None) == (kept == "hidden")
        assert doc.tensor.shape == ((2, 24) if kept == "tensor" else (0,))


# -- the output goes wherever its Doc goes


def assert_equal(one, other):
    assert np.array_equal(one.offsets, other.offsets)
    assert (one.hidden is None) == (other.hidden is None)
    assert one.hidden is None or np.array_equal(one.hidden, other.hidden)
    assert np.array_equal(one.log_probs, other.log_probs)
    assert one.end_log_prob == other.end_log_prob
    assert one.next == other.next and one.perplexity == other.perplexity
    assert one.final_state.keys() == other.final_state.keys()
    assert all(np.array_equal(one.final_state[n], other.final_state[n]) for n in one.final_state)
    assert (one.backward is None) == (other.backward is None)
    if one.backward is not None:
        assert_equal(one.backward, other.backward)


COPIES = [Doc.copy, through_bytes, through_docbin, through_pickle]


@pytest.mark.parametrize("duplicate", COPIES, ids=lambda f: f.__name__)
def test_a_copied_document_has_both_directions(both, duplicate):
    for doc in both.pipe(TEXTS):
        found = duplicate(duplicate(doc))._.rnn_lm
        assert type(found.backward) is LMOutput
        assert_equal(found, doc._.rnn_lm)


def test_an_output_alone_goes_through_msgpack_pickle_and_copies(both):
    for doc in both.pipe(TEXTS):
        output = doc._.rnn_lm
        assert_equal(srsly.msgpack_loads(srsly.msgpack_dumps(output)), output)
        nested = srsly.msgpack_loads(srsly.msgpack_dumps({"a": [output, 1]}))
        assert_equal(nested["a"][0], output)
        assert_equal(pickle.loads(pickle.dumps(output)), output)
        assert_equal(LMOutput.from_dict(output.to_dict()), output)
        copied = copy.deepcopy(output)
        assert_equal(copied, output)
        copied.backward.log_probs += 1
        copied.backward.next_words.index[:] = 0
        copied.backward.final_state["h"] += 1
        assert_equal(LMOutput.from_dict(output.to_dict()), doc._.rnn_lm)
        assert len(doc) == 0 or not np.array_equal(
            copied.backward.log_probs, output.backward.log_probs
        )
        assert not np.array_equal(
            copied.backward.final_state["h"], output.backward.final_state["h"]
        )


# -- saving and writing


@pytest.mark.parametrize("direction", ["backward", "both"])
@pytest.mark.parametrize("model", MODELS)
def test_a_pipeline_predicts_the_same_bits_when_loaded(direction, model, tmp_path):
    nlp = make_random(model={**MODELS[model], "direction": direction})
    nlp.to_disk(tmp_path)
    from_bytes = spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())
    for loaded in (spacy.load(tmp_path), from_bytes, pickle.loads(pickle.dumps(nlp))):
        for text in TEXTS:
            assert_equal(loaded(text)._.rnn_lm, nlp(text)._.rnn_lm)


def test_a_backward_model_does_not_write(backward):
    lm = backward.get_pipe("rnn_lm")
    for action in (lm.generate, lm.predict_next, lm.next_distribution):
        for prompt in ("", "the baker"):
            with pytest.raises(ValueError, match=r"R324.*rnn_lm"):
                action(prompt)


def test_both_directions_write_as_the_forward_one_does(both):
    lm = both.get_pipe("rnn_lm")
    reference = Reference(lm)
    for text in TEXTS:
        distribution = reference.read(words_of(both.make_doc(text))).log_distributions[-1]
        assert_allclose(lm.next_distribution(text)[1], np.exp(distribution), atol=1e-5)
        assert [word for word, _ in lm.predict_next(text)] == reference.top(distribution, 5)
    words = ["the"]
    while len(words) < 9:
        best = reference.top(reference.read(words).log_distributions[-1], 1)[0]
        if best == "</s>":
            break
        words.append(best)
    written = lm.generate("the", max_tokens=8, temperature=0)
    assert written.replace(" ", "") == "".join(words)
