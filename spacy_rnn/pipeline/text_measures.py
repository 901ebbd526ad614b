"""Columns that say what a token is: of its text, its place, and the vocabulary."""

from __future__ import annotations

import numpy as np

from ..vocabulary import BOUNDARY_ROW, UNKNOWN_ROW
from ..vocabulary.unigrams import unigram_log_probs
from .token_numbers import TokenNumbers

_LN2 = float(np.log(2.0))


def token_indices(numbers: TokenNumbers) -> np.ndarray:
    return np.arange(len(numbers), dtype=np.int32)


def token_texts(numbers: TokenNumbers) -> list[str]:
    return [token.text for token in numbers.doc]


def text_of_span(numbers: TokenNumbers, start: int, end: int, previous: int | None) -> str:
    return numbers.doc[start:end].text


def start_offsets(numbers: TokenNumbers) -> np.ndarray:
    return numbers.output.offsets


def end_offsets(numbers: TokenNumbers) -> np.ndarray:
    return numbers.output.offsets + token_lengths(numbers)


def token_lengths(numbers: TokenNumbers) -> np.ndarray:
    lengths = (len(token) for token in numbers.doc)
    return np.fromiter(lengths, dtype=np.int32, count=len(numbers))


def length_of_span(numbers: TokenNumbers, start: int, end: int, previous: int | None) -> int:
    return len(numbers.doc[start:end].text)


def white_space_after(numbers: TokenNumbers) -> list[str]:
    return [token.whitespace_ for token in numbers.doc]


def read_tokens(numbers: TokenNumbers) -> np.ndarray:
    return numbers.read.astype(np.int32)


def unknown_flags(numbers: TokenNumbers) -> np.ndarray:
    return _find_unknown(numbers, "unknown")


def known_flags(numbers: TokenNumbers) -> np.ndarray:
    """RETURNS (ndarray): bool (n,); white space that isn't read is not known either."""
    return numbers.read & ~_find_unknown(numbers, "known")


def _find_unknown(numbers: TokenNumbers, column: str) -> np.ndarray:
    """RETURNS (ndarray): bool (n,); from the vocabulary where the output was saved without them."""
    if numbers.output.unknown is not None:
        return numbers.output.unknown
    return numbers.needs_vocabulary(column)[1] == UNKNOWN_ROW


def unigram_surprisal(numbers: TokenNumbers) -> np.ndarray:
    """RETURNS (ndarray): float32 (n,), in bits; as `sentence_scores` has it: spelled where the
    component spells."""
    vocabulary, rows = numbers.needs_vocabulary("unigram_surprisal")
    log_probs = unigram_log_probs(vocabulary, np.maximum(rows, 0)) + numbers.spelling()
    return (log_probs / -_LN2).astype(np.float32)


def end_unigram_surprisal(numbers: TokenNumbers) -> float:
    vocabulary, _ = numbers.needs_vocabulary("unigram_surprisal")
    return -float(unigram_log_probs(vocabulary, np.array([BOUNDARY_ROW]))[0]) / _LN2
