"""How much of what was scored are unknown words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..pipeline.counting import Counts
from ..pipeline.output import LMOutput


@dataclass
class UnknownShare:
    """Sums over what was scored, the closing `</s>` left out.

    tokens, unknown (int): Tokens that are read, and how many of them the vocabulary lacks.
    bits, unknown_bits (float): The surprisal of all of them, and of the unknown ones; where words
        are spelled, with the spelling.
    """

    tokens: int = 0
    unknown: int = 0
    bits: float = 0.0
    unknown_bits: float = 0.0

    def add(self, output: LMOutput) -> None:
        """Add a document.

        output (LMOutput): What a component says about it, log-probabilities among it.
        """
        log_probs, unknown = output.log_probs, output.unknown
        assert log_probs is not None and unknown is not None  # they are kept together
        self.tokens += output.count_read(0, len(output))
        self.unknown += int(unknown.sum())
        self.bits -= float(log_probs.sum(dtype="d")) / math.log(2)
        self.unknown_bits -= float(log_probs[unknown].sum(dtype="d")) / math.log(2)

    @classmethod
    def from_counts(cls, counts: Counts) -> UnknownShare:
        """RETURNS (UnknownShare): That of a corpus.

        counts (Counts): What a component counted of it.
        """
        every = counts.log_prob + counts.spelling - counts.end_log_prob
        unknown = counts.unknown_log_prob + counts.spelling
        # 0.0 - x: of no word it is 0.0, not -0.0
        parts = ((0.0 - log_prob) / math.log(2) for log_prob in (every, unknown))
        return cls(counts.tokens, counts.unknown, *parts)

    @property
    def of_tokens(self) -> float:
        """RETURNS (float): The share of the tokens, from 0 to 1."""
        return self.unknown / self.tokens if self.tokens else 0.0

    @property
    def of_bits(self) -> float:
        """RETURNS (float): The share of the bits, from 0 to 1."""
        return self.unknown_bits / self.bits if self.bits else 0.0
