"""Entropy, rank and mean surprisal of tokens, against the plain recurrence."""

import math
import pickle

import numpy as np
import pytest
import srsly
import torch
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from spacy_rnn import LMOutput
from spacy_rnn.corpus.windows import split_document

from ..helpers import ENGLISH, make_pipeline, make_random
from .reference import Reference, words_of
from .test_output import through_bytes, through_docbin, through_pickle

ALL = ["hidden", "log_probs", "next", "final_state", "tensor", "entropy", "rank"]
MODELS = {
    "lstm": {},
    "gru-deep-clusters": {"cell": "gru", "depth": 2, "cutoffs": [6, 15]},
    "rnn-untied-clusters": {"cell": "rnn", "tied": False, "embedding_width": 7, "cutoffs": [4]},
    "lstm-speller-subwords": {"speller_width": 4, "subword_rows": 50},
}
READINGS = {"forward": [False], "backward": [True], "both": [False, True]}
TEXTS = [ENGLISH[5], "", "the baker paints a zeppelin .", "zeppelin", " ", "<unk> baker"]


@pytest.fixture(scope="module", params=list(MODELS))
def model(request):
    return MODELS[request.param]


@pytest.fixture(scope="module", params=list(READINGS))
def pipeline(request, model):
    """Shared: tests must not change its weights."""
    return make_random(model={**model, "direction": request.param}, annotations=ALL)


def parts_of(nlp, doc):
    """Each direction's output, and what the reference says of the words that came, in the order of
    the text: their rows, and the distributions that they were predicted with."""
    lm, output = nlp.get_pipe("rnn_lm"), doc._.rnn_lm
    readings = lm.shim.network.directions
    for made, reverse in zip([output, output.backward][: len(readings)], readings, strict=True):
        reference = Reference(lm, reverse=reverse)
        words = words_of(doc)
        trace = reference.read(words[::-1] if reverse else words)
        distributions = trace.log_distributions[:-1]
        rows = [reference.row(word) for word in words]
        yield made, rows, distributions[::-1] if reverse else distributions


@pytest.mark.parametrize("text", TEXTS)
def test_entropy_is_the_expected_surprisal_in_bits(pipeline, text):
    doc = pipeline(text)
    for made, _, distributions in parts_of(pipeline, doc):
        expected = [
            sum(-math.exp(log_p) * log_p / math.log(2) for log_p in row) for row in distributions
        ]
        assert made.entropy.dtype == np.float32
        assert_allclose(made.entropy, expected, rtol=1e-5)
    assert [token._.rnn_entropy for token in doc] == doc._.rnn_lm.entropy.tolist()


@pytest.mark.parametrize("text", TEXTS)
def test_rank_counts_the_more_probable_words_but_never_the_unknown_one(pipeline, text):
    doc = pipeline(text)
    for made, rows, distributions in parts_of(pipeline, doc):
        expected = [
            1 + sum(p > distribution[row] for word, p in enumerate(distribution) if word)
            if row
            else -1
            for row, distribution in zip(rows, distributions, strict=True)
        ]
        assert made.rank.dtype == np.int32 and made.rank.tolist() == expected
    ranks = doc._.rnn_lm.rank.tolist()
    assert [token._.rnn_rank for token in doc] == [None if r < 0 else r for r in ranks]
    assert {type(token._.rnn_rank) for token in doc} <= {int, type(None)}


@pytest.mark.parametrize("cutoffs", [None, [6, 15]])
def test_the_word_at_place_k_of_the_next_words_has_rank_k_when_it_comes(cutoffs):
    nlp = make_random(model={"cutoffs": cutoffs}, annotations=ALL, top_k=24)
    context = nlp("the tired zeppelin")
    listed = [word for word, _ in context[-1]._.rnn_next]
    assert len(listed) == len(nlp.get_pipe("rnn_lm").vocabulary) - 1
    for place, word in enumerate(listed, 1):
        if word != "</s>":
            doc = nlp(Doc(nlp.vocab, words=[*words_of(context), word]))
            assert doc[-1]._.rnn_rank == place
    likeliest = nlp(Doc(nlp.vocab, words=[context._.rnn_lm.next_words.at(0)[0][0]]))
    assert likeliest[0]._.rnn_rank == 1


def test_equally_probable_words_have_the_ranks_of_their_rows():
    nlp = make_pipeline(annotations=ALL)
    lm = nlp.get_pipe("rnn_lm")
    lm.shim.network.softmax.bias.data.zero_()
    lm.shim.network.embedding.data.zero_()
    words = lm.vocabulary.words
    doc = nlp(Doc(nlp.vocab, words=["zeppelin", *words[2:]]))
    # `<unk>` is row 0 and the end row 1
    assert [token._.rnn_rank for token in doc] == [None, *range(2, len(words))]
    assert_allclose([t._.rnn_entropy for t in doc], math.log2(len(words)), rtol=1e-6)


@pytest.mark.parametrize("model", [{}, {"speller_width": 4}, {"cutoffs": [6, 15]}], ids=str)
@pytest.mark.parametrize("bias", [50.0, -50.0])
def test_an_unknown_word_has_no_rank_however_probable_its_class_is(model, bias):
    nlp = make_random(model={**model, "direction": "both"}, annotations=ALL)
    nlp.get_pipe("rnn_lm").shim.network.softmax.bias.data[0] = bias
    for word in ("zeppelin", "<unk>", "</s>"):
        doc = nlp(Doc(nlp.vocab, words=["the", word]))
        assert doc[1]._.rnn_rank is None and doc[0]._.rnn_rank >= 1
        for output in (doc._.rnn_lm, doc._.rnn_lm.backward):
            assert output.rank[1] == -1 and output.rank[0] >= 1
            assert output.rank.dtype == np.int32


@pytest.mark.parametrize("model", [{"speller_width": 4}, {"subword_rows": 50}], ids=str)
def test_entropy_is_that_of_the_closed_vocabulary_whatever_is_spelled(model):
    """Below the expected surprisal of the token where unknown words cost their spelling too."""
    nlp = make_random(model=model, annotations=ALL)
    lm = nlp.get_pipe("rnn_lm")
    lm.shim.network.softmax.bias.data[0] += 5.0
    doc = nlp("the zeppelin")
    log_probs = np.log(lm.next_distribution("the")[1].astype("d"))
    assert doc[1]._.rnn_entropy == pytest.approx(
        -(np.exp(log_probs) * log_probs).sum() / math.log(2), rel=1e-5
    )
    if "speller_width" in model:
        spelled = float(doc._.rnn_lm.spelling[1])
        # of this one unknown word alone
        assert -math.exp(log_probs[0]) * spelled / math.log(2) > 1


@pytest.mark.parametrize(
    "annotations", [["entropy"], ["rank"], ["log_probs"], ["hidden"], ALL[:-2]]
)
def test_what_is_not_asked_for_is_not_there(annotations):
    output = make_random(annotations=annotations)(ENGLISH[0])._.rnn_lm
    for name in ("entropy", "rank", "log_probs", "hidden"):
        assert (getattr(output, name) is not None) == (name in annotations)


def test_measures_are_not_computed_by_default(monkeypatch):
    def fail(*args):
        raise AssertionError("computed")

    for name in ("entropy", "rank"):
        monkeypatch.setattr(f"spacy_rnn.network.{name}.{name}", fail)
    doc = make_random()(ENGLISH[0])
    assert doc._.rnn_lm.entropy is doc._.rnn_lm.rank is None
    for name in ("entropy", "rank"):
        with pytest.raises(AssertionError, match="computed"):
            make_random(annotations=[name])(ENGLISH[0])


@pytest.mark.parametrize("name", ["entropy", "rank"])
def test_an_attribute_that_was_not_kept_names_the_annotation(name, trained):
    token = trained("the baker")[0]
    with pytest.raises(ValueError, match=rf"R307.*{name}"):
        getattr(token._, f"rnn_{name}")
    assert getattr(trained.make_doc("the")[0]._, f"rnn_{name}") is None


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_measures_do_not_depend_on_the_batch(pipeline, batch_size):
    texts = [*TEXTS, " ".join(ENGLISH[:9]), *TEXTS[::-1]]
    for text, doc in zip(texts, pipeline.pipe(texts, batch_size=batch_size), strict=True):
        alone = pipeline(text)._.rnn_lm
        for one, other in ((doc._.rnn_lm, alone), (doc._.rnn_lm.backward, alone.backward)):
            if one is not None:
                assert_allclose(one.entropy, other.entropy, rtol=1e-5)
                assert one.rank.tolist() == other.rank.tolist()


def test_windows_have_the_measures_of_a_document_that_begins_with_the_word_before():
    nlp = make_random(annotations=ALL)
    lm = nlp.get_pipe("rnn_lm")
    words = ENGLISH[5].split()
    windows = split_document(Doc(nlp.vocab, words=words), 3)
    assert len(windows) > 1
    for number, window in enumerate(nlp.pipe(windows)):
        start = words[3 * number - 1] if number else None
        trace = Reference(lm).read(words_of(window), start)
        tables = trace.log_distributions[: len(window)]
        assert_allclose(
            window._.rnn_lm.entropy, -(np.exp(tables) * tables).sum(1) / math.log(2), rtol=1e-5
        )


def assert_same(one, other):
    assert np.array_equal(one.entropy, other.entropy) and one.entropy.dtype == other.entropy.dtype
    assert np.array_equal(one.rank, other.rank) and one.rank.dtype == other.rank.dtype
    if other.backward is not None:
        assert_same(one.backward, other.backward)


@pytest.mark.slow
@pytest.mark.parametrize("duplicate", [through_bytes, through_docbin, through_pickle, Doc.copy])
def test_a_copied_document_keeps_its_measures(duplicate):
    nlp = make_random(annotations=ALL, model={"direction": "both"})
    for doc in nlp.pipe(TEXTS):
        output = duplicate(duplicate(doc))._.rnn_lm
        assert_same(output, doc._.rnn_lm)
        assert_same(pickle.loads(pickle.dumps(output)), output)
        assert_same(LMOutput.from_dict(output.to_dict()), output)
        assert "entropy" in repr(output) and "rank" in repr(output)


def test_an_output_that_was_saved_before_there_were_measures_has_none():
    message = make_random()("the baker")._.rnn_lm.to_dict()
    names = ("spelling", "entropy", "rank", "cache_log_probs", "cache_end_log_prob")
    old = {key: value for key, value in message.items() if key not in names}
    assert len(old) == len(message) - len(names)
    output = srsly.msgpack_loads(srsly.msgpack_dumps(old))
    assert [getattr(output, name) for name in names] == [None] * len(names)
    assert np.array_equal(output.log_probs, message["log_probs"])


def test_precision_of_prediction_leaves_measures_those_of_the_states_that_come_out():
    nlp = make_random(annotations=ALL, model={"prediction_precision": "bfloat16"})
    head = nlp.get_pipe("rnn_lm").shim.network.softmax
    doc = nlp(ENGLISH[0])
    hidden = torch.from_numpy(doc._.rnn_lm.hidden[:-1])
    table = head.log_distribution(hidden).detach().double()
    expected = -(table.exp() * table).sum(1) / math.log(2)
    assert_allclose(doc._.rnn_lm.entropy[1:], expected, rtol=1e-5)


# -- mean surprisal


@pytest.mark.parametrize("model", [{}, {"speller_width": 4}], ids=str)
def test_mean_surprisal_is_that_of_the_tokens(model):
    nlp = make_random(model=model)
    for text in TEXTS:
        doc = nlp(text)
        bits = [token._.rnn_surprisal for token in doc]
        assert doc._.rnn_mean_surprisal == pytest.approx(sum(bits) / max(1, len(bits)), rel=1e-6)
        for start in range(len(doc) + 1):
            for end in range(start, len(doc) + 1):
                part = bits[start:end]
                expected = sum(part) / max(1, len(part))
                found = doc[start:end]._.rnn_mean_surprisal
                assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_mean_surprisal_needs_the_component_and_its_log_probs(trained):
    doc = trained.make_doc("the baker")
    assert doc._.rnn_mean_surprisal is doc[0:1]._.rnn_mean_surprisal is None
    doc = make_random(annotations=["hidden"])("the baker")
    for part in (doc, doc[0:1]):
        with pytest.raises(ValueError, match=r"R307.*log_probs"):
            _ = part._.rnn_mean_surprisal
