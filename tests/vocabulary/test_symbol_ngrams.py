"""The n-grams of symbols that a speller reads, and the rows they are hashed to."""

from itertools import product

import numpy as np
import pytest

from spacy_rnn.vocabulary.alphabet import Alphabet
from spacy_rnn.vocabulary.symbol_ngrams import symbol_ngrams

# so many that no two n-grams share a row
MANY = 2**62
WORDS = ["abcab", "b", "cab", "", "bcab", "猫ab", "ab猫"]


def rows_of(words, rows=MANY, alphabet=None):
    alphabet = alphabet or Alphabet(["abc", "abc猫", "猫"])
    symbols, lengths = alphabet.spell(words)
    return symbol_ngrams(alphabet.codes[symbols], lengths, rows)


def test_symbols_share_the_ngrams_that_end_at_them_and_begin_no_earlier_than_the_word():
    found = rows_of(WORDS)
    read = [("^" + word)[: place + 2] for word in WORDS for place in range(len(word))]
    assert len(found) == len(read)
    for column, size in enumerate((2, 3, 4)):
        grams = [text[-size:] if len(text) >= size else None for text in read]
        for (one, row), (other, same) in product(
            zip(grams, found[:, column], strict=True), repeat=2
        ):
            assert (row == same) == (one == other), (one, other)
        assert all(
            (gram is None) == (row == 0) for gram, row in zip(grams, found[:, column], strict=True)
        )


@pytest.mark.parametrize("rows", [2, 3, 5000])
def test_rows_lie_in_the_table_and_are_spread_over_it(rows):
    words = ["".join(letters) for letters in product("abcdefgh", repeat=4)]
    found = rows_of(words, rows, Alphabet(words))
    assert found.min() == 0 and found.max() < rows
    # of two, of three, of four symbols, the beginning one of them: of so many balls in so many
    # boxes, so many boxes are hit
    grams, boxes = (8 + 8**2) + (8**2 + 8**3) + (8**3 + 8**4), rows - 1
    expected = boxes * (1 - np.exp(-grams / boxes))
    assert abs(len(np.unique(found[found > 0])) - expected) < 4 * np.sqrt(boxes)


def test_another_alphabet_gives_the_same_rows_but_for_characters_that_it_spells_as_bytes():
    found = rows_of(["abcab"], alphabet=Alphabet(["xa", "axbc", "bc"]))
    assert found.tolist() == rows_of(["abcab"]).tolist()
    # 猫 of three bytes
    assert len(rows_of(["猫"], alphabet=Alphabet(["a", "a"]))) == 3


def test_a_byte_is_no_character():
    both = Alphabet(["a", "a\x61b", "é", "éb"])
    codes = both.codes.tolist()
    assert len(set(codes)) == len(both) and codes[0] == 0 and min(codes[1:]) > 0


def test_no_words_have_no_ngrams():
    assert rows_of([]).shape == (0, 3)
    assert rows_of(["", ""]).shape == (0, 3)
