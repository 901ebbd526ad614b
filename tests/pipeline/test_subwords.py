"""A component that reads the spelling of words, known and unknown."""

import math
import pickle

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from spacy_rnn.corpus.windows import split_document

from ..helpers import ENGLISH, make_pipeline, make_random, make_trained, train, weights_of
from .reference import Reference, run_on, words_of

MODELS = {
    "lstm-deep-clusters": {"depth": 2, "cutoffs": [6, 15]},
    "gru-untied": {"cell": "gru", "tied": False, "embedding_width": 7},
    "rnn": {"cell": "rnn"},
    "ngrams": {"ngram_rows": 40},
    "ngrams-alone": {"subword_rows": 0, "ngram_rows": 30, "ngram_min": 1, "ngram_max": 2},
}
TEXTS = [ENGLISH[5], "", "the baker paints a zeppelin .", "zeppelin airships airship", " "]


@pytest.fixture(scope="module", params=list(MODELS))
def spelled(request):
    return make_random(model={"subword_rows": 50, **MODELS[request.param]})


def make_doc(nlp, words):
    return nlp(Doc(nlp.vocab, words=words))


@pytest.mark.parametrize("text", TEXTS)
def test_every_annotation_is_that_of_the_plain_recurrence(spelled, text):
    reference, doc = Reference(spelled.get_pipe("rnn_lm")), spelled(text)
    trace = reference.read(words_of(doc))
    output = doc._.rnn_lm
    assert_allclose(output.hidden, trace.hidden[1:], atol=1e-5)
    assert_allclose(output.log_probs, trace.log_probs[:-1], atol=1e-5)
    assert output.end_log_prob == pytest.approx(trace.log_probs[-1], abs=1e-5)
    assert_allclose(output.final_state["h"], trace.h, atol=1e-5)
    for listed, distribution in zip(output.next, trace.log_distributions[1:], strict=True):
        assert [word for word, _ in listed] == reference.top(distribution, 5)


def test_a_literal_boundary_is_a_word_and_a_literal_unknown_symbol_has_no_spelling(spelled):
    reference = Reference(spelled.get_pipe("rnn_lm"))
    words = ["the", "</s>", "baker", "<unk>", "zeppelin"]
    trace = reference.read(words)
    output = make_doc(spelled, words)._.rnn_lm
    assert_allclose(output.hidden, trace.hidden[1:], atol=1e-5)
    assert_allclose(output.log_probs, trace.log_probs[:-1], atol=1e-5)
    # what is predicted of them is the unknown row, however they are spelled
    for place in (1, 3, 4):
        expected = trace.log_distributions[place][0]
        assert output.log_probs[place] == pytest.approx(expected, abs=1e-5)


def test_numbers_do_not_depend_on_the_batch(spelled):
    texts = ["", *TEXTS, *ENGLISH[:7], "zeppelins and other airships", ""]
    for text, doc in zip(texts, spelled.pipe(texts, batch_size=100), strict=True):
        alone = spelled(text)._.rnn_lm
        assert_allclose(doc._.rnn_lm.hidden, alone.hidden, atol=1e-5)
        assert_allclose(doc._.rnn_lm.log_probs, alone.log_probs, atol=1e-5)
        assert np.array_equal(doc._.rnn_lm.next_words.index, alone.next_words.index)


def test_unknown_words_are_told_apart_after_training():
    texts = ["the zeppelin paints .", "the airship paints ."]
    blind = [nlp_doc._.rnn_lm.hidden for nlp_doc in make_trained().pipe(texts)]
    assert np.array_equal(*blind)
    nlp = make_pipeline(model={"subword_rows": 50})
    one, other = (doc._.rnn_lm.hidden for doc in nlp.pipe(texts))
    assert np.array_equal(one, other)  # the table starts with zeros
    train(nlp)
    one, other = (doc._.rnn_lm.hidden for doc in nlp.pipe(texts))
    assert_allclose(one[0], other[0], atol=1e-6)
    assert np.abs(one[1:] - other[1:]).max(axis=1).min() > 1e-3


@pytest.mark.slow
def test_unknown_words_are_predicted_from_their_spelling():
    """Only the ending of an unknown word tells what follows."""
    stems = [a + b + c for a in "bdfg" for b in "aeio" for c in "klmn"]
    texts = [
        f"{stem}{end} {'x' if end == 'ing' else 'y'}" for stem in stems for end in ("ing", "ed")
    ]
    unseen = [(f"{stem}{end}", end) for stem in ("puzz", "wort", "jasp") for end in ("ing", "ed")]
    right = {}
    for rows in (0, 200):
        nlp = make_pipeline(texts, model={"subword_rows": rows}, top_k=1)
        train(nlp, texts, steps=40, rate=0.05, drop=0.1)
        lm = nlp.get_pipe("rnn_lm")
        guesses = [(lm.predict_next(word, k=1)[0][0], end) for word, end in unseen]
        right[rows] = sum(guess == ("x" if end == "ing" else "y") for guess, end in guesses)
    assert right[200] == len(unseen) > right[0]


@pytest.mark.parametrize("attr", ["LOWER", "NORM"])
def test_the_spelling_is_that_of_the_form_which_is_modelled(attr):
    nlp = make_random(model={"subword_rows": 50, "ngram_rows": 30, "attr": attr})
    reference = Reference(nlp.get_pipe("rnn_lm"))
    for words in (["THE", "Baker", "Paints", "ZEPPELIN"], ["the", "baker", "paints", "zeppelin"]):
        trace = reference.read([word.lower() for word in words])
        assert_allclose(make_doc(nlp, words)._.rnn_lm.hidden, trace.hidden[1:], atol=1e-5)
    if attr == "NORM":
        doc = Doc(nlp.vocab, words=["the", "zeppelin"])
        doc[1].norm_ = "airship"
        trace = reference.read(["the", "airship"])
        assert_allclose(nlp(doc)._.rnn_lm.hidden, trace.hidden[1:], atol=1e-5)


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_windows_start_from_the_spelling_of_the_token_beside_them(direction):
    reverse = direction == "backward"
    spelling = {"subword_rows": 50, "ngram_rows": 30}
    nlp = make_random(model={**spelling, "direction": direction, "attr": "NORM"})
    doc = Doc(nlp.vocab, words=["the", "Zeppelin", "Paints", "airships"])
    for token in doc:
        token.norm_ = token.text[::-1].lower()
    forms = [token.norm_ for token in doc]
    reference = Reference(nlp.get_pipe("rnn_lm"), reverse=reverse)
    first, second = (window for window in split_document(doc, 2))
    parts = [(first, forms[:2], None, forms[2]), (second, forms[2:], forms[1], None)]
    for window, words, previous, following in parts:
        order = slice(None, None, -1) if reverse else slice(None)
        trace = reference.read(words[order], start=following if reverse else previous)
        found = nlp(window)._.rnn_lm.hidden
        assert_allclose(found[order], trace.hidden[1:], atol=1e-5)


# -- writing


@pytest.mark.parametrize("text", TEXTS)
def test_what_follows_a_prompt_is_what_follows_in_a_document(spelled, text):
    lm, doc = spelled.get_pipe("rnn_lm"), spelled(text)
    distribution = Reference(lm).read(words_of(doc)).log_distributions[-1]
    words, probabilities = lm.next_distribution(text)
    assert_allclose(probabilities, np.exp(distribution), atol=1e-5)
    assert probabilities.sum(dtype=float) == pytest.approx(1, abs=1e-5)
    predicted = lm.predict_next(text)
    assert predicted == [(w, pytest.approx(probabilities[words.index(w)])) for w, _ in predicted]
    for token, prompt in zip(doc, (doc[: token.i + 1] for token in doc), strict=True):
        listed = lm.predict_next(Doc(spelled.vocab, words=[word.text for word in prompt]))
        assert [word for word, _ in token._.rnn_next] == [word for word, _ in listed]


@pytest.mark.parametrize("loaded", ["made", "disk", "bytes", "pickle"])
def test_words_that_are_written_are_read_with_their_spelling(spelled, loaded, tmp_path):
    spelled.get_pipe("rnn_lm").generate("the")
    nlp = spelled
    if loaded == "disk":
        spelled.to_disk(tmp_path)
        nlp = spacy.load(tmp_path)
    elif loaded == "bytes":
        nlp = spacy.util.load_model_from_config(spelled.config).from_bytes(spelled.to_bytes())
    elif loaded == "pickle":
        nlp = pickle.loads(pickle.dumps(spelled))
    lm = nlp.get_pipe("rnn_lm")
    reference = Reference(spelled.get_pipe("rnn_lm"))
    for words in (["the"], ["zeppelin"], ["airship", "paints"]):
        expected = run_on(reference, words, 12)
        written = lm.generate(" ".join(words), max_tokens=12, temperature=0)
        assert written.replace(" ", "") == "".join(expected)
        again = spelled.get_pipe("rnn_lm").generate(" ".join(words), seed=5)
        assert lm.generate(" ".join(words), seed=5) == again


def test_another_vocabulary_brings_the_spelling_of_its_words():
    nlp = make_pipeline(model={"subword_rows": 50})
    lm = nlp.get_pipe("rnn_lm")
    lm.generate("the")
    texts = [" ".join(f"{c}{d}ing" for c in "abcde") for d in "xyz"]
    examples = [spacy.training.Example(d, d) for d in map(nlp.make_doc, texts)]
    nlp.initialize(lambda: examples)
    lm.shim.network.subwords.weight.data[1:].normal_(0, 2.0)
    expected = run_on(Reference(lm), ["axing"], 8)
    assert lm.generate("axing", max_tokens=8, temperature=0) == " ".join(expected)


# -- saving, training


def test_a_pipeline_predicts_the_same_bits_when_loaded(spelled, tmp_path):
    spelled.to_disk(tmp_path)
    from_bytes = spacy.util.load_model_from_config(spelled.config).from_bytes(spelled.to_bytes())
    for loaded in (spacy.load(tmp_path), from_bytes, pickle.loads(pickle.dumps(spelled))):
        for text in TEXTS:
            one, other = spelled(text)._.rnn_lm, loaded(text)._.rnn_lm
            assert np.array_equal(one.hidden, other.hidden)
            assert np.array_equal(one.log_probs, other.log_probs)
            assert one.end_log_prob == other.end_log_prob and one.next == other.next


def test_equal_seeds_give_equal_weights_and_other_seeds_others():
    def make(seed):
        nlp = make_pipeline(model={"subword_rows": 30, "ngram_rows": 20}, seed=seed)
        train(nlp, steps=4, drop=0.3, seed=seed)
        return weights_of(nlp.get_pipe("rnn_lm"))

    first, again, other = make(1), make(1), make(2)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)


def test_perplexity_counts_an_unknown_word_as_the_unknown_row(spelled):
    reference, doc = Reference(spelled.get_pipe("rnn_lm")), spelled(TEXTS[2])
    log_probs = reference.read(words_of(doc)).log_probs
    assert doc._.rnn_perplexity == pytest.approx(math.exp(-log_probs.mean()), rel=1e-4)
