"""What else a next-word distribution tells: its entropy, and the rank of the word that came."""

from __future__ import annotations

import torch
from torch import Tensor

from .linear_nll import row_blocks
from .softmax import EXCLUDED, SoftmaxHead


@torch.no_grad()
def entropy(head: SoftmaxHead, hidden: Tensor) -> Tensor:
    """H = −Σ p log p over the whole vocabulary (Shannon 1948).

    hidden (Tensor): float32 (n, width).
    RETURNS (Tensor): float32 (n,), in nats.
    """
    result = hidden.new_empty(len(hidden))
    for block in row_blocks(len(hidden), len(head.weight)):
        # entr(p) is −p log p, and 0 where p is 0
        result[block] = torch.special.entr(head.log_distribution(hidden[block]).exp_()).sum(1)
    return result


@torch.no_grad()
def rank(head: SoftmaxHead, hidden: Tensor, targets: Tensor, exclude: int) -> Tensor:
    """The place of each target among all words by falling probability, ties by row: place k is that
    of the k-th word of `SoftmaxHead.top_k`.

    hidden (Tensor): float32 (n, width).
    targets (Tensor): int64 (n,).
    exclude (int): A row that isn't in the list, but has a rank in it where it is the target.
    RETURNS (Tensor): int64 (n,), from 1.
    """
    result = torch.empty_like(targets)
    rows = torch.arange(len(head.weight), device=hidden.device)
    for block in row_blocks(len(hidden), len(head.weight)):
        log_probs = head.log_distribution(hidden[block])
        target = targets[block, None]
        own = log_probs.gather(1, target)
        log_probs[:, exclude] = EXCLUDED
        ahead = (log_probs > own) | ((log_probs == own) & (rows < target))
        result[block] = ahead.sum(1) + 1
    return result
