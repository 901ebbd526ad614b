"""log p(target) under softmax(h Wᵀ + b), without ever holding more than a bounded block of logits.

The backward pass uses the closed form ∂(−log p_t)/∂logits = softmax − onehot(t)
(Goodfellow et al. 2016, Deep Learning, §6.2.2.3).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Logits held at once, in numbers: 8 MB in float32. Larger blocks leave the caches, and the C
# library gives their memory back after each, which costs more than the arithmetic.
BLOCK_LOGITS = 2_000_000
# In training a block costs a pass over the weight's gradient, so there are fewer, larger ones.
_TRAINING_FACTOR = 8


class _LinearLogProb(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        shut: Tensor | None,
        dtype: torch.dtype,
        factor: int,
    ) -> Tensor:
        low_hidden, low_weight = hidden.to(dtype), weight.to(dtype)
        result = hidden.new_empty(len(hidden), dtype=torch.float32)
        kept = None
        for rows in row_blocks(len(hidden), len(weight), factor):
            closed = None if shut is None else shut[rows]
            log_probs = _log_probs(low_hidden[rows], low_weight, bias, closed)
            result[rows] = log_probs.gather(1, targets[rows, None]).squeeze(1)
            kept = log_probs if len(log_probs) == len(hidden) else None
        ctx.save_for_backward(low_hidden, low_weight, bias, targets, shut, kept)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        low_hidden, low_weight, bias, targets, shut, kept = ctx.saved_tensors
        grad = grads[0]
        d_hidden = torch.empty_like(low_hidden)
        d_weight: Tensor | None = None
        d_bias = torch.zeros_like(bias)
        for rows in row_blocks(len(low_hidden), len(low_weight), _TRAINING_FACTOR):
            block = low_hidden[rows]
            closed = None if shut is None else shut[rows]
            log_probs = kept
            if log_probs is None:
                log_probs = _log_probs(block, low_weight, bias, closed)
            # d log p_t = onehot − softmax; written into the block of log-probabilities itself
            d_logits = log_probs.exp_().mul_(-grad[rows, None])
            d_logits.scatter_add_(1, targets[rows, None], grad[rows, None])
            d_bias += d_logits.sum(0)
            d_low = d_logits.to(low_hidden.dtype)
            torch.mm(d_low, low_weight, out=d_hidden[rows])
            part = (d_low.t() @ block).float()
            d_weight = part if d_weight is None else d_weight.add_(part)
        if d_weight is None:
            d_weight = torch.zeros(low_weight.shape, device=bias.device)
        return d_hidden.float(), d_weight, d_bias, None, None, None, None


def target_log_probs(
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    dtype: torch.dtype,
    shut: Tensor | None = None,
) -> Tensor:
    """log softmax(h Wᵀ + b)[target] for every row of h.

    hidden (Tensor): float32 (n, width).
    weight (Tensor): float32 (words, width).
    bias (Tensor): float32 (words,).
    targets (Tensor): int64 (n,), rows of `weight`.
    dtype (torch.dtype): What the matrix products run in; sums and logarithms are float32.
    shut (Optional[Tensor]): bool (n,), where row 0 of `weight` can't come: the others sum to 1.
    RETURNS (Tensor): float32 (n,), natural logarithms; differentiable once.
    """
    # asked here: inside of the function gradients are never enabled
    learns = torch.is_grad_enabled() and any(t.requires_grad for t in (hidden, weight, bias))
    factor = _TRAINING_FACTOR if learns else 1
    return _LinearLogProb.apply(hidden, weight, bias, targets, shut, dtype, factor)


def _log_probs(hidden: Tensor, weight: Tensor, bias: Tensor, shut: Tensor | None) -> Tensor:
    if hidden.dtype == torch.float32:
        logits = torch.addmm(bias, hidden, weight.t())
    else:
        logits = (hidden @ weight.t()).float().add_(bias)
    if shut is not None:
        logits[:, 0].masked_fill_(shut, float("-inf"))
    # torch's log_softmax is one pass over a row in cache, faster than logsumexp
    return torch.log_softmax(logits, dim=1)


def row_blocks(rows: int, columns: int, factor: int = 1) -> list[slice]:
    """RETURNS (List[slice]): Cuts `rows` so that a block of rows × columns stays bounded by
    `factor` × BLOCK_LOGITS."""
    size = max(1, factor * BLOCK_LOGITS // max(1, columns))
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
