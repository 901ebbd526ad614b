"""Measures that follow from the log-probabilities and entropies which a component keeps."""

from __future__ import annotations

import numpy as np

from ..errors import Errors
from .text_measures import known_flags
from .token_numbers import TokenNumbers

_LN2 = np.float32(np.log(2.0))


def log_probs(numbers: TokenNumbers) -> np.ndarray:
    return numbers.log_probs()


def surprisal(numbers: TokenNumbers) -> np.ndarray:
    return _to_bits(numbers.log_probs())


def spelling(numbers: TokenNumbers) -> np.ndarray:
    return _to_bits(numbers.spelling())


def surprisal_unk(numbers: TokenNumbers) -> np.ndarray:
    """RETURNS (ndarray): float32 (n,), in bits: of an unknown word that of its class."""
    closed = numbers.log_probs()
    if numbers.output.closed_log_probs is not None:
        closed = numbers.output.closed_log_probs
    return _to_bits(closed)


def surprisal_known(numbers: TokenNumbers) -> np.ma.MaskedArray:
    """RETURNS (MaskedArray): float32 (n,), in bits; masked where a word is unknown or isn't
    read."""
    return np.ma.masked_array(surprisal(numbers), ~known_flags(numbers))


def end_log_prob(numbers: TokenNumbers) -> float:
    return float(numbers.kept("end_log_prob", "log_probs"))


def end_surprisal(numbers: TokenNumbers) -> float:
    return (0.0 - end_log_prob(numbers)) / float(np.log(2.0))


def entropy_reduction(numbers: TokenNumbers) -> np.ndarray:
    """RETURNS (ndarray): float32 (n,), in bits: max(0, H before the token − H after it), in the
    order of reading. Hale (2006) has it of a grammar's derivations; here H is that of the next
    word.
    """
    before, after = numbers.once(_entropies_around)
    return np.maximum(np.float32(0.0), before - after)


def entropy_reduction_of_span(
    numbers: TokenNumbers, start: int, end: int, previous: int | None
) -> float | None:
    """RETURNS (Optional[float]): max(0, H before its first token − H after its last), in bits, in
    the order of reading; None if none of its tokens is read. Not the sum over its tokens: entropy
    that one of them adds and the next takes away isn't reduced."""
    place, stop = _reading_span(numbers, start, end)
    if place == stop:
        return None
    order = numbers.once(_reading_order)
    before, after = numbers.once(_entropies_around)
    return max(0.0, float(before[order[place]]) - float(after[order[stop - 1]]))


def entropy_reduction_lagged(numbers: TokenNumbers) -> np.ndarray:
    """RETURNS (ndarray): float32 (n,), in bits: max(0, H before the token that was read before −
    H before this one); 0 for the first token, as in neural-complexity (van Schijndel & Linzen
    2018)."""
    order = numbers.once(_reading_order)
    entropy = numbers.kept("entropy")[order]
    result = np.zeros(len(numbers), dtype=np.float32)
    result[order[1:]] = np.maximum(np.float32(0.0), entropy[:-1] - entropy[1:])
    return result


def lagged_reduction_of_span(
    numbers: TokenNumbers, start: int, end: int, previous: int | None
) -> float | None:
    """RETURNS (Optional[float]): max(0, H before the unit that was read before − H before this
    one), in bits; 0 if there was none; None if no token of this one is read.

    previous (Optional[int]): The token with which that unit begins in the order of reading; None
        for the token that was read before.
    """
    entropy = numbers.kept("entropy")
    place, stop = _reading_span(numbers, start, end)
    if place == stop:
        return None
    order = numbers.once(_reading_order)
    if previous is not None and not numbers.read[previous]:
        # that unit begins with white space: with the first token of it that is read
        rising = -previous if numbers.output.reverse else previous
        moved = int(np.searchsorted(numbers.once(_rising_order), rising))
        previous = int(order[moved]) if moved < place else None
    if previous is None:
        if not place:
            return 0.0
        previous = int(order[place - 1])
    return max(0.0, float(entropy[previous]) - float(entropy[order[place]]))


def end_entropy_reduction_lagged(numbers: TokenNumbers) -> float:
    order = numbers.once(_reading_order)
    if not len(order):
        return 0.0
    return max(0.0, float(numbers.kept("entropy")[order[-1]]) - _end_entropy(numbers))


def _entropies_around(numbers: TokenNumbers) -> tuple[np.ndarray, np.ndarray]:
    """RETURNS (Tuple[ndarray, ndarray]): float32 (n,), in bits, before and after each token that is
    read: after the last one, that with which `</s>` is predicted."""
    before = numbers.kept("entropy")
    order = numbers.once(_reading_order)
    after = np.zeros(len(numbers), dtype=np.float32)
    follows = np.append(before[order], np.float32(_end_entropy(numbers)))
    after[order] = follows[1:]
    return before, after


def _reading_order(numbers: TokenNumbers) -> np.ndarray:
    """RETURNS (ndarray): int64, the places of the tokens that are read, in that order."""
    places = np.flatnonzero(numbers.read)
    return places[::-1] if numbers.output.reverse else places


def _reading_span(numbers: TokenNumbers, start: int, end: int) -> tuple[int, int]:
    """RETURNS (Tuple[int, int]): Where tokens start … end − 1 begin and end in that order."""
    if numbers.output.reverse:
        start, end = 1 - end, 1 - start
    first, stop = np.searchsorted(numbers.once(_rising_order), (start, end))
    return int(first), int(stop)


def _rising_order(numbers: TokenNumbers) -> np.ndarray:
    """RETURNS (ndarray): int64, the places in that order as numbers that rise: negative ones where
    it goes from right to left."""
    order = numbers.once(_reading_order)
    return -order if numbers.output.reverse else order


def _end_entropy(numbers: TokenNumbers) -> float:
    numbers.kept("entropy")
    if numbers.output.end_entropy is None:
        raise ValueError(Errors.R702.format(name=numbers.name))
    return numbers.output.end_entropy


def _to_bits(log_probs: np.ndarray) -> np.ndarray:
    return -log_probs / _LN2 + np.float32(0.0)  # no -0.0
