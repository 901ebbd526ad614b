"""Rows of a table, whose gradient is added where it belongs."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def look_up(table: nn.Parameter, rows: Tensor) -> Tensor:
    """What `table[rows]` is. Its backward pass adds the gradient to these rows of `table.grad`
    alone: torch would fill a gradient of the whole table, and add it to that of a softmax with the
    same table, which for large vocabularies takes as long as the recurrence.

    table (Parameter): float32 (n, width).
    rows (Tensor): int64 (m,).
    RETURNS (Tensor): float32 (m, width); a leaf of the graph where gradients are wanted.
    """
    if not (torch.is_grad_enabled() and table.requires_grad):
        return table.index_select(0, rows)

    def add(vectors: Tensor) -> None:
        if table.grad is None:
            table.grad = torch.zeros_like(table)
        assert vectors.grad is not None
        # adds repeated rows in one fixed order
        table.grad.index_add_(0, rows, vectors.grad)
        vectors.grad = None

    vectors = table.detach().index_select(0, rows).requires_grad_()
    vectors.register_post_accumulate_grad_hook(add)
    return vectors
