"""The hidden Markov model finds the words that `jieba.finalseg` finds."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.tokenizers.hmm import recognize

from .jieba_oracle import finalseg

# Each has two paths of exactly the same probability: to a word's beginning, middle and end, to
# a word of one character, and at the end of the run.
TIES = ["饳国揣饳", "地乄龘饳", "饳国饳", "公乄龘", "癞龘"]

# Frequent and rare characters, some that the model never saw, and what else is in a block.
CHARACTERS = "的一是我人大小来这国年工地生龘饳揣乄癞龘鿕a1Z9.%+#&-_"


@given(st.text(st.sampled_from(CHARACTERS), min_size=1, max_size=30))
def test_same_words_as_finalseg(run):
    assert recognize(run) == list(finalseg.cut(run))


@pytest.mark.parametrize("run", TIES)
def test_equal_paths_are_chosen_as_by_finalseg(run):
    assert recognize(run) == list(finalseg.cut(run))


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD5), min_size=1))
def test_same_words_as_finalseg_for_any_characters(run):
    assert recognize(run) == list(finalseg.cut(run))


def test_time_grows_with_the_length_not_its_square():
    run = "的" * 100_000
    start = time.process_time()
    words = recognize(run)
    # finalseg copies its paths at every character: minutes for this run.
    assert time.process_time() - start < 10
    assert "".join(words) == run


def test_words_removed_from_jieba_elsewhere_change_nothing(monkeypatch):
    before = recognize("杭研")
    monkeypatch.setattr(finalseg, "Force_Split_Words", {"杭研"})
    assert recognize("杭研") == before == ["杭研"]
