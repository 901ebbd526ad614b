"""How the numbers are defined: each against a plain recurrence, one token after the other."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from ..helpers import ENGLISH, make_pipeline, make_trained, train, weights_of
from .reference import Reference, words_of

TEXTS = [
    ENGLISH[5],
    "the baker paints a zeppelin .",
    "zeppelin",
    "two green pears forgets forgets our our baker ! . the cat watches an old harbour",
]


def make_doc(nlp, words):
    return nlp(Doc(nlp.vocab, words=words))


@pytest.fixture
def reference(trained):
    return Reference(trained.get_pipe("rnn_lm"))


@pytest.mark.parametrize("text", TEXTS)
def test_every_annotation_is_that_of_the_plain_recurrence(variant, text):
    reference = Reference(variant.get_pipe("rnn_lm"))
    doc = variant(text)
    trace = reference.read(words_of(doc))
    output = doc._.rnn_lm
    assert_allclose(output.hidden, trace.hidden[1:], atol=1e-5)
    assert_allclose(output.log_probs, trace.log_probs[:-1], atol=1e-5)
    assert output.end_log_prob == pytest.approx(trace.log_probs[-1], abs=1e-5)
    assert_allclose(output.final_state["h"], trace.h, atol=1e-5)
    if reference.settings.cell == "lstm":
        assert_allclose(output.final_state["c"], trace.c, atol=1e-5)
    else:
        assert set(output.final_state) == {"h"}
    for listed, log_distribution in zip(output.next, trace.log_distributions[1:], strict=True):
        assert [word for word, _ in listed] == reference.top(log_distribution, 5)
        probabilities = [math.exp(log_distribution[reference.words.index(w)]) for w, _ in listed]
        assert_allclose([p for _, p in listed], probabilities, atol=1e-5)


def test_first_token_is_scored_after_the_boundary_symbol(trained, reference):
    log_probs = trained("baker the")._.rnn_lm.log_probs
    after_boundary = reference.read([]).log_distributions[0]
    assert log_probs.shape == (2,)
    assert log_probs[0] == pytest.approx(after_boundary[reference.row("baker")], abs=1e-5)


def test_hidden_state_of_a_token_has_read_it_and_nothing_after_it(trained, reference):
    hidden = trained("the baker paints")._.rnn_lm.hidden
    for length in (1, 2, 3):
        last = reference.read(["the", "baker", "paints"][:length]).hidden[-1]
        assert_allclose(hidden[length - 1], last, atol=1e-5)


def test_empty_document_has_empty_arrays_and_the_perplexity_of_its_end(trained, reference):
    doc = trained("")
    output = doc._.rnn_lm
    assert output.hidden.shape == (0, 12)
    assert output.log_probs.shape == (0,)
    assert output.next == [] and doc._.rnn_next == []
    assert str(doc._.rnn_surprisal) == "0.0"
    end = reference.read([]).log_probs[-1]
    assert doc._.rnn_perplexity == pytest.approx(math.exp(-end), rel=1e-5)
    assert doc.tensor.shape == (0, 12)


def test_white_space_tokens_are_words_like_others(trained, reference):
    doc = trained(" \n ")
    assert len(doc) and doc.text.isspace()
    trace = reference.read(words_of(doc))
    assert_allclose(doc._.rnn_lm.log_probs, trace.log_probs[:-1], atol=1e-5)
    assert doc._.rnn_perplexity == pytest.approx(math.exp(-trace.log_probs.mean()), rel=1e-5)


def test_literal_unknown_symbol_is_the_unknown_row(trained, reference):
    output = make_doc(trained, ["the", "<unk>", "baker"])._.rnn_lm
    unseen = make_doc(trained, ["the", "zeppelin", "baker"])._.rnn_lm
    assert_allclose(output.log_probs, unseen.log_probs, atol=1e-6)
    assert_allclose(output.hidden, unseen.hidden, atol=1e-6)
    assert output.log_probs[1] == pytest.approx(reference.read(["the"]).log_distributions[1][0])


def test_literal_boundary_symbol_is_never_the_boundary_row(trained):
    for words in (["</s>"], ["the", "</s>", "baker"]):
        output = make_doc(trained, words)._.rnn_lm
        unseen = make_doc(trained, ["zeppelin" if w == "</s>" else w for w in words])._.rnn_lm
        assert_allclose(output.log_probs, unseen.log_probs, atol=1e-6)
        assert_allclose(output.hidden, unseen.hidden, atol=1e-6)


@pytest.mark.parametrize("text", TEXTS)
def test_document_perplexity_counts_the_tokens_and_the_end(variant, text):
    doc = variant(text)
    log_probs = Reference(variant.get_pipe("rnn_lm")).read(words_of(doc)).log_probs
    assert len(log_probs) == len(doc) + 1
    assert doc._.rnn_perplexity == pytest.approx(math.exp(-log_probs.mean()), rel=1e-5)
    assert doc._.rnn_lm.perplexity == doc._.rnn_perplexity


@pytest.mark.parametrize("text", TEXTS)
def test_surprisal_is_in_bits_and_adds_up_without_the_end(variant, text):
    doc = variant(text)
    log_probs = Reference(variant.get_pipe("rnn_lm")).read(words_of(doc)).log_probs[:-1]
    bits = [-math.log2(math.exp(log_prob)) for log_prob in log_probs]
    assert_allclose([token._.rnn_surprisal for token in doc], bits, rtol=1e-4)
    assert_allclose(doc._.rnn_lm.surprisal, bits, rtol=1e-4)
    assert doc._.rnn_surprisal == pytest.approx(sum(bits), rel=1e-5)
    for cut in range(len(doc) + 1):
        parts = doc[:cut]._.rnn_surprisal, doc[cut:]._.rnn_surprisal
        assert_allclose(parts, [sum(bits[:cut]), sum(bits[cut:])], rtol=1e-4, atol=1e-9)
        assert sum(parts) == pytest.approx(doc._.rnn_surprisal)


def test_probabilities_over_the_vocabulary_sum_to_one(variant):
    lm = variant.get_pipe("rnn_lm")
    words = TEXTS[3].split()
    trace = Reference(lm).read(words)
    for length in range(len(words) + 1):
        listed, probabilities = lm.next_distribution(" ".join(words[:length]))
        assert listed == lm.vocabulary.words and {"<unk>", "</s>"} <= set(listed)
        assert probabilities.dtype == np.float32
        assert probabilities.sum(dtype=np.float64) == pytest.approx(1, abs=1e-5)
        assert_allclose(probabilities, np.exp(trace.log_distributions[length]), atol=1e-5)


@pytest.mark.parametrize("cutoffs", [None, [6, 15]])
def test_next_words_leave_out_the_unknown_word_and_show_the_end_where_it_ranks(cutoffs):
    nlp = make_trained(model={"cutoffs": cutoffs})
    lm = nlp.get_pipe("rnn_lm")
    lm.shim.network.softmax.bias.data[:2] += 20  # now the likeliest rows: <unk>, then </s>
    reference = Reference(lm)
    doc = nlp(ENGLISH[0])
    trace = reference.read(words_of(doc))
    assert (trace.log_distributions.argsort(1)[:, -2:] <= 1).all()
    for listed, log_distribution in zip(doc._.rnn_next, trace.log_distributions[1:], strict=True):
        assert listed[0][0] == "</s>"
        assert [word for word, _ in listed] == reference.top(log_distribution, 5)
    assert lm.predict_next("the", k=len(lm.vocabulary) - 1)[0][0] == "</s>"
    assert "<unk>" not in dict(lm.predict_next("the", k=len(lm.vocabulary) - 1))


def test_equally_probable_next_words_come_in_the_order_of_rows():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    lm.shim.network.softmax.bias.data.zero_()
    lm.shim.network.embedding.data.zero_()
    assert [word for word, _ in nlp("the")._.rnn_next[0]] == lm.vocabulary.words[1:6]
    assert [word for word, _ in lm.predict_next("the", k=7)] == lm.vocabulary.words[1:8]


def assert_same_output(one, other, atol=1e-5):
    assert_allclose(one.hidden, other.hidden, atol=atol)
    assert_allclose(one.log_probs, other.log_probs, atol=atol)
    assert one.end_log_prob == pytest.approx(other.end_log_prob, abs=atol)
    assert_allclose(one.final_state["h"], other.final_state["h"], atol=atol)
    assert_allclose(one.next_words.probabilities, other.next_words.probabilities, atol=atol)
    assert [[w for w, _ in row] for row in one.next] == [[w for w, _ in row] for row in other.next]


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_numbers_do_not_depend_on_the_batch(variant, batch_size):
    texts = ["", *TEXTS, " ", " ".join(ENGLISH[:9]), *ENGLISH[:7], ""]
    together = variant.pipe(texts, batch_size=batch_size)
    for text, doc in zip(texts, together, strict=True):
        assert doc.text == text
        assert_same_output(doc._.rnn_lm, variant(text)._.rnn_lm)


def test_numbers_do_not_depend_on_how_a_batch_is_cut_for_memory(trained, monkeypatch):
    texts = ["", *TEXTS, " ".join(ENGLISH[:9]), *ENGLISH[:7]]
    whole = list(trained.pipe(texts))
    monkeypatch.setattr("spacy_rnn.pipeline.position_batches._BATCH_POSITIONS", 9)
    for one, other in zip(whole, trained.pipe(texts), strict=True):
        assert_same_output(one._.rnn_lm, other._.rnn_lm)


def test_a_token_changes_nothing_before_it(variant):
    words = TEXTS[3].split()
    before = make_doc(variant, words)._.rnn_lm
    for place in range(len(words)):
        changed = [*words]
        changed[place] = "sailor"
        after = make_doc(variant, changed)._.rnn_lm
        assert_allclose(after.hidden[:place], before.hidden[:place], atol=1e-6)
        assert_allclose(after.log_probs[:place], before.log_probs[:place], atol=1e-6)
        assert abs(after.hidden[place] - before.hidden[place]).max() > 1e-3


@pytest.mark.parametrize("cutoffs", [None, [6, 15]])
def test_equal_seeds_give_equal_weights_and_other_seeds_others(cutoffs):
    def make(seed):
        nlp = make_pipeline(model={"cutoffs": cutoffs, "depth": 2}, seed=seed)
        train(nlp, steps=4, drop=0.3, seed=seed)
        return weights_of(nlp.get_pipe("rnn_lm"))

    first, again, other = make(1), make(1), make(2)
    assert first.keys() == again.keys()
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not all(np.array_equal(first[name], other[name]) for name in first)


def test_prediction_draws_nothing_from_the_random_state_and_uses_no_dropout(trained):
    lm = trained.get_pipe("rnn_lm")
    lm.model.layers[0].attrs["dropout_rate"] = 0.5
    try:
        doc = trained(TEXTS[0])
        trace = Reference(lm).read(words_of(doc))
        assert_allclose(doc._.rnn_lm.hidden, trace.hidden[1:], atol=1e-5)
    finally:
        lm.model.layers[0].attrs["dropout_rate"] = 0.0
