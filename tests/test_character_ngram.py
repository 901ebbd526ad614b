"""The benchmark's character n-gram against Witten and Bell's formula, by counting in strings."""

import math
import random
from itertools import product

import pytest

from .helpers import load_script

CharacterNgram = load_script("character_ngram", folder="benchmarks").CharacterNgram
# Symbols are written as characters: "." is the end of a word.
LETTERS = ".abc"


def brute_force(words, symbol, history, order):
    """p(symbol | history), every count by looking through all words."""
    history = history[max(0, len(history) - order + 1) :]
    lines = [f".{word}." for word in words]

    def count(text):
        # an end that begins a word is nobody's symbol
        return sum(
            line.startswith(text, place)
            for line in lines
            for place in range(len(line))
            if place or len(text) > 1
        )

    def smoothed(history):
        shorter = smoothed(history[1:]) if history else 1 / len(LETTERS)
        counts = [count(history + letter) for letter in LETTERS]
        total, kinds = sum(counts), sum(number > 0 for number in counts)
        if not total:
            return shorter
        return (counts[LETTERS.index(symbol)] + kinds * shorter) / (total + kinds)

    return smoothed(history)


@pytest.fixture(scope="module")
def words():
    letters = random.Random(0)
    return ["".join(letters.choices("ab", k=letters.randint(1, 5))) for _ in range(20)]


def to_symbols(text):
    return tuple(map(LETTERS.index, text))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_are_those_of_the_formula(words, order):
    """After histories that occurred and others, and of a symbol that never did."""
    ngram = CharacterNgram([to_symbols(word) for word in words], len(LETTERS), order)
    for length in range(4):
        for history in map("".join, product("abc", repeat=length)):
            every = [ngram.probability(s, to_symbols("." + history)) for s in range(len(LETTERS))]
            expected = [brute_force(words, letter, "." + history, order) for letter in LETTERS]
            assert every == pytest.approx(expected, rel=1e-9)
            assert sum(every) == pytest.approx(1)


def test_the_bits_of_all_words_are_those_of_a_distribution(words):
    ngram = CharacterNgram([to_symbols(word) for word in words], len(LETTERS), 3)
    word = "abca"
    steps = [
        brute_force(words, letter, ("." + word)[: place + 1], 3)
        for place, letter in enumerate(word + ".")
    ]
    empty = brute_force(words, ".", ".", 3)
    expected = math.log2(1 - empty) - sum(map(math.log2, steps))
    assert ngram.bits(to_symbols(word)) == pytest.approx(expected)
    shares = (
        2 ** -ngram.bits(to_symbols("".join(letters)))
        for length in range(1, 8)
        for letters in product("abc", repeat=length)
    )
    total = sum(shares)
    assert 0.9 < total < 1
