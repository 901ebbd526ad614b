"""Writing on with a kept state equals reading the whole prefix again at every step."""

import numpy as np
import pytest
import torch

from spacy_rnn.network.generation import continue_rows, next_log_probs, next_top_k, read_prefix
from spacy_rnn.network.recurrent import CELLS
from spacy_rnn.network.sampling import sample, standard_transforms

from . import naive

END, FORBIDDEN = 1, 0
PREFIX = [1, 7, 4, 7]


def write(network, max_tokens=25, seed=3, **options):
    return list(rows_of(network, max_tokens, seed, **options))


def rows_of(network, max_tokens, seed=3, **options):
    state = read_prefix(network, np.array(PREFIX))
    transforms = standard_transforms(excluded=[FORBIDDEN], **options)
    return continue_rows(
        network,
        state,
        end=END,
        max_tokens=max_tokens,
        transforms=transforms,
        seed=seed,
        read=PREFIX,
    )


def naive_log_probs(network, rows):
    with torch.no_grad():
        weights = naive.weights_of(network)
        hidden, _ = naive.read(network.settings, weights, rows)
        return naive.log_distribution(network.settings, weights, hidden[-1:])[0]


def write_naively(network, max_tokens=25, *, seed=3, **options):
    generator = torch.Generator().manual_seed(seed)
    rows = list(PREFIX)
    for _ in range(max_tokens):
        log_probs = naive_log_probs(network, rows).float()
        transforms = standard_transforms(excluded=[FORBIDDEN], **options)
        row = sample(log_probs, transforms, generator, rows)
        if row == END:
            break
        rows.append(row)
    return rows[len(PREFIX) :]


@pytest.mark.parametrize("cutoffs", [(), (5, 9)])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0.0},
        {"temperature": 1.3},
        {"top_k": 4},
        {"top_p": 0.5},
        {"repetition_penalty": 1.5},
    ],
    ids=str,
)
def test_kept_state_equals_reading_the_prefix_again(cell, cutoffs, options):
    network = naive.make_network(cell=cell, depth=2, cutoffs=cutoffs)
    assert write(network, **options) == write_naively(network, **options)


def test_next_words_after_a_prefix():
    network = naive.make_network(depth=2, cutoffs=(5, 9))
    state = read_prefix(network, np.array(PREFIX))
    expected = naive_log_probs(network, PREFIX)
    torch.testing.assert_close(
        next_log_probs(network, state).double(), expected, atol=1e-5, rtol=1e-5
    )
    values, rows = next_top_k(network, state, 6, FORBIDDEN)
    assert rows == naive.best_rows(expected.tolist(), 6, FORBIDDEN)
    assert values == pytest.approx([expected[row].item() for row in rows], abs=1e-5)


def test_end_stops_and_is_not_yielded():
    network = naive.make_network()
    with torch.no_grad():
        network.softmax.bias[END] = 3.0
    lengths = set()
    for seed in range(20):
        rows = write(network, max_tokens=50, seed=seed)
        assert END not in rows
        assert FORBIDDEN not in rows
        lengths.add(len(rows))
    assert len(lengths) > 3
    with torch.no_grad():
        network.softmax.bias[END] = 100.0
    assert write(network) == []


def test_max_tokens_bounds_the_text():
    network = naive.make_network()
    with torch.no_grad():
        network.softmax.bias[END] = -100.0
    assert len(write(network, max_tokens=13)) == 13
    assert write(network, max_tokens=0) == []
    assert write(network, max_tokens=13)[:5] == write(network, max_tokens=5)


def test_each_word_costs_one_step(monkeypatch):
    network = naive.make_network()
    with torch.no_grad():
        network.softmax.bias[END] = -100.0
    steps = []
    read = network.read

    def spy(ids, state, features=None):
        steps.append(len(ids))
        return read(ids, state)

    monkeypatch.setattr(network, "read", spy)
    write(network, max_tokens=10)
    assert steps == [len(PREFIX)] + [1] * 10


def test_seed_decides_and_the_global_state_is_not_touched():
    network = naive.make_network()
    before = torch.random.get_rng_state()
    texts = [write(network, seed=seed) for seed in range(5)]
    assert texts == [write(network, seed=seed) for seed in range(5)]
    assert len({tuple(text) for text in texts}) > 1
    assert torch.equal(torch.random.get_rng_state(), before)


def test_gradients_are_back_on_between_words():
    """A generator that leaves them off would switch its caller's training off."""
    network = naive.make_network()
    for _ in rows_of(network, 3):
        assert torch.is_grad_enabled()
