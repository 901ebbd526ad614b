"""The place of the word that came in the list of what was expected."""

from __future__ import annotations

import torch
from torch import Tensor

from .clusters import ClusterSoftmax
from .linear_nll import row_blocks
from .measures import LARGER_BLOCKS, NO_RANK
from .softmax import SoftmaxHead


@torch.no_grad()
def rank(head: SoftmaxHead, hidden: Tensor, targets: Tensor, exclude: int) -> Tensor:
    """The place of each target among all words by falling probability, ties by row: place k is that
    of the k-th word of `SoftmaxHead.top_k`.

    hidden (Tensor): float32 (n, width).
    targets (Tensor): int64 (n,).
    exclude (int): A row that isn't in the list, and has no place in it as a target.
    RETURNS (Tensor): int64 (n,), from 1; −1 where the target is the excluded row.
    """
    if isinstance(head, ClusterSoftmax):
        result = _rank_in_clusters(head, hidden, targets, exclude)
    else:
        result = torch.empty_like(targets)
        for block in row_blocks(len(hidden), len(head.weight), LARGER_BLOCKS):
            log_probs = head.log_distribution(hidden[block])
            own = log_probs.gather(1, targets[block, None])
            result[block] = 1 + _ahead(log_probs, 0, own, targets[block, None], exclude)
    return result.masked_fill_(targets == exclude, NO_RANK)


def _rank_in_clusters(
    head: ClusterSoftmax, hidden: Tensor, targets: Tensor, exclude: int
) -> Tensor:
    """No word of a cluster is more probable than the cluster: most clusters stay closed."""
    result = torch.empty_like(targets)
    clusters = head.cluster_of(targets)
    for block in row_blocks(len(hidden), head.sizes[0] + len(head.sizes)):
        states, target, cluster = hidden[block], targets[block, None], clusters[block]
        words, chosen = head.log_head(states).split([head.sizes[0], len(head.sizes) - 1], dim=1)
        own = words.gather(1, target.clamp(max=head.sizes[0] - 1))
        ahead = torch.zeros_like(cluster)
        for number, start in enumerate(head.cutoffs[:-1], start=1):
            for places in _parts(cluster == number, head.sizes[number]):
                inside = head.log_cluster(number, states[places], chosen[places])
                own[places] = inside.gather(1, target[places] - start)
                # from the same product, which another one is not equal to in the last bit: words
                # that are as probable as the target stay so
                ahead[places] = _ahead(inside, start, own[places], target[places], exclude)
        ahead += _ahead(words, 0, own, target, exclude)
        for number, start in enumerate(head.cutoffs[:-1], start=1):
            open_ = (chosen[:, number - 1] >= own[:, 0]) & (cluster != number)
            for places in _parts(open_, head.sizes[number]):
                inside = head.log_cluster(number, states[places], chosen[places])
                ahead[places] += _ahead(inside, start, own[places], target[places], exclude)
        result[block] = 1 + ahead
    return result


def _parts(wanted: Tensor, columns: int) -> list[Tensor]:
    """RETURNS (List[Tensor]): Where `wanted` is true, in parts of a bounded number of logits."""
    places = wanted.nonzero().squeeze(1)
    return [places[part] for part in row_blocks(len(places), columns, LARGER_BLOCKS)]


def _ahead(log_probs: Tensor, start: int, own: Tensor, target: Tensor, exclude: int) -> Tensor:
    """How many words come before the target; column 0 of `log_probs` is row `start`."""
    rows = torch.arange(start, start + log_probs.shape[1], device=own.device)
    before = (log_probs > own) | ((log_probs == own) & (rows < target))
    return (before & (rows != exclude)).sum(1)
