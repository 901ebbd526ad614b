"""The neural cache against a loop over pairs of positions, in float64."""

import math

import numpy as np
import pytest
import torch

from spacy_rnn.network.cache import LARGEST_WINDOW, CacheSettings, cache_probabilities, mix

# 256 positions look back together
LENGTHS = [1, 2, 7, 256, 257, 258, 600]
WINDOWS = [1, 3, 300, 10_000]
WORDS = 11


def make_document(length, *, words=WORDS, width=5, seed=0):
    """Hidden states, a distribution over all words at every position, and the words that came."""
    generator = np.random.default_rng(seed)
    hidden = generator.normal(size=(length, width)).astype("f")
    logits = generator.normal(size=(length, words))
    model = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return hidden, model, generator.integers(0, words, size=length)


def brute_force(hidden, symbols, settings):
    """p_cache of what came, as the definition says it."""
    result = [0.0]
    h = hidden.astype(np.float64)
    for now in range(1, len(h)):
        first = max(0, now - settings.window)
        scores = np.array([settings.flatness * (h[i] @ h[now]) for i in range(first, now)])
        weights = np.exp(scores - scores.max())
        hits = np.array([symbols[i] == symbols[now] for i in range(first, now)])
        result.append((weights * hits).sum() / weights.sum())
    return np.array(result)


def from_package(hidden, symbols, settings):
    made = cache_probabilities(torch.from_numpy(hidden), torch.from_numpy(symbols), settings)
    assert made.dtype == torch.float32
    return made


def mixed(hidden, model, symbols, settings):
    own = np.log(model[np.arange(len(symbols)), symbols])
    cached = from_package(hidden, symbols, settings)
    return mix(torch.from_numpy(own).float(), cached, settings).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("window", WINDOWS)
def test_cache_probabilities_are_those_of_the_loop(length, window):
    hidden, _, symbols = make_document(length)
    for flatness in (0.0, 0.3, 2.0):
        settings = CacheSettings(window, 0.1, flatness)
        found = from_package(hidden, symbols, settings)
        np.testing.assert_allclose(found, brute_force(hidden, symbols, settings), atol=2e-6)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("weight", [0.1, 0.99])
def test_model_and_cache_are_mixed_as_the_loop_says(window, weight):
    hidden, model, symbols = make_document(300)
    settings = CacheSettings(window, weight, 0.7)
    own = model[np.arange(300), symbols]
    expected = np.log((1 - weight) * own + weight * brute_force(hidden, symbols, settings))
    # nothing to look back at
    expected[0] = np.log(own[0])
    np.testing.assert_allclose(mixed(hidden, model, symbols, settings), expected, atol=1e-5)


@pytest.mark.parametrize("window", [1, 3, 1000])
@pytest.mark.parametrize("place", [0, 1, 4, 255, 256, 257, 299])
def test_probabilities_of_all_words_with_the_cache_sum_to_one(window, place):
    hidden, model, symbols = make_document(300)
    settings = CacheSettings(window, 0.3, 0.5)
    total = 0.0
    for word in range(WORDS):
        symbols[place] = word
        total += math.exp(mixed(hidden, model, symbols, settings)[place])
    assert total == pytest.approx(1, abs=1e-5)


def test_without_weight_nothing_is_mixed_in():
    hidden, model, symbols = make_document(40)
    own = torch.from_numpy(np.log(model[np.arange(40), symbols])).float()
    settings = CacheSettings(5, 0.0, 0.3)
    assert torch.equal(mix(own, from_package(hidden, symbols, settings), settings), own)


@pytest.mark.parametrize("window", [1, 3, 1000])
def test_without_flatness_the_cache_is_the_share_of_a_word_in_the_window(window):
    hidden, _, symbols = make_document(300)
    found = from_package(hidden, symbols, CacheSettings(window, 0.1, 0.0)).numpy()
    for now in range(1, 300):
        before = symbols[max(0, now - window) : now].tolist()
        share = before.count(symbols[now]) / len(before)
        assert found[now] == pytest.approx(share, abs=1e-6)


def test_a_window_of_one_is_the_word_before():
    hidden, _, symbols = make_document(300, words=3)
    found = from_package(hidden, symbols, CacheSettings(1, 0.1, 1.0))
    repeated = np.append(False, symbols[1:] == symbols[:-1])
    np.testing.assert_allclose(found, repeated, atol=1e-6)


def test_the_cache_does_not_look_forward():
    hidden, _, symbols = make_document(300)
    settings = CacheSettings(1000, 0.1, 0.5)
    before = from_package(hidden, symbols, settings)
    for place in (1, 30, 256, 299):
        changed_hidden, changed = hidden.copy(), symbols.copy()
        changed_hidden[place:] += 1
        changed[place:] = (changed[place:] + 1) % WORDS
        after = from_package(changed_hidden, changed, settings)
        np.testing.assert_allclose(after[:place], before[:place], atol=1e-6)
        assert not torch.allclose(after[place:], before[place:], atol=1e-4)


@pytest.mark.parametrize("block", [1, 2, 7, 10_000])
@pytest.mark.parametrize("window", [1, 3, 20, 1000])
def test_the_numbers_do_not_depend_on_the_blocks(block, window, monkeypatch):
    hidden, _, symbols = make_document(60)
    settings = CacheSettings(window, 0.1, 0.5)
    whole = from_package(hidden, symbols, settings)
    monkeypatch.setattr("spacy_rnn.network.cache._BLOCK", block)
    np.testing.assert_allclose(from_package(hidden, symbols, settings), whole, atol=1e-6)


def test_states_that_are_far_apart_give_no_nan():
    """exp of the scores alone would overflow: the most similar state takes it all."""
    hidden, model, symbols = make_document(50)
    settings = CacheSettings(1000, 0.1, 100.0)
    found = from_package(hidden * 100, symbols, settings)
    np.testing.assert_allclose(found, brute_force(hidden * 100, symbols, settings), atol=1e-5)
    assert np.isfinite(mixed(hidden * 100, model, symbols, settings)).all()


def test_any_numbers_that_are_equal_for_equal_symbols_name_them():
    hidden, _, symbols = make_document(50)
    settings = CacheSettings(10, 0.1, 0.3)
    names = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, size=WORDS)
    found = from_package(hidden, names[symbols], settings)
    assert torch.equal(found, from_package(hidden, symbols, settings))


def test_a_word_that_never_came_keeps_its_share_of_the_model():
    hidden, model, symbols = make_document(30)
    symbols[-1] = WORDS - 1
    symbols[:-1] %= WORDS - 1
    found = mixed(hidden, model, symbols, CacheSettings(1000, 0.25, 0.3))[-1]
    assert found == pytest.approx(math.log(0.75 * model[-1, -1]), abs=1e-5)


def test_the_largest_window_looks_back_exactly_so_far():
    """Against every position by itself, in double precision."""
    draw = torch.Generator().manual_seed(0)
    hidden = torch.randn(10_300, 3, generator=draw)
    symbols = torch.randint(0, 40, (10_300,), generator=draw)
    settings = CacheSettings(window=LARGEST_WINDOW, weight=0.5, flatness=0.7)
    found = cache_probabilities(hidden, symbols, settings)
    for i in (1, 2, 300, 9_999, 10_000, 10_001, 10_299):
        before = slice(max(0, i - 10_000), i)
        weights = (0.7 * hidden[before].double() @ hidden[i].double()).softmax(0)
        assert float(found[i]) == pytest.approx(float(weights[symbols[before] == symbols[i]].sum()))
