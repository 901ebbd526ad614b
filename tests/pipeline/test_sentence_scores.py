"""The measures of Lau, Clark & Lappin, written out word by word."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.language import Language
from spacy.tokens import Doc

from spacy_rnn.corpus.windows import split_document

from ..helpers import ENGLISH, make_random
from .reference import Reference, ReferenceSpeller, words_of
from .test_output import through_docbin

MODELS = {
    "forward": {},
    "backward": {"direction": "backward"},
    "clusters-both": {"cutoffs": [3], "direction": "both"},
    "speller": {"speller_width": 4},
}
# three words are known, so that `<unk>` has a share of the training text
FEW = {"min_count": 17, "top_k": 2}
TEXTS = [ENGLISH[5], "the", "zeppelin", "the zeppelin paints <unk> !", " ".join(ENGLISH[:4])]


@pytest.fixture(scope="module", params=list(MODELS))
def pipeline(request):
    """Shared: tests must not change its weights."""
    return make_random(model=MODELS[request.param], **FEW)


def written_out(lm, words, start=0, end=None, *, closed=False):
    """LP, mean LP, PenLP, NormLP and SLOR of words from start to end, the others around them;
    closed: and of the symbol that closes the document."""
    reverse = lm.shim.network.directions[0]
    reference = Reference(lm, reverse=reverse)
    *log_probs, closing = reference.read(words[::-1] if reverse else words).log_probs
    log_probs = log_probs[::-1] if reverse else log_probs
    spelling = ReferenceSpeller(lm).log_probs(words) if lm.spells else np.zeros(len(words))
    counts = dict(lm.label_data)
    training_text = sum(counts.values())
    lp = lu = 0.0
    for place in range(len(words))[start:end]:
        row = reference.row(words[place])
        share = (counts[reference.words[row]] + 0.5) / (training_text + 0.5 * len(counts))
        lp += (log_probs[place] + spelling[place]) / math.log(2)
        lu += math.log2(share) + spelling[place] / math.log(2)
    n = len(range(len(words))[start:end])
    if closed:
        lp += closing / math.log(2)
        lu += math.log2((counts["</s>"] + 0.5) / (training_text + 0.5 * len(counts)))
        n += 1
    return [lp, lp / n, lp / ((5 + n) / (5 + 1)) ** 0.8, -lp / lu, (lp - lu) / n]


@pytest.mark.parametrize("text", TEXTS)
def test_scores_of_a_document_are_the_formulas(pipeline, text):
    lm, doc = pipeline.get_pipe("rnn_lm"), pipeline(text)
    found = lm.sentence_scores(doc)
    assert found._fields == ("lp", "mean_lp", "pen_lp", "norm_lp", "slor")
    assert_allclose(found, written_out(lm, words_of(doc)), rtol=1e-5, atol=1e-5)
    assert all(type(value) is float for value in found)


@pytest.mark.parametrize("text", TEXTS)
def test_the_closing_symbol_counts_as_one_more_token(pipeline, text):
    lm, doc = pipeline.get_pipe("rnn_lm"), pipeline(text)
    expected = written_out(lm, words_of(doc), closed=True)
    assert_allclose(lm.sentence_scores(doc, end=True), expected, rtol=1e-5, atol=1e-5)
    assert_allclose(lm.sentence_scores(text, end=True), expected, rtol=1e-5, atol=1e-5)
    last = lm.sentence_scores(doc[-1:], end=True)
    expected = written_out(lm, words_of(doc), len(doc) - 1, closed=True)
    assert_allclose(last, expected, rtol=1e-5, atol=1e-5)


def test_the_closing_symbol_follows_the_last_token_only(pipeline):
    doc = pipeline("the baker paints")
    with pytest.raises(ValueError, match="R740"):
        pipeline.get_pipe("rnn_lm").sentence_scores(doc[:2], end=True)


@pytest.mark.parametrize("text", TEXTS)
def test_scores_of_a_span_have_the_words_around_it_as_context(pipeline, text):
    lm, doc = pipeline.get_pipe("rnn_lm"), pipeline(text)
    for start in range(0, len(doc), 3):
        for end in range(start + 1, len(doc) + 1, 2):
            found = lm.sentence_scores(doc[start:end])
            expected = written_out(lm, words_of(doc), start, end)
            assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_log_probability_is_the_surprisal_and_mean_surprisal_turned_round(pipeline):
    lm = pipeline.get_pipe("rnn_lm")
    for text in TEXTS:
        doc = pipeline(text)
        for part in (doc, doc[:2], doc[1:]):
            scores = lm.sentence_scores(part)
            if scores is not None:
                assert scores.lp == pytest.approx(-part._.rnn_surprisal, rel=1e-6)
                assert scores.mean_lp == pytest.approx(-part._.rnn_mean_surprisal, rel=1e-6)


def test_no_tokens_have_no_scores(pipeline):
    lm, doc = pipeline.get_pipe("rnn_lm"), pipeline("the baker")
    assert lm.sentence_scores(pipeline("")) is None
    assert lm.sentence_scores(doc[1:1]) is None


def test_one_token_is_not_penalised_for_its_length(pipeline):
    scores = pipeline.get_pipe("rnn_lm").sentence_scores(pipeline("the"))
    assert scores.pen_lp == scores.mean_lp == scores.lp


def test_spelling_cancels_out_of_slor_alone():
    """It is as improbable as a unigram as in context."""
    nlp = make_random(model={"speller_width": 4}, **FEW)
    lm = nlp.get_pipe("rnn_lm")
    short, long = (nlp(Doc(nlp.vocab, words=["the", word])) for word in ("zq", "zq" * 40))
    one, other = lm.sentence_scores(short), lm.sentence_scores(long)
    assert one.slor == pytest.approx(other.slor, abs=1e-4)
    assert one.lp > other.lp + 100


@pytest.mark.parametrize("few", [FEW, {}], ids=str)
def test_a_model_that_predicts_unigrams_has_slor_zero_and_norm_minus_one(few):
    nlp = make_random(**few)
    lm = nlp.get_pipe("rnn_lm")
    counts = np.array([count for _, count in lm.label_data]) + 0.5
    network = lm.shim.network
    network.embedding.data.zero_()
    network.softmax.bias.data[:] = network.softmax.bias.new_tensor(np.log(counts))
    for text in TEXTS:
        scores = lm.sentence_scores(nlp(text))
        assert scores.slor == pytest.approx(0, abs=1e-5)
        assert scores.norm_lp == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize("attr", ["LOWER", "NORM"])
def test_unigrams_are_those_of_the_form_that_is_looked_up(attr):
    nlp = make_random(model={"attr": attr})
    lm = nlp.get_pipe("rnn_lm")
    upper, lower = lm.sentence_scores(nlp("THE Baker")), lm.sentence_scores(nlp("the baker"))
    assert_allclose(upper, lower, rtol=1e-6)
    assert_allclose(lower, written_out(lm, ["the", "baker"]), rtol=1e-5)


def test_a_window_is_scored_by_itself():
    nlp = make_random()
    lm = nlp.get_pipe("rnn_lm")
    words = ENGLISH[5].split()
    first, second, *_ = nlp.pipe(split_document(Doc(nlp.vocab, words=words), 3))
    assert_allclose(lm.sentence_scores(first), written_out(lm, words, 0, 3), rtol=1e-5)
    expected = float(second._.rnn_lm.log_probs.sum(dtype="d")) / math.log(2)
    assert lm.sentence_scores(second).lp == pytest.approx(expected)


def test_a_loaded_document_has_the_same_scores():
    nlp = make_random(model={"speller_width": 4})
    lm, doc = nlp.get_pipe("rnn_lm"), nlp(TEXTS[3])
    assert lm.sentence_scores(through_docbin(doc)) == lm.sentence_scores(doc)


def test_scores_need_the_component_and_its_log_probs():
    nlp = make_random(annotations=["hidden"], name="other_lm")
    lm = nlp.get_pipe("other_lm")
    doc, other = nlp("the baker"), nlp.make_doc("the baker")
    for part in (doc, doc[0:1]):
        with pytest.raises(ValueError, match=r"R307.*other_lm.*log_probs"):
            lm.sentence_scores(part)
    for part in (other, other[0:1]):
        with pytest.raises(ValueError, match=r"R332 *.*other_lm"):
            lm.sentence_scores(part)
    with pytest.raises(TypeError, match=r"R335.*list"):
        lm.sentence_scores(["the baker"])


def test_a_document_that_was_retokenized_since_is_refused():
    nlp = make_random()
    doc = nlp("the baker paints")
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[:2])
    with pytest.raises(ValueError, match="R306"):
        nlp.get_pipe("rnn_lm").sentence_scores(doc)


@Language.component("rnn_scores_test_merges")
def merge_first_two(doc):
    if len(doc) > 1:
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[:2])
    return doc


def test_a_text_is_read_with_the_components_before_the_model():
    nlp = make_random()
    lm = nlp.get_pipe("rnn_lm")
    before = lm.sentence_scores("the baker paints")
    nlp.add_pipe("rnn_scores_test_merges", first=True)
    found = lm.sentence_scores("the baker paints")
    assert found == pytest.approx(lm.sentence_scores(nlp("the baker paints")), rel=1e-6)
    assert found != pytest.approx(before, rel=1e-3)
