"""Draw the next word from a distribution, after transforms that can be put together.

A transform takes candidates and gives candidates: it changes scores, or leaves rows out. They are
applied in the order of their list; `standard_transforms` has the usual order.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_NEVER = float("-inf")


def _check(what: str, value: float, fine: bool, allowed: str) -> None:
    if not fine or not math.isfinite(value):
        raise ValueError(f"{what} has to be {allowed}, not {value}")


@dataclass(frozen=True)
class Candidates:
    """Rows that may be drawn.

    scores (Tensor): float64 (n,), log-probabilities up to a constant; −inf is never drawn.
    rows (Optional[Tensor]): int64 (n,), their rows, by falling score (ties by row); None if they
        are all rows in order.
    """

    scores: Tensor
    rows: Tensor | None = None

    def ranked(self) -> Candidates:
        """RETURNS (Candidates): The same by falling score."""
        if self.rows is not None:
            return self
        return Candidates(*self.scores.sort(descending=True, stable=True))

    def row_at(self, place: int) -> int:
        """RETURNS (int): The row of a place."""
        return place if self.rows is None else int(self.rows[place])


class Transform(ABC):
    """What is done to the candidates before one is drawn."""

    @abstractmethod
    def __call__(self, candidates: Candidates, read: Sequence[int]) -> Candidates:
        """Apply it.

        candidates (Candidates): Their tensors must not be changed.
        read (Sequence[int]): The rows that were read so far, prompt and written words.
        RETURNS (Candidates): What is left of them.
        """


@dataclass(frozen=True)
class Temperature(Transform):
    """p ∝ p^(1 / value). Below 1 sharpens the distribution, above 1 flattens it; 0 leaves only the
    most probable row (ties by row).

    value (float): At least 0.
    """

    value: float

    def __post_init__(self) -> None:
        _check("a temperature", self.value, self.value >= 0, ">= 0")

    def __call__(self, candidates: Candidates, read: Sequence[int]) -> Candidates:
        scores = candidates.scores
        if self.value == 0:
            best = scores.argmax()
            rows = best if candidates.rows is None else candidates.rows[best]
            return Candidates(scores[best, None], rows[None])
        # differences from the best, so that no temperature above 0 is too small to divide by
        return Candidates((scores - scores.max()) / self.value, candidates.rows)


@dataclass(frozen=True)
class TopK(Transform):
    """Only the most probable rows (ties by row).

    k (int): How many; at least 1.
    """

    k: int

    def __post_init__(self) -> None:
        _check("k", self.k, self.k >= 1, ">= 1")

    def __call__(self, candidates: Candidates, read: Sequence[int]) -> Candidates:
        ranked = candidates.ranked()
        assert ranked.rows is not None
        return Candidates(ranked.scores[: self.k], ranked.rows[: self.k])


@dataclass(frozen=True)
class TopP(Transform):
    """Only the smallest set of the most probable rows that has this probability together (nucleus
    sampling, Holtzman et al. 2020).

    p (float): Above 0, at most 1.
    """

    p: float

    def __post_init__(self) -> None:
        _check("p", self.p, 0 < self.p <= 1, "above 0 and at most 1")

    def __call__(self, candidates: Candidates, read: Sequence[int]) -> Candidates:
        ranked = candidates.ranked()
        probs = torch.softmax(ranked.scores, dim=0)
        # a row stays if the rows before it have not reached p yet; so the first always does
        left_out = probs.cumsum(0) - probs >= self.p
        return Candidates(ranked.scores.masked_fill(left_out, _NEVER), ranked.rows)


class ExcludedRows(Transform):
    """Without some rows.

    rows (Iterable[int]): Rows of the vocabulary.
    """

    def __init__(self, rows: Iterable[int]) -> None:
        self.rows: Collection[int] = sorted(set(rows))

    def __call__(self, candidates: Candidates, read: Sequence[int]) -> Candidates:
        rows = torch.tensor(self.rows, dtype=torch.long)
        if candidates.rows is None:
            return Candidates(candidates.scores.index_fill(0, rows, _NEVER))
        found = torch.isin(candidates.rows, rows)
        return Candidates(candidates.scores.masked_fill(found, _NEVER), candidates.rows)


@dataclass(frozen=True)
class RepetitionPenalty(Transform):
    """p ∝ p^penalty for rows that were read lately. (Keskar et al. 2019 divide a word's logit; of a
    log-probability, which has no free constant, that is a power.)

    penalty (float): At least 1, which changes nothing.
    window (int): How many of the last rows count; 0 for all.
    """

    penalty: float
    window: int = 0

    def __post_init__(self) -> None:
        _check("a penalty", self.penalty, self.penalty >= 1, ">= 1")
        _check("a window", self.window, self.window >= 0, ">= 0")

    def __call__(self, candidates: Candidates, read: Sequence[int]) -> Candidates:
        scores = torch.log_softmax(candidates.scores, dim=0)
        recent = torch.tensor(sorted(set(read[-self.window :])), dtype=torch.long)
        if candidates.rows is None:
            factors = torch.ones_like(scores).index_fill(0, recent, self.penalty)
            return Candidates(scores * factors)
        found = torch.isin(candidates.rows, recent)
        # the order may be another now
        scores, order = torch.where(found, scores * self.penalty, scores).sort(
            descending=True, stable=True
        )
        return Candidates(scores, candidates.rows[order])


def standard_transforms(
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    excluded: Iterable[int] = (),
    repetition_penalty: float = 1.0,
) -> list[Transform]:
    """The transforms of the usual options, in the usual order.

    temperature (float): See `Temperature`.
    top_k (int): See `TopK`; 0 for all rows.
    top_p (float): See `TopP`; of the probabilities at this temperature. 1 for all.
    excluded (Iterable[int]): See `ExcludedRows`.
    repetition_penalty (float): See `RepetitionPenalty`.
    RETURNS (List[Transform]): Excluded rows, repetition, top-k, temperature, top-p.
    RAISES (ValueError): For an option out of range.
    """
    result: list[Transform] = [ExcludedRows(excluded)]
    penalty = RepetitionPenalty(repetition_penalty)
    nucleus = TopP(top_p)
    if repetition_penalty > 1:
        result.append(penalty)
    if top_k:
        result.append(TopK(int(top_k)))
    result.append(Temperature(temperature))
    if top_p < 1:
        result.append(nucleus)
    return result


def sample(
    log_probs: Tensor,
    transforms: Iterable[Transform],
    generator: torch.Generator,
    read: Sequence[int] = (),
) -> int:
    """Draw a row from what the transforms leave.

    log_probs (Tensor): float32 (words,) on the CPU; stays as it is.
    transforms (Iterable[Transform]): Applied one after another.
    generator (torch.Generator): The source of randomness.
    read (Sequence[int]): The rows that were read so far.
    RAISES (FloatingPointError): If the log-probabilities aren't numbers.
    RAISES (LookupError): If the transforms leave no row.
    """
    if not log_probs.max().isfinite():
        raise FloatingPointError("no word has a probability")
    candidates = Candidates(log_probs.double())
    for transform in transforms:
        candidates = transform(candidates, read)
        if not len(candidates.scores) or not candidates.scores.max().isfinite():
            raise LookupError("no word is left")
    probs = torch.softmax(candidates.scores, dim=0)
    return candidates.row_at(int(torch.multinomial(probs, 1, generator=generator)))
