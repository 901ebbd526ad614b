"""Rows of a table: their gradient is that of torch's own lookup, wherever it is added."""

import pytest
import torch
from torch import nn

from spacy_rnn.network.lookup import look_up

WORDS, WIDTH = 9, 4
ROWS = torch.tensor([3, 0, 3, 8, 3, 1])


def make():
    generator = torch.Generator().manual_seed(0)
    table = nn.Parameter(torch.randn(WORDS, WIDTH, generator=generator))
    return table, torch.randn(len(ROWS), WIDTH, generator=generator)


def loss_of(table, factors, vectors, *, tied):
    loss = (vectors.tanh() * factors).sum()
    return loss + table.exp().sum() if tied else loss


@pytest.mark.parametrize("passes", [1, 3])
@pytest.mark.parametrize("tied", [False, True])
def test_the_gradient_is_that_of_torchs_lookup(tied, passes):
    table, factors = make()
    loss_of(table, factors, table[ROWS], tied=tied).mul(passes).backward()
    expected, table.grad = table.grad, None
    vectors = look_up(table, ROWS)
    assert torch.equal(vectors, table[ROWS])
    loss = loss_of(table, factors, vectors, tied=tied)
    for _ in range(passes):
        loss.backward(retain_graph=True)
    torch.testing.assert_close(table.grad, expected)


def test_two_lookups_of_one_table_add_up():
    table, factors = make()
    (table[ROWS].tanh() * table[ROWS + (ROWS < 8)] * factors).sum().backward()
    expected, table.grad = table.grad, None
    (look_up(table, ROWS).tanh() * look_up(table, ROWS + (ROWS < 8)) * factors).sum().backward()
    torch.testing.assert_close(table.grad, expected)


def test_what_learns_nothing_has_no_graph():
    table, _ = make()
    with torch.no_grad():
        assert not look_up(table, ROWS).requires_grad
    table.requires_grad_(False)
    assert not look_up(table, ROWS).requires_grad
    assert table.grad is None
