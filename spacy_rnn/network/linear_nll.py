"""log p(target) under softmax(h Wᵀ + b), without ever holding more than a bounded block of logits.

The backward pass uses the closed form ∂(−log p_t)/∂logits = softmax − onehot(t)
(Goodfellow et al. 2016, Deep Learning, §6.2.2.3).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

# Logits held at once, in numbers: 64 MB in float32, about what the cores' caches and RAM like.
BLOCK_LOGITS = 16_000_000


class _LinearLogProb(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, dtype: torch.dtype
    ) -> Tensor:
        low_hidden, low_weight = hidden.to(dtype), weight.to(dtype)
        normaliser = hidden.new_empty(len(hidden), dtype=torch.float32)
        chosen = torch.empty_like(normaliser)
        kept = None
        for rows in row_blocks(len(hidden), len(weight)):
            logits = _logits(low_hidden[rows], low_weight, bias)
            normaliser[rows] = torch.logsumexp(logits, dim=1)
            chosen[rows] = logits.gather(1, targets[rows, None]).squeeze(1)
            kept = logits if len(logits) == len(hidden) else None
        ctx.save_for_backward(low_hidden, low_weight, bias, targets, normaliser, kept)
        return chosen - normaliser

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        low_hidden, low_weight, bias, targets, normaliser, kept = ctx.saved_tensors
        grad = grads[0]
        d_hidden = torch.empty_like(low_hidden)
        d_weight: Tensor | None = None
        d_bias = torch.zeros_like(bias)
        for rows in row_blocks(len(low_hidden), len(low_weight)):
            block = low_hidden[rows]
            logits = _logits(block, low_weight, bias) if kept is None else kept
            # d log p_t = onehot − softmax; written into the block of logits itself
            d_logits = logits.sub_(normaliser[rows, None]).exp_().mul_(-grad[rows, None])
            d_logits.scatter_add_(1, targets[rows, None], grad[rows, None])
            d_bias += d_logits.sum(0)
            d_low = d_logits.to(low_hidden.dtype)
            torch.mm(d_low, low_weight, out=d_hidden[rows])
            part = (d_low.t() @ block).float()
            d_weight = part if d_weight is None else d_weight.add_(part)
        if d_weight is None:
            d_weight = torch.zeros(low_weight.shape, device=bias.device)
        return d_hidden.float(), d_weight, d_bias, None, None


def target_log_probs(
    hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, dtype: torch.dtype
) -> Tensor:
    """log softmax(h Wᵀ + b)[target] for every row of h.

    hidden (Tensor): float32 (n, width).
    weight (Tensor): float32 (words, width).
    bias (Tensor): float32 (words,).
    targets (Tensor): int64 (n,), rows of `weight`.
    dtype (torch.dtype): What the matrix products run in; sums and logarithms are float32.
    RETURNS (Tensor): float32 (n,), natural logarithms; differentiable once.
    """
    return _LinearLogProb.apply(hidden, weight, bias, targets, dtype)


def _logits(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    if hidden.dtype == torch.float32:
        return torch.addmm(bias, hidden, weight.t())
    return (hidden @ weight.t()).float().add_(bias)


def row_blocks(rows: int, columns: int) -> list[slice]:
    """RETURNS (List[slice]): Cuts `rows` so that a block of rows × columns stays bounded."""
    size = max(1, BLOCK_LOGITS // max(1, columns))
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
