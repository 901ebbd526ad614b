"""Rows of a table: their gradient is that of torch's own lookup, wherever it is added."""

import pytest
import torch
from torch import nn

from spacy_rnn.network.lookup import gradients_in_place, look_up

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
    with gradients_in_place():
        vectors = look_up(table, ROWS)
    assert vectors.is_leaf
    assert torch.equal(vectors, table[ROWS])
    loss = loss_of(table, factors, vectors, tied=tied)
    for _ in range(passes):
        loss.backward(retain_graph=True)
    torch.testing.assert_close(table.grad, expected)


def test_two_lookups_of_one_table_add_up():
    table, factors = make()
    (table[ROWS].tanh() * table[ROWS + (ROWS < 8)] * factors).sum().backward()
    expected, table.grad = table.grad, None
    with gradients_in_place():
        found = look_up(table, ROWS), look_up(table, ROWS + (ROWS < 8))
    (found[0].tanh() * found[1] * factors).sum().backward()
    torch.testing.assert_close(table.grad, expected)


def test_elsewhere_autograd_sees_the_table():
    """A user's own loss of the network: `torch.autograd.grad`, `backward(inputs=…)`."""
    table, factors = make()
    (expected,) = torch.autograd.grad(loss_of(table, factors, table[ROWS], tied=True), [table])
    with gradients_in_place():
        pass
    loss = loss_of(table, factors, look_up(table, ROWS), tied=True)
    (found,) = torch.autograd.grad(loss, [table])
    torch.testing.assert_close(found, expected)
    assert table.grad is None


def test_what_learns_nothing_has_no_graph():
    table, _ = make()
    with gradients_in_place(), torch.no_grad():
        assert not look_up(table, ROWS).requires_grad
    table.requires_grad_(False)
    with gradients_in_place():
        assert not look_up(table, ROWS).requires_grad
    assert table.grad is None
