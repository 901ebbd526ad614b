"""Weights of one network become those of another one with other words."""

import numpy as np
import pytest
import torch

from spacy_rnn.network.language_model import RNNLanguageModel
from spacy_rnn.network.settings import NetworkSettings
from spacy_rnn.network.transfer import transfer_weights

from . import naive

UNKNOWN = 0
WORDS = 23
# of 12 words: some of the source's in another order, and three that it doesn't have
ROWS = np.array([0, 1, 9, 0, 2, 22, 0, 3, 14, 15, 0, 8])
NEW = [3, 6, 10]


def make_network(words=WORDS, counts=None, seed=0, **options):
    """Any shape, all weights random."""
    options = {"cell": "lstm", "embedding_width": 6, "width": 6, "depth": 2, **options}
    options.setdefault("tied", True)
    network = RNNLanguageModel(NetworkSettings(words, **options), counts or [1] * words)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.5, generator=generator)
    return network


def values_of(network):
    return {name: p.detach().clone() for name, p in network.parameters_by_name().items()}


def transfer(source, target, rows=ROWS):
    transfer_weights(source, target, rows, UNKNOWN)
    return values_of(source), values_of(target)


@pytest.mark.parametrize("tied", [True, False])
def test_every_word_gets_the_vectors_of_its_row_in_the_source(tied):
    source = make_network(tied=tied)
    given, got = transfer(source, make_network(len(ROWS), tied=tied, seed=1))
    for name in ["embedding"] if tied else ["embedding", "softmax.weight"]:
        for row, there in enumerate(ROWS):
            assert torch.equal(got[name][row], given[name][there]), (name, row)


def test_new_words_are_the_sources_unknown_word_with_the_bias_of_their_own_count():
    counts = [4, 7, *range(40, 50)]
    target = make_network(len(ROWS), counts)
    start = RNNLanguageModel(target.settings, counts)
    given, got = transfer(make_network(), start)
    smoothed = np.array(counts) + 0.5
    prior = np.log(smoothed / smoothed.sum())
    for row, there in enumerate(ROWS):
        if row in NEW:
            assert torch.equal(got["embedding"][row], given["embedding"][UNKNOWN])
            assert float(got["softmax.bias"][row]) == pytest.approx(prior[row], abs=1e-6)
        else:
            assert got["softmax.bias"][row] == given["softmax.bias"][there]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("softmax", naive.SOFTMAXES, ids=str)
def test_network_of_the_same_words_predicts_the_very_same_numbers(cell, softmax):
    tied, cutoffs = softmax
    options = {"cell": cell, "tied": tied, "cutoffs": cutoffs, "subword_rows": 9}
    source, target = make_network(**options), make_network(seed=1, **options)
    ids, targets, lengths = naive.make_batch([5, 1, 8])
    arguments = torch.from_numpy(ids), lengths, torch.from_numpy(targets)
    assert not torch.equal(source(*arguments)[0], target(*arguments)[0])
    given, got = transfer(source, target, np.arange(WORDS))
    assert all(torch.equal(got[name], value) for name, value in given.items())
    for ours, theirs in zip(target(*arguments)[:2], source(*arguments)[:2], strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("tied", [True, False])
def test_words_in_another_order_keep_their_probabilities(tied):
    source = make_network(tied=tied)
    order = np.concatenate([[0, 1], 2 + np.random.default_rng(1).permutation(WORDS - 2)])
    target = make_network(seed=1, tied=tied)
    transfer(source, target, order)
    ids, targets, lengths = naive.make_batch([5, 1, 8])
    places = np.argsort(order)  # of the source's words in the target
    hidden, log_probs, _ = target(
        torch.from_numpy(places[ids]), lengths, torch.from_numpy(places[targets])
    )
    weights = naive.weights_of(source)
    expected = naive.score(source.settings, weights, ids, targets, lengths)
    torch.testing.assert_close(hidden.double(), expected[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(log_probs.double(), expected[1], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("direction", "stacks"),
    [
        ("both", ["encoder.", "backward_encoder."]),
        ("forward", ["encoder."]),
        ("backward", ["backward_encoder."]),
    ],
)
def test_a_direction_takes_the_stack_that_reads_that_way(direction, stacks):
    source = make_network(direction="both")
    given, got = transfer(source, make_network(12, direction=direction, seed=1))
    names = [name for name in got if ".layers." in name]
    assert names == [name for name in given if name.startswith(tuple(stacks))]
    assert len(names) == 8 * len(stacks)
    assert all(torch.equal(got[name], given[name]) for name in names)


def test_subword_vectors_belong_to_spellings_and_are_copied_whole():
    source = make_network(subword_rows=9)
    given, got = transfer(source, make_network(12, subword_rows=9, seed=1))
    assert torch.equal(got["subwords.weight"], given["subwords.weight"])


CLUSTERS = ["softmax.cluster_weight", "softmax.cluster_bias"]


@pytest.mark.parametrize(
    ("cutoffs", "rows", "copied"),
    [
        ((4, 9), np.arange(WORDS), True),
        ((4, 10), np.arange(WORDS), False),
        ((4, 9), np.array([*range(WORDS - 2), WORDS - 1, WORDS - 2]), True),
        ((4, 9), np.array([*range(WORDS - 1), UNKNOWN]), True),
        ((4, 9), np.array([*range(WORDS), UNKNOWN]), True),
    ],
    ids=["the same", "other cutoffs", "another order", "a new word", "one more word"],
)
def test_weights_of_clusters_are_copied_if_the_cutoffs_are_the_same(cutoffs, rows, copied):
    source, target = make_network(cutoffs=(4, 9)), make_network(len(rows), cutoffs=cutoffs, seed=1)
    before = values_of(target)
    given, got = transfer(source, target, rows)
    for name in CLUSTERS:
        assert not torch.equal(given[name], before[name])
        assert torch.equal(got[name], given[name] if copied else before[name])


@pytest.mark.parametrize(("there", "here"), [((), (4, 9)), ((4, 9), ())])
def test_clusters_that_only_one_network_has_are_no_obstacle(there, here):
    source, target = make_network(cutoffs=there), make_network(cutoffs=here, seed=1)
    before = values_of(target)
    given, got = transfer(source, target, np.arange(WORDS))
    for name in got:
        assert torch.equal(got[name], before[name] if name in CLUSTERS else given[name])


def test_an_untied_softmax_stays_as_it_is_if_the_source_has_none_of_its_own():
    source, target = make_network(), make_network(len(ROWS), tied=False, seed=1)
    before = values_of(target)
    given, got = transfer(source, target)
    assert torch.equal(got["softmax.weight"], before["softmax.weight"])
    assert torch.equal(got["embedding"], given["embedding"][torch.from_numpy(ROWS)])


def test_the_copy_is_independent_and_can_be_trained():
    source, target = make_network(), make_network(seed=1)
    before = values_of(source)
    transfer(source, target, np.arange(WORDS))
    assert all(p.is_leaf and p.requires_grad for p in target.parameters())
    with torch.no_grad():
        for parameter in target.parameters():
            parameter.add_(1.0)
    assert all(torch.equal(value, before[name]) for name, value in values_of(source).items())
