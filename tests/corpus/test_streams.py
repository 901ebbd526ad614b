"""Documents as parallel streams: every token once, in order, and batches that stay full."""

import random
from itertools import pairwise

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.corpus.streams import (
    StreamCorpus,
    batch_by_stream,
    create_stream_corpus,
    deal,
    read_ahead,
)
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.corpus.windows import read_mark, split_document

NLP = spacy.blank("xx")
LENGTHS = st.lists(st.integers(0, 25), max_size=12)


def make_docs(lengths):
    """Documents of distinct words: d0w0 d0w1 …"""
    return [Doc(NLP.vocab, words=[f"d{d}w{w}" for w in range(n)]) for d, n in enumerate(lengths)]


def reader_of(docs):
    return lambda nlp: [Example(doc, doc) for doc in docs]


def windows_of(lengths, **options):
    corpus = StreamCorpus(reader_of(make_docs(lengths)), **options)
    return [example.predicted for example in corpus(NLP)]


@given(LENGTHS, st.integers(1, 6), st.integers(1, 9), st.integers(0, 5))
def test_every_token_is_read_once_in_windows_that_split_document_would_make(
    lengths, streams, window, shuffle
):
    windows = windows_of(lengths, streams=streams, window=window, shuffle=shuffle)
    expected = [part for doc in make_docs(lengths) for part in split_document(doc, window)]
    assert sorted(w.text for w in windows) == sorted(w.text for w in expected if len(w))
    marks = {w.text: read_mark(w) or (None, True) for w in expected}
    for made in windows:
        assert read_mark(made)[:2] == tuple(marks[made.text][:2])


@given(LENGTHS, st.integers(1, 6), st.integers(1, 9))
def test_a_carried_window_follows_its_streams_last_one(lengths, streams, window):
    windows = windows_of(lengths, streams=streams, window=window)
    for stream in range(streams):
        mine = [(w, read_mark(w)) for w in windows if read_mark(w).stream == stream]
        assert [mark.turn for _, mark in mine] == list(range(len(mine)))
        assert all(not mark.carried for _, mark in mine[:1])
        for (before, _), (_, mark) in pairwise(mine):
            follows = mark.previous == before[-1].text
            assert mark.carried == follows


@given(LENGTHS, st.integers(1, 6), st.integers(1, 9))
def test_batches_hold_the_next_window_of_every_stream(lengths, streams, window):
    windows = windows_of(lengths, streams=streams, window=window)
    batches = list(batch_by_stream(Example(w, w) for w in windows))
    assert [e.predicted.text for batch in batches for e in batch] == [w.text for w in windows]
    for number, batch in enumerate(batches):
        marks = [read_mark(example.predicted) for example in batch]
        assert {mark.turn for mark in marks} == {number}
        assert len({mark.stream for mark in marks}) == len(batch) <= streams


@given(st.integers(1, 8), st.integers(1, 400))
def test_streams_without_a_document_share_the_rest(streams, parts):
    """One document alone: the work is spread until nobody has more than two parts to go."""
    turns = list(deal([list(range(parts))], streams))
    assert sorted(part for *_, part in turns) == list(range(parts))
    count = max(turn for turn, *_ in turns) + 1
    # halving costs a few turns at the beginning and at the end
    assert count <= parts / streams + 3 * streams + 3


def test_reset_says_whether_a_document_starts_from_the_last_ones_state():
    for reset in (True, False):
        windows = windows_of([3, 3, 3], streams=1, window=2, reset=reset)
        carried = [read_mark(window).carried for window in windows]
        assert carried == [False, True, not reset, True, not reset, True]


@given(st.integers(0, 40), st.integers(0, 50), st.integers(0, 9))
def test_reading_ahead_shuffles_within_its_buffer(count, buffer, seed):
    taken = []

    def source():
        for item in range(count):
            taken.append(item)
            yield item

    random.seed(seed)
    result = []
    for item in read_ahead(source(), buffer):
        assert len(taken) <= len(result) + buffer + 1
        result.append(item)
    assert sorted(result) == list(range(count))
    if buffer == 0:
        assert result == list(range(count))
    random.seed(seed)
    assert list(read_ahead(range(count), buffer)) == result


def test_documents_are_read_as_streams_need_them():
    read = []

    def corpus(nlp):
        for doc in make_docs([4] * 100):
            read.append(doc)
            yield Example(doc, doc)

    examples = iter(StreamCorpus(corpus, streams=3, window=2, shuffle=5)(NLP))
    for _ in range(6):
        next(examples)
    assert len(read) <= 3 + 5 + 1


def test_annotations_of_references_are_kept(tmp_path):
    doc = Doc(NLP.vocab, words=list("abcde"), tags=list("VWXYZ"))
    spacy.tokens.DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    corpus = create_stream_corpus(create_text_corpus(tmp_path / "a.spacy"), streams=1, window=2)
    examples = list(corpus(NLP))
    assert [[t.tag_ for t in e.reference] for e in examples] == [["V", "W"], ["X", "Y"], ["Z"]]
    assert [[t.text for t in e.predicted] for e in examples] == [["a", "b"], ["c", "d"], ["e"]]
    assert not any(token.tag_ for e in examples for token in e.predicted)


def test_pieces_of_a_long_document_are_dealt_as_documents(tmp_path):
    path = tmp_path / "long.txt"
    words = [f"w{number}" for number in range(40)]
    path.write_text(" ".join(words), encoding="utf8")
    inner = create_text_corpus(path, tokenized=True, document="file", max_length=10)
    examples = list(create_stream_corpus(inner, streams=4, window=5)(NLP))
    firsts = [(e.predicted[0].text, read_mark(e.predicted)) for e in examples[:4]]
    assert [(word, mark.previous) for word, mark in firsts] == [
        ("w0", None),
        ("w10", "w9"),
        ("w20", "w19"),
        ("w30", "w29"),
    ]
    assert [read_mark(e.predicted).final for e in examples[4:]] == [False, False, False, True]


def test_different_tokens_of_predicted_and_reference_are_refused():
    pair = Example(Doc(NLP.vocab, words=["ab", "c"]), Doc(NLP.vocab, words=["a", "bc"]))
    with pytest.raises(ValueError, match=r"R222.*ab c"):
        list(StreamCorpus(lambda nlp: [pair])(NLP))


def test_the_batcher_refuses_what_is_no_window_of_a_stream():
    doc = make_docs([3])[0]
    with pytest.raises(ValueError, match=r"R223.*d0w0"):
        list(batch_by_stream([Example(doc, doc)]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"streams": 0}, "R009.*streams.*at least 1"),
        ({"window": 0}, "R009.*window.*at least 1"),
        ({"window": 2.5}, r"R009.*window.*2\.5"),
        ({"shuffle": -1}, "R214.*shuffle"),
    ],
    ids=str,
)
def test_sizes_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        create_stream_corpus(reader_of([]), **options)


def test_documents_without_tokens_are_skipped():
    empty = [Example(NLP.make_doc(""), NLP.make_doc("")) for _ in range(2)]
    words = Doc(NLP.vocab, words=["a", "b"], tags=["X", "Y"])
    pairs = [empty[0], Example(NLP.make_doc("a b"), words), empty[1]]
    assert [e.predicted.text for e in StreamCorpus(lambda nlp: pairs, streams=2)(NLP)] == ["a b"]


def test_docs_of_the_reader_are_not_marked():
    words = Doc(NLP.vocab, words=["a", "b"], tags=["X", "Y"])
    pair = Example(NLP.make_doc("a b"), words)
    (made,) = StreamCorpus(lambda nlp: [pair])(NLP)
    assert read_mark(made.predicted).stream == 0
    assert read_mark(pair.predicted) is None and read_mark(pair.reference) is None
