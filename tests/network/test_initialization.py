"""Initial weights are what the sources say."""

import pytest
import torch
from torch import nn

from spacy_rnn.network.initialization import GATES, initialize_cell, initialize_embedding
from spacy_rnn.network.recurrent import CELLS


def test_embedding_rows_have_about_unit_length():
    torch.manual_seed(0)
    weight = nn.Parameter(torch.empty(2000, 64))
    initialize_embedding(weight)
    assert abs(weight.norm(dim=1).mean() - 1) < 0.02
    assert abs(weight.mean()) < 0.002


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_weights_of_every_gate_are_orthogonal(cell):
    layer = CELLS[cell](5, 8)
    initialize_cell(layer, cell)
    gates = layer.weight_hh_l0.detach().chunk(GATES[cell])
    assert all(torch.allclose(gate @ gate.T, torch.eye(8), atol=1e-5) for gate in gates)
    assert len(layer.weight_hh_l0) == GATES[cell] * 8


@pytest.mark.parametrize("cell", CELLS)
def test_input_weights_of_every_gate_stay_in_glorots_bound(cell):
    torch.manual_seed(0)
    layer = CELLS[cell](40, 60)
    initialize_cell(layer, cell)
    bound = (6 / (40 + 60)) ** 0.5
    for gate in layer.weight_ih_l0.detach().chunk(GATES[cell]):
        assert gate.abs().max() <= bound
        assert gate.abs().max() > 0.98 * bound


@pytest.mark.parametrize("cell", CELLS)
def test_biases_are_zero_but_one_for_the_forget_gate(cell):
    layer = CELLS[cell](3, 4)
    initialize_cell(layer, cell)
    both = (layer.bias_ih_l0 + layer.bias_hh_l0).detach().chunk(GATES[cell])
    forget = 1 if cell == "lstm" else None
    for number, gate in enumerate(both):
        assert (gate == (1.0 if number == forget else 0.0)).all()
