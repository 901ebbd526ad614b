"""The vectors of subword features are added to what the network reads of a word."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from spacy_rnn.network.generation import continue_rows, read_prefix
from spacy_rnn.network.inference import Wanted, predict
from spacy_rnn.network.language_model import RNNLanguageModel
from spacy_rnn.network.sampling import sample, standard_transforms
from spacy_rnn.network.settings import DIRECTIONS

from . import naive

WORDS, TABLE, FEATURES = 23, 11, 3
TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}


def make_network(direction="forward", **options):
    """Random weights, random features for every row of the vocabulary."""
    settings = naive.make_network(**options).settings
    settings = replace(settings, direction=direction, subword_rows=TABLE)
    network = RNNLanguageModel(settings, [1] * WORDS)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.5)
    network.subwords.set_row_features(make_features(WORDS))
    return network


def make_features(count, seed=1):
    return np.random.default_rng(seed).integers(0, TABLE, size=(count, FEATURES))


def vector_by_hand(network, row, features):
    vector = network.embedding[row]
    for feature in features:
        if int(feature):  # 0 is no feature
            vector = vector + network.subwords.weight[int(feature)]
    return vector


def naive_weights(network, rows, features):
    """Weights in which the words that are read stand one after another in the embedding."""
    vectors = [
        vector_by_hand(network, row, listed).detach().double()
        for row, listed in zip(rows, features, strict=True)
    ]
    return {**naive.weights_of(network), "embedding": torch.stack(vectors)}


def test_what_is_read_is_the_embedding_and_the_sum_of_the_features():
    network = make_network()
    rows, features = torch.tensor([4, 0, 4, 22]), torch.from_numpy(make_features(4))
    features[1] = 7  # one feature many times
    found = network.word_vectors(rows, features)
    for vector, row, listed in zip(found, rows, features, strict=True):
        torch.testing.assert_close(vector, vector_by_hand(network, row, listed))


def test_prediction_reads_what_training_reads():
    network = make_network()  # row 0 isn't zero: it counts for nothing all the same
    rows, features = torch.arange(WORDS), torch.from_numpy(make_features(WORDS))
    assert (features == 0).any() and network.subwords.weight[0].any()
    with torch.no_grad():
        found = network.word_vectors(rows, features)
    torch.testing.assert_close(found, network.word_vectors(rows, features), atol=1e-6, rtol=1e-6)


def test_words_of_the_vocabulary_have_their_own_features_if_none_are_given():
    network = make_network()
    rows, features = torch.tensor([4, 0, 4, 22]), make_features(WORDS)
    for vector, row in zip(network.word_vectors(rows), rows, strict=True):
        torch.testing.assert_close(vector, vector_by_hand(network, row, features[row]))


def test_without_a_table_words_are_read_as_their_embeddings():
    network = naive.make_network()
    assert network.subwords is None
    rows = torch.tensor([4, 0, 4])
    assert torch.equal(network.word_vectors(rows), network.embedding[rows])
    assert network.word_vectors(None) is network.embedding


def test_a_new_network_reads_words_as_their_embeddings():
    settings = replace(naive.make_network().settings, subword_rows=TABLE)
    network = RNNLanguageModel(settings, [1] * WORDS)
    rows = torch.arange(WORDS)
    features = torch.from_numpy(make_features(WORDS))
    assert torch.equal(network.word_vectors(rows, features), network.embedding)


def test_gradients_of_repeated_features_add_up():
    network = make_network()
    features = torch.from_numpy(make_features(50))
    weight = torch.randn(50, network.settings.embedding_width)
    (network.word_vectors(torch.arange(50) % WORDS, features) * weight).sum().backward()
    expected = torch.zeros_like(network.subwords.weight)
    for listed, row in zip(features, weight, strict=True):
        for feature in listed[listed > 0]:
            expected[feature] += row
    torch.testing.assert_close(network.subwords.weight.grad, expected)


def test_features_of_the_vocabulary_are_no_weights():
    network = make_network()
    assert [name for name in network.state_dict() if "subwords" in name] == ["subwords.weight"]
    assert [name for name in network.parameters_by_name() if "subwords" in name] == [
        "subwords.weight"
    ]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("dtype", ["training", "prediction"])
def test_the_stacks_read_the_words_that_they_are_given(direction, cell, dtype):
    network = make_network(direction, cell=cell, depth=2, cutoffs=(5, 9))
    lengths = np.array([4, 1, 3])
    ids = np.array([2, 0, 1, 2, 3, 3, 3, 1])
    rows, features = np.array([9, 0, 1, 14]), make_features(4, seed=3)
    _, targets, _ = naive.make_batch(lengths.tolist())
    weights = naive_weights(network, rows, features)
    words = network.word_vectors(torch.from_numpy(rows), torch.from_numpy(features)).detach()
    for reverse in network.directions:
        # the naive network knows one name of a stack, and its embedding is what is read
        named = {k.replace("backward_encoder.", "encoder."): v for k, v in weights.items()
                 if reverse == k.startswith("backward_encoder.") or "encoder" not in k}  # fmt: skip
        hidden = torch.cat(
            [naive.read(network.settings, named, part)[0] for part in naive.split(ids, lengths)]
        )
        named["embedding"] = network.embedding.detach().double()
        distribution = naive.log_distribution(network.settings, named, hidden)
        log_probs = distribution[torch.arange(len(ids)), torch.from_numpy(targets)]
        if dtype == "training":
            found = network(
                torch.from_numpy(ids),
                lengths,
                torch.from_numpy(targets),
                words=words,
                reverse=reverse,
            )
        else:
            wanted = Wanted(hidden=True, log_probs=True)
            made = predict(
                network, ids, lengths, targets, wanted, exclude=0, words=words, reverse=reverse
            )
            found = made.hidden, made.log_probs
        torch.testing.assert_close(found[0].double(), hidden.detach(), **TOLERANCE)
        torch.testing.assert_close(found[1].double(), log_probs.detach(), **TOLERANCE)


@pytest.mark.parametrize("options", [{"temperature": 0.0}, {"temperature": 1.3}], ids=str)
def test_words_that_are_written_are_read_with_their_spelling(options):
    network = make_network(cell="gru", depth=2)
    transforms = standard_transforms(excluded=[0], **options)
    prefix, given = np.array([1, 0, 7]), make_features(3, seed=5)
    state = read_prefix(network, prefix, given)
    found = list(continue_rows(network, state, end=1, max_tokens=15, transforms=transforms, seed=3))
    generator = torch.Generator().manual_seed(3)
    rows, features, own = list(prefix), list(given), make_features(WORDS)
    while len(rows) < 18:
        weights = naive_weights(network, rows, features)
        hidden, _ = naive.read(network.settings, weights, range(len(rows)))
        weights["embedding"] = network.embedding.detach().double()
        log_probs = naive.log_distribution(network.settings, weights, hidden[-1:])[0]
        row = sample(log_probs.detach().float(), transforms, generator)
        if row == 1:
            break
        rows.append(row)
        features.append(own[row])
    assert found == rows[3:]
    assert len(found) > 3
