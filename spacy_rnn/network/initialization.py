"""Initial weights, each from its source.

- embedding: N(0, 1/width), so that a tied row has about unit length and logits start small;
- input weights of a cell: uniform, Glorot & Bengio 2010, every gate on its own;
- recurrent weights: orthogonal, Saxe et al. 2014, every gate on its own;
- biases 0, but the LSTM's forget gate 1 (Gers et al. 2000; Jozefowicz et al. 2015).
"""

from __future__ import annotations

import torch
from torch import nn

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def initialize_embedding(weight: nn.Parameter) -> None:
    nn.init.normal_(weight, std=weight.shape[1] ** -0.5)


def initialize_cell(layer: nn.RNNBase, cell: str) -> None:
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if name.startswith("bias"):
                parameter.zero_()
                continue
            for gate in parameter.chunk(GATES[cell]):
                if name.startswith("weight_hh"):
                    nn.init.orthogonal_(gate)
                else:
                    nn.init.xavier_uniform_(gate)
        if cell == "lstm":
            # torch keeps the gates in the order input, forget, cell, output
            dict(layer.named_parameters())["bias_ih_l0"].chunk(4)[1].fill_(1.0)
