"""Warnings where the text that is scored isn't one that the model was made for."""

import warnings

import numpy as np
import pytest

from spacy_rnn.pipeline.scored_words import ScoredWords
from spacy_rnn.scoring.batch_scorer import BatchScorer
from spacy_rnn.vocabulary import Vocabulary

from ..helpers import ENGLISH, make_examples, make_pipeline, make_trained

MANY = [text for text in ENGLISH for _ in range(3)]  # over a thousand tokens
GLUED = [text.replace(" ", "_") + " a" for text in MANY] * 3


def codes(caught):
    return [str(warning.message)[1:5] for warning in caught]


@pytest.fixture
def nlp():
    return make_pipeline()


@pytest.fixture(params=["count", "score", "BatchScorer"])
def scores(request, nlp, tmp_path):
    """Every way that adds numbers up."""
    lm = nlp.get_pipe("rnn_lm")
    if request.param == "count":
        return lambda texts: lm.count([nlp.make_doc(text) for text in texts])
    if request.param == "score":
        return lambda texts: lm.score(make_examples(nlp, texts))
    nlp.to_disk(tmp_path / "model")
    scorer = BatchScorer(tmp_path / "model")
    return lambda texts: scorer({"text": list(texts)})


def test_text_of_other_words_is_noticed_once(scores):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scores(MANY)
        assert codes(caught) == []
        for _ in range(3):
            scores(GLUED)
    assert codes(caught) == ["W338"]


def test_text_with_cut_signs_of_missing_words_is_noticed_once(scores):
    texts = [f"the <unk> cat {text}" for text in ENGLISH]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scores(texts)
        scores(texts)
    assert codes(caught) == ["W339"]


def seen(vocabulary, words):
    tally = ScoredWords(vocabulary)
    keys = np.array([make_key(word) for word in words], dtype=np.uint64)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for part in np.array_split(keys, 7):
            tally.see(part, "rnn_lm")
    return codes(caught)


def make_key(word):
    return make_pipeline.nlp.vocab.strings.add(word)


make_pipeline.nlp = make_pipeline(["a"], top_k=1)


def test_the_share_of_the_training_text_counts():
    """A text half of whose words are unknown is usual where a third were in training."""
    words = ["a", "z"] * 600
    assert seen(Vocabulary([("a", 900), ("<unk>", 100)]), words) == ["W338"]
    assert seen(Vocabulary([("a", 600), ("<unk>", 300)]), words) == []
    # in a vocabulary of all words, those that occurred once tell it
    once = [(f"w{number}", 1) for number in range(300)]
    assert seen(Vocabulary([("a", 600), *once]), words) == []
    # a list of words without counts says nothing
    assert seen(Vocabulary([("a", 0), ("b", 0)]), ["a"] * 1200) == []


def test_few_words_say_nothing():
    vocabulary = Vocabulary([("a", 900)])
    assert seen(vocabulary, ["z"] * 999) == []
    assert seen(vocabulary, ["z"] * 1001) == ["W338"]
    assert seen(vocabulary, ["a"] * 9 + ["z"]) == []


def test_a_mention_of_the_sign_is_no_cut_text():
    vocabulary = Vocabulary([("a", 9), ("<", 3), (">", 3)])
    cut = ["<", "unk", ">"]
    assert seen(vocabulary, [*cut, *["a"] * 900] * 4) == []
    assert seen(vocabulary, [*cut, *["a"] * 50] * 4) == ["W339"]
    assert seen(vocabulary, ["<", ">", "unk", "a"] * 40) == []
    # a model of such text knows it
    assert seen(Vocabulary([("a", 9), ("unk", 3)]), [*cut, "a"] * 40) == []


def test_a_shared_pipeline_is_not_warned_of(trained):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_trained().get_pipe("rnn_lm").score(make_examples(trained, MANY))
