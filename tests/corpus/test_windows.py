from time import process_time

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

from spacy_rnn.corpus import windows
from spacy_rnn.corpus.windows import WINDOW_KEY, Window, read_mark, split_document, window_words

NLP = spacy.blank("en")
WORDS = st.text("abc我们🚲", min_size=1, max_size=4)
DOCS = st.lists(st.tuples(WORDS, st.booleans()), max_size=30).map(
    lambda pairs: Doc(NLP.vocab, words=[w for w, _ in pairs], spaces=[s for _, s in pairs])
)


@given(DOCS, st.integers(1, 35))
def test_windows_joined_are_the_document_and_their_marks_lead_through_it(doc, max_length):
    windows = split_document(doc, max_length)
    assert "".join(window.text for window in windows) == doc.text
    words = [token.text for token in doc]
    assert [token.text for window in windows for token in window] == words
    if len(words) <= max_length:
        assert windows == [doc]
        assert read_mark(doc) is None
        return
    assert [len(window) for window in windows[:-1]] == [max_length] * (len(windows) - 1)
    assert 1 <= len(windows[-1]) <= max_length
    marks = [read_mark(window) for window in windows]
    assert [mark.final for mark in marks] == [False] * (len(windows) - 1) + [True]
    assert [mark.previous for mark in marks] == [None, *words[max_length - 1 : -1 : max_length]]


@given(DOCS, st.integers(1, 35), st.integers(1, 35))
def test_split_windows_are_split_again_as_the_document_would_be(doc, length, factor):
    again = [
        w for window in split_document(doc, length * factor) for w in split_document(window, length)
    ]
    once = split_document(doc, length)
    assert [w.text for w in again] == [w.text for w in once]
    assert [read_mark(w) for w in again] == [read_mark(w) for w in once]


@given(st.lists(st.one_of(WORDS, st.sampled_from(["\n", "\t"])), max_size=30), st.integers(0, 35))
def test_windows_of_a_stream_of_words_are_those_of_the_whole_document(words, max_length):
    windows = list(window_words(NLP.vocab, iter(words), max_length))
    text = " ".join(words).replace(" \n", "\n").replace("\n ", "\n")
    assert "".join(window.text for window in windows) == text
    whole = list(window_words(NLP.vocab, words, 0))
    assert len(whole) == bool(words)
    expected = [window for doc in whole for window in split_document(doc, max_length)]
    assert [w.text for w in windows] == [w.text for w in expected]
    assert [read_mark(w) for w in windows] == [read_mark(w) for w in expected]


@given(st.lists(st.sampled_from(["a", "b", " ", "\n", "\u3000"]), max_size=16), st.integers(1, 5))
def test_marks_tell_the_nearest_word_beyond_white_space(words, size):
    doc = Doc(NLP.vocab, words=words)
    windows = split_document(doc, size)
    again = [
        part for window in split_document(doc, 2 * size) for part in split_document(window, size)
    ]
    assert [read_mark(w) for w in again] == [read_mark(w) for w in windows]
    for number, window in enumerate(windows):
        mark = read_mark(window) or Window(None, True)
        sides = words[: number * size][::-1], words[(number + 1) * size :]
        for after, side in enumerate(sides):
            token = mark.neighbour(after=bool(after), skip_space=False)
            word = mark.neighbour(after=bool(after), skip_space=True)
            assert token == (side[0] if side else None, None)
            assert word == (next((w for w in side if not w.isspace()), None), None)


def test_a_long_run_of_white_space_is_looked_through_once(monkeypatch):
    looks = 0
    first_word = windows._first_word

    def counted(words):
        nonlocal looks
        for word in words:
            looks += 1
            yield word

    monkeypatch.setattr(windows, "_first_word", lambda words: first_word(counted(words)))
    words = ["a", *["\n"] * 2_000, "b"]
    marks = [read_mark(window) for window in window_words(NLP.vocab, words, 20)]
    assert len(words) <= looks < 6 * len(words)
    assert {mark.following_word for mark in marks[:-2]} == {"b"}
    assert {mark.previous_word for mark in marks[2:]} == {"a"}


def test_the_norm_of_the_nearest_word_is_kept():
    doc = NLP.make_doc("I don't\n\nknow")
    marks = [read_mark(window) for window in split_document(doc, 1)]
    assert [mark.previous_word for mark in marks] == [None, None, None, None, "n't"]
    assert marks[-1].neighbour(after=False, skip_space=True) == ("n't", "not")
    assert marks[1].following_norm == "not"


def test_stream_of_words_is_read_two_windows_ahead_at_most():
    words = iter("abcdefghij")
    windows = window_words(NLP.vocab, words, 2)
    assert next(windows).text == "a b "
    assert "".join(words) == "efghij"


def test_document_of_exactly_the_length_is_not_split():
    doc = NLP.make_doc("just four words here")
    assert split_document(doc, 4) == [doc]
    assert WINDOW_KEY not in doc.user_data
    assert len(split_document(doc, 3)) == 2


def test_zero_never_splits_and_negative_is_an_error():
    doc = NLP.make_doc("a few words")
    assert split_document(doc, 0) == [doc]
    with pytest.raises(ValueError, match=r"R214.*max_length"):
        split_document(doc, -1)


def test_tokens_keep_the_norm_that_the_tokenizer_gave():
    doc = NLP.make_doc("We can't, you shouldn't, they won't.")
    windows = split_document(doc, 3)
    assert [t.norm_ for w in windows for t in w] == [t.norm_ for t in doc]
    assert "not" in [t.norm_ for w in windows for t in w]


def test_annotations_of_tokens_are_kept_and_the_document_is_not_touched():
    words = ["Ada", "met", "Grace", "Hopper", "in", "New", "York", "today", "."]
    tags = [f"T{i}" for i in range(9)]
    ents = ["B-PERSON", "O", "B-PERSON", "I-PERSON", "O", "B-GPE", "I-GPE", "O", "O"]
    doc = Doc(NLP.vocab, words=words, spaces=[True] * 7 + [False] * 2, tags=tags, ents=ents)
    doc.user_data["note"] = 1
    before = doc.to_bytes()
    windows = split_document(doc, 4)
    assert [t.tag_ for w in windows for t in w] == tags
    assert [(e.text, e.label_) for w in windows for e in w.ents] == [
        ("Ada", "PERSON"),
        ("Grace Hopper", "PERSON"),
        ("New York", "GPE"),
    ]
    assert [set(w.user_data) for w in windows] == [{WINDOW_KEY}] * 3
    assert doc.to_bytes() == before


def test_unknown_spaces_stay_unknown():
    for tags in [None, list("ABCDEF")]:
        doc = Doc(NLP.vocab, words=list("abcdef"), tags=tags)
        assert all(window.has_unknown_spaces for window in split_document(doc, 4))


def test_mark_survives_copy_bytes_and_docbin():
    windows = split_document(NLP.make_doc("one two three four five"), 2)
    expected = [
        Window(None, False, following="three"),
        Window("two", False, following="five"),
        Window("four", True),
    ]
    assert [read_mark(w) for w in windows] == expected
    assert [read_mark(w.copy()) for w in windows] == expected
    assert [read_mark(Doc(NLP.vocab).from_bytes(w.to_bytes())) for w in windows] == expected
    data = DocBin(docs=windows, store_user_data=True).to_bytes()
    docs = list(DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab))
    assert [read_mark(doc) for doc in docs] == expected


@pytest.mark.parametrize(
    "mark", ["yes", {}, {"previous": 1, "final": True}, {"previous": None}, {"final": "no"}, 0]
)
def test_foreign_entry_in_place_of_a_mark_is_an_error(mark):
    doc = NLP.make_doc("a word")
    doc.user_data[WINDOW_KEY] = mark
    with pytest.raises(ValueError, match="R219"):
        read_mark(doc)


def seconds_to_split(length):
    doc = Doc(NLP.vocab, words=["word"] * length, tags=["T"] * length)
    start = process_time()
    assert sum(map(len, split_document(doc, 20))) == length
    return process_time() - start


@pytest.mark.slow
def test_annotated_document_is_split_in_linear_time():
    # Eight times the length: about 8 times as long if linear, 64 times if quadratic.
    assert min(seconds_to_split(32_000) for _ in range(2)) < 24 * seconds_to_split(4_000)


def test_norm_of_the_token_before_is_kept_where_its_text_does_not_tell_it():
    doc = NLP.make_doc("I don't know why")
    marks = [read_mark(window) for window in split_document(doc, 1)]
    assert [mark.previous for mark in marks] == [None, "I", "do", "n't", "know"]
    assert [mark.previous_norm for mark in marks] == [None, None, None, "not", None]
