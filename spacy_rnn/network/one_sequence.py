"""Hidden states of one short sequence: what a sentence waits for that comes by itself.

`inference.predict` gives the same numbers, for any sequences and with all else that there is to
compute. A sentence's states are soon there: most of its time would go by in calls that sort, cut
and join what is one piece.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .forks import no_fork_meanwhile
from .language_model import RNNLanguageModel


@no_fork_meanwhile
@torch.no_grad()
def read_sequence(
    network: RNNLanguageModel,
    rows: Tensor,
    features: Tensor | None,
    dtype: torch.dtype = torch.float32,
) -> list[Tensor]:
    """Read a sequence in all directions of the network.

    rows (Tensor): int64 (n,), of the vocabulary, in the order of the text: `</s>`, then the words.
    features (Optional[Tensor]): int64 (n, k), of their spelling; None if it isn't read.
    dtype (torch.dtype): What the matrix products run in.
    RETURNS (List[Tensor]): For each direction float32 (n, width), the states in the order of
        reading: after `</s>`, then after the words, from the right the last one first.
    """
    states = []
    with network.precision(dtype):
        vectors = network.word_vectors(rows, features)
        start = network.stack(network.directions[0]).zero_state(1)  # of one shape in all stacks
        for reverse in network.directions:
            read = vectors
            if reverse:
                order = torch.from_numpy(-np.arange(len(rows)) % len(rows)).to(vectors.device)
                read = vectors.index_select(0, order)
            states.append(network.stack(reverse).read(read, start)[0])
    return states
