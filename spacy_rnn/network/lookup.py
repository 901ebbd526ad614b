"""Rows of a table, whose gradient is added where it belongs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_block = threading.local()


@contextmanager
def gradients_in_place() -> Iterator[None]:
    """In this block, `look_up` leaves the graph: for passes that are followed by `backward()`."""
    before = getattr(_block, "entered", False)
    _block.entered = True
    try:
        yield
    finally:
        _block.entered = before


def look_up(table: nn.Parameter, rows: Tensor) -> Tensor:
    """What `table[rows]` is. Within `gradients_in_place` its backward pass adds the gradient to
    these rows of `table.grad` alone: torch would fill a gradient of the whole table, and add it to
    that of a softmax with the same table, which for large vocabularies takes as long as the
    recurrence. `torch.autograd.grad` sees nothing of it there.

    table (Parameter): float32 (n, width).
    rows (Tensor): int64 (m,).
    RETURNS (Tensor): float32 (m, width).
    """
    wanted = torch.is_grad_enabled() and table.requires_grad
    if not (wanted and getattr(_block, "entered", False)):
        # index_select, not indexing: its backward adds repeated rows in one fixed order
        return table.index_select(0, rows)

    def add(vectors: Tensor) -> None:
        if table.grad is None:
            table.grad = torch.zeros_like(table)
        assert vectors.grad is not None
        # in one fixed order too
        table.grad.index_add_(0, rows, vectors.grad)
        vectors.grad = None

    vectors = table.detach().index_select(0, rows).requires_grad_()
    vectors.register_post_accumulate_grad_hook(add)
    return vectors
