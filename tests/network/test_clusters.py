"""Clusters: chosen at the least expected cost, and opened only where they can matter."""

from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_rnn.network import clusters
from spacy_rnn.network.clusters import choose_cutoffs

from . import naive

CUTOFFS = (4, 9, 15)
WORDS = 23


def make_head(cluster_bias=(0.0, 0.0, 0.0)):
    network = naive.make_network(words=WORDS, cutoffs=CUTOFFS)
    head = network.softmax.requires_grad_(False)
    head.cluster_weight.zero_()
    head.cluster_bias.copy_(torch.tensor(cluster_bias))
    return head


def spoil(head, number):
    """Make everything inside a cluster NaN, so that whoever opens it is found out."""
    edges = [*CUTOFFS, WORDS]
    head.weight[edges[number] : edges[number + 1]] = float("nan")


# -- top-k


BIASES = st.tuples(*[st.sampled_from([-60.0, -20.0, -3.0, 0.0, 3.0, 20.0, 60.0])] * 3)


@given(BIASES, st.integers(1, WORDS - 1), st.integers(0, WORDS - 1), st.integers(0, 99))
@settings(deadline=None)
def test_top_k_is_exact_whatever_the_clusters_weigh(cluster_bias, k, exclude, seed):
    head = make_head(cluster_bias)
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(3, 6, generator=generator) * 3
    values, rows = head.top_k(hidden, k, exclude)
    distribution = head.log_distribution(hidden)
    for position in range(len(hidden)):
        log_probs = distribution[position].tolist()
        best = naive.best_rows(log_probs, k, exclude)
        found = rows[position].tolist()
        assert len(set(found)) == k
        assert exclude not in found
        # two products of different shapes may differ in the last bit: compare values, not rows
        expected = [log_probs[row] for row in best]
        assert values[position].tolist() == pytest.approx(expected, abs=1e-4)
        assert [log_probs[row] for row in found] == pytest.approx(expected, abs=1e-4)


def test_top_k_does_not_open_a_cluster_less_probable_than_the_list_so_far():
    head = make_head((-30.0, 2.0, -30.0))
    hidden = torch.randn(10, 6)
    expected = head.top_k(hidden, 3, 0)
    spoil(head, 0)
    spoil(head, 2)
    values, rows = head.top_k(hidden, 3, 0)
    assert torch.equal(values, expected[0])
    assert torch.equal(rows, expected[1])


def test_top_k_opens_every_cluster_that_could_hold_one_of_the_list():
    head = make_head((-30.0, 2.0, -30.0))
    # the head has 3 rows besides the excluded one, the second cluster 6: 10 needs a third group
    spoil(head, 0)
    values, _ = head.top_k(torch.randn(1, 6), 10, 0)
    assert values.isnan().any()


def test_cluster_of_one_certain_word_can_win():
    network = naive.make_network(words=6, cutoffs=(3, 4, 5))
    head = network.softmax.requires_grad_(False)
    head.cluster_weight.zero_()
    head.cluster_bias.copy_(torch.tensor([0.0, 50.0, 0.0]))
    values, rows = head.top_k(torch.zeros(1, 6), 1, 0)
    assert rows.tolist() == [[4]]
    assert values.item() == pytest.approx(0.0, abs=1e-6)


def test_equal_words_of_two_clusters_go_by_row():
    network = naive.make_network(words=8, cutoffs=(2, 4, 6))
    head = network.softmax.requires_grad_(False)
    for parameter in head.parameters():
        parameter.zero_()
    _, rows = head.top_k(torch.zeros(1, 6), 5, 0)
    # five equal shares: row 1, and three clusters of two words each with half a share a word
    assert rows.tolist() == [[1, 2, 3, 4, 5]]


# -- targets


def test_targets_touch_only_the_clusters_they_are_in():
    head = make_head()
    hidden = torch.randn(8, 6)
    targets = torch.tensor([0, 3, 9, 14, 1, 10, 2, 3])
    expected = head.target_log_probs(hidden, targets, torch.float32)
    spoil(head, 0)
    spoil(head, 2)
    assert torch.equal(head.target_log_probs(hidden, targets, torch.float32), expected)


# -- cutoffs


def cost(counts, cutoffs):
    """E = c₁ + K + Σ p(cluster) · |cluster| + K · opening cost, word by word."""
    if not cutoffs:
        return len(counts) / 2
    smoothed = [count + 0.5 for count in counts]
    total = cutoffs[0] + len(cutoffs) * (1 + clusters._OPENING_COST)
    edges = [*cutoffs, len(counts)]
    for start, stop in pairwise(edges):
        total += sum(smoothed[start:stop]) / sum(smoothed) * (stop - start)
    return total


def zipf(words, exponent=1.0):
    return np.array([1000, 500, *(10**6 / np.arange(1, words - 1) ** exponent)], dtype=np.int64)


def grid_of(words):
    return sorted({int(x) for x in np.geomspace(2, words, clusters._CANDIDATES)} - {words})


@pytest.mark.parametrize("words", [300, 5_000, 60_000])
@pytest.mark.parametrize("exponent", [0.6, 1.0, 1.4])
def test_no_one_or_two_clusters_are_cheaper(words, exponent):
    counts = zipf(words, exponent)
    cutoffs = choose_cutoffs(counts)
    mass = np.concatenate([[0.0], np.cumsum(counts + 0.5)])
    mass /= mass[-1]

    def quick_cost(cuts):
        edges = [*cuts, words]
        inside = sum((mass[b] - mass[a]) * (b - a) for a, b in pairwise(edges))
        return cuts[0] + len(cuts) * (1 + clusters._OPENING_COST) + inside

    grid = grid_of(words)
    best = min(quick_cost(cuts) for k in (1, 2) for cuts in combinations(grid, k))
    ours = cost(counts, cutoffs)
    assert ours <= min(best, words / 2) + 1e-6
    if cutoffs:
        assert ours == pytest.approx(quick_cost(cutoffs))


@pytest.mark.slow
@given(st.lists(st.integers(0, 10**4), min_size=60, max_size=2000))
@settings(deadline=None, max_examples=25)
def test_search_finds_the_cheapest_of_all_divisions_of_its_grid(counts):
    counts = np.array(sorted(counts, reverse=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "_CANDIDATES", 8)
        patch.setattr(clusters, "_OPENING_COST", 2.0)
        grid = grid_of(len(counts))
        every = [cuts for k in range(clusters._MAX_CLUSTERS + 1) for cuts in combinations(grid, k)]
        best = min(cost(counts, cuts) for cuts in every)
        assert cost(counts, choose_cutoffs(counts)) == pytest.approx(best)


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=400))
@settings(deadline=None)
def test_cutoffs_are_valid_for_any_counts(counts):
    cutoffs = choose_cutoffs(np.array(counts, dtype=np.int64))
    assert cutoffs == sorted(set(cutoffs))
    assert all(isinstance(cutoff, int) and 2 <= cutoff < len(counts) for cutoff in cutoffs)
    assert len(cutoffs) <= clusters._MAX_CLUSTERS


@pytest.mark.parametrize("words", range(2, 12))
def test_tiny_vocabulary_keeps_the_full_softmax(words):
    assert choose_cutoffs(zipf(words)) == []


def test_frequent_words_are_cut_from_the_rare_ones():
    cutoffs = choose_cutoffs(zipf(33_000))
    assert 3 <= len(cutoffs) <= clusters._MAX_CLUSTERS
    assert cost(zipf(33_000), cutoffs) < 33_000 / 8
