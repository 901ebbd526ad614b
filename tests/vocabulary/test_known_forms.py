"""Where words that are never spelled end within others, against a search of every beginning."""

import numpy as np
import pytest

from spacy_rnn.vocabulary import Vocabulary
from spacy_rnn.vocabulary.alphabet import alphabet_of
from spacy_rnn.vocabulary.known_forms import known_forms_of

# é, 獏 and the signs of <unk> are in one word each, so they are spelled by their bytes
WORDS = ["ab", "abc", "bca", "a", "é", "獏ab", "cab", "x" * 30]
SPELLED = ["abcd", "ab", "éa獏", "獏abc", "<unk>s", "</s>", "cabab", "zzz", "x" * 40, "獏" * 3]


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary([(word, 2) for word in WORDS])


def beginnings(vocabulary, word):
    """bool, a flag for every symbol of a word."""
    alphabet = alphabet_of(vocabulary)
    flags = np.zeros(int(alphabet.spell([word])[1][0]), dtype=bool)
    for stop in range(1, len(word)):
        if word[:stop] in {*WORDS, "<unk>"}:
            flags[int(alphabet.spell([word[:stop]])[1][0]) - 1] = True
    return flags


def test_every_known_beginning_is_an_end_but_not_the_word_itself(vocabulary):
    _, lengths = alphabet_of(vocabulary).spell(SPELLED)
    found = known_forms_of(vocabulary).ends(SPELLED, lengths)
    expected = np.concatenate([beginnings(vocabulary, word) for word in SPELLED])
    assert found.tolist() == expected.tolist()
    assert 6 < found.sum() < len(found)


def test_forms_are_kept_with_the_vocabulary_and_no_word_has_no_end(vocabulary):
    assert known_forms_of(vocabulary) is known_forms_of(vocabulary)
    assert known_forms_of(vocabulary).ends([], np.zeros(0, dtype=np.int64)).tolist() == []


def test_a_word_of_a_million_characters_is_searched_no_further_than_the_longest_form(vocabulary):
    word = "x" * 1_000_000
    found = known_forms_of(vocabulary).ends([word], alphabet_of(vocabulary).spell([word])[1])
    assert np.flatnonzero(found).tolist() == [29]


class Sliced(str):
    """A word that knows how far it was looked into."""

    __slots__ = ("stops",)

    def __getitem__(self, key):
        if isinstance(key, slice):
            self.stops.append(key.stop)
        return str(self)[key]


def test_only_lengths_that_forms_have_are_tried(vocabulary):
    word = Sliced("x" * 1000)
    word.stops = []
    found = known_forms_of(vocabulary).ends([word], alphabet_of(vocabulary).spell([word])[1])
    assert np.flatnonzero(found).tolist() == [29]
    assert set(word.stops) <= {len(form) for form in [*WORDS, "<unk>"]}
