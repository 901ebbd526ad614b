"""Losses, gradients and scores from right to left and in both directions, by brute force."""

import math

import numpy as np
import pytest
import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import SGD

from spacy_rnn.corpus.windows import Window, read_mark, split_document, write_mark
from spacy_rnn.pipeline.scorer import score_language_model

from ..helpers import ENGLISH, make_examples, make_pipeline, make_random, train, weights_of
from .reference import Reference, words_of

TEXTS = [ENGLISH[0], "zeppelin", "", "the baker paints <unk> zeppelin </s> zeppelin .", " "]
KNOWN = [*ENGLISH[:6], "", "the baker ! the baker", ENGLISH[9]]
LONG = "the baker paints zeppelin the harbour . our neighbour </s> <unk> watches"
DIRECTIONS = {"forward": [False], "backward": [True], "both": [False, True]}


def read(lm, words, reverse, **options):
    return Reference(lm, reverse=reverse).read(words[::-1] if reverse else words, **options)


def brute_force_loss(lm, docs, directions):
    return -sum(
        read(lm, words_of(doc), reverse).log_probs.sum() for reverse in directions for doc in docs
    )


def windows_of(nlp, size, text=LONG):
    doc = Doc(nlp.vocab, words=text.split())
    windows = split_document(doc, size)
    assert len(windows) > 1
    return words_of(doc), windows


def window_log_probs(lm, words, size, reverse):
    """Of all windows, each read from the token beside it, `</s>` at the document's edges only."""
    result = []
    for start in range(0, len(words), size):
        part = words[start : start + size]
        beside, last = words[start - 1] if start else None, start + size >= len(words)
        if reverse:
            beside, last = None if last else words[start + size], start == 0
        log_probs = read(lm, part, reverse, start=beside).log_probs
        result += (log_probs if last else log_probs[:-1]).tolist()
    return result


# -- losses


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("model", [{"depth": 2, "cutoffs": [6, 15]}, {"subword_rows": 50}], ids=str)
def test_loss_is_that_of_all_directions(direction, model):
    nlp = make_random(model={**model, "direction": direction})
    lm, examples = nlp.get_pipe("rnn_lm"), make_examples(nlp, TEXTS)
    docs = [example.predicted for example in examples]
    losses = lm.update(examples)
    expected = brute_force_loss(lm, docs, DIRECTIONS[direction])
    assert losses["rnn_lm"] == pytest.approx(expected, rel=1e-5)
    symbols = sum(len(doc) + 1 for doc in docs)
    assert losses["rnn_lm_tokens"] == symbols * len(DIRECTIONS[direction])


@pytest.mark.parametrize("model", [{"direction": "backward"}, {"direction": "both"}], ids=str)
@pytest.mark.parametrize("subword_rows", [0, 20])
def test_gradient_is_that_of_the_mean_losses_of_the_directions(model, subword_rows):
    """A step of plain gradient descent, against finite differences of the brute force."""
    nlp = make_random(model={**model, "width": 4, "subword_rows": subword_rows})
    lm = nlp.get_pipe("rnn_lm")
    examples = make_examples(nlp, TEXTS[:2])
    docs, directions = [e.predicted for e in examples], DIRECTIONS[model["direction"]]
    count = sum(len(doc) + 1 for doc in docs)
    before, rate = weights_of(lm), 0.1
    lm.update(examples, sgd=SGD(rate, grad_clip=0.0))
    after = weights_of(lm)
    parameters = lm.shim.network.parameters_by_name()
    for name, parameter in parameters.items():
        parameter.data.copy_(torch.from_numpy(before[name]))
    generator = np.random.default_rng(0)
    for name, parameter in parameters.items():
        direction = generator.normal(size=parameter.shape).astype("f")
        if name == "subwords.weight":
            direction[0] = 0.0  # of no word's spelling
        sides = []
        for sign in (1, -1):
            parameter.data.copy_(torch.from_numpy(before[name] + sign * 1e-3 * direction))
            sides.append(brute_force_loss(lm, docs, directions) / count)
            parameter.data.copy_(torch.from_numpy(before[name]))
        slope = (sides[0] - sides[1]) / 2e-3
        assert abs(slope) > 1e-4, name
        moved = float(((before[name] - after[name]) / rate * direction).sum())
        assert moved == pytest.approx(slope, rel=0.02, abs=2e-4), name


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("size", [1, 4, 5])
def test_windows_have_the_loss_of_their_document_read_from_the_tokens_beside_them(direction, size):
    nlp = make_random(model={"direction": direction, "subword_rows": 50})
    lm = nlp.get_pipe("rnn_lm")
    words, windows = windows_of(nlp, size)
    losses = lm.update([Example(window, window) for window in windows])
    expected = [
        log_prob
        for reverse in DIRECTIONS[direction]
        for log_prob in window_log_probs(lm, words, size, reverse)
    ]
    assert losses["rnn_lm"] == pytest.approx(-sum(expected), rel=1e-5)
    # a document's edge is predicted once in each direction
    assert losses["rnn_lm_tokens"] == len(expected)
    assert len(expected) == (len(words) + 1) * len(DIRECTIONS[direction])


def test_streams_carry_their_state_from_left_to_right_only():
    nlp = make_random(model={"direction": "both"})
    lm = nlp.get_pipe("rnn_lm")
    words, windows = windows_of(nlp, 4)
    for turn, window in enumerate(windows):
        place = read_mark(window) or Window(None, True)
        write_mark(window, place._replace(stream=0, turn=turn, carried=turn > 0))
    losses = {}
    for window in windows:
        lm.update([Example(window, window)], losses=losses)
        lm.shim.network.zero_grad()
    expected = read(lm, words, False).log_probs.sum()
    expected += sum(window_log_probs(lm, words, 4, True))
    assert losses["rnn_lm"] == pytest.approx(-expected, rel=1e-5)


@pytest.mark.parametrize("direction", ["backward", "both"])
def test_training_makes_all_directions_better(direction):
    nlp = make_pipeline(model={"direction": direction})
    lm, examples = nlp.get_pipe("rnn_lm"), make_examples(nlp, ENGLISH)
    docs = [example.predicted for example in examples]
    before = [brute_force_loss(lm, docs, [reverse]) for reverse in DIRECTIONS[direction]]
    train(nlp, drop=0.1)
    after = [brute_force_loss(lm, docs, [reverse]) for reverse in DIRECTIONS[direction]]
    assert all(2 * one < other for one, other in zip(after, before, strict=True))


@pytest.mark.parametrize("direction", ["backward", "both"])
def test_equal_seeds_give_equal_weights_and_other_seeds_others(direction):
    def make(seed):
        model = {"direction": direction, "subword_rows": 30, "depth": 2}
        nlp = make_pipeline(model=model, seed=seed)
        train(nlp, steps=4, drop=0.3, seed=seed)
        return weights_of(nlp.get_pipe("rnn_lm"))

    first, again, other = make(1), make(1), make(2)
    assert first.keys() == again.keys()
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)


# -- scores


def brute_force_scores(lm, docs, reverse):
    reference = Reference(lm, reverse=reverse)
    log_probs, hits, rows = [], [], []
    for doc in docs:
        words = words_of(doc)
        trace = read(lm, words, reverse)
        log_probs += trace.log_probs.tolist()
        rows += [reference.row(word) for word in words]
        targets = [reference.row(word) for word in words][:: -1 if reverse else 1]
        for target, distribution in zip([*targets, 1], trace.log_distributions, strict=True):
            # the unknown word is never predicted
            hits.append(1 + int(distribution[1:].argmax()) == target)
    perplexity = math.exp(-sum(log_probs) / len(log_probs))
    bits = -sum(log_probs) / math.log(2) / sum(len(doc.text) for doc in docs)
    return {
        "lm_perplexity": perplexity,
        "lm_prob": 1 / perplexity,
        "lm_acc": sum(hits) / len(hits),
        "lm_oov": rows.count(0) / len(rows),
        "lm_perplexity_open": None if 0 in rows else perplexity,
        "lm_bits_per_char": None if 0 in rows else bits,
    }


@pytest.mark.parametrize("texts", [KNOWN, TEXTS], ids=["known", "unknown"])
@pytest.mark.parametrize("direction", ["backward", "both"])
@pytest.mark.parametrize("kept", ["all", "hidden", "none"])
def test_scores_are_those_of_the_brute_force(direction, texts, kept, monkeypatch):
    nlp = make_pipeline(model={"direction": direction, "cutoffs": [6, 15]})
    train(nlp, steps=8)  # so that some predictions are right
    lm = nlp.get_pipe("rnn_lm")
    docs = [nlp.make_doc(text) for text in texts]
    expected = brute_force_scores(lm, docs, reverse=direction == "backward")
    assert 0 < expected["lm_acc"] < 1
    if direction == "both":
        backward = brute_force_scores(lm, docs, reverse=True)["lm_perplexity"]
        assert backward != pytest.approx(expected["lm_perplexity"], rel=1e-3)
        expected["lm_backward_perplexity"] = backward
    if kept == "hidden":
        # nothing that scoring could read from the Docs
        monkeypatch.setattr(lm, "annotations", ("hidden",))
    if kept == "none":
        scores = score_language_model([Example(doc, doc) for doc in docs], lm=lm)
    else:
        docs = list(nlp.pipe(docs))
        if kept == "all":  # the network needn't run again
            monkeypatch.setattr("spacy_rnn.pipeline.computing.predict_sequences", None)
        scores = score_language_model([Example(doc, doc) for doc in docs], lm=lm)
    assert scores.keys() == expected.keys()
    for name, value in expected.items():
        assert scores[name] == (None if value is None else pytest.approx(value, rel=1e-5)), name


@pytest.mark.parametrize("direction", ["backward", "both"])
def test_without_documents_all_scores_are_none(direction):
    nlp = make_pipeline(model={"direction": direction})
    scores = score_language_model([], lm=nlp.get_pipe("rnn_lm"))
    assert ("lm_backward_perplexity" in scores) == (direction == "both")
    assert set(scores.values()) == {None}


@pytest.mark.parametrize("annotated", [True, False])
def test_windows_are_scored_as_their_document_read_from_the_right(annotated):
    nlp = make_random(model={"direction": "both", "subword_rows": 50})
    lm = nlp.get_pipe("rnn_lm")
    words, windows = windows_of(nlp, 5)
    if annotated:
        windows = list(nlp.pipe(windows))
    scores = score_language_model([Example(window, window) for window in windows], lm=lm)
    for name, reverse in (("lm_perplexity", False), ("lm_backward_perplexity", True)):
        log_probs = window_log_probs(lm, words, 5, reverse)
        assert scores[name] == pytest.approx(math.exp(-np.mean(log_probs)), rel=1e-5)
