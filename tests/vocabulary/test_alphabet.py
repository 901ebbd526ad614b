"""Every string has one spelling, and no two strings have the same."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_rnn.vocabulary import Vocabulary
from spacy_rnn.vocabulary.alphabet import END, Alphabet, alphabet_of

WORDS = ["猫狗", "猫鸟", "狗猫雨", "ab", "b", "aab", "é", "xx"]
# 猫 has three words, b too, and 狗 and a two each
CHARACTERS = ["b", "猫", "a", "狗"]
BYTES = 1 + len(CHARACTERS)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.fixture(scope="module")
def alphabet():
    return Alphabet(WORDS)


def spell(alphabet, word):
    symbols, lengths = alphabet.spell([word])
    assert lengths.tolist() == [len(symbols)]
    return symbols.tolist()


def read_aloud(alphabet, symbols):
    """The text again: bytes that follow each other are read as UTF-8."""
    text, pending = "", b""
    for symbol in symbols:
        byte = symbol - 1 - len(alphabet.characters)
        if byte >= 0:
            pending += bytes([byte])
        else:
            text += pending.decode() + alphabet.characters[symbol - 1]
            pending = b""
    return text + pending.decode()


def test_characters_of_two_words_have_rows_by_number_of_words_then_code_point(alphabet):
    assert alphabet.characters == CHARACTERS
    assert len(alphabet) == 1 + len(CHARACTERS) + 256


def test_a_character_that_one_word_has_twice_is_no_symbol():
    assert Alphabet(["xx", "y"]).characters == []


def test_counts_are_words_for_the_end_and_the_characters_and_nothing_for_bytes(alphabet):
    with_character = [sum(c in word for word in WORDS) for c in CHARACTERS]
    assert alphabet.counts.tolist() == [len(WORDS), *with_character, *[0] * 256]
    assert alphabet.counts.dtype == np.int64
    # the clusters of the softmax are chosen for falling counts
    assert alphabet.counts.tolist() == sorted(alphabet.counts, reverse=True)


def test_a_known_character_is_its_row_and_any_other_its_bytes(alphabet):
    assert spell(alphabet, "a狗") == [3, 4]
    assert spell(alphabet, "é") == [BYTES + 0xC3, BYTES + 0xA9]
    assert spell(alphabet, "b雨b") == [1, *(BYTES + byte for byte in "雨".encode()), 1]
    assert spell(alphabet, "\0") == [BYTES]
    assert spell(alphabet, "😀") == [BYTES + byte for byte in b"\xf0\x9f\x98\x80"]


def test_words_are_spelled_one_after_another(alphabet):
    words = ["a", "", "é猫", "b"]
    symbols, lengths = alphabet.spell(words)
    assert symbols.tolist() == [symbol for word in words for symbol in spell(alphabet, word)]
    assert lengths.tolist() == [1, 0, 3, 1]
    assert symbols.dtype == lengths.dtype == np.int64


def test_no_words_have_no_symbols(alphabet):
    symbols, lengths = alphabet.spell([])
    assert symbols.shape == lengths.shape == (0,)
    assert symbols.dtype == lengths.dtype == np.int64


def test_an_alphabet_of_no_words_has_the_end_and_the_bytes():
    alphabet = Alphabet([])
    assert len(alphabet) == 257 and alphabet.counts.tolist() == [0] * 257
    assert spell(alphabet, "a") == [1 + ord("a")]


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_a_spelling_can_be_read_aloud_again(text):
    """So there is no other string with the same one."""
    alphabet = Alphabet(WORDS)
    symbols = spell(alphabet, text)
    assert read_aloud(alphabet, symbols) == text
    assert all(END < symbol < len(alphabet) for symbol in symbols)


def test_no_two_strings_have_the_same_spelling(alphabet):
    """Among them characters whose bytes begin alike."""
    strings = [
        "".join(letters) for n in range(4) for letters in product("ab猫獏éè\xc3\0", repeat=n)
    ]
    spellings = {tuple(spell(alphabet, string)) for string in strings}
    assert len(spellings) == len(strings)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text("abcé猫😀", min_size=1, max_size=4), unique=True), st.randoms())
def test_the_alphabet_does_not_depend_on_the_order_of_words(words, random):
    alphabet = Alphabet(words)
    shuffled = [*words]
    random.shuffle(shuffled)
    assert Alphabet(iter(shuffled)).characters == alphabet.characters
    assert Alphabet(iter(shuffled)).counts.tolist() == alphabet.counts.tolist()


def test_rows_in_another_alphabet_are_those_of_the_same_symbols(alphabet):
    other = Alphabet(["猫b", "b猫猫", "zé", "éb"])
    assert other.characters == ["b", "é", "猫"]
    rows = alphabet.rows_in(other)
    assert rows.dtype == np.int64 and len(rows) == len(alphabet)
    assert rows[END] == END
    shared = {"b": 1, "猫": 3}
    first = {"a": 4 + ord("a"), "狗": 4 + "狗".encode()[0]}
    assert rows[1:BYTES].tolist() == [{**shared, **first}[c] for c in CHARACTERS]
    assert rows[BYTES:].tolist() == [4 + byte for byte in range(256)]


def test_rows_in_an_equal_alphabet_are_its_own(alphabet):
    for one in (alphabet, Alphabet([])):
        assert one.rows_in(one).tolist() == list(range(len(one)))
    empty = Alphabet([])
    assert empty.rows_in(alphabet).tolist() == [END, *range(BYTES, len(alphabet))]


def test_a_vocabulary_spells_with_its_words_and_not_with_the_special_rows():
    vocabulary = Vocabulary([("<unk>", 4), ("</s>", 3), ("k<", 2), ("n/", 1), ("ks", 1)])
    assert alphabet_of(vocabulary).characters == ["k"]
    assert alphabet_of(vocabulary) is alphabet_of(vocabulary)
    assert alphabet_of(vocabulary).counts[END] == 3


def test_a_loaded_vocabulary_has_the_alphabet_of_the_saved_one():
    vocabulary = Vocabulary([(word, 1) for word in WORDS])
    loaded = Vocabulary.from_bytes(vocabulary.to_bytes())
    assert alphabet_of(loaded).characters == CHARACTERS
    assert alphabet_of(loaded).counts.tolist() == alphabet_of(vocabulary).counts.tolist()
