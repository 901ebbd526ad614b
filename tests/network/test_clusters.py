"""Clusters: chosen at the least expected cost, and opened only where they can matter."""

from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_rnn.network import clusters
from spacy_rnn.network.clusters import choose_clusters, choose_cutoffs
from spacy_rnn.network.product_times import product_times

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


def plain_distribution(head, hidden):
    """With a gradient, and nothing of the package."""
    first = head.cutoffs[0]
    weight = torch.cat([head.weight[:first], head.cluster_weight])
    words = torch.log_softmax(
        hidden @ weight.T + torch.cat([head.bias[:first], head.cluster_bias]), 1
    )
    parts = [words[:, :first]]
    for number, (start, stop) in enumerate(pairwise(head.cutoffs)):
        inside = torch.log_softmax(hidden @ head.weight[start:stop].T + head.bias[start:stop], 1)
        parts.append(inside + words[:, first + number, None])
    return torch.cat(parts, 1)


@pytest.mark.parametrize("present", [range(WORDS), [0, 3], [9, 14, 10], []])
def test_gradients_are_those_of_the_whole_distribution(present):
    """Clusters without a target too, whose rows learn nothing."""
    made = []
    for whole in (True, False):
        head = make_head().requires_grad_()
        hidden = torch.randn(8, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
        targets = torch.tensor([*present, *present][:8], dtype=torch.long)
        some = hidden[: len(targets)]
        if whole:
            log_probs = plain_distribution(head, some).gather(1, targets[:, None])[:, 0]
        else:
            log_probs = head.target_log_probs(some, targets, torch.float32)
        factors = torch.linspace(-1, 2, 8)[: len(targets)]
        (log_probs * factors).sum().backward()
        made.append([hidden.grad, *(parameter.grad for parameter in head.parameters())])
    for one, other in zip(*made, strict=True):
        torch.testing.assert_close(other, one, atol=1e-5, rtol=1e-5)


# -- number formats


@pytest.mark.parametrize("cutoffs", [(), CUTOFFS])
def test_small_products_run_in_float32_whatever_is_asked_for(cutoffs):
    head = naive.make_network(words=WORDS, cutoffs=cutoffs).softmax.requires_grad_(False)
    hidden, targets = torch.randn(80, 6), torch.arange(80) % WORDS
    expected = head.target_log_probs(hidden, targets, torch.float32)
    assert torch.equal(head.target_log_probs(hidden, targets, torch.bfloat16), expected)


def test_only_large_clusters_run_in_the_lower_format(monkeypatch):
    network = naive.make_network(words=3000, width=64, cutoffs=(20, 60))
    head = network.softmax.requires_grad_(False)
    hidden, targets = torch.randn(800, 64).tanh(), torch.arange(800) % 1000
    exact = head.target_log_probs(hidden, targets, torch.float32)
    found = head.target_log_probs(hidden, targets, torch.bfloat16)
    large = targets >= 60
    assert torch.equal(found[~large], exact[~large])
    assert not torch.equal(found[large], exact[large])
    torch.testing.assert_close(found, exact, atol=0.1, rtol=0.02)


# -- cutoffs

WIDTH = 64


def cost(counts, cutoffs, width=WIDTH):
    """T = t(N, c₁ + K) + Σ t(N · p(cluster), |cluster|), cluster by cluster."""

    def time(positions, rows):
        return float(product_times(np.array(float(positions)), np.array(float(rows)), width))

    steps = clusters.STEP_POSITIONS
    if not cutoffs:
        return time(steps, len(counts)) / 2
    smoothed = [float(count) + 0.5 for count in counts]
    total = time(steps, cutoffs[0] + len(cutoffs))
    for start, stop in pairwise([*cutoffs, len(counts)]):
        total += time(steps * sum(smoothed[start:stop]) / sum(smoothed), stop - start)
    return total


def zipf(words, exponent=1.0):
    return np.array([1000, 500, *(10**6 / np.arange(1, words - 1) ** exponent)], dtype=np.int64)


def grid_of(words):
    return sorted({int(x) for x in np.geomspace(2, words, clusters._CANDIDATES)} - {words})


@pytest.mark.parametrize("words", [300, 5_000, 60_000])
@pytest.mark.parametrize("exponent", [0.6, 1.0, 1.4])
@pytest.mark.parametrize("width", [32, 512])
def test_no_one_or_two_clusters_are_faster(words, exponent, width):
    counts = zipf(words, exponent)
    cutoffs = choose_cutoffs(counts, width)
    mass = np.concatenate([[0.0], np.cumsum(counts + 0.5)])
    mass /= mass[-1]
    pairs = [[a] for a in grid_of(words)] + [list(c) for c in combinations(grid_of(words), 2)]
    heads = np.array([cuts[0] + len(cuts) for cuts in pairs])
    times = product_times(np.array(clusters.STEP_POSITIONS), heads, width)
    for number, cuts in enumerate(pairs):
        edges = np.array([*cuts, words])
        positions = clusters.STEP_POSITIONS * np.diff(mass[edges])
        times[number] += product_times(positions, np.diff(edges), width).sum()
    ours = cost(counts, cutoffs, width)
    assert ours <= min(times.min(), cost(counts, [], width)) * (1 + 1e-9)


@pytest.mark.slow
@given(st.lists(st.integers(0, 10**4), min_size=60, max_size=2000))
@settings(deadline=None, max_examples=25)
def test_search_finds_the_fastest_of_all_divisions_of_its_grid(counts):
    counts = np.array(sorted(counts, reverse=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "_CANDIDATES", 8)
        patch.setattr(clusters, "STEP_POSITIONS", 10**6)
        grid = grid_of(len(counts))
        every = [cuts for k in range(5) for cuts in combinations(grid, k)]
        best = min(cost(counts, cuts) for cuts in every)
        found = choose_cutoffs(counts, WIDTH, 4)
        assert cost(counts, found) == pytest.approx(best)


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=400), st.integers(1, 40))
@settings(deadline=None)
def test_cutoffs_are_valid_for_any_counts(counts, most):
    cutoffs = choose_cutoffs(np.array(counts, dtype=np.int64), WIDTH, most)
    assert cutoffs == sorted(set(cutoffs))
    assert all(isinstance(cutoff, int) and 2 <= cutoff < len(counts) for cutoff in cutoffs)
    assert len(cutoffs) <= most


@pytest.mark.parametrize("words", range(2, 12))
def test_tiny_vocabulary_keeps_the_full_softmax(words):
    assert choose_cutoffs(zipf(words), WIDTH) == []


def rows_of_a_target(counts, cutoffs):
    mass = np.concatenate([[0.0], np.cumsum(counts + 0.5)]) / (counts + 0.5).sum()
    edges = np.array([*cutoffs, len(counts)])
    return cutoffs[0] + len(cutoffs) + float((np.diff(mass[edges]) * np.diff(edges)).sum())


@pytest.mark.parametrize("width", [64, 256])
def test_the_fast_clusters_touch_a_third_of_the_rows(width):
    counts = zipf(50_000)
    fast, few = choose_clusters("fast", counts, width), choose_cutoffs(counts, width, 6)
    assert len(few) <= 6 < len(fast) <= clusters.MOST_CLUSTERS
    assert rows_of_a_target(counts, fast) < rows_of_a_target(counts, few) / 3


def test_the_default_follows_the_width_and_the_number_of_words():
    large, small = zipf(50_000), zipf(30_000)
    for counts in (large, small):
        assert choose_clusters("auto", counts, 64) == choose_clusters("fast", counts, 64)
    assert choose_clusters("auto", large, 256) == choose_cutoffs(large, 256, 16)
    assert choose_clusters("auto", small, 256) == choose_cutoffs(small, 256, 6)
