"""The character n-grams of words, and the rows that they are hashed to."""

import numpy as np
import pytest
from spacy.strings import StringStore

from spacy_rnn.vocabulary import character_ngrams
from spacy_rnn.vocabulary.character_ngrams import (
    LONGEST,
    CharacterNgrams,
    NgramSettings,
    hash_ngrams,
    pad_rows,
)

# so many rows that no two n-grams share one
MANY = NgramSettings(2**31, 3, 5)
CHINESE = NgramSettings(2**31, 1, 2)


def shared(one, other, settings):
    return set(hash_ngrams(one, settings)) & set(hash_ngrams(other, settings))


@pytest.mark.parametrize(
    ("word", "settings", "grams"),
    [
        ("cat", MANY, ["<ca", "cat", "at>", "<cat", "cat>", "<cat>"]),
        ("a", MANY, ["<a>"]),
        ("a", NgramSettings(99, 4, 5), []),
        ("北京", CHINESE, ["北", "京", "<北", "北京", "京>"]),
        ("北", CHINESE, ["北", "<北", "北>"]),
        ("oooo", NgramSettings(2**31, 2, 2), ["<o", "oo", "oo", "oo", "o>"]),
        ("<>", NgramSettings(2**31, 1, 1), ["<", ">"]),
        ("", MANY, []),
        ("<unk>", MANY, []),
    ],
)
def test_a_word_has_two_rows_for_each_ngram_between_its_marks(word, settings, grams):
    found = hash_ngrams(word, settings)
    assert len(found) == 2 * len(grams)
    assert len(set(found)) == 2 * len(set(grams))


def test_words_share_what_they_share():
    assert not shared("walking", "zoo", MANY)
    # "ing", "ng>", "ing>", "king" …: all that is in both
    assert len(shared("walking", "talking", MANY)) == 2 * (5 + 4 + 3)
    assert shared("Walking", "WALKING", MANY) == shared("walking", "walking", MANY)
    # "<a" at the beginning and "a" elsewhere are told apart
    assert not shared("xa", "ay", NgramSettings(2**31, 2, 2))


@pytest.mark.parametrize("first", [1, 50])
@pytest.mark.parametrize("rows", [1, 7])
def test_rows_are_those_of_the_table(rows, first):
    words = ["walking", "北京", "zeppelin", "airship", "x"]
    found = {row for word in words for row in hash_ngrams(word, NgramSettings(rows, 1, 5, first))}
    assert found == set(range(first, first + rows))


def test_of_endless_words_only_the_edges_are_read():
    start, end = "abcdefghijkl", "mnopqrstuvwx"
    assert len(start + end) == LONGEST
    assert hash_ngrams(start + "y" * 100_000 + end, MANY) == hash_ngrams(start + end, MANY)


@pytest.mark.parametrize("kept", [0, 100])
def test_those_of_a_text_are_those_of_its_words_kept_or_not(monkeypatch, kept):
    monkeypatch.setattr(character_ngrams, "_MOST_KEPT", kept)
    store, ngrams = StringStore(), CharacterNgrams(MANY)
    words = ["walking", "<unk>", "x", "北京"]
    keys = np.array([store.add(word) for word in words], dtype=np.uint64)
    asked = []

    def strings(some):
        asked.extend(some)
        return [store[key] for key in some]

    for _ in range(2):
        found = ngrams.of_keys(keys, strings)
        for row, word in zip(found.tolist(), words, strict=True):
            expected = hash_ngrams(word, MANY)
            assert tuple(row[: len(expected)]) == expected
            assert not any(row[len(expected) :])
        assert np.array_equal(found, ngrams.of_words(words))
    assert len(asked) == (4 if kept else 8)


def test_lists_of_different_lengths_are_filled_up():
    rows = [np.array([1, 2]), np.array([], dtype=int), np.array([3])]
    assert pad_rows(rows).tolist() == [[1, 2], [0, 0], [3, 0]]
    assert pad_rows([]).shape == (0, 0)
