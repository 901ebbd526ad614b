"""Symbols of words → n-grams of them, hashed: what the speller sees of what it has just read."""

from __future__ import annotations

import numpy as np

# The sizes, the symbol itself included.
SIZES = (2, 3, 4)
# Odd 64-bit numbers: those of the finaliser of SplitMix64 (Steele et al. 2014), and of its step.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def symbol_ngrams(codes: np.ndarray, lengths: np.ndarray, rows: int) -> np.ndarray:
    """The n-grams that end at each symbol of words, with the beginning of the word as a symbol.

    codes (ndarray): int64 (n,), what each symbol is, above 0: the same in every alphabet, so that
        a trained table serves another one.
    lengths (ndarray): int64 (words,), with sum n.
    rows (int): Of the table; above 1.
    RETURNS (ndarray): int64 (n, 3), rows from 1 to rows − 1, the same anywhere; 0 for n-grams that
        would begin before the word does.
    """
    numbers = codes.astype(np.uint64)
    places = np.arange(len(codes)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    result = np.zeros((len(codes), len(SIZES)), dtype=np.int64)
    key = numbers
    for column, size in enumerate(SIZES):
        before = np.zeros_like(numbers)
        back = size - 1
        before[back:] = numbers[:-back]
        before[places < back] = 0  # the beginning of the word
        key = _mix(key * _STEP + before)
        hashed = (_mix(key + np.uint64(size)) % np.uint64(rows - 1)).astype(np.int64) + 1
        result[:, column] = np.where(places >= back - 1, hashed, 0)
    return result


def _mix(key: np.ndarray) -> np.ndarray:
    key = (key ^ (key >> np.uint64(30))) * _MIX[0]
    key = (key ^ (key >> np.uint64(27))) * _MIX[1]
    return key ^ (key >> np.uint64(31))
