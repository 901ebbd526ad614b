"""The softmax over the vocabulary, behind one small interface.

Every head gives exact, normalised natural log-probabilities. `SoftmaxHead` says what a head can
do; `FullSoftmax` does it with one matrix product, `ClusterSoftmax` (clusters.py) with less work.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from .linear_nll import row_blocks, target_log_probs
from .product_times import faster_type

EXCLUDED = float("-inf")


class SoftmaxHead(nn.Module, ABC):
    """log p(word | hidden state) for all words of the vocabulary.

    weight (Parameter): float32 (words, width); the embedding table itself when tied.
    log_prior (Tensor): float32 (words,), log of the words' relative frequency. The bias starts
        there, so that the untrained network predicts the unigram distribution.
    """

    weight: nn.Parameter
    bias: nn.Parameter

    def __init__(self, weight: nn.Parameter, log_prior: Tensor) -> None:
        super().__init__()
        self.weight = weight
        self.bias = nn.Parameter(log_prior.clone())

    @abstractmethod
    def target_log_probs(
        self, hidden: Tensor, targets: Tensor, dtype: torch.dtype, shut: Tensor | None = None
    ) -> Tensor:
        """hidden float32 (n, width), targets int64 (n,) → float32 (n,), differentiable. Where
        `shut`, bool (n,), row 0 can't come, and the other rows share its probability."""

    @abstractmethod
    def log_distribution(self, hidden: Tensor) -> Tensor:
        """hidden float32 (n, width) → float32 (n, words); each row's exp sums to 1."""

    @abstractmethod
    def row_log_probs(self, hidden: Tensor, rows: Tensor) -> Tensor:
        """hidden float32 (1, width), rows int64 (n,) → float32 (n,), of those words alone."""

    def row_scores(self, hidden: Tensor, rows: Tensor) -> Tensor:
        """The same up to a constant, which may be less work: the constant of a full softmax is a
        sum over all words."""
        return self.row_log_probs(hidden, rows)

    @abstractmethod
    def top_k(self, hidden: Tensor, k: int, exclude: int) -> tuple[Tensor, Tensor]:
        """The k most probable rows of the vocabulary without row `exclude`; ties by row.

        RETURNS (Tuple[Tensor, Tensor]): float32 (n, k) log-probabilities (normalised over the
            whole vocabulary, the excluded row included) and int64 (n, k) rows.
        """


class FullSoftmax(SoftmaxHead):
    """softmax(h Wᵀ + b) in one product, in bounded blocks of positions."""

    def target_log_probs(
        self, hidden: Tensor, targets: Tensor, dtype: torch.dtype, shut: Tensor | None = None
    ) -> Tensor:
        if hidden.device.type == "cpu":
            dtype = faster_type(dtype, len(hidden), *self.weight.shape)
        return target_log_probs(hidden, self.weight, self.bias, targets, dtype, shut)

    def log_distribution(self, hidden: Tensor) -> Tensor:
        return torch.log_softmax(torch.addmm(self.bias, hidden, self.weight.t()), dim=1)

    def row_log_probs(self, hidden: Tensor, rows: Tensor) -> Tensor:
        return self.log_distribution(hidden)[0].index_select(0, rows)

    def row_scores(self, hidden: Tensor, rows: Tensor) -> Tensor:
        return self.bias.index_select(0, rows) + self.weight.index_select(0, rows) @ hidden[0]

    def top_k(self, hidden: Tensor, k: int, exclude: int) -> tuple[Tensor, Tensor]:
        values, rows = [], []
        for block in row_blocks(len(hidden), len(self.weight)):
            log_probs = self.log_distribution(hidden[block])
            log_probs[:, exclude] = EXCLUDED
            best, row = stable_top_k(log_probs, k)
            values.append(best)
            rows.append(row)
        if not values:
            return hidden.new_empty(0, k), hidden.new_empty(0, k, dtype=torch.long)
        return torch.cat(values), torch.cat(rows)


def stable_top_k(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """torch.topk with a promise about ties: the smaller column wins.

    values (Tensor): (n, m), m >= k.
    RETURNS (Tuple[Tensor, Tensor]): (n, k) values in falling order and their columns.
    """
    best, columns = torch.topk(values, k, dim=1)
    # Columns first, then a stable sort by value: equal values stay in the order of columns.
    columns = columns.sort(dim=1).values
    best, order = values.gather(1, columns).sort(dim=1, descending=True, stable=True)
    columns = columns.gather(1, order)
    # topk chooses freely among values equal to the k-th: those rows are sorted whole.
    tied = ((values >= best[:, -1:]).sum(dim=1) > k).nonzero().squeeze(1)
    if len(tied):
        whole, order = values[tied].sort(dim=1, descending=True, stable=True)
        best[tied], columns[tied] = whole[:, :k], order[:, :k]
    return best, columns
