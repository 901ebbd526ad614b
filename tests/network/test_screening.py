"""The bound that leaves clusters closed: never below the truth, and near enough to be of use."""

import pytest
import torch

from spacy_rnn.network import clusters
from spacy_rnn.network.clusters import ClusterSoftmax
from spacy_rnn.network.screening import ClusterScreen, to_low


def random_cluster(words, width, scale, seed=0):
    generator = torch.Generator().manual_seed(seed)
    weight = scale * torch.randn(words, width, generator=generator)
    bias = torch.randn(words, generator=generator)
    hidden = torch.randn(300, width, generator=generator).tanh()
    return weight, bias, hidden


@pytest.mark.parametrize("scale", [0.0, 0.1, 1.0, 10.0])
@pytest.mark.parametrize(("words", "width"), [(1, 5), (40, 8), (3000, 31), (500, 256)])
def test_the_bound_is_never_below_the_best_word(words, width, scale):
    weight, bias, hidden = random_cluster(words, width, scale)
    screen = ClusterScreen(weight, bias)
    found = screen.bound(to_low(hidden), torch.linalg.vector_norm(hidden, dim=1))
    exact = torch.log_softmax(hidden.double() @ weight.double().T + bias.double(), 1).amax(1)
    assert (found >= exact).all()


def test_the_bound_is_near_the_best_word():
    weight, bias, hidden = random_cluster(3000, 64, 0.1)
    screen = ClusterScreen(weight, bias)
    found = screen.bound(to_low(hidden), torch.linalg.vector_norm(hidden, dim=1))
    exact = torch.log_softmax(hidden @ weight.T + bias, 1).amax(1)
    assert (found - exact).mean() < 0.5


@pytest.mark.parametrize("scale", [0.2, 1.0, 4.0])
@pytest.mark.parametrize("k", [1, 5])
def test_screened_lists_are_those_of_the_whole_distribution(monkeypatch, scale, k):
    """Peaked and flat distributions; the excluded word is the best one now and then."""
    monkeypatch.setattr(clusters, "_SCREEN_FROM", 1)
    monkeypatch.setattr(clusters, "_SCREENED_WORDS", 1)
    monkeypatch.setattr(clusters, "resolve_precision", lambda *_: torch.bfloat16)
    weight, bias, hidden = random_cluster(700, 24, scale)
    softmax = ClusterSoftmax(torch.nn.Parameter(weight), bias.log_softmax(0), [50, 200, 420])
    with torch.no_grad():
        softmax.cluster_weight.copy_(scale * torch.randn(3, 24))
        for exclude in (0, 60, 699):
            everything = softmax.log_distribution(hidden)
            everything[:, exclude] = float("-inf")
            expected, rows = everything.sort(dim=1, descending=True, stable=True)
            found, found_rows = softmax.top_k(hidden, k, exclude)
            torch.testing.assert_close(found, expected[:, :k], atol=1e-5, rtol=1e-5)
            assert torch.equal(found_rows, rows[:, :k])


def test_screening_opens_fewer_clusters(monkeypatch):
    weight, bias, hidden = random_cluster(6000, 16, 0.3)
    bias[:50] += 6  # frequent words, as in a head
    softmax = ClusterSoftmax(torch.nn.Parameter(weight), bias.log_softmax(0), [50, 3000])
    opened = []
    merge = clusters._merge

    def spy(best, rows, places, words, start):
        opened.append(len(places) if start else 0)
        return merge(best, rows, places, words, start)

    monkeypatch.setattr(clusters, "_merge", spy)
    counts = []
    for dtype in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(clusters, "resolve_precision", lambda *_, dtype=dtype: dtype)
        opened.clear()
        with torch.no_grad():
            softmax.top_k(hidden, 5, 0)
        counts.append(sum(opened))
    assert counts[1] < 0.5 * counts[0]
