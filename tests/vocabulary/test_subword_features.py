"""The features of a word's spelling, and the rows they are hashed to."""

import subprocess
import sys

import numpy as np
import pytest
from spacy.strings import StringStore

from spacy_rnn.vocabulary import Vocabulary, subword_features
from spacy_rnn.vocabulary.subword_features import (
    SubwordFeatures,
    hash_features,
    subword_features_of,
)

WORDS = ["walking", "talking", "Walking", "walk", "Wal", "w", "12.5", "99.1", "北京", "北海道", "X"]
ENTRIES = [[word, 20 - number] for number, word in enumerate(WORDS[:6])]
# so many that no two features share a row
MANY = 2**62

EXTRACTORS = [
    lambda word: word.lower()[0],
    lambda word: word.lower()[:3],
    lambda word: word.lower()[-1],
    lambda word: word.lower()[-2:],
    lambda word: word.lower()[-3:],
    lambda word: word.lower()[-4:],
]


@pytest.mark.parametrize("column", range(len(EXTRACTORS)))
def test_words_share_the_features_of_the_prefixes_and_suffixes_they_share(column):
    extract = EXTRACTORS[column]
    for word in WORDS:
        for other in WORDS:
            same = hash_features(word, MANY)[column] == hash_features(other, MANY)[column]
            assert same == (extract(word) == extract(other)), (word, other)


def test_the_last_feature_is_the_shape_in_which_case_counts():
    shape = {word: hash_features(word, MANY)[6] for word in WORDS}
    assert shape["walking"] == shape["talking"] != shape["Walking"]
    assert shape["12.5"] == shape["99.1"] != hash_features("125", MANY)[6]
    assert shape["X"] == hash_features("Y", MANY)[6] != shape["w"]


def test_features_of_different_kinds_are_different():
    # every prefix and suffix of this word is the word
    assert len(set(hash_features("w", MANY))) == 7


@pytest.mark.parametrize("rows", [2, 3, 50])
def test_features_are_rows_of_the_table_and_never_the_row_of_words_without_any(rows):
    found = {row for word in WORDS for row in hash_features(word, rows)}
    assert found <= set(range(1, rows))
    assert rows == 50 or found == set(range(1, rows))


@pytest.mark.slow
def test_another_process_finds_the_same_features():
    code = "from spacy_rnn.vocabulary.subword_features import hash_features as h; "
    code += "print(h('北京x', 999))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True)
    assert done.stdout.decode().strip() == str(hash_features("北京x", 999)), done.stderr


def keys_of(strings, words):
    return np.array([strings.add(word) for word in words], dtype=np.uint64)


def strings_of(strings):
    return lambda keys: [strings[key] for key in keys]


def test_every_row_of_the_vocabulary_has_the_features_of_its_word():
    vocabulary = Vocabulary([["<unk>", 5], ["</s>", 9], *ENTRIES])
    found = SubwordFeatures(vocabulary, 50).of_rows
    assert found.dtype == np.int64
    assert found[:2].tolist() == [[0] * 7] * 2
    assert [tuple(row) for row in found[2:].tolist()] == [
        hash_features(word, 50) for word in vocabulary.words[2:]
    ]


def test_a_vocabulary_without_words_has_features_of_its_symbols_only():
    assert SubwordFeatures(Vocabulary(), 50).of_rows.tolist() == [[0] * 7] * 2


@pytest.mark.parametrize("kept", [2, 100_000])
def test_words_of_a_text_have_the_features_of_their_spelling_known_or_not(kept, monkeypatch):
    monkeypatch.setattr(subword_features, "_MOST_KEPT", kept)
    vocabulary, strings = Vocabulary(ENTRIES), StringStore()
    words = [*WORDS, "</s>", *reversed(WORDS), "zzz"]
    rows = np.array([vocabulary.row(word) for word in words])
    assert set(rows.tolist()) > {0, 2}
    features = SubwordFeatures(vocabulary, 50)
    before = features.of_rows.copy()
    for _ in range(3):
        found = features.of_keys(keys_of(strings, words), rows, strings_of(strings))
        assert [tuple(row) for row in found.tolist()] == [hash_features(w, 50) for w in words]
    np.testing.assert_array_equal(features.of_rows, before)


def test_a_literal_unknown_symbol_has_no_features():
    vocabulary, strings = Vocabulary(ENTRIES), StringStore()
    keys = keys_of(strings, ["<unk>", "zzz"])
    for _ in range(2):
        found = SubwordFeatures(vocabulary, 50).of_keys(
            keys, np.zeros(2, dtype=np.int64), strings_of(strings)
        )
        assert found[0].tolist() == [0] * 7
        assert tuple(found[1].tolist()) == hash_features("zzz", 50)


def test_a_vocabulary_makes_its_spelling_once_for_each_size_of_table():
    vocabulary = Vocabulary(ENTRIES)
    first = subword_features_of(vocabulary, 50)
    assert subword_features_of(vocabulary, 50) is first
    assert subword_features_of(vocabulary, 60).of_rows.max() < 60
    assert subword_features_of(vocabulary, 60).rows == 60
