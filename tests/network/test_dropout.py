"""Locked dropout: one mask a sequence."""

import torch

from spacy_rnn.network.dropout import locked_dropout


def test_rate_zero_returns_the_input_itself():
    packed = torch.randn(5, 3)
    state = torch.random.get_rng_state()
    assert locked_dropout(packed, torch.tensor([0, 1, 0, 1, 0]), 2, 0.0) is packed
    assert (torch.random.get_rng_state() == state).all()


def test_mask_is_the_same_at_every_step_and_another_for_every_sequence():
    torch.manual_seed(0)
    sequence = torch.tensor([0, 1, 2, 0, 1, 0])
    dropped = locked_dropout(torch.ones(6, 64), sequence, 3, 0.5)
    masks = [dropped[sequence == number] for number in range(3)]
    assert all((mask == mask[0]).all() for mask in masks)
    assert all((a[0] != b[0]).any() for a in masks for b in masks if a is not b)


def test_kept_units_are_scaled_so_that_the_expectation_stays():
    torch.manual_seed(0)
    packed = torch.full((400, 50), 3.0)
    dropped = locked_dropout(packed, torch.arange(400), 400, 0.2)
    kept = dropped != 0
    assert torch.allclose(dropped[kept], torch.tensor(3.0 / (1 - 0.2)))
    assert abs(kept.double().mean() - (1 - 0.2)) < 0.02
    assert abs(dropped.double().mean() - 3.0) < 0.1


def test_gradient_passes_through_kept_units_only():
    torch.manual_seed(0)
    packed = torch.ones(4, 30, requires_grad=True)
    dropped = locked_dropout(packed, torch.tensor([0, 1, 0, 1]), 2, 0.4)
    dropped.sum().backward()
    assert torch.equal(packed.grad, dropped.detach())
