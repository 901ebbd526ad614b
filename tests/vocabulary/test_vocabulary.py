"""Words ↔ rows: order, special rows, batch look-up, counting, and every bad input."""

import json
import pickle
from collections import Counter

import numpy as np
import pytest
import spacy
import srsly
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.symbols import IDS
from spacy.tokens import Doc

from spacy_rnn.corpus.windows import split_document
from spacy_rnn.vocabulary import BOUNDARY, BOUNDARY_ROW, UNKNOWN, UNKNOWN_ROW, Vocabulary

VOCAB = spacy.blank("xx").vocab
FORMS = {"ORTH": "orth_", "LOWER": "lower_", "NORM": "norm_"}
# words, the two special texts, names of spaCy's symbols, and words of more than ASCII
TOKENS = ["a", "A", "b", "爱", "北京", UNKNOWN, BOUNDARY, "NOUN", "ORTH", "é", "😀", "n't", " "]
DOCS = st.lists(st.lists(st.sampled_from(TOKENS), max_size=12), min_size=1, max_size=6)


def make_docs(texts):
    return [Doc(VOCAB, words=list(words)) for words in texts]


def count(texts, **options):
    return Vocabulary.from_docs(make_docs(texts), **options)


def forms(docs, attr):
    return [[getattr(token, FORMS[attr]) for token in doc] for doc in docs]


# -- order and rows


@pytest.mark.parametrize("attr", list(FORMS))
def test_documents_may_have_vocabs_of_their_own(attr):
    other = Doc(spacy.blank("xx").vocab, words=["Zeppelin", "a"])
    found = Vocabulary.from_docs([*make_docs([["Boat", "a"]]), other], attr=attr)
    together = Vocabulary.from_docs(make_docs([["Boat", "a"], ["Zeppelin", "a"]]), attr=attr)
    assert found.labels == together.labels


@given(st.dictionaries(st.text(st.sampled_from("ab爱é😀"), min_size=1), st.integers(0, 5)))
@settings(deadline=None)
def test_words_stand_by_falling_count_then_by_code_point(counts):
    vocabulary = Vocabulary(counts.items())
    expected = sorted(counts.items(), key=lambda entry: (-entry[1], [ord(c) for c in entry[0]]))
    assert vocabulary.words == [UNKNOWN, BOUNDARY, *(word for word, _ in expected)]
    assert vocabulary.counts.tolist() == [0, 0, *(number for _, number in expected)]
    assert len(vocabulary) == len(counts) + 2
    assert bool(vocabulary) == bool(counts)
    for row, word in enumerate(vocabulary.words):
        special = word in (UNKNOWN, BOUNDARY)
        assert (word in vocabulary) is not special
        assert vocabulary.row(word) == (UNKNOWN_ROW if special else row)


def test_special_rows_come_first_wherever_they_are_given():
    vocabulary = Vocabulary([("a", 1), (BOUNDARY, 90), ("b", 5), (UNKNOWN, 70)])
    assert vocabulary.words[UNKNOWN_ROW] == UNKNOWN
    assert vocabulary.words[BOUNDARY_ROW] == BOUNDARY
    assert vocabulary.labels == [[UNKNOWN, 70], [BOUNDARY, 90], ["b", 5], ["a", 1]]


def test_words_of_no_vocabulary_are_unknown():
    vocabulary = Vocabulary([("a", 1)])
    assert vocabulary.row("z") == vocabulary.row("") == UNKNOWN_ROW
    assert "z" not in vocabulary


def test_literal_special_texts_are_the_unknown_row():
    vocabulary = count([["a", UNKNOWN, BOUNDARY, "a"]])
    rows, _ = vocabulary.rows(make_docs([[UNKNOWN, BOUNDARY, "a"]]))
    assert rows.tolist() == [UNKNOWN_ROW, UNKNOWN_ROW, vocabulary.row("a")]
    assert vocabulary.row(BOUNDARY) == UNKNOWN_ROW
    assert vocabulary.row_of(VOCAB[BOUNDARY]) == UNKNOWN_ROW


@given(DOCS, DOCS, st.sampled_from(sorted(FORMS)))
@settings(deadline=None)
def test_batch_look_up_equals_a_look_up_token_by_token(known, texts, attr):
    words = {form for doc in forms(make_docs(known), attr) for form in doc}
    vocabulary = Vocabulary([(word, 1) for word in words], attr=attr)
    places = {word: row for row, word in enumerate(vocabulary.words)}
    places.update({UNKNOWN: UNKNOWN_ROW, BOUNDARY: UNKNOWN_ROW})
    docs = make_docs(texts)
    rows, lengths = vocabulary.rows(docs)
    expected = [places.get(form, UNKNOWN_ROW) for doc in forms(docs, attr) for form in doc]
    assert rows.tolist() == expected
    assert lengths.tolist() == [len(doc) for doc in docs]
    assert rows.dtype == lengths.dtype == np.int64
    lexemes = [VOCAB[token] for words in texts for token in words]
    assert [vocabulary.row_of(lexeme) for lexeme in lexemes] == expected


def test_names_of_spacys_symbols_are_words_like_any_other():
    """The string store gives them small numbers instead of hashes."""
    names = [name for name in IDS if name][::7]
    vocabulary = Vocabulary([(name, 1) for name in names])
    rows, _ = vocabulary.rows(make_docs([names]))
    assert [vocabulary.words[row] for row in rows] == names


def test_no_tokens_give_no_rows():
    for vocabulary in (Vocabulary(), Vocabulary([("a", 1)])):
        rows, lengths = vocabulary.rows(make_docs([[], []]))
        assert rows.tolist() == []
        assert lengths.tolist() == [0, 0]
        rows, lengths = vocabulary.rows([])
        assert rows.tolist() == lengths.tolist() == []
        assert rows.dtype == lengths.dtype == np.int64


def test_empty_vocabulary_knows_no_word():
    assert not Vocabulary()
    rows, _ = Vocabulary().rows(make_docs([["a", BOUNDARY]]))
    assert rows.tolist() == [UNKNOWN_ROW, UNKNOWN_ROW]


@pytest.mark.parametrize("attr", sorted(FORMS))
def test_attribute_of_the_token_itself_counts(attr):
    """A tokenizer's exceptions give a token a norm that isn't its word's."""
    doc = spacy.blank("xx")("Don't DON'T don't")
    vocabulary = Vocabulary.from_docs([doc], attr=attr)
    expected = Counter(forms([doc], attr)[0])
    assert dict(map(tuple, vocabulary.labels[2:])) == expected
    rows, _ = vocabulary.rows([doc])
    assert [vocabulary.words[row] for row in rows] == forms([doc], attr)[0]


# -- counting


@given(DOCS, st.sampled_from(sorted(FORMS)), st.integers(1, 4), st.none() | st.integers(1, 4))
@settings(deadline=None)
def test_counting_equals_a_plain_counter(texts, attr, min_count, max_size):
    docs = make_docs(texts)
    counts = Counter(form for doc in forms(docs, attr) for form in doc)
    total = sum(counts.values())
    for special in (UNKNOWN, BOUNDARY):
        counts.pop(special, None)
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    kept = [entry for entry in ranked if entry[1] >= min_count][:max_size]
    options = {"attr": attr, "min_count": min_count, "max_size": max_size}
    if not kept:
        with pytest.raises(ValueError, match="R003" if total else "R002"):
            Vocabulary.from_docs(docs, **options)
        return
    vocabulary = Vocabulary.from_docs(docs, **options)
    unknown = total - sum(number for _, number in kept)
    expected = [(UNKNOWN, unknown), (BOUNDARY, len(docs)), *kept]
    assert [tuple(label) for label in vocabulary.labels] == expected


def test_many_documents_are_counted_in_pieces():
    texts = [["a", f"w{number % 700}"] for number in range(1300)]
    vocabulary = Vocabulary.from_docs(iter(make_docs(texts)))
    expected = Counter(word for words in texts for word in words)
    assert dict(map(tuple, vocabulary.labels[2:])) == expected
    assert vocabulary.counts[BOUNDARY_ROW] == len(texts)


def test_split_document_counts_once():
    whole = make_docs([list("aabbccd"), list("ab")])
    windows = [window for doc in whole for window in split_document(doc, 3)]
    assert len(windows) > len(whole)
    assert Vocabulary.from_docs(windows).labels == Vocabulary.from_docs(whole).labels


def test_documents_are_read_once_and_as_a_stream():
    seen = []

    def stream():
        for doc in make_docs([["a"], ["b"]]):
            seen.append(doc)
            yield doc

    Vocabulary.from_docs(stream())
    assert len(seen) == 2


# -- saving


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 2**62), max_size=8))
@settings(deadline=None)
def test_bytes_labels_and_pickle_give_the_same_vocabulary(counts):
    vocabulary = Vocabulary(counts.items(), attr="LOWER")
    others = [
        Vocabulary.from_bytes(vocabulary.to_bytes()),
        Vocabulary(srsly.json_loads(srsly.json_dumps(vocabulary.labels)), attr="LOWER"),
        pickle.loads(pickle.dumps(vocabulary)),
    ]
    for other in others:
        assert other.words == vocabulary.words
        assert other.counts.tolist() == vocabulary.counts.tolist()
        assert other.attr == "LOWER"
        assert other.to_bytes() == vocabulary.to_bytes()


def test_file_of_labels_is_read(tmp_path):
    vocabulary = count([list("abca"), ["爱"]])
    path = tmp_path / "labels.json"
    srsly.write_json(path, vocabulary.labels)
    assert Vocabulary.from_file(path).labels == vocabulary.labels
    assert Vocabulary.from_file(str(path), attr="NORM").attr == "NORM"


def test_labels_are_plain_json():
    assert json.loads(json.dumps(count([["a"]]).labels)) == [[UNKNOWN, 0], [BOUNDARY, 1], ["a", 1]]


# -- bad input


def test_unknown_attribute_is_an_error():
    with pytest.raises(ValueError, match=r"R001.*'POS'.*ORTH, LOWER, NORM"):
        Vocabulary(attr="POS")
    with pytest.raises(ValueError, match=r"R001.*'POS'"):
        count([["a"]], attr="POS")


@pytest.mark.parametrize("texts", [[], [[]], [[], []]])
def test_no_text_is_an_error(texts):
    with pytest.raises(ValueError, match="R002"):
        count(texts)


@pytest.mark.parametrize("labels", [[], [[UNKNOWN, 3], [BOUNDARY, 1]]])
def test_labels_without_a_word_are_an_error(labels):
    with pytest.raises(ValueError, match="R002"):
        Vocabulary.from_labels(labels)


def test_no_word_left_is_an_error():
    with pytest.raises(ValueError, match=r"R003.*min_count = 3"):
        count([["a", "a", "b"]], min_count=3)
    with pytest.raises(ValueError, match="R003"):
        count([[UNKNOWN, BOUNDARY]])


@pytest.mark.parametrize("option", ["min_count", "max_size"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_size_below_one_is_an_error(option, value):
    with pytest.raises(ValueError, match=rf"R009.*`{option}`.*{value}"):
        count([["a", "b"]], **{option: value})


@pytest.mark.parametrize("content", [None, b"", b"{", b"[[1", b"\xff\xfe", b"[" * 100_000])
def test_unreadable_file_is_an_error(tmp_path, content):
    path = tmp_path / "labels.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"R004.*labels.json"):
        Vocabulary.from_file(path)


def test_folder_instead_of_a_file_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="R004"):
        Vocabulary.from_file(tmp_path)


@pytest.mark.parametrize("labels", [None, 3, "text", {"a": 1}])
def test_labels_that_are_no_list_are_an_error(labels):
    with pytest.raises(ValueError, match="R005"):
        Vocabulary.from_labels(labels)


@pytest.mark.parametrize(
    "entry",
    [
        "ab",
        ["a"],
        ["a", 1, 2],
        [1, "a"],
        ["", 1],
        [None, 1],
        ["a", -1],
        ["a", 1.5],
        ["a", 2.0],
        ["a", "1"],
        ["a", None],
        ["a", True],
        ["a", 2**63],
        ["a", 10**30],
        ["\ud800", 1],
        None,
        {"a": 1},
    ],
    ids=repr,
)
def test_malformed_entry_is_an_error(entry):
    with pytest.raises(ValueError, match="R005"):
        Vocabulary.from_labels([["b", 1], entry])


def test_word_given_twice_is_an_error():
    for word in ("a", UNKNOWN, BOUNDARY):
        with pytest.raises(ValueError, match=f"R006.*{word!r}"):
            Vocabulary([(word, 1), ("b", 1), (word, 2)])


@pytest.mark.parametrize(
    "message", [b"", b"\x80", b"text", b"\xc1", {"labels": []}, {"labels": 3, "attr": "ORTH"}]
)
def test_damaged_bytes_are_an_error(message):
    data = message if isinstance(message, bytes) else srsly.msgpack_dumps(message)
    with pytest.raises(ValueError, match=r"R011.*vocabulary"):
        Vocabulary.from_bytes(data)


def test_truncated_bytes_are_an_error():
    data = count([list("abcdef")]).to_bytes()
    for end in range(len(data)):
        with pytest.raises(ValueError, match=r"R011.*vocabulary"):
            Vocabulary.from_bytes(data[:end])
