"""Words → symbols of the speller: characters, bytes of rare characters, and the end of a word."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from .entries import by_count
from .symbols import BOUNDARY_ROW
from .vocabulary import Vocabulary

END = 0
_BYTES = 256
# A character that only one word has is spelled by its bytes, so that these are learned too.
_LEAST_WORDS = 2


class Alphabet:
    """The symbols that words are spelled with: row 0 is the end of a word, then come the
    characters that at least two words have, by falling number of words (ties by code point), then
    the 256 bytes. A character without a row is spelled as its bytes in UTF-8, so that every string
    has one spelling, and no two strings have the same.

    words (Iterable[str]): Different words.

    codes (ndarray): int64 (symbols,), what each is, the same in every alphabet: 0 for the end, then
        1 + the code point of characters, and greater numbers for bytes.

    EXAMPLE:
        >>> alphabet = Alphabet(["ab", "b"])
        >>> alphabet.spell(["b", "a"])[0] - 2  # the byte of "a"
        array([-1, 97])
    """

    def __init__(self, words: Iterable[str]) -> None:
        totals: Counter[str] = Counter()
        number = 0
        for word in words:
            totals.update(set(word))
            number += 1
        shared = [entry for entry in totals.items() if entry[1] >= _LEAST_WORDS]
        shared.sort(key=by_count)
        self.characters = [character for character, _ in shared]
        counts = [number, *(count for _, count in shared), *[0] * _BYTES]
        self.counts = np.array(counts, dtype=np.int64)
        self._rows = {character: row for row, character in enumerate(self.characters, 1)}
        self._first_byte = len(self.characters) + 1
        points = [1 + ord(character) for character in self.characters]
        bytes_ = (2 + sys.maxunicode + np.arange(_BYTES)).tolist()
        self.codes = np.array([END, *points, *bytes_], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.counts)

    def spell(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """RETURNS (Tuple[ndarray, ndarray]): int64 (n,), the symbols of all words one after
        another, without ends, and int64 (words,), how many each has."""
        symbols: list[int] = []
        lengths: list[int] = []
        for word in words:
            before = len(symbols)
            for character in word:
                row = self._rows.get(character)
                if row is None:
                    symbols += [self._first_byte + byte for byte in character.encode()]
                else:
                    symbols.append(row)
            lengths.append(len(symbols) - before)
        return np.array(symbols, dtype=np.int64), np.array(lengths, dtype=np.int64)

    def last_symbols(self, word: str) -> np.ndarray:
        """RETURNS (ndarray): int64 (characters,), the place of the last symbol of each character
        among the symbols of the word."""
        sizes = [1 if c in self._rows else len(c.encode()) for c in word]
        return np.cumsum(np.array(sizes, dtype=np.int64)) - 1

    def rows_in(self, other: Alphabet) -> np.ndarray:
        """RETURNS (ndarray): int64 (symbols,), the row of each symbol in another alphabet: for
        characters that it doesn't have, that of their first byte."""
        symbols, lengths = other.spell(self.characters)
        first = symbols[np.cumsum(lengths) - lengths]
        last = other._first_byte + np.arange(_BYTES)
        return np.concatenate([[END], first, last])


def alphabet_of(vocabulary: Vocabulary) -> Alphabet:
    """RETURNS (Alphabet): The symbols that words outside a vocabulary are spelled with."""
    return vocabulary.derived("alphabet", lambda: Alphabet(vocabulary.forms[BOUNDARY_ROW + 1 :]))
