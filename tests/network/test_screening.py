"""The bound that leaves clusters closed: never below the truth, and near enough to be of use."""

import os
import subprocess
import sys

import pytest
import torch
from thinc.api import Adam

from spacy_rnn.layers.optimizer import apply_gradients
from spacy_rnn.network import clusters, screening
from spacy_rnn.network.clusters import ClusterSoftmax
from spacy_rnn.network.screening import ClusterScreen, QuantizedHidden, can_screen

from . import naive

# products of 8-bit integers may overflow elsewhere
pytestmark = pytest.mark.skipif(not can_screen(torch.zeros(1)), reason="the processor has no VNNI")


def random_cluster(words, width, scale, seed=0):
    generator = torch.Generator().manual_seed(seed)
    weight = scale * torch.randn(words, width, generator=generator)
    bias = torch.randn(words, generator=generator)
    hidden = torch.randn(300, width, generator=generator).tanh()
    return weight, bias, hidden


def bound_of(weight, bias, hidden):
    everywhere = torch.arange(len(hidden))
    return ClusterScreen(weight, bias).bound(QuantizedHidden(hidden), everywhere)


def best_of(weight, bias, hidden):
    return torch.log_softmax(hidden.double() @ weight.double().T + bias.double(), 1).amax(1)


@pytest.mark.parametrize("scale", [0.0, 0.1, 1.0, 10.0])
@pytest.mark.parametrize(("words", "width"), [(1, 5), (40, 8), (3000, 31), (500, 256)])
@pytest.mark.parametrize("spread", [0.0, 1.0, 200.0])
@pytest.mark.parametrize("size", [1.0, 5.0])
def test_the_bound_is_never_below_the_best_word(words, width, scale, spread, size):
    """Large biases are cut, hidden states outside [-1, 1] too."""
    weight, bias, hidden = random_cluster(words, width, scale)
    arguments = weight, spread * bias, size * hidden
    assert (bound_of(*arguments) >= best_of(*arguments)).all()


def test_the_bound_is_near_the_best_word():
    weight, bias, hidden = random_cluster(3000, 64, 0.1)
    apart = bound_of(weight, bias, hidden) - best_of(weight, bias, hidden)
    assert apart.mean() < 0.5


@pytest.mark.parametrize("scale", [0.2, 1.0, 4.0])
@pytest.mark.parametrize("k", [1, 5])
def test_screened_lists_are_those_of_the_whole_distribution(monkeypatch, scale, k):
    """Peaked and flat distributions; the excluded word is the best one now and then."""
    monkeypatch.setattr(clusters, "_SCREENED_WORDS", 1)
    monkeypatch.setattr(clusters, "can_screen", lambda _: True)
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
    for screened in (False, True):
        monkeypatch.setattr(clusters, "can_screen", lambda _, screened=screened: screened)
        opened.clear()
        with torch.no_grad():
            softmax.top_k(hidden, 5, 0)
        counts.append(sum(opened))
    assert counts[1] < 0.5 * counts[0]


def test_bounds_follow_the_weights(monkeypatch):
    """Made once, and again after a training step, a copy or another softmax."""
    monkeypatch.setattr(clusters, "can_screen", lambda _: True)
    made = []
    make = clusters.ClusterScreen
    monkeypatch.setattr(clusters, "ClusterScreen", lambda *args: made.append(1) or make(*args))
    network = naive.make_network(words=5000, cutoffs=(50, 2500))
    softmax = network.softmax
    hidden = torch.randn(300, network.settings.width)

    def check():
        with torch.no_grad():
            everything = softmax.log_distribution(hidden)
            everything[:, 0] = float("-inf")
            found, _ = softmax.top_k(hidden, 5, 0)
            torch.testing.assert_close(found, everything.topk(5).values, atol=1e-5, rtol=1e-5)
        return len(made)

    assert check() == check() == 2  # two clusters
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter)
    apply_gradients(Adam(0.5), 1, network.parameters_by_name(), "test")
    assert check() == check() == 4
    network.load_state_dict(naive.make_network(words=5000, cutoffs=(50, 2500), seed=3).state_dict())
    assert check() == check() == 6


def test_a_single_position_gets_no_bounds_until_many_have_asked(monkeypatch):
    monkeypatch.setattr(clusters, "can_screen", lambda _: True)
    softmax = naive.make_network(words=5000, cutoffs=(50, 2500)).softmax
    hidden = torch.randn(1, softmax.weight.shape[1])
    with torch.no_grad():
        lists = [softmax.top_k(hidden, 5, 0) for _ in range(20)]
    assert set(screening._KEPT[softmax].screens) == {1, 2}
    for values, rows in lists[1:]:
        torch.testing.assert_close(values, lists[0][0], atol=1e-5, rtol=1e-5)
        assert torch.equal(rows, lists[0][1])


@pytest.mark.parametrize("common", [1e3, 1e4])
def test_the_bound_holds_where_all_words_share_a_large_component(common):
    weight, bias, hidden = random_cluster(300, 16, 0.1)
    weight[:, 0] += common
    assert (bound_of(weight, bias, hidden) >= best_of(weight, bias, hidden)).all()


SATURATES = """
import torch
from spacy_rnn.network.screening import can_screen
print(can_screen(torch.zeros(1)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("isa", ["AVX2", "AVX512_CORE"])
def test_nothing_is_screened_where_products_overflow(isa):
    """oneDNN without VNNI adds 8-bit products in 16 bits, whatever the processor can do."""
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": isa}
    command = [sys.executable, "-c", SATURATES]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "False"


def test_weights_that_count_no_changes_are_not_screened():
    with torch.inference_mode():
        weight = torch.zeros(3)
    assert not can_screen(weight)
