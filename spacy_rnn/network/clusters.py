"""Tied adaptive softmax: words in clusters by frequency, rows shared with the embedding.

p(w) = p_head(w) for the most frequent words, p_head(cluster) · p(w | cluster) for the others:
the two-level tree of Grave et al. 2017, "Efficient softmax approximation for GPUs", here at full
width so that every row can be the word's embedding (Press & Wolf 2017). It is a distribution of
its own, exact and normalised, not an approximation of the full softmax.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from .linear_nll import SoftmaxPart, part_log_probs, row_blocks
from .product_times import faster_type, product_times
from .screening import ClusterScreen, QuantizedHidden, Screens, can_screen, keep_screens
from .softmax import EXCLUDED, SoftmaxHead, stable_top_k

# The names of a choice, and what each promises.
CHOICES = ("auto", "fast")
MOST_CLUSTERS = 40
# What "auto" takes at most: see `choose_clusters`.
_CLUSTERS = 16
_NARROW = 128
_FEW_CLUSTERS = 6
_FEW_WORDS = 40_000
# Of a step that clusters are chosen for: 32 streams of 64 tokens.
STEP_POSITIONS = 2_048
_CANDIDATES = 64
# Blocks are so much larger where clusters are screened: few positions are left for each product.
_SCREENED_FACTOR = 4
# In smaller clusters nearly every position finds one of its words.
_SCREENED_WORDS = 2_000


def choose_clusters(choice: str, counts: np.ndarray, width: int) -> list[int]:
    """Find the clusters that one of CHOICES stands for.

    The more clusters, the less work, and the harder it is for one hidden state to tell all of them
    apart. "fast" takes the least time. "auto" takes what had the best perplexity after an equal
    time of training: those of "fast" for narrow networks, which see more text with them; else at
    most 16, but 6 where the vocabulary is small, so that the softmax is less of the work.

    choice (str): "auto" or "fast".
    counts, width: See `choose_cutoffs`.
    """
    if choice == "fast" or width < _NARROW:
        most = MOST_CLUSTERS
    else:
        most = _FEW_CLUSTERS if len(counts) < _FEW_WORDS else _CLUSTERS
    return choose_cutoffs(counts, width, most)


def choose_cutoffs(counts: np.ndarray, width: int, most: int = MOST_CLUSTERS) -> list[int]:
    """Find the clusters that take the least time.

    All positions of a step are multiplied with the c₁ words of the head and its K clusters, those
    whose target is in cluster j with the rows of that cluster:

        T = t(N, c₁ + K) + Σⱼ t(N · p(cluster j), |cluster j|)

    with the times t of `product_times`; found by dynamic programming over a geometric grid of
    cutoffs.

    counts (ndarray): int (words,), how often each row is a target; falling, but for the two
        special rows in front.
    width (int): Of the hidden states.
    most (int): At most so many clusters.
    RETURNS (List[int]): The first row of every cluster; empty when clusters would not halve the
        time of one full softmax.
    """
    size = len(counts)
    mass = np.concatenate([[0.0], np.cumsum(counts + 0.5)])
    mass /= mass[-1]
    grid = np.unique(np.geomspace(2, size, _CANDIDATES).astype(np.int64))
    starts, stops = grid[:-1], grid
    rows = stops[None, :] - starts[:, None]
    positions = STEP_POSITIONS * (mass[stops][None, :] - mass[starts][:, None])
    cluster = np.where(rows > 0, product_times(positions, rows, width), np.inf)
    whole = product_times(np.array(STEP_POSITIONS), np.array(size), width)
    best: tuple[float, list[int]] = (float(whole) / 2, [])
    tail = np.full(len(grid), np.inf)  # least time of [grid[i], size) in k clusters
    tail[-1] = 0.0
    choices: list[np.ndarray] = []
    for k in range(1, min(most, len(grid) - 1) + 1):
        total = cluster + tail[None, :]
        choices.append(total.argmin(axis=1))
        tail = np.append(total.min(axis=1), np.inf)
        head = product_times(np.array(STEP_POSITIONS), starts + k, width)
        times = head + tail[:-1]
        first = int(times.argmin())
        if times[first] < best[0]:
            cuts = [first]
            for choice in reversed(choices[1:]):
                cuts.append(int(choice[cuts[-1]]))
            best = (float(times[first]), [int(grid[i]) for i in cuts])
    return best[1]


class ClusterSoftmax(SoftmaxHead):
    """See the module; the interface is that of `SoftmaxHead`.

    cutoffs (Sequence[int]): The first row of every cluster, rising, all within the vocabulary.
        Rows before the first one make the head, together with one logit for every cluster.
    """

    def __init__(self, weight: nn.Parameter, log_prior: Tensor, cutoffs: Sequence[int]) -> None:
        super().__init__(weight, log_prior)
        self.cutoffs = [*cutoffs, len(weight)]
        self.sizes = np.diff([0, *self.cutoffs]).tolist()
        clusters = len(self.sizes) - 1
        self.cluster_weight = nn.Parameter(weight.new_zeros(clusters, weight.shape[1]))
        masses = [torch.logsumexp(part, 0) for part in log_prior.split(self.sizes)[1:]]
        self.cluster_bias = nn.Parameter(torch.stack(masses))

    def target_log_probs(
        self, hidden: Tensor, targets: Tensor, dtype: torch.dtype, shut: Tensor | None = None
    ) -> Tensor:
        cluster = self.cluster_of(targets)
        in_head = torch.where(cluster == 0, targets, self.sizes[0] + cluster - 1)
        parts = [self._part(0, None, in_head, dtype)]
        for number, start in enumerate(self.cutoffs[:-1], start=1):
            places = (cluster == number).nonzero().squeeze(1)
            if len(places):
                inside = targets.index_select(0, places) - start
                parts.append(self._part(number, places, inside, dtype))
        more = self.cluster_weight, self.cluster_bias
        return part_log_probs(hidden, self.weight, self.bias, parts, shut, *more)

    def _part(
        self, number: int, places: Tensor | None, targets: Tensor, dtype: torch.dtype
    ) -> SoftmaxPart:
        if targets.device.type == "cpu":
            dtype = faster_type(dtype, len(targets), self.sizes[number], self.weight.shape[1])
        rows = slice([0, *self.cutoffs][number], self.cutoffs[number])
        return SoftmaxPart(rows, places, targets, dtype)

    def log_distribution(self, hidden: Tensor) -> Tensor:
        head = self.log_head(hidden)
        words, chosen = head.split([self.sizes[0], len(self.sizes) - 1], dim=1)
        # one product: for a single state the calls would cost more than the arithmetic
        rest = slice(self.cutoffs[0], None)
        logits = torch.addmm(self.bias[rest], hidden, self.weight[rest].t())
        parts = zip(logits.split(self.sizes[1:], dim=1), chosen.unsqueeze(2).unbind(1), strict=True)
        return torch.cat([words, *(torch.log_softmax(a, 1).add_(b) for a, b in parts)], dim=1)

    def row_log_probs(self, hidden: Tensor, rows: Tensor) -> Tensor:
        """Opens the clusters of these words only."""
        head, clusters = self.log_head(hidden), self.cluster_of(rows)
        chosen = head[:, self.sizes[0] :]
        result = head[0, : self.sizes[0]].index_select(0, rows.clamp(max=self.sizes[0] - 1))
        for number in clusters.unique().tolist():
            if number:
                places = (clusters == number).nonzero().squeeze(1)
                words = self.log_cluster(number, hidden, chosen)[0]
                start = self.cutoffs[number - 1]
                result[places] = words.index_select(0, rows[places] - start)
        return result

    def cluster_of(self, targets: Tensor) -> Tensor:
        """RETURNS (Tensor): int64 (n,), the cluster of each row; 0 is the head."""
        bounds = torch.tensor(self.cutoffs[:-1], device=targets.device)
        return torch.bucketize(targets, bounds, right=True)

    def log_head(self, hidden: Tensor) -> Tensor:
        """RETURNS (Tensor): (n, words of the head + clusters) log-probabilities."""
        weight, bias = self.weight[: self.sizes[0]], self.bias[: self.sizes[0]]
        weight, bias = self._head(weight, bias)
        return torch.log_softmax(torch.addmm(bias, hidden, weight.t()), dim=1)

    def log_cluster(self, number: int, hidden: Tensor, chosen: Tensor) -> Tensor:
        """RETURNS (Tensor): (n, words of the cluster) log-probabilities; `chosen` (n, clusters) are
        those of the clusters."""
        part = slice(self.cutoffs[number - 1], self.cutoffs[number])
        logits = torch.addmm(self.bias[part], hidden, self.weight[part].t())
        return torch.log_softmax(logits, dim=1).add_(chosen[:, number - 1, None])

    def top_k(self, hidden: Tensor, k: int, exclude: int) -> tuple[Tensor, Tensor]:
        best = hidden.new_full((len(hidden), k), EXCLUDED)
        rows = torch.zeros(len(hidden), k, dtype=torch.long, device=hidden.device)
        screens = self.screens(hidden)
        factor = _SCREENED_FACTOR if screens else 1
        for block in row_blocks(len(hidden), max(self.sizes) + len(self.sizes), factor):
            self._top_k_block(hidden[block], exclude, best[block], rows[block], screens)
        return best, rows

    def screens(self, hidden: Tensor) -> Screens:
        """Bounds for the large clusters; none where they aren't worth their making."""
        if not can_screen(self.weight):
            return {}
        parts = zip(self.weight.split(self.sizes), self.bias.split(self.sizes), strict=True)
        large = {n: part for n, part in enumerate(parts) if n and self.sizes[n] >= _SCREENED_WORDS}

        def make() -> Screens:
            return {n: ClusterScreen(weight, bias) for n, (weight, bias) in large.items()}

        return keep_screens(self, (self.weight, self.bias), len(hidden), make)

    def _top_k_block(
        self, hidden: Tensor, exclude: int, best: Tensor, rows: Tensor, screens: Screens
    ) -> None:
        """Fill `best` and `rows`; no word of a cluster is more probable than the cluster."""
        head = self.log_head(hidden)
        chosen_clusters = head[:, self.sizes[0] :]
        everywhere = torch.arange(len(hidden), device=hidden.device)
        words = head[:, : self.sizes[0]].clone()
        if exclude < self.sizes[0]:
            words[:, exclude] = EXCLUDED
        _merge(best, rows, everywhere, words, 0)
        quantized = QuantizedHidden(hidden) if screens else None
        for number, start in enumerate(self.cutoffs[:-1], start=1):
            chosen = head[:, self.sizes[0] + number - 1]
            places = (chosen > best[:, -1]).nonzero().squeeze(1)
            if quantized is not None and number in screens and len(places):
                bound = screens[number].bound(quantized, places)
                # a bound that isn't a number leaves its cluster open
                places = places[~(bound + chosen[places] <= best[places, -1])]
            for part in row_blocks(len(places), self.sizes[number]):
                there = places[part]
                words = self.log_cluster(number, hidden[there], chosen_clusters[there])
                if start <= exclude < start + self.sizes[number]:
                    words[:, exclude - start] = EXCLUDED
                _merge(best, rows, there, words, start)

    def _head(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        return torch.cat([weight, self.cluster_weight]), torch.cat([bias, self.cluster_bias])


def _merge(best: Tensor, rows: Tensor, places: Tensor, words: Tensor, start: int) -> None:
    """Merge the candidates `words`, whose first column is row `start`, into the lists so far."""
    k = best.shape[1]
    found, columns = stable_top_k(words, min(k, words.shape[1]))
    # The lists so far hold smaller rows: before the new ones, a stable sort keeps ties by row.
    values = torch.cat([best[places], found], dim=1)
    candidates = torch.cat([rows[places], columns + start], dim=1)
    values, order = values.sort(dim=1, descending=True, stable=True)
    best[places] = values[:, :k]
    rows[places] = candidates.gather(1, order)[:, :k]
