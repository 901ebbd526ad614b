"""What the network sees of a word's spelling: hashed features, added to the word's embedding.

With it, words that the vocabulary doesn't have are read as more than `<unk>` (compare the subword
embeddings of Bojanowski et al. 2017 and spaCy's hash embeddings).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from .lookup import look_up


class SubwordTable(nn.Module):
    """Vectors of subword features; starts at zero, so that words start as their embeddings alone.
    Row 0 stands for no feature and stays zero.

    A word has a few features, whose vectors are added, and perhaps many character n-grams. Those
    have a table of their own and numbers from `rows` (at least 1) on. Their sum is divided by the
    square root of their number, so that long words don't have longer vectors than short ones.

    rows (int): Rows that features are hashed to; 0 for none.
    width (int): Of the vectors.
    ngram_rows (int): Rows that character n-grams are hashed to; 0 for none.
    """

    weight: nn.Parameter | None
    ngram_weight: nn.Parameter | None
    row_features: Tensor | None

    def __init__(self, rows: int, width: int, ngram_rows: int = 0) -> None:
        super().__init__()
        self.width = width
        self.first_ngram = max(rows, 1)
        self.register_parameter("weight", _zeros(rows, width))
        self.register_parameter("ngram_weight", _zeros(ngram_rows, width))
        # the features follow from the vocabulary, and are not saved
        self.register_buffer("row_features", None, persistent=False)

    def set_row_features(self, features: np.ndarray) -> None:
        """features (ndarray): int (words, k), the features of every row of the vocabulary."""
        like = self.weight if self.weight is not None else self.ngram_weight
        assert like is not None
        # n-grams are many, so that half the memory counts
        kept = features if self.ngram_weight is None else features.astype(np.int32)
        self.row_features = torch.from_numpy(kept).to(like.device)

    def forward(self, rows: Tensor, features: Tensor | None) -> Tensor:
        """rows (Tensor): int64 (n,), of the vocabulary.
        features (Optional[Tensor]): int64 (n, k); None for those of the rows.
        RETURNS (Tensor): float32 (n, width), the sum over a word's features.
        """
        if features is None:
            assert self.row_features is not None
            features = self.row_features[rows]
        if self.ngram_weight is None:
            assert self.weight is not None
            if not torch.is_grad_enabled():  # the same sum, without its terms in memory
                there = (features > 0).to(self.weight.dtype)
                return embedding_bag(features, self.weight, mode="sum", per_sample_weights=there)
            vectors = look_up(self.weight, features.reshape(-1)).view(*features.shape, -1)
            return (vectors * (features > 0).unsqueeze(-1)).sum(1)
        ngrams = features >= self.first_ngram
        counts = ngrams.sum(1)
        summed = _sums(self.ngram_weight, features - self.first_ngram, ngrams, counts)
        vectors = summed / counts.clamp(min=1).sqrt().unsqueeze(1)
        if self.weight is None:
            return vectors
        others = (features > 0) & ~ngrams
        return vectors + _sums(self.weight, features, others, others.sum(1))


def _zeros(rows: int, width: int) -> nn.Parameter | None:
    return nn.Parameter(torch.zeros(rows, width)) if rows else None


def _sums(weight: Tensor, features: Tensor, wanted: Tensor, counts: Tensor) -> Tensor:
    """RETURNS (Tensor): float32 (n, width), the sum of the rows that are wanted of each word."""
    starts = (counts.cumsum(0) - counts).to(features.dtype)
    return embedding_bag(features[wanted], weight, starts, mode="sum")
