"""The neural cache: words that a document had before become more probable where its states were
alike (Grave, Joulin & Usunier 2017, "Improving neural language models with a continuous cache").

After t symbols the cache holds the pairs (h_i, x_{i+1}) of the last `window` states and what came
after them, and

    p_cache(x | t) ∝ Σ_i 1[x_{i+1} = x] exp(flatness · h_t · h_i),
    p(x | t) = (1 − weight) · p_model(x | t) + weight · p_cache(x | t).

Before the first pair p is p_model. Nothing is trained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .forks import no_fork_meanwhile

# The largest cache of the paper. Every word is compared with all that are remembered, so without a
# limit the time would grow with the square of a document's length.
LARGEST_WINDOW = 10_000

# Positions that look back together, fewer where that would be too many pairs.
_BLOCK = 256
_MOST_PAIRS = 4_000_000


@dataclass(frozen=True)
class CacheSettings:
    """window (int): How many pairs are remembered, LARGEST_WINDOW at most; 0 for no cache.
    weight (float): Of the cache, in [0, 1).
    flatness (float): θ of the paper, from 0 to 1000: 0 makes all remembered words equally probable.
    """

    window: int = 0
    weight: float = 0.1
    flatness: float = 0.3


@no_fork_meanwhile
@torch.no_grad()
def cache_probabilities(hidden: Tensor, symbols: Tensor, settings: CacheSettings) -> Tensor:
    """p_cache of every symbol of one document, looking back at those before it.

    hidden (Tensor): float32 (n, width), the state before each symbol.
    symbols (Tensor): int64 (n,), what came: any numbers that are equal for equal symbols.
    RETURNS (Tensor): float32 (n,); 0 at the first position, which has nothing to look back at.
    """
    result = torch.zeros(len(hidden), device=hidden.device)
    remembered = max(1, min(settings.window, len(hidden)))
    block = max(1, min(_BLOCK, _MOST_PAIRS // remembered))
    for start in range(1, len(hidden), block):
        stop = min(start + block, len(hidden))
        first = max(0, start - settings.window)
        now = torch.arange(start, stop, device=hidden.device)[:, None]
        before = torch.arange(first, stop - 1, device=hidden.device)[None, :]
        scores = settings.flatness * (hidden[start:stop] @ hidden[first : stop - 1].t())
        seen = (before < now) & (before >= now - settings.window)
        share = torch.softmax(scores.masked_fill(~seen, float("-inf")), dim=1)
        same = symbols[start:stop, None] == symbols[None, first : stop - 1]
        result[start:stop] = (share * same).sum(1)
    return result


def mix(log_probs: Tensor, cached: Tensor, settings: CacheSettings) -> Tensor:
    """RETURNS (Tensor): float32 (n,), natural log p of every symbol of one document.

    log_probs (Tensor): float32 (n,), natural log p_model.
    cached (Tensor): float32 (n,), p_cache.
    """
    if not settings.weight:
        return log_probs
    mixed = torch.logaddexp(
        log_probs + math.log1p(-settings.weight), cached.log() + math.log(settings.weight)
    )
    mixed[:1] = log_probs[:1]
    return mixed
