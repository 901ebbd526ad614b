"""Where the speller starts: from the state in which the word network predicts the word.

So p(spelling | context), as in Kawakami et al. 2017 and Mielke & Eisner 2019: h_0 = tanh(A h + a),
c_0 = B h + b for the word network's hidden state h, each of its directions with its own A, a, B, b.
Known words that are taught beside unknown ones start with a vector of their own added, so that the
speller can tell how unknown words differ.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .recurrent import State


class SpellerStart(nn.Module):
    """Initial states of the speller, an LSTM of one layer. They start as zeros, as a speller that
    knows no context does.

    width (int): Width of the word network's hidden states.
    speller_width (int): Width of the speller's.
    """

    def __init__(self, width: int, speller_width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2 * speller_width, width))
        self.bias = nn.Parameter(torch.zeros(2 * speller_width))
        self.known = nn.Parameter(torch.zeros(2 * speller_width))

    def forward(self, hidden: Tensor, known: Tensor | None = None) -> State:
        """hidden (Tensor): float32 (words, width), of the word network, a row for each word.
        known (Optional[Tensor]): bool (words,), which words the vocabulary has; None for none.
        RETURNS (State): float32 (1, words, speller_width) each.
        """
        joint = torch.addmm(self.bias, hidden, self.weight.t())
        if known is not None:
            joint = joint + known.to(joint.dtype)[:, None] * self.known
        h, c = joint.chunk(2, dim=1)
        return State(torch.tanh(h)[None].contiguous(), c[None].contiguous())
