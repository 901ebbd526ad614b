"""p(spelling) against the naive network, and its mass by enumeration."""

import math
from itertools import product

import numpy as np
import pytest
import torch

from spacy_rnn.network.speller import (
    END,
    Spellings,
    log_prob_of_a_symbol,
    spelling_log_probs,
    symbol_log_probs,
)

from . import naive

SYMBOLS = 5
CUTOFFS = [(), (2, 4)]


def make_speller(*, symbols=SYMBOLS, cutoffs=(), width=4, seed=0):
    return naive.make_network(words=symbols, width=width, cutoffs=cutoffs, seed=seed)


def spellings_of(words):
    """words: lists of symbols."""
    flat = [symbol for word in words for symbol in word]
    lengths = [len(word) for word in words]
    return Spellings.from_symbols(np.array(flat, np.int64), np.array(lengths, np.int64))


def read(speller, weights, words):
    """log p of every symbol and end of each word, word by word, as the definition reads them."""
    result = []
    for word in words:
        hidden, _ = naive.read(speller.settings, weights, [END, *word])
        table = naive.log_distribution(speller.settings, weights, hidden)
        result.append(table[torch.arange(len(word) + 1), torch.tensor([*word, END])])
    return result


def log_of_a_symbol(speller, weights):
    hidden, _ = naive.read(speller.settings, weights, [END])
    return torch.logsumexp(naive.log_distribution(speller.settings, weights, hidden)[0, 1:], 0)


def expected(speller, words):
    weights = naive.weights_of(speller)
    with torch.no_grad():
        start = float(log_of_a_symbol(speller, weights))
        return np.array([float(part.sum()) - start for part in read(speller, weights, words)])


def random_words(count, *, symbols=SYMBOLS, longest=9, seed=0):
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, longest + 1, size=count)
    return [generator.integers(1, symbols, size=n).tolist() for n in lengths]


def strings(length):
    return [list(word) for word in product(range(1, SYMBOLS), repeat=length)]


def test_a_word_is_read_after_an_end_and_predicted_with_one():
    made = spellings_of([[3, 1], [2], [4, 4, 1]])
    assert made.ids.tolist() == [END, 3, 1, END, 2, END, 4, 4, 1]
    assert made.targets.tolist() == [3, 1, END, 2, END, 4, 4, 1, END]
    assert made.lengths.tolist() == [3, 2, 4]


def test_no_words_are_spelled_in_no_positions():
    made = spellings_of([])
    assert made.ids.shape == made.targets.shape == made.lengths.shape == (0,)
    assert spelling_log_probs(make_speller(), made).shape == (0,)


@pytest.mark.parametrize("cutoffs", CUTOFFS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_the_mass_of_all_strings_and_of_the_open_prefixes_is_one(cutoffs, seed):
    speller = make_speller(cutoffs=cutoffs, seed=seed)
    words = [word for length in range(1, 5) for word in strings(length)]
    closed = np.exp(spelling_log_probs(speller, spellings_of(words))).sum()
    weights = naive.weights_of(speller)
    with torch.no_grad():
        start = log_of_a_symbol(speller, weights)
        # p(c_1 … c_4), whatever follows but an end
        parts = read(speller, weights, strings(4))
        going_on = [torch.exp(p[:-1].sum() - start) * (1 - p[-1].exp()) for p in parts]
    opened = float(torch.stack(going_on).sum())
    assert 0.05 < opened < 0.95
    assert closed + opened == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("cutoffs", CUTOFFS, ids=str)
def test_every_word_has_the_log_probability_of_the_naive_network(cutoffs):
    speller = make_speller(cutoffs=cutoffs)
    words = random_words(40)
    found = spelling_log_probs(speller, spellings_of(words))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected(speller, words), atol=1e-5)


@pytest.mark.parametrize("bias", [-30.0, 0.0, 30.0])
def test_a_word_is_not_empty_whatever_the_speller_believes(bias):
    """With 30 it is nearly sure that the end comes at once: 1 − p(end | end) is 1e-12."""
    speller = make_speller()
    with torch.no_grad():
        speller.softmax.bias[END] = bias
    weights = naive.weights_of(speller)
    start = float(log_of_a_symbol(speller, weights).detach())
    assert log_prob_of_a_symbol(speller) == pytest.approx(start, abs=1e-5)
    words = strings(1)
    np.testing.assert_allclose(
        spelling_log_probs(speller, spellings_of(words)), expected(speller, words), atol=2e-5
    )


def test_a_word_has_the_same_probability_in_any_company():
    speller = make_speller(symbols=40, width=8)
    words = random_words(60, symbols=40, longest=30)
    together = spelling_log_probs(speller, spellings_of(words))
    alone = [spelling_log_probs(speller, spellings_of([word]))[0] for word in words]
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    backwards = spelling_log_probs(speller, spellings_of(words[::-1]))
    np.testing.assert_allclose(backwards[::-1], together, rtol=1e-5)


def test_equal_spellings_have_equal_probabilities():
    speller = make_speller()
    word, other = [3, 1, 4, 1], [2]
    found = spelling_log_probs(speller, spellings_of([word, other, word]))
    assert found[0] == pytest.approx(found[2], rel=1e-6) and found[0] != found[1]


@pytest.mark.slow
def test_a_word_of_twenty_thousand_symbols_is_a_sum_like_others():
    """More than runs through the network at once."""
    speller = make_speller()
    word = np.random.default_rng(0).integers(1, SYMBOLS, size=20_000).tolist()
    long, short = spelling_log_probs(speller, spellings_of([word, [1, 2]]))
    np.testing.assert_allclose([long, short], expected(speller, [word, [1, 2]]), rtol=1e-5)


@pytest.mark.parametrize("cutoffs", CUTOFFS, ids=str)
def test_training_has_the_naive_log_probabilities_and_gradient(cutoffs):
    speller = make_speller(cutoffs=cutoffs)
    words = random_words(12)
    made = spellings_of(words)
    factors = torch.arange(1.0, len(made.ids) + 1)
    found = symbol_log_probs(speller, made, dropout=0.0, dtype=torch.float32)
    (found @ factors).backward()
    weights = naive.weights_of(speller)
    by_hand = torch.cat(read(speller, weights, words))
    torch.testing.assert_close(found.detach().double(), by_hand.detach(), rtol=1e-5, atol=1e-5)
    (by_hand @ factors.double()).backward()
    for name, parameter in speller.parameters_by_name().items():
        scale = float(weights[name].grad.abs().max())
        assert scale > 0
        np.testing.assert_allclose(
            parameter.grad, weights[name].grad, atol=1e-5 * scale, rtol=1e-4, err_msg=name
        )


def test_dropout_draws_only_where_it_is_wanted():
    speller, made = make_speller(), spellings_of(random_words(12))

    def total(dropout):
        return float(
            symbol_log_probs(speller, made, dropout=dropout, dtype=torch.float32).detach().sum()
        )

    before = torch.random.get_rng_state()
    plain = total(0.0)
    assert plain == total(0.0)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert len({total(0.5), total(0.5), plain}) == 3


def test_prediction_computes_no_gradients_and_draws_nothing():
    speller = make_speller()
    before = torch.random.get_rng_state()
    spelling_log_probs(speller, spellings_of(random_words(5)))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(parameter.grad is None for parameter in speller.parameters())
    assert math.isfinite(log_prob_of_a_symbol(speller))
