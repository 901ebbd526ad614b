"""The softmax after one state, of which only what is asked for is computed, once.

While somebody types, many questions are asked about the same state: which words begin with 图, with
图书, what the most probable word is. A cluster is one product with all of its rows, however few of
its words are wanted; so it is kept. Where most are asked for, one product of all costs less: it
does little more than read the weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from .clusters import ClusterSoftmax
from .forks import no_fork_meanwhile
from .screening import QuantizedHidden
from .softmax import EXCLUDED, SoftmaxHead

_NOTHING = float("-inf")
# Where more of the words are asked for, one product of all is less work than one of each cluster.
_MOST_SHARE = 0.5
_Made = TypeVar("_Made")


class StateSoftmax:
    """log p(word | a hidden state).

    head (SoftmaxHead): Of the network.
    hidden (Tensor): float32 (1, width), the state.
    whole (Optional[Tensor]): float32 (words,), its log-probabilities, if they are there already.
    """

    def __init__(self, head: SoftmaxHead, hidden: Tensor, whole: Tensor | None = None) -> None:
        self._head, self.hidden, self._whole = head, hidden, whole
        # log-probabilities of the words of each part, and behind those of part 0 of the clusters
        self._parts: dict[int, Tensor] = {}
        self._made: tuple[Any, Any] | None = None

    def forget(self) -> None:
        """Keep nothing; it is computed again when it is asked for."""
        self._parts = {}
        self._whole = self._made = None

    def made_for(self, owner: Any, make: Callable[[], _Made]) -> _Made:
        """What somebody else computes of the state is kept as long as the softmax.

        owner (Any): Who; of one only it is kept.
        make (Callable[[], Any]): Makes it.
        RETURNS (Any): What `make` returned when it was called for this owner.
        """
        made = self._made
        if made is None or made[0] is not owner:
            made = self._made = owner, make()
        result: _Made = made[1]
        return result

    @no_fork_meanwhile
    @torch.no_grad()
    def row_log_probs(self, rows: Tensor) -> Tensor:
        """rows int64 (n,) → float32 (n,), natural log-probabilities of these words."""
        head = self._head
        if self._whole is not None:
            return self._whole.index_select(0, rows)
        if not isinstance(head, ClusterSoftmax):
            return self._part(0).index_select(0, rows)
        clusters = head.cluster_of(rows)
        numbers = clusters.unique().tolist()
        if sum(head.sizes[number] for number in numbers) > _MOST_SHARE * head.cutoffs[-1]:
            return self.log_distribution().index_select(0, rows)
        starts = [0, *head.cutoffs]
        parts = [self._words(number) for number in numbers]
        if len(parts) == 1:
            return parts[0].index_select(0, rows - starts[numbers[0]])
        result = self.hidden.new_empty(len(rows))
        for number, words in zip(numbers, parts, strict=True):
            places = (clusters == number).nonzero().squeeze(1)
            result[places] = words.index_select(0, rows[places] - starts[number])
        return result

    def row_scores(self, rows: Tensor) -> Tensor:
        """The same up to a constant, where that is less work."""
        if isinstance(self._head, ClusterSoftmax) or self._parts or self._whole is not None:
            return self.row_log_probs(rows)
        return self._scores(rows)

    @no_fork_meanwhile
    @torch.no_grad()
    def _scores(self, rows: Tensor) -> Tensor:
        return self._head.row_scores(self.hidden, rows)

    @no_fork_meanwhile
    @torch.no_grad()
    def log_distribution(self) -> Tensor:
        """RETURNS (Tensor): float32 (words,), which are kept."""
        if self._whole is None:
            self._whole, self._parts = self._head.log_distribution(self.hidden)[0], {}
        return self._whole

    @no_fork_meanwhile
    @torch.no_grad()
    def top_k(self, k: int, exclude: int) -> tuple[list[float], list[int]]:
        """The k most probable words without row `exclude`, by falling probability, ties by row.

        RETURNS (Tuple[List[float], List[int]]): Log-probabilities and rows.
        """
        if self._whole is not None:
            found = _best(self._whole, 0, k, exclude)
            return [value for value, _ in found], [row for _, row in found]
        found = self._best_of(0, k, exclude)
        clusters = self._part(0)[self._size(0) :].tolist()
        falling = sorted(range(len(clusters)), key=lambda place: -clusters[place])
        bounds = _Bounds(self._head, self.hidden)
        for place in falling:
            # no word of a cluster is more probable than the cluster
            last = found[k - 1][0] if len(found) >= k else _NOTHING
            if clusters[place] < last:
                break
            if place + 1 not in self._parts and bounds.of(place + 1) + clusters[place] < last:
                continue
            found += self._best_of(place + 1, k, exclude)
            found = sorted(found, key=lambda pair: (-pair[0], pair[1]))[:k]
        return [value for value, _ in found], [row for _, row in found]

    def _best_of(self, number: int, k: int, exclude: int) -> list[tuple[float, int]]:
        start = [0, *getattr(self._head, "cutoffs", ())][number]
        return _best(self._words(number), start, k, exclude)

    def _size(self, number: int) -> int:
        head = self._head
        return head.sizes[number] if isinstance(head, ClusterSoftmax) else len(head.weight)

    def _words(self, number: int) -> Tensor:
        return self._part(number)[: self._size(number)]

    def _part(self, number: int) -> Tensor:
        kept = self._parts
        if number not in kept:
            kept[number] = self._compute(number)
        return kept[number]

    def _compute(self, number: int) -> Tensor:
        head = self._head
        if not isinstance(head, ClusterSoftmax):
            return head.log_distribution(self.hidden)[0]
        if not number:
            return head.log_head(self.hidden)[0]
        chosen = self._part(0)[head.sizes[0] :]
        return head.log_cluster(number, self.hidden, chosen[None])[0]


class _Bounds:
    """Upper bounds of the best word of a cluster, where there are some: see `screening.py`."""

    def __init__(self, head: SoftmaxHead, hidden: Tensor) -> None:
        self._screens = head.screens(hidden) if isinstance(head, ClusterSoftmax) else {}
        self._hidden = QuantizedHidden(hidden) if self._screens else None
        self._first = torch.zeros(1, dtype=torch.long, device=hidden.device)

    def of(self, number: int) -> float:
        """RETURNS (float): Log-probability given the cluster; 0 where nothing is known."""
        if self._hidden is None or number not in self._screens:
            return 0.0
        bound = float(self._screens[number].bound(self._hidden, self._first))
        return 0.0 if math.isnan(bound) else bound


def _best(words: Tensor, start: int, k: int, exclude: int) -> list[tuple[float, int]]:
    """RETURNS (List[Tuple[float, int]]): The k best of words whose first is row `start`."""
    if start <= exclude < start + len(words):
        words = words.clone()
        words[exclude - start] = EXCLUDED
    # of equal ones the k-th would be any: all that reach it are taken, and ordered by row; what is
    # no number is taken too, so that it is noticed
    least = words.topk(min(k, len(words))).values[-1]
    columns = (~(words < least)).nonzero().squeeze(1)
    pairs = zip(words[columns].tolist(), columns.tolist(), strict=True)
    best = [(value, column + start) for value, column in pairs if column + start != exclude]
    return sorted(best, key=lambda pair: (-pair[0], pair[1]))[:k]
