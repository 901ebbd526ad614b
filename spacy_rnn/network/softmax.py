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
        self, hidden: Tensor, targets: Tensor, dtype: torch.dtype, *, first: int = 0
    ) -> Tensor:
        """hidden float32 (n, width), targets int64 (n,) → float32 (n,), differentiable. Rows before
        `first`, which are of the most frequent words, are left out: the others sum to 1."""

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
        self, hidden: Tensor, targets: Tensor, dtype: torch.dtype, *, first: int = 0
    ) -> Tensor:
        weight, bias = from_row(first, self.weight, self.bias)
        return fast_target_log_probs(hidden, weight, bias, targets - first, dtype)

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


def shut_log_probs(
    softmax: SoftmaxHead,
    hidden: Tensor,
    targets: Tensor,
    shut: Tensor | None,
    dtype: torch.dtype,
) -> Tensor:
    """Log-probabilities of targets where row 0 can't come at some positions: the step is
    renormalised there, without the loss of digits that a division by 1 − p would have.

    hidden (Tensor): float32 (n, width).
    targets (Tensor): int64 (n,).
    shut (Optional[Tensor]): bool (n,), where row 0 can't come; None for nowhere.
    dtype (torch.dtype): See `target_log_probs`.
    RETURNS (Tensor): float32 (n,), differentiable.
    """
    if shut is None:
        return softmax.target_log_probs(hidden, targets, dtype)
    parts, places = [], []
    for first, chosen in enumerate((~shut, shut)):
        there = chosen.nonzero().squeeze(1)
        own, wanted = hidden.index_select(0, there), targets.index_select(0, there)
        parts.append(softmax.target_log_probs(own, wanted, dtype, first=first))
        places.append(there)
    return torch.cat(parts).index_select(0, torch.argsort(torch.cat(places)))


def from_row(first: int, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    # a slice of everything would cost its backward pass a copy
    return (weight[first:], bias[first:]) if first else (weight, bias)


def fast_target_log_probs(
    hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, dtype: torch.dtype
) -> Tensor:
    """See `target_log_probs`; of `dtype` and float32 the product runs in the faster one."""
    if hidden.device.type == "cpu":
        dtype = faster_type(dtype, len(hidden), *weight.shape)
    return target_log_probs(hidden, weight, bias, targets, dtype)


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
