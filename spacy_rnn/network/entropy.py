"""How uncertain a distribution over the next word is."""

from __future__ import annotations

import torch
from torch import Tensor

from .linear_nll import row_blocks
from .measures import LARGER_BLOCKS
from .softmax import SoftmaxHead


@torch.no_grad()
def entropy(
    head: SoftmaxHead, hidden: Tensor, targets: Tensor | None = None, exclude: int | None = None
) -> Tensor:
    """H = −Σ p log p over the whole vocabulary (Shannon 1948), whatever comes.

    hidden (Tensor): float32 (n, width).
    targets, exclude: Not used.
    RETURNS (Tensor): float32 (n,), in nats.
    """
    result = hidden.new_empty(len(hidden))
    for block in row_blocks(len(hidden), len(head.weight), LARGER_BLOCKS):
        log_probs = head.log_distribution(hidden[block])
        result[block] = -torch.linalg.vecdot(log_probs.exp(), log_probs)
    return result
