"""Completions are those of a sum over all borders and all words, made with other calls."""

import math

import pytest
import torch
from spacy.tokens import Doc

from ..helpers import make_trained
from .test_session import typist  # noqa: F401  (a fixture)


def brute_force(lm, doc, extra=(), accept=lambda word: True):
    """(word, start) → probability: all borders of the last four tokens, all words."""
    words = [word for word in lm.vocabulary.words if word not in ("<unk>", "</s>")] + [*extra]
    tokens = [token.text for token in doc]
    starts = [token.idx for token in doc] + [len(doc.text)]
    weights = {}
    first = max(0, len(tokens) - 4)
    start = Doc(lm.vocab, words=tokens[:first])
    for place in range(first, len(tokens) + 1):
        (before,) = lm.score_continuation(start, [Doc(lm.vocab, words=tokens[first:place])])
        prompt = Doc(lm.vocab, words=tokens[:place])
        beginning = doc.text[starts[place] :]
        fitting = [
            word
            for word in words
            if word.startswith(beginning) and len(word) > len(beginning) and accept(word)
        ]
        scored = lm.score_continuation(prompt, [Doc(lm.vocab, words=[word]) for word in fitting])
        for word, made in zip(fitting, scored, strict=True):
            weights[word, starts[place]] = math.exp(before.log_prob + made.log_prob)
    total = sum(weights.values())
    return {key: weight / total for key, weight in weights.items()}


def check(found, expected, k):
    assert {(made.word, made.start): made.probability for made in found} == pytest.approx(
        dict(sorted(expected.items(), key=lambda pair: -pair[1])[:k]), rel=1e-3
    )
    probabilities = [made.probability for made in found]
    assert probabilities == sorted(probabilities, reverse=True)


@pytest.mark.parametrize("text", ["猫看", "猫看着雨。猫", "追", "", "狗追猫看着雨。鸟"])
def test_completions_are_those_of_all_borders_and_words(typist, text):  # noqa: F811
    lm = typist.get_pipe("rnn_lm")
    doc = typist.make_doc(text)
    expected = brute_force(lm, doc, ["猫头鹰", "猫粮", "看守"])
    assert sum(expected.values()) == pytest.approx(1)
    check(lm.complete(text, k=8), expected, 8)


@pytest.mark.parametrize("text", ["the bak", "the baker ", "the baker paints t", "p", "a  t"])
def test_english_is_completed_behind_the_last_space(variant, text):
    lm = variant.get_pipe("rnn_lm")
    found = lm.complete(text, k=6)
    check(found, brute_force(lm, variant.make_doc(text)), 6)
    for made in found:
        completed = text + made.rest
        assert completed.endswith(made.word)
        assert completed[: made.start].strip() == text[: made.start].strip()


def test_what_is_to_be_typed_makes_the_word(lm):
    found = lm.complete("the bak", k=4)
    assert all(("the bak" + made.rest)[made.start :].strip() == made.word for made in found)
    assert ("baker", 4, "er") in {(made.word, made.start, made.rest) for made in found}


def test_all_probabilities_of_all_words_sum_to_one(chinese):
    lm = chinese.get_pipe("rnn_lm")
    found = lm.complete("猫看", k=10_000)
    assert sum(made.probability for made in found) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["猫看", "猫"])
def test_accept_leaves_words_out_and_normalises_over_the_others(typist, text):  # noqa: F811
    lm = typist.get_pipe("rnn_lm")

    def accept(word):
        return word in {"看着", "雨", "看守", "云"}

    doc = typist.make_doc(text)
    expected = brute_force(lm, doc, ["猫头鹰", "猫粮", "看守"], accept)
    check(lm.complete(text, k=5, accept=accept), expected, 5)


def test_nothing_accepted_is_nothing(chinese):
    lm = chinese.get_pipe("rnn_lm")
    assert lm.complete("猫", accept=lambda word: False) == []
    with pytest.raises(TypeError, match="R833"):
        lm.complete("猫", accept="看着")


def test_what_was_fed_before_is_not_cut_again(typist):  # noqa: F811
    lm = typist.get_pipe("rnn_lm")
    session = lm.session()
    session.feed("猫看着")
    found = session.complete("雨", k=5)
    expected = brute_force_after(lm, session.words, typist.make_doc("雨"))
    check(found, expected, 5)


def test_a_long_text_that_was_not_fed_is_read_at_once(typist):  # noqa: F811
    lm = typist.get_pipe("rnn_lm")
    text = "猫看着雨。狗追云" * 6
    expected = lm.complete(text, k=8)
    found = lm.session().complete(text, k=8)
    assert [made[:3] for made in found] == [made[:3] for made in expected]
    for made, other in zip(found, expected, strict=True):
        assert made.probability == pytest.approx(other.probability, rel=1e-3)


def brute_force_after(lm, fed, doc):
    words = [*fed, *(token.text for token in doc)]
    whole = brute_force(lm, Doc(lm.vocab, words=words, spaces=[False] * len(words)), USER)
    offset = len("".join(fed))
    kept = {(word, start - offset): p for (word, start), p in whole.items() if start >= offset}
    total = sum(kept.values())
    return {key: p / total for key, p in kept.items()}


USER = ["猫头鹰", "猫粮", "看守"]


def test_lower_case_models_complete_what_is_typed_in_capitals():
    nlp = make_trained(model={"attr": "LOWER"})
    (made, *_) = nlp.get_pipe("rnn_lm").complete("The BAK", k=1)
    assert (made.word, made.rest, made.start) == ("baker", "er", 4)


@pytest.mark.parametrize("bias", [6.0, 45.0])
def test_probabilities_stay_exact_where_the_text_is_nearly_sure_to_end(bias):
    lm = make_trained().get_pipe("rnn_lm")
    with torch.no_grad():
        lm.network.softmax.bias[1] += bias
    found = lm.complete("the baker", k=4)
    expected = lm.complete("the baker", k=4, accept=lambda word: True)
    assert [made.word for made in found] == [made.word for made in expected]
    for made, other in zip(found, expected, strict=True):
        assert made.probability == pytest.approx(other.probability, rel=1e-3)


def test_spaces_are_those_of_the_whole_text(lm):
    session = lm.session()
    session.feed("the baker")
    assert [made.rest for made in session.complete(k=6)] == [
        made.rest for made in lm.complete("the baker", k=6)
    ]
    assert any(made.rest.startswith(" ") for made in session.complete(k=6))
