"""What a session keeps of the states that it went through, and for how long."""

import gc
from weakref import ref

import numpy as np
import pytest
import spacy

from spacy_rnn.layers.read_states import _RECENT
from spacy_rnn.pipeline import typed_words

from ..helpers import CHINESE, make_trained


@pytest.fixture
def collected_by_hand():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def type_in(session):
    session.feed(["the"])
    session.next("b")
    session.complete("baker pai", k=4)
    session.feed(["baker", "paints", "two"])
    session.undo()
    session.complete("baker", k=4)
    return session.feeds[-1].read


@pytest.mark.usefixtures("collected_by_hand")
def test_a_session_that_is_dropped_is_freed_at_once(trained):
    session = trained.get_pipe("rnn_lm").session()
    state = ref(type_in(session))
    softmax, beginning = ref(state().softmax), ref(session.feeds[0].read)
    after = [ref(step.state) for step in state().after.values()]
    assert after
    other = session.copy()
    del session
    assert state() is not None
    del other
    assert [made() for made in (state, softmax, beginning, *after)] == [None] * (3 + len(after))


@pytest.mark.usefixtures("collected_by_hand")
def test_words_that_were_tried_behind_a_state_are_not_kept_for_ever(trained):
    session = trained.get_pipe("rnn_lm").session()
    session.feed(["the"])
    states = []
    for number in range(100):
        session.feed([f"w{number}"])
        states.append(ref(session.feeds[-1].read))
        session.undo()
    alive = [number for number, state in enumerate(states) if state() is not None]
    assert 1 < len(alive) <= _RECENT
    assert alive == list(range(100))[-len(alive) :]
    assert len(session.feeds[-1].read.after) == len(alive)


def test_states_that_are_only_asked_keep_a_bounded_number_of_softmaxes(trained):
    session = trained.get_pipe("rnn_lm").session()
    copies = []
    for number in range(60):
        session.feed(["the" if number % 2 else "baker"])
        copies.append(session.copy())
    for copy in copies:
        assert copy.next("t") and copy.end_log_prob < 0
    kept = [fed.read for fed in session.feeds if fed.read._softmax._parts]
    assert 0 < len(kept) <= _RECENT
    session.feeds[-1].read.forget_recent()
    assert not any(fed.read._softmax._parts or fed.read.after for fed in session.feeds)


class Forgetful(dict):
    """Another thread empties it whenever it was looked into."""

    def __contains__(self, key):
        found = super().__contains__(key)
        self.clear()
        return found

    def get(self, key, default=None):
        found = super().get(key, default)
        self.clear()
        return found


def test_a_copy_in_another_thread_may_forget_what_is_read(trained):
    session = trained.get_pipe("rnn_lm").session()
    session.feed(["the"])
    expected = session.log_probs.tolist()
    session.undo()
    state = session.feeds[-1].read
    assert state.after
    state.after = Forgetful(state.after)
    session.feed(["the"])
    assert session.log_probs.tolist() == pytest.approx(expected, abs=1e-6)


@pytest.fixture(scope="module")
def typist():
    nlp = make_trained(CHINESE, lang="zh", model={"speller_width": 8, "spelling": "context"})
    return nlp.get_pipe("rnn_lm"), nlp


def give_words(typist, words):
    lm, nlp = typist
    config = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "user_words": words}
    lm.tokenizer = spacy.registry.resolve({"tokenizer": config})["tokenizer"](nlp)
    return lm


def test_user_words_are_spelled_once_after_a_state(typist, monkeypatch):
    lm = give_words(typist, ["猫头鹰", "猫粮", "看守"])
    spelled = []
    original = typed_words.spelling_log_probs

    def spy(speller, words, *before):
        result = original(speller, words, *before)
        spelled.append(len(result))
        return result

    monkeypatch.setattr(typed_words, "spelling_log_probs", spy)
    session = lm.session()
    session.feed("狗看着")
    first = session.next("猫", k=10)
    assert spelled == [2]  # of those that begin so only
    completed = session.complete(k=10)
    assert spelled == [2, 1]
    assert session.complete(k=10) == completed
    assert dict(session.next("猫", k=10)) == pytest.approx(dict(first), rel=1e-5)
    assert spelled == [2, 1]
    session.feeds[-1].read.forget()
    again = session.next("猫", k=10)
    assert spelled == [2, 1, 2]
    assert dict(again) == pytest.approx(dict(first), abs=1e-6)


def test_other_user_words_are_spelled_anew(typist):
    lm = give_words(typist, ["猫头鹰", "猫粮", "看守"])
    session = lm.session()
    session.feed("狗看着")
    session.complete(k=10)
    give_words(typist, ["猫熊", "猫头鹰", "看守"])
    found = session.complete(k=30)
    fresh = lm.session()
    fresh.feed("狗看着")
    expected = {made.word: made.probability for made in fresh.complete(k=30)}
    assert "猫熊" in expected and "猫粮" not in expected
    assert {made.word: made.probability for made in found} == pytest.approx(expected, abs=1e-7)
    assert np.isfinite(list(expected.values())).all()
