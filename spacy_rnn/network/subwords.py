"""What the network sees of a word's spelling: hashed features, added to the word's embedding.

With it, words that the vocabulary doesn't have are read as more than `<unk>` (compare the subword
embeddings of Bojanowski et al. 2017 and spaCy's hash embeddings).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class SubwordTable(nn.Module):
    """Vectors of subword features; starts at zero, so that words start as their embeddings alone.
    Row 0 stands for no feature and stays zero.

    rows (int): Rows that features are hashed to.
    width (int): Of the vectors.
    """

    row_features: Tensor | None

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(rows, width))
        # the features follow from the vocabulary, and are not saved
        self.register_buffer("row_features", None, persistent=False)

    def set_row_features(self, features: np.ndarray) -> None:
        """features (ndarray): int64 (words, k), the features of every row of the vocabulary."""
        self.row_features = torch.from_numpy(features).to(self.weight.device)

    def forward(self, rows: Tensor, features: Tensor | None) -> Tensor:
        """rows (Tensor): int64 (n,), of the vocabulary.
        features (Optional[Tensor]): int64 (n, k); None for those of the rows.
        RETURNS (Tensor): float32 (n, width), the sum over a word's features.
        """
        if features is None:
            assert self.row_features is not None
            features = self.row_features[rows]
        vectors = self.weight.index_select(0, features.reshape(-1)).view(*features.shape, -1)
        return (vectors * (features > 0).unsqueeze(-1)).sum(1)
