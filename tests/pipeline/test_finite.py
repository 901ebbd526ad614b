"""Weights that are finite, but so large that what they give isn't, are told at the first text."""

import numpy as np
import pytest
import torch
from spacy.training import Example

from spacy_rnn import BatchScorer
from spacy_rnn.layers.rnn_tok2vec import build_rnn_tok2vec

from ..cli.conftest import fail
from ..helpers import ENGLISH, make_pipeline

KEPT = ["hidden", "log_probs", "next", "final_state", "tensor", "entropy", "rank"]


def grow(network, value=1e38):
    """Let all weights be large, of either sign, and finite."""
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            signs = torch.randint(0, 2, parameter.shape, generator=draw) * 2 - 1
            parameter.copy_(signs * value)
    assert all(parameter.isfinite().all() for parameter in network.parameters())


def make_large(**options):
    nlp = make_pipeline(**options)
    grow(nlp.get_pipe("rnn_lm").shim.network)
    return nlp


@pytest.fixture(scope="module")
def large():
    return make_large(annotations=KEPT)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_text_says_so(cell):
    nlp = make_large(model={"cell": cell})
    with pytest.raises(ValueError, match=r"R371.*rnn_lm.*not finite"):
        nlp(ENGLISH[0])
    with pytest.raises(ValueError, match="R371"):
        list(nlp.pipe(ENGLISH[:3]))


@pytest.mark.parametrize("kept", [["log_probs"], ["next"], ["entropy"]])
def test_every_kind_of_annotation_says_so(large, monkeypatch, kept):
    monkeypatch.setattr(large.get_pipe("rnn_lm"), "annotations", tuple(kept))
    with pytest.raises(ValueError, match="R371"):
        large(ENGLISH[0])


@pytest.mark.parametrize("kept", [["hidden"], ["tensor"], ["final_state"]])
def test_states_that_are_not_numbers_say_so(monkeypatch, kept):
    nlp = make_pipeline(annotations=kept)
    network = nlp.get_pipe("rnn_lm").shim.network
    with torch.no_grad():
        for parameter in network.stack().parameters():
            parameter.fill_(float("nan"))
    with pytest.raises(ValueError, match="R371"):
        nlp(ENGLISH[0])


@pytest.fixture(scope="module")
def broken():
    """A pipeline with weights that are no numbers, so that nothing it gives is one."""
    nlp = make_pipeline()
    with torch.no_grad():
        for parameter in nlp.get_pipe("rnn_lm").shim.network.parameters():
            parameter.fill_(float("nan"))
    return nlp


def test_every_question_says_so(broken):
    lm = broken.get_pipe("rnn_lm")
    for ask in (
        lambda: lm.predict_next("the"),
        lambda: lm.next_distribution("the"),
        lambda: lm.generate("the"),
        lambda: lm.generate("the", temperature=0),
        lambda: lm.generate("the", top_k=2),
        lambda: lm.score_continuation("the", ["cat"]),
        lambda: lm.most_similar("cat"),
    ):
        with pytest.raises(ValueError, match=r"R371.*rnn_lm"):
            ask()


def test_commands_and_workers_say_so(large, tmp_path):
    large.to_disk(tmp_path / "model")
    (tmp_path / "text.txt").write_text(ENGLISH[0])
    assert "R371" in fail("score", tmp_path / "model", tmp_path / "text.txt")
    (error,) = BatchScorer(tmp_path / "model")({"text": [ENGLISH[0]]})["error"]
    assert "R371" in error


def test_only_the_texts_that_it_concerns_say_so():
    nlp = make_pipeline(model={"tied": False, "embedding_width": 7})
    lm = nlp.get_pipe("rnn_lm")
    expected = nlp("a letter")._.rnn_lm.log_probs
    with torch.no_grad():
        lm.shim.network.embedding[lm.vocabulary.row("cat")] = float("nan")
    assert np.array_equal(nlp("a letter")._.rnn_lm.log_probs, expected)
    with pytest.raises(ValueError, match="R371"):
        nlp("the cat sleeps")


@pytest.mark.parametrize("cutoffs", [None, [4, 8]])
def test_no_question_about_what_comes_next_leaves_a_word_out(cutoffs):
    lm = make_pipeline(model={"cutoffs": cutoffs}).get_pipe("rnn_lm")
    words = lm.vocabulary.words
    with torch.no_grad():
        lm.network.softmax.bias[10] = float("nan")
    questions = [
        lambda: lm.predict_next("", k=len(words) - 1),
        lambda: lm.session().next(k=len(words) - 1),
        lambda: lm.session().next(words[10][:1]),
        lambda: lm.complete("", k=len(words)),
        lambda: lm.complete(words[10][:1], k=3),
    ]
    for question in questions:
        with pytest.raises(ValueError, match="R371"):
            question()
    asked = lm.session()
    asked.next("zzz")  # from now on of the softmax that letters need
    with pytest.raises(ValueError, match="R371"):
        asked.next(k=3)


@pytest.mark.parametrize("cutoffs", [None, [4, 8]])
def test_the_end_of_a_session_says_so(cutoffs):
    lm = make_pipeline(model={"cutoffs": cutoffs}).get_pipe("rnn_lm")
    with torch.no_grad():
        lm.network.softmax.bias[1] = float("nan")
    with pytest.raises(ValueError, match="R371"):
        _ = lm.session().end_log_prob


def test_numbers_whose_sum_overflows_are_numbers():
    nlp = make_pipeline(annotations=["log_probs"])
    bias = nlp.get_pipe("rnn_lm").shim.network.softmax.bias
    bias.data[2] = 3e38  # one word is certain, and every other has a log-probability of -3e38
    doc = nlp("the cat sleeps on the boat")
    assert np.isfinite(doc._.rnn_lm.log_probs).all()
    assert doc._.rnn_lm.log_probs.min() < -1e38


def test_a_layer_of_another_component_says_so():
    nlp = make_pipeline()
    layer = build_rnn_tok2vec(width=6, subword_rows=0, direction="both")
    layer.attrs["vocabulary"] = nlp.get_pipe("rnn_lm").vocabulary
    layer.initialize()
    docs = [nlp.make_doc(ENGLISH[0])]
    assert np.isfinite(layer.predict(docs)[0]).all()
    network = layer.layers[0].shims[0].network
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"R371.*the recurrent network"):
        layer.predict(docs)


def test_a_training_step_before_any_evaluation_still_names_the_loss():
    nlp = make_large()
    doc = nlp.make_doc(ENGLISH[0])
    with pytest.raises(ValueError, match="R303"):
        nlp.update([Example(doc, doc)], sgd=nlp.create_optimizer())
