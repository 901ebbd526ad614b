"""log p(target) under softmax(h Wᵀ + b), without ever holding more than a bounded block of logits.

The backward pass uses the closed form ∂(−log p_t)/∂logits = softmax − onehot(t)
(Goodfellow et al. 2016, Deep Learning, §6.2.2.3). A softmax may be made of parts, products of some
of the positions with some of the rows: all of them write into one gradient of the weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from .shapes import round_up

# Logits held at once, in numbers: 8 MB in float32. Larger blocks leave the caches, and the C
# library gives their memory back after each, which costs more than the arithmetic.
BLOCK_LOGITS = 2_000_000
# In training a block costs a pass over the weight's gradient, so there are fewer, larger ones.
_TRAINING_FACTOR = 8


class SoftmaxPart(NamedTuple):
    """A softmax over some rows of a weight, of some positions.

    rows (slice): Of the weight and the bias.
    places (Optional[Tensor]): int64 (n,), different positions; None for all of them.
    targets (Tensor): int64 (n,), counted from the first row; behind these rows are those that are
        added to the first part.
    dtype (torch.dtype): What the matrix products run in; sums and logarithms are float32.
    """

    rows: slice
    places: Tensor | None
    targets: Tensor
    dtype: torch.dtype


class _Product(NamedTuple):
    """A part's product as the backward pass needs it; see `_multiply`."""

    hidden: Tensor
    weight: Tensor
    bias: Tensor
    targets: Tensor
    shut: Tensor | None
    kept: Tensor | None


class _PartLogProbs(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor,
        more_weight: Tensor | None,
        more_bias: Tensor | None,
        parts: Sequence[SoftmaxPart],
        shut: Tensor | None,
        factor: int,
    ) -> Tensor:
        result = hidden.new_zeros(len(hidden), dtype=torch.float32)
        saved: list[Tensor | None] = []
        for number, part in enumerate(parts):
            some, rows, biases = hidden, weight[part.rows], bias[part.rows]
            if part.places is not None:
                some = hidden.index_select(0, part.places)
            if number == 0 and more_weight is not None and more_bias is not None:
                rows, biases = torch.cat([rows, more_weight]), torch.cat([biases, more_bias])
            closed = shut if number == 0 else None
            found, product = _multiply(some, rows, biases, part.targets, closed, part.dtype, factor)
            if part.places is None:
                result += found
            else:
                result.index_add_(0, part.places, found)
            saved += product
        ctx.save_for_backward(*saved)
        ctx.parts, ctx.shapes = parts, (hidden.shape, weight.shape)
        ctx.more = None if more_weight is None else len(more_weight)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        (grad,), saved = grads, ctx.saved_tensors
        d_hidden = grad.new_zeros(ctx.shapes[0])
        d_weight, d_bias = grad.new_empty(ctx.shapes[1]), grad.new_empty(ctx.shapes[1][0])
        d_more: list[Tensor | None] = [None, None]
        for rows in _others(len(d_weight), [part.rows for part in ctx.parts]):
            d_weight[rows], d_bias[rows] = 0.0, 0.0
        for number, part in enumerate(ctx.parts):
            product = _Product(*saved[6 * number : 6 * number + 6])
            some = grad if part.places is None else grad.index_select(0, part.places)
            d_some, d_rows, d_biases = _gradients(product, some)
            if part.places is None:
                d_hidden += d_some
            else:
                d_hidden.index_add_(0, part.places, d_some)
            if number == 0 and ctx.more is not None:
                size = len(d_rows) - ctx.more
                (d_rows, d_more[0]), (d_biases, d_more[1]) = (
                    (tensor[:size], tensor[size:]) for tensor in (d_rows, d_biases)
                )
            d_weight[part.rows], d_bias[part.rows] = d_rows, d_biases
        return d_hidden, d_weight, d_bias, *d_more, None, None, None


def _others(length: int, covered: Sequence[slice]) -> Iterator[slice]:
    """YIELDS (slice): What of a length isn't covered."""
    start = 0
    for rows in sorted(covered, key=lambda rows: rows.start):
        if rows.start > start:
            yield slice(start, rows.start)
        start = rows.stop
    if start < length:
        yield slice(start, length)


def _multiply(
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    shut: Tensor | None,
    dtype: torch.dtype,
    factor: int,
) -> tuple[Tensor, _Product]:
    """RETURNS (Tuple[Tensor, _Product]): float32 (n,), and what the backward pass needs."""
    low_hidden, low_weight, positions = hidden.to(dtype), weight.to(dtype), len(hidden)
    if dtype != torch.float32 and hidden.device.type == "cpu":
        # few shapes: see shapes.py
        more = int(round_up(np.array(positions))) - positions
        low_hidden = functional.pad(low_hidden, (0, 0, 0, more))
        targets = functional.pad(targets, (0, more))
        shut = None if shut is None else functional.pad(shut, (0, more))
    result = bias.new_empty(len(low_hidden))
    kept = None
    for rows in row_blocks(len(low_hidden), len(weight), factor):
        closed = None if shut is None else shut[rows]
        log_probs = _log_probs(low_hidden[rows], low_weight, bias, closed)
        result[rows] = log_probs.gather(1, targets[rows, None]).squeeze(1)
        kept = log_probs if len(log_probs) == len(low_hidden) else None
    return result[:positions], _Product(low_hidden, low_weight, bias, targets, shut, kept)


def _gradients(product: _Product, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """RETURNS (Tuple[Tensor, Tensor, Tensor]): float32, of the hidden states, the weight, the bias;
    the last two may be in the number format of the product."""
    hidden, weight, bias, targets, shut, kept = product
    positions = len(grad)
    grad = functional.pad(grad, (0, len(hidden) - positions))
    d_hidden = torch.empty_like(hidden)
    d_weight: Tensor | None = None
    d_bias = torch.zeros_like(bias)
    for rows in row_blocks(len(hidden), len(weight), _TRAINING_FACTOR):
        log_probs = kept
        if log_probs is None:
            closed = None if shut is None else shut[rows]
            log_probs = _log_probs(hidden[rows], weight, bias, closed)
        # d log p_t = onehot − softmax; written into the block of log-probabilities itself
        d_logits = log_probs.exp_().mul_(-grad[rows, None])
        d_logits.scatter_add_(1, targets[rows, None], grad[rows, None])
        d_bias += d_logits.sum(0)
        d_low = d_logits.to(hidden.dtype)
        torch.mm(d_low, weight, out=d_hidden[rows])
        part = d_low.t() @ hidden[rows]
        d_weight = part if d_weight is None else d_weight.float().add_(part)
    if d_weight is None:
        d_weight = torch.zeros_like(weight)
    return d_hidden[:positions].float(), d_weight, d_bias


def part_log_probs(
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor,
    parts: Sequence[SoftmaxPart],
    shut: Tensor | None = None,
    more_weight: Tensor | None = None,
    more_bias: Tensor | None = None,
) -> Tensor:
    """Σ log softmax(h Wᵀ + b)[target] over the parts in which a row of h is.

    hidden (Tensor): float32 (n, width).
    weight (Tensor): float32 (words, width).
    bias (Tensor): float32 (words,).
    parts (Sequence[SoftmaxPart]): Their rows don't overlap.
    shut (Optional[Tensor]): bool (n,), where row 0 of the first part can't come: the others sum to
        1. That part has all positions then.
    more_weight, more_bias (Optional[Tensor]): float32 (k, width) and (k,), rows behind those of the
        first part.
    RETURNS (Tensor): float32 (n,), natural logarithms; differentiable once.
    """
    given = hidden, weight, bias, more_weight, more_bias
    # asked here: inside of the function gradients are never enabled
    learns = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in given)
    factor = _TRAINING_FACTOR if learns else 1
    return _PartLogProbs.apply(*given, parts, shut, factor)


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
    part = SoftmaxPart(slice(0, len(weight)), None, targets, dtype)
    return part_log_probs(hidden, weight, bias, [part], shut)


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
