"""User words are never cut out of longer Latin words, and their number doesn't matter."""

import json
import pickle
import re
from functools import cache

import jieba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.vocab import Vocab

from spacy_rnn.tokenizers.dictionary import default_dictionary, read_dictionary
from spacy_rnn.tokenizers.jieba_tokenizer import JiebaTokenizer
from spacy_rnn.tokenizers.rust_segmenter import RustSegmenter
from spacy_rnn.tokenizers.segmenter import JiebaSegmenter
from spacy_rnn.tokenizers.user_words import add_user_words, check_user_words
from spacy_rnn.tokenizers.whole_words import WholeWords

from .jieba_oracle import add_words, read_by_jieba

SIGN = re.compile("[/·!]")
SMALL = "我 30\n爱 20\n你 30\n们 5\n你们 8\n我爱你 6\n".encode()


def words(nlp, text):
    return [token.text for token in nlp(text)]


# --- words with signs


def by_pattern(every, text):
    """The same by one pattern, in time that grows with the list: the longest word first."""
    guarded = (
        f"(?<![a-zA-Z0-9]){re.escape(word)}" if re.match("[a-zA-Z0-9]", word) else re.escape(word)
        for word in sorted(every, key=len, reverse=True)
    )
    ends = "|".join(
        f"{word}(?![a-zA-Z0-9])" if re.search("[a-zA-Z0-9]$", word) else word for word in guarded
    )
    return re.split(f"({ends})", text)


SIGNED = st.text(st.sampled_from("aB1我爱/·!"), min_size=1, max_size=5).filter(SIGN.search)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.sets(SIGNED, min_size=1, max_size=6), st.data())
def test_words_with_signs_are_those_that_a_pattern_of_all_would_find(every, data):
    pieces = st.sampled_from(sorted(every)) | st.sampled_from("aB1我爱/·! ")
    text = "".join(data.draw(st.lists(pieces, max_size=8)))
    assert WholeWords(every, SIGN).split(text) == by_pattern(every, text)


class Counting(dict):
    """A dict that counts how often it is asked."""

    asked = 0

    def get(self, key, default=None):
        self.asked += 1
        return super().get(key, default)


def test_a_text_takes_as_many_steps_however_many_words_there_are():
    text = "他用I/O读了约翰·史密斯的信，也读了尼可·罗曼的信。" * 20
    asked = []
    for count in (3, 3_000):
        others = [f"尼{chr(0x4E00 + number)}·罗西" for number in range(count)]
        finder = WholeWords(["I/O", "约翰·史密斯", *others], SIGN)
        finder._lengths = Counting(finder._lengths)
        assert finder.split(text)[1::2] == ["I/O", "约翰·史密斯"] * 20
        asked.append(finder._lengths.asked)
    assert asked[0] == asked[1] < len(text)


# --- words of Latin letters, which jieba can find


@pytest.mark.parametrize(
    "user_words, text, expected",
    [
        (["arni"], "learning", ["learning"]),
        (
            ["arni"],
            "他在arni学learning和arni2",
            ["他", "在", "arni", "学", "learning", "和", "arni2"],
        ),
        (["learn", "ing"], "learning", ["learning"]),
        (["Q版"], "QQ版和Q版", ["QQ", "版", "和", "Q版"]),
        (["小X"], "小X和小XY", ["小X", "和", "小", "XY"]),
        (["3.5"], "13.5和3.5", ["13.5", "和", "3.5"]),
        (["Wi-Fi"], "Wi-Fi", ["Wi-Fi"]),
        # T恤 is a word of jieba's own dictionary, which cuts as before
        (["arni"], "arniT恤", ["arni", "T恤"]),
    ],
)
def test_user_word_is_not_cut_out_of_a_longer_latin_word(make_nlp, user_words, text, expected):
    assert words(make_nlp(user_words=user_words), text) == expected


class NotInsideLatin(jieba.Tokenizer):
    """jieba, with the paths taken out of its graph that cut a user word out of a Latin one."""

    def get_DAG(self, sentence):
        graph = super().get_DAG(sentence)
        runs = [found.span() for found in re.finditer("[a-zA-Z0-9]+", sentence)]
        for start, lasts in graph.items():
            graph[start] = [last for last in lasts if self._fine(sentence, start, last, runs)]
            graph[start] = graph[start] or [start]
        return graph

    def _fine(self, sentence, start, last, runs):
        if last == start or sentence[start : last + 1] not in self.user:
            return True
        return not any(begin < edge < end for begin, end in runs for edge in (start, last + 1))


ENTRIES = st.lists(
    st.tuples(
        st.text(st.sampled_from("我爱你们ab1"), min_size=1, max_size=4),
        st.none() | st.integers(0, 60),
    ),
    max_size=5,
    unique_by=lambda entry: entry[0],
)


@settings(max_examples=300)
@given(ENTRIES, st.text(st.sampled_from("我爱你们ab1"), min_size=1, max_size=12), st.booleans())
def test_all_else_is_segmented_as_jieba_does(entries, text, hmm):
    theirs = NotInsideLatin()
    theirs.FREQ, theirs.total = dict(read_by_jieba(SMALL).FREQ), read_by_jieba(SMALL).total
    theirs.initialized, theirs.user = True, set()
    add_words(theirs, entries)
    theirs.user = {word for word, frequency in entries if frequency != 0}
    ours = add_user_words(read_dictionary(SMALL, "test"), dict(entries))
    assert JiebaSegmenter(ours, hmm=hmm).cut(text) == theirs.lcut(text, HMM=hmm)


USER_WORDS = ["arni", "learn", "Q版", "小X", "3.5", "爱b1学", "b1", "ib", ["T恤", 9], "b1T恤"]
PIECES = [*"abiXQT1的我", "arni", "learn", "小X", "Q版", "3.5", "爱b1学", "T恤", "学生", "AA制"]


@cache
def with_user_words(make):
    user_words = check_user_words(USER_WORDS)
    return make(add_user_words(default_dictionary(), user_words), hmm=False)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_engines_agree_on_latin_user_words(text):
    assert with_user_words(RustSegmenter).cut(text) == with_user_words(JiebaSegmenter).cut(text)


# --- tokenizers that were saved before


OLD = {"hmm": True, "user_words": ["arni", "I/O"], "own_dictionary": False}


def test_a_tokenizer_that_was_saved_before_goes_on_cutting(make_nlp, tmp_path):
    make_nlp(user_words=OLD["user_words"]).tokenizer.to_disk(tmp_path)
    saved = json.loads((tmp_path / "cfg").read_text("utf8"))
    assert saved.pop("cut_latin") is False
    assert saved == {**OLD, "fingerprint": saved["fingerprint"]}
    (tmp_path / "cfg").write_text(json.dumps(saved), encoding="utf8")  # as before
    loaded = make_nlp().tokenizer.from_disk(tmp_path)
    for tokenizer in (
        loaded,
        pickle.loads(pickle.dumps(loaded)),
        make_nlp().tokenizer.from_bytes(loaded.to_bytes()),
    ):
        assert words(tokenizer, "learning API/OSS") == ["le", "arni", "ng", "API", "/", "OSS"]


def test_a_tokenizer_that_was_pickled_before_goes_on_cutting():
    tokenizer = JiebaTokenizer(Vocab(), user_words=["arni"])
    del tokenizer._settings.__dict__["cut_latin"]  # the object of a pickle has what it had then
    assert words(pickle.loads(pickle.dumps(tokenizer)), "learning") == ["le", "arni", "ng"]


def test_setting_of_another_kind_is_an_error(make_nlp, tmp_path):
    make_nlp().tokenizer.to_disk(tmp_path)
    saved = json.loads((tmp_path / "cfg").read_text("utf8"))
    (tmp_path / "cfg").write_text(json.dumps({**saved, "cut_latin": 1}), encoding="utf8")
    with pytest.raises(ValueError, match=r"\[R109\]"):
        make_nlp().tokenizer.from_disk(tmp_path)
