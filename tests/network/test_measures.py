"""Entropy and rank of next-word distributions, from the definitions."""

import math

import numpy as np
import pytest
import torch

from spacy_rnn.network.entropy import entropy
from spacy_rnn.network.inference import Wanted, predict
from spacy_rnn.network.language_model import RNNLanguageModel
from spacy_rnn.network.measures import NETWORK_MEASURES
from spacy_rnn.network.rank import rank
from spacy_rnn.network.settings import NetworkSettings

from . import naive

UNKNOWN = 0
SOFTMAXES = pytest.mark.parametrize("softmax", naive.SOFTMAXES, ids=str)


def make_head(softmax, *, words=23, width=6, seed=0):
    tied, cutoffs = softmax
    network = naive.make_network(tied=tied, cutoffs=cutoffs, words=words, width=width, seed=seed)
    return network, network.softmax


def make_hidden(count=40, width=6, seed=1):
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def naive_distribution(network, hidden):
    table = naive.log_distribution(network.settings, naive.weights_of(network), hidden.double())
    return table.detach().numpy()


def test_words_of_equal_probability_have_their_places_in_any_batch():
    """New words of a transferred network start alike; products of other sizes round otherwise."""
    _, head = make_head((True, (100, 600)), words=3000, width=256)
    with torch.no_grad():
        head.weight[2000:2400] = head.weight[2000].clone()
        head.bias[2000:2400] = head.bias[2000].clone()
    for seed in range(60):
        hidden = make_hidden(2, width=256, seed=seed).tanh()
        targets = torch.tensor([2000 + 6 * seed, 50])
        together = rank(head, hidden, targets, UNKNOWN)
        alone = rank(head, hidden[:1], targets[:1], UNKNOWN)
        _, rows = head.top_k(hidden[:1], 2999, UNKNOWN)
        place = 1 + rows[0].tolist().index(targets[0])
        assert together[0] == alone[0] == place


@SOFTMAXES
def test_entropy_is_the_expected_surprisal(softmax):
    network, head = make_head(softmax)
    hidden = make_hidden()
    found = entropy(head, hidden)
    expected = [
        sum(-math.exp(log_p) * log_p for log_p in row)
        for row in naive_distribution(network, hidden)
    ]
    assert found.dtype == torch.float32 and not found.requires_grad
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_entropy_of_equal_words_is_the_logarithm_of_their_number():
    _, head = make_head((False, ()))
    with torch.no_grad():
        head.weight.zero_()
        head.bias.fill_(3.0)
    np.testing.assert_allclose(entropy(head, make_hidden(3)), [math.log(23)] * 3, rtol=1e-6)


@SOFTMAXES
def test_entropy_of_a_certain_word_is_zero(softmax):
    """Words of probability 0 add nothing, not a NaN."""
    _, head = make_head(softmax)
    with torch.no_grad():
        head.bias.fill_(-1e4)
        head.bias[1] = 1e4
    np.testing.assert_allclose(entropy(head, make_hidden(3)), [0.0] * 3, atol=1e-6)


@SOFTMAXES
@pytest.mark.parametrize("exclude", [UNKNOWN, 7])
def test_the_word_at_place_k_of_the_list_has_rank_k(softmax, exclude):
    _, head = make_head(softmax)
    hidden = make_hidden()
    _, rows = head.top_k(hidden, 22, exclude)
    for place in range(22):
        ranks = rank(head, hidden, rows[:, place].contiguous(), exclude)
        assert ranks.dtype == torch.long
        assert ranks.tolist() == [place + 1] * len(hidden)


@SOFTMAXES
def test_ranks_count_the_more_probable_words(softmax):
    network, head = make_head(softmax)
    hidden = make_hidden()
    targets = torch.arange(len(hidden)) % 23
    found = rank(head, hidden, targets, UNKNOWN)
    for row, target, place in zip(
        naive_distribution(network, hidden), targets.tolist(), found.tolist(), strict=True
    ):
        ahead = [word for word in range(23) if word != UNKNOWN and row[word] > row[target]]
        assert place == (len(ahead) + 1 if target != UNKNOWN else -1)


@SOFTMAXES
def test_the_excluded_row_has_no_place_and_takes_none_from_others(softmax):
    _, head = make_head(softmax)
    hidden = make_hidden()
    with torch.no_grad():
        head.bias[UNKNOWN] = 50.0
    targets = torch.full((len(hidden),), UNKNOWN)
    assert rank(head, hidden, targets, UNKNOWN).tolist() == [-1] * len(hidden)
    best = head.top_k(hidden, 1, UNKNOWN)[1].squeeze(1)
    assert rank(head, hidden, best, UNKNOWN).tolist() == [1] * len(hidden)
    with torch.no_grad():
        head.bias[UNKNOWN] = -50.0
    assert rank(head, hidden, targets, UNKNOWN).tolist() == [-1] * len(hidden)


def test_equally_probable_words_have_the_ranks_of_their_rows():
    _, head = make_head((False, ()))
    with torch.no_grad():
        head.weight.zero_()
        head.bias.zero_()
    hidden = make_hidden(23)
    targets = torch.arange(23)
    assert rank(head, hidden, targets, UNKNOWN).tolist() == [-1, *range(1, 23)]
    assert rank(head, hidden, targets, 5).tolist() == [*range(1, 6), -1, *range(6, 23)]


@SOFTMAXES
def test_measures_do_not_depend_on_the_blocks(softmax, monkeypatch):
    _, head = make_head(softmax)
    hidden, targets = make_hidden(), torch.arange(40) % 23
    whole = entropy(head, hidden), rank(head, hidden, targets, UNKNOWN)
    monkeypatch.setattr("spacy_rnn.network.linear_nll.BLOCK_LOGITS", 70)
    np.testing.assert_allclose(entropy(head, hidden), whole[0], rtol=1e-6)
    assert torch.equal(rank(head, hidden, targets, UNKNOWN), whole[1])


@SOFTMAXES
def test_of_no_positions_there_are_no_measures(softmax):
    _, head = make_head(softmax)
    hidden, targets = make_hidden(0), torch.zeros(0, dtype=torch.long)
    assert entropy(head, hidden).shape == rank(head, hidden, targets, UNKNOWN).shape == (0,)


def test_the_best_word_of_a_large_vocabulary_has_rank_one_in_clusters():
    """Large enough that clusters are screened for the list, and numbers lie close together."""
    settings = NetworkSettings(9_000, "lstm", 16, 16, 1, True, (500, 4_000))
    network = RNNLanguageModel(settings, [1] * 9_000)
    with torch.no_grad():
        for parameter in network.softmax.parameters():
            parameter.normal_(0, 0.3)
    hidden = make_hidden(300, 16)
    _, rows = network.softmax.top_k(hidden, 5, UNKNOWN)
    for place in range(5):
        ranks = rank(network.softmax, hidden, rows[:, place].contiguous(), UNKNOWN)
        assert ranks.tolist() == [place + 1] * 300


@pytest.mark.parametrize("reverse", [False, True])
@SOFTMAXES
def test_prediction_gives_the_measures_of_the_naive_network(softmax, reverse):
    tied, cutoffs = softmax
    network = naive.make_network(tied=tied, cutoffs=cutoffs)
    if reverse:
        network.add_module("backward_encoder", network.encoder)
    ids, targets, lengths = naive.make_batch([5, 1, 70, 8])
    wanted = Wanted(measures=["entropy", "rank"])
    made = predict(network, ids, lengths, targets, wanted, exclude=UNKNOWN, reverse=reverse)
    assert made.hidden is made.log_probs is made.top_rows is made.state is None
    weights = naive.weights_of(network)
    hidden, _ = naive.score(network.settings, weights, ids, targets, lengths)
    table = naive.log_distribution(network.settings, weights, hidden).detach().numpy()
    np.testing.assert_allclose(made.measures["entropy"], -(np.exp(table) * table).sum(1), rtol=1e-4)
    ahead = table > table[np.arange(len(ids)), targets][:, None]
    ahead[:, UNKNOWN] = False
    assert (
        made.measures["rank"].tolist()
        == np.where(targets == UNKNOWN, -1, ahead.sum(1) + 1).tolist()
    )


def test_measures_that_nobody_wants_are_not_computed(monkeypatch):
    def fail(*args):
        raise AssertionError("computed")

    for name in NETWORK_MEASURES:
        monkeypatch.setattr(f"spacy_rnn.network.{name}.{name}", fail)
    ids, targets, lengths = naive.make_batch([5, 3])
    wanted = Wanted(hidden=True, log_probs=True, top_k=2, final_state=True)
    made = predict(naive.make_network(), ids, lengths, targets, wanted, exclude=UNKNOWN)
    assert made.measures == {}
    for name in NETWORK_MEASURES:
        with pytest.raises(AssertionError, match="computed"):
            predict(naive.make_network(), ids, lengths, targets, Wanted(measures=[name]), exclude=0)


def test_ranks_need_targets_and_entropy_does_not():
    network = naive.make_network()
    ids, _, lengths = naive.make_batch([5, 3])
    made = predict(network, ids, lengths, None, Wanted(measures=["entropy"]), exclude=UNKNOWN)
    assert made.measures["entropy"].shape == (8,)
    with pytest.raises(ValueError, match="targets"):
        predict(network, ids, lengths, None, Wanted(measures=["rank"]), exclude=UNKNOWN)
