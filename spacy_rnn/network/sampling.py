"""Draw the next word from a distribution."""

from __future__ import annotations

import torch
from torch import Tensor


def sample(
    log_probs: Tensor,
    *,
    temperature: float,
    top_k: int,
    top_p: float,
    forbidden: int,
    generator: torch.Generator,
) -> int:
    """Draw a row with probability ∝ exp(log p / temperature), among the likeliest.

    log_probs (Tensor): float32 (words,) on the CPU.
    temperature (float): > 0; 0 takes the most probable row (ties by row).
    top_k (int): Only the k most probable rows; 0 for all.
    top_p (float): Only the smallest set of rows with at least this probability, in (0, 1]
        (nucleus sampling, Holtzman et al. 2020); 1 for all.
    forbidden (int): A row that is never drawn.
    generator (torch.Generator): The source of randomness.
    RAISES (FloatingPointError): If the scores aren't numbers.
    """
    scores = log_probs.double()
    scores[forbidden] = float("-inf")
    if not scores.max().isfinite():
        raise FloatingPointError("no word has a probability")
    if temperature == 0:
        return int(scores.argmax())
    rows = None
    if top_k or top_p < 1:
        scores, rows = scores.sort(descending=True, stable=True)
        if top_k:
            scores, rows = scores[:top_k], rows[:top_k]
    # differences from the best, so that no temperature above 0 is too small to divide by
    probs = torch.softmax((scores - scores.max()) / temperature, dim=0)
    if top_p < 1:
        # a row stays if the rows before it have not reached top_p yet; so the first always does
        probs = probs * (probs.cumsum(0) - probs < top_p)
    drawn = torch.multinomial(probs, 1, generator=generator)
    return int(drawn if rows is None else rows[drawn])
