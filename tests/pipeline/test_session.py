"""A session says what a Doc of all its tokens says."""

import math

import numpy as np
import pytest
import spacy
import torch
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from spacy_rnn.network.clusters import ClusterSoftmax
from spacy_rnn.network.recurrent import RecurrentStack
from spacy_rnn.network.softmax import FullSoftmax
from spacy_rnn.network.state_softmax import StateSoftmax

from ..helpers import CHINESE, make_trained

SPELLER_WIDTH = 8
PIECES = [["the", "baker"], [], ["paints"], ["zeppelin", "two"], ["doors"]]


@pytest.fixture(scope="module")
def typist():
    """A Chinese pipeline with a speller and words that were added after its training."""
    shape = {"speller_width": SPELLER_WIDTH, "spelling": "context"}
    nlp = make_trained(CHINESE, lang="zh", model=shape)
    config = {
        "@tokenizers": "spacy-rnn.JiebaTokenizer.v1",
        "user_words": ["猫头鹰", "猫粮", ["看守", 5], ["追云", 0]],
    }
    nlp.tokenizer = spacy.registry.resolve({"tokenizer": config})["tokenizer"](nlp)
    lm = nlp.get_pipe("rnn_lm")
    lm.tokenizer = nlp.tokenizer
    return nlp


def distribution_of(lm, words):
    return dict(zip(*lm.next_distribution(Doc(lm.vocab, words=words)), strict=True))


def test_pieces_have_the_numbers_of_one_document(variant):
    lm = variant.get_pipe("rnn_lm")
    session = lm.session()
    for number, piece in enumerate(PIECES, 1):
        assert session.feed(piece) == piece
        words = [word for part in PIECES[:number] for word in part]
        assert session.words == words
        doc = variant(Doc(variant.vocab, words=words))
        assert_allclose(session.log_probs, doc._.rnn_lm.log_probs, atol=1e-5)
        assert session.end_log_prob == pytest.approx(doc._.rnn_lm.end_log_prob, abs=1e-5)
        expected = lm.predict_next(Doc(variant.vocab, words=words), k=6)
        found = session.next(k=6)
        assert [word for word, _ in found] == [word for word, _ in expected]
        assert_allclose([p for _, p in found], [p for _, p in expected], atol=1e-5)


def test_text_is_cut_by_itself_and_a_doc_is_taken_as_it_is(typist):
    lm = typist.get_pipe("rnn_lm")
    one, other = lm.session(), lm.session()
    assert one.feed("猫看着") + one.feed("雨。") == ["猫", "看着", "雨", "。"]
    other.feed(typist.make_doc("猫看着雨。"))
    assert_allclose(one.log_probs, other.log_probs, atol=1e-5)


def test_undo_goes_back_to_the_state_before(trained):
    lm = trained.get_pipe("rnn_lm")
    session = lm.session()
    session.feed(["the", "baker"])
    before, log_probs = session.next(), session.log_probs
    session.feed(["paints", "two"])
    assert session.next() != before
    assert session.undo() == ["paints", "two"]
    assert session.next() == before
    assert session.log_probs.tolist() == log_probs.tolist()
    session.undo()
    assert session.next() == lm.predict_next("")
    with pytest.raises(ValueError, match="R832"):
        session.undo()


def test_only_the_last_thousand_feeds_can_be_taken_back(trained, monkeypatch):
    monkeypatch.setattr("spacy_rnn.pipeline.session._KEPT", 3)
    lm = trained.get_pipe("rnn_lm")
    session = lm.session()
    words = ["the", "baker", "paints", "two", "doors"]
    for word in words:
        session.feed([word])
    assert session.words == words
    expected = trained(Doc(trained.vocab, words=words))._.rnn_lm.log_probs
    assert_allclose(session.log_probs, expected, atol=1e-5)
    assert [session.undo(), session.undo()] == [["doors"], ["two"]]
    with pytest.raises(ValueError, match="R832"):
        session.undo()
    assert session.words == words[:3]


def test_a_copy_goes_its_own_way(trained):
    session = trained.get_pipe("rnn_lm").session()
    session.feed(["the"])
    other = session.copy()
    before = session.next()
    other.feed(["baker"])
    assert (session.words, other.words) == (["the"], ["the", "baker"])
    assert session.next() == before != other.next()


@pytest.mark.parametrize("prefix", ["t", "b", "tw", "the", "x", "", "TH"])
def test_words_with_a_prefix_have_their_share_of_the_distribution(variant, prefix):
    lm = variant.get_pipe("rnn_lm")
    session = lm.session()
    session.feed(["the", "zeppelin"])
    distribution = distribution_of(lm, ["the", "zeppelin"])
    known = {word: p for word, p in distribution.items() if word not in ("<unk>", "</s>")}
    matching = {word: p for word, p in known.items() if word.startswith(prefix)}
    if not prefix:
        matching["</s>"] = distribution["</s>"]
    total = sum(matching.values()) if prefix else 1.0
    expected = sorted(matching.items(), key=lambda pair: -pair[1])[:4]
    found = session.next(prefix, k=4)
    assert [word for word, _ in found] == [word for word, _ in expected]
    assert_allclose([p for _, p in found], [p / total for _, p in expected], rtol=1e-4)


def test_user_words_have_the_probability_of_their_spelling(typist):
    lm = typist.get_pipe("rnn_lm")
    session = lm.session()
    session.feed("狗看着")
    found = dict(session.next("猫", k=10))
    candidates = [Doc(typist.vocab, words=[word]) for word in ("猫", "猫头鹰", "猫粮")]
    scored = lm.score_continuation(Doc(typist.vocab, words=session.words), candidates)
    weights = {made.text.strip(): math.exp(made.log_prob) for made in scored}
    total = sum(weights.values())
    expected = {word: p / total for word, p in weights.items()}
    assert found == pytest.approx(expected, rel=1e-3, abs=0)


def test_a_user_word_of_frequency_zero_is_none(typist):
    assert "追云" not in dict(typist.get_pipe("rnn_lm").session().next("追", k=10))


def test_without_a_speller_user_words_have_no_probability(chinese):
    lm = chinese.get_pipe("rnn_lm")
    assert set(dict(lm.session().next("猫", k=10))) == {"猫"}


def test_new_weights_spell_anew(typist):
    lm = typist.get_pipe("rnn_lm")
    before = dict(lm.session().next("猫", k=10))
    embedding = lm.shim.network.speller.embedding
    with torch.no_grad():
        embedding.mul_(0.5)
    try:
        after = dict(lm.session().next("猫", k=10))
        assert after.keys() == before.keys()
        assert after != pytest.approx(before, rel=1e-3, abs=0)
    finally:
        with torch.no_grad():
            embedding.mul_(2.0)


def test_a_session_writes_on_as_a_prompt_does(trained):
    lm = trained.get_pipe("rnn_lm")
    session = lm.session()
    session.feed("the baker ")
    session.feed("paints")
    written = "".join(session.stream(seed=3, top_k=5))
    assert "the baker paints" + written == lm.generate("the baker paints", seed=3, top_k=5)
    assert session.words == ["the", "baker", "paints"]


def test_a_model_that_reads_from_the_right_has_no_session(trained):
    nlp = make_trained(model={"direction": "backward"})
    with pytest.raises(ValueError, match="R324"):
        nlp.get_pipe("rnn_lm").session()


def test_white_space_that_is_skipped_has_no_number():
    nlp = make_trained(model={"white_space": "skip"})
    session = nlp.get_pipe("rnn_lm").session()
    session.feed("the  baker")
    session.feed("   ")
    doc = nlp("the  baker")
    read = doc._.rnn_lm.log_probs[np.array([not token.is_space for token in doc])]
    assert_allclose(session.log_probs, read, atol=1e-5)


def test_norms_of_what_was_fed_are_penalised_as_in_a_prompt():
    nlp = make_trained(
        ["do not paint", "do n't paint", "not two doors"], lang="en", model={"attr": "NORM"}
    )
    lm = nlp.get_pipe("rnn_lm")
    session = lm.session()
    session.feed("I don't")
    options = {"repetition_penalty": 50.0, "max_tokens": 3}
    for seed in range(20):
        expected = lm.generate("I don't", seed=seed, **options)
        assert "I don't" + "".join(session.stream(seed=seed, **options)) == expected


def test_a_feed_keeps_no_more_than_its_last_state(trained):
    session = trained.get_pipe("rnn_lm").session()
    session.feed(["the", "baker"] * 500)
    (state,) = states_of(session)[1:]
    assert state.state.h.untyped_storage().nbytes() == 4 * 12


def states_of(session):
    return [fed.read for fed in session._fed]


def test_only_the_last_states_keep_their_softmax(trained):
    session = trained.get_pipe("rnn_lm").session()
    for number in range(60):
        session.feed(["the" if number % 2 else "baker"])
        session.next("t")
        session.complete("paints tw")
    kept = [bool(state._softmax._parts or state.after) for state in states_of(session)]
    assert kept[-1]
    assert sum(kept) <= 8
    before = session.next("t")
    for _ in range(30):
        session.undo()
    again = session.copy()
    for number in range(30, 60):
        again.feed(["the" if number % 2 else "baker"])
    assert dict(again.next("t")) == pytest.approx(dict(before), abs=1e-6)


@pytest.fixture
def products(monkeypatch):
    """Counts the clusters and whole softmaxes that are multiplied, and the steps of words."""
    made = {"clusters": 0, "whole": 0, "steps": 0}

    def count(owner, method, name):
        original = getattr(owner, method)

        def spy(self, *args):
            made[name] += getattr(self, "width", 0) != SPELLER_WIDTH
            return original(self, *args)

        monkeypatch.setattr(owner, method, spy)

    count(StateSoftmax, "_compute", "clusters")
    count(ClusterSoftmax, "log_distribution", "whole")
    count(FullSoftmax, "log_distribution", "whole")
    count(RecurrentStack, "read", "steps")
    return made


def test_further_letters_and_letters_taken_back_multiply_nothing(typist, products):
    lm = typist.get_pipe("rnn_lm")
    session = lm.session()
    session.feed("狗看着")
    first = session.next("猫", k=10)
    lm.complete("狗看着猫", k=10)  # the user words are spelled once, too
    done = dict(products)
    longer = session.next("猫头", k=10)
    assert session.next("猫", k=10) == first
    assert products == done
    share = dict(first)
    assert dict(longer) == pytest.approx({"猫头鹰": 1.0})
    assert share["猫头鹰"] < 1.0


def test_a_completion_reads_only_tokens_that_are_new(typist, products):
    session = typist.get_pipe("rnn_lm").session()
    session.feed("狗")
    first = session.complete("看着猫", k=8)
    steps = products["steps"]
    second = session.complete("看着雨", k=8)
    assert products["steps"] == steps + 1  # 看着 was read before
    assert session.complete("看着猫", k=8) == first
    session.feed("看着")
    session.feed("雨")
    assert products["steps"] == steps + 1
    other = typist.get_pipe("rnn_lm").session()
    other.feed("狗")
    assert [made.word for made in other.complete("看着雨", k=8)] == [made.word for made in second]


def test_next_words_are_the_same_before_and_after_letters(lm):
    session = lm.session()
    session.feed(["the", "zeppelin"])
    before = session.next(k=6)
    session.next("t")
    assert [word for word, _ in session.next(k=6)] == [word for word, _ in before]
    assert_allclose([p for _, p in session.next(k=6)], [p for _, p in before], atol=1e-6)
    with pytest.raises(ValueError, match="R308"):
        session.next(k=10_000)


def test_user_words_of_one_form_are_one_word():
    nlp = make_trained(CHINESE, lang="zh", model={"speller_width": 8, "attr": "LOWER"})
    lm = nlp.get_pipe("rnn_lm")
    config = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "user_words": ["Abc", "abc", "ABd"]}
    lm.tokenizer = spacy.registry.resolve({"tokenizer": config})["tokenizer"](nlp)
    assert {word for word, _ in lm.session().next("a")} == {"Abc", "ABd"}


@pytest.mark.parametrize("text", [b"ab", [1], ["a", None], 3])
def test_what_is_no_text_is_an_error(trained, text):
    with pytest.raises(TypeError, match="R316"):
        trained.get_pipe("rnn_lm").session().feed(text)


def test_a_misspelt_option_is_an_error_beside_transforms(trained):
    with pytest.raises(TypeError, match="topk"):
        trained.get_pipe("rnn_lm").session().stream(transforms=[], topk=3)
