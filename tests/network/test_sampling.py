"""What is drawn, and how often, follows the distribution that the options describe."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_rnn.network.sampling import (
    Candidates,
    ExcludedRows,
    RepetitionPenalty,
    Temperature,
    TopK,
    TopP,
    Transform,
    sample,
    standard_transforms,
)

LOG_PROBS = torch.log_softmax(torch.tensor([2.0, -1.0, 0.5, 0.5, 1.5, -0.5, 0.0, 1.0]), 0)


def draw(seed=0, log_probs=LOG_PROBS, forbidden=0, read=(), **options):
    generator = torch.Generator().manual_seed(seed)
    return sample(log_probs, transforms_of(forbidden, **options), generator, read)


def transforms_of(forbidden=0, **options):
    return standard_transforms(excluded=[forbidden], **options)


def expected_distribution(temperature=1.0, top_k=0, top_p=1.0, forbidden=0):
    """Row → probability, by plain arithmetic."""
    weights = {
        row: value ** (1 / temperature)
        for row, value in enumerate(LOG_PROBS.double().exp().tolist())
        if row != forbidden
    }
    ranked = sorted(weights, key=lambda row: (-weights[row], row))[: top_k or None]
    total = sum(weights[row] for row in ranked)
    kept, reached = [], 0.0
    for row in ranked:
        if kept and reached >= top_p:
            break
        kept.append(row)
        reached += weights[row] / total
    total = sum(weights[row] for row in kept)
    return {row: weights[row] / total for row in kept}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.5},
        {"temperature": 3.0},
        {"top_k": 3},
        {"top_k": 1},
        {"top_k": 100},
        {"top_p": 0.6},
        {"top_p": 1e-9},
        {"top_k": 5, "top_p": 0.7, "temperature": 1.7},
        {"forbidden": 4, "top_k": 2},
    ],
    ids=str,
)
def test_draws_follow_the_described_distribution(options):
    expected = expected_distribution(**options)
    generator = torch.Generator().manual_seed(0)
    draws = 3000
    counts = Counter(sample(LOG_PROBS, transforms_of(**options), generator) for _ in range(draws))
    assert counts.keys() <= expected.keys()
    for row, probability in expected.items():
        # five standard deviations
        error = 5 * (probability * (1 - probability) / draws) ** 0.5
        assert abs(counts[row] / draws - probability) <= error


def test_temperature_zero_takes_the_best_row_and_the_first_of_equals():
    assert draw(temperature=0.0) == 4
    assert draw(temperature=0.0, forbidden=4) == 0
    equal = torch.full((6,), -1.0)
    assert draw(log_probs=equal, temperature=0.0) == 1
    assert draw(log_probs=equal, temperature=0.0, forbidden=3) == 0


@given(st.integers(0, 7), st.integers(0, 8), st.floats(0.01, 1.0), st.floats(0.0, 100.0))
@settings(deadline=None)
def test_forbidden_row_is_never_drawn(forbidden, top_k, top_p, temperature):
    options = {"top_k": top_k, "top_p": top_p, "temperature": temperature, "forbidden": forbidden}
    assert all(draw(seed, **options) != forbidden for seed in range(10))


def test_small_temperature_is_as_good_as_zero():
    for temperature in (1e-4, 1e-300, 5e-324):
        drawn = {draw(seed, temperature=temperature) for seed in range(50)}
        assert drawn == {draw(temperature=0.0)}


def test_seed_decides_and_the_global_state_is_not_touched():
    before = torch.random.get_rng_state()
    first = [draw(seed) for seed in range(30)]
    assert first == [draw(seed) for seed in range(30)]
    assert len(set(first)) > 2
    assert torch.equal(torch.random.get_rng_state(), before)


def test_log_probs_are_left_as_they_are():
    log_probs = LOG_PROBS.clone()
    draw(log_probs=log_probs, forbidden=2, temperature=0.7)
    assert torch.equal(log_probs, LOG_PROBS)


def left_by(*transforms, read=()):
    """Row → probability, of what several transforms leave."""
    candidates = Candidates(LOG_PROBS.double())
    for transform in transforms:
        candidates = transform(candidates, read)
    probabilities = torch.softmax(candidates.scores, 0).tolist()
    found = {candidates.row_at(place): p for place, p in enumerate(probabilities)}
    return {row: probability for row, probability in found.items() if probability > 0}


@pytest.mark.parametrize("before", [[], [TopK(6)], [TopP(0.95)]], ids=str)
def test_a_penalty_is_a_power_of_the_probability_of_words_read_lately(before):
    plain = left_by(*before)
    found = left_by(*before, RepetitionPenalty(2.5, window=2), read=[0, 4, 7, 4])
    weights = {row: p ** (2.5 if row in (4, 7) else 1) for row, p in plain.items()}
    total = sum(weights.values())
    assert found == pytest.approx({row: weight / total for row, weight in weights.items()})
    assert found != pytest.approx(plain)


def test_all_that_was_read_counts_without_a_window():
    assert left_by(RepetitionPenalty(2.0), read=[4, 5, 0]) == left_by(
        RepetitionPenalty(2.0, window=3), read=[4, 5, 0]
    )


@given(st.permutations(["exclude", "repeat", "k", "temperature", "p"]), st.integers(0, 10))
@settings(deadline=None)
def test_any_order_of_transforms_gives_a_distribution_over_what_they_allow(names, seed):
    transforms = {
        "exclude": ExcludedRows([0, 3]),
        "repeat": RepetitionPenalty(1.3),
        "k": TopK(5),
        "temperature": Temperature(0.7),
        "p": TopP(0.8),
    }
    found = left_by(*(transforms[name] for name in names), read=[4])
    assert sum(found.values()) == pytest.approx(1)
    assert 0 < len(found) <= 5
    assert not found.keys() & {0, 3}
    chosen = [transforms[name] for name in names]
    assert sample(LOG_PROBS, chosen, torch.Generator().manual_seed(seed), [4]) in found


def test_a_transform_of_ones_own_is_applied_in_its_place():
    class OnlyOdd(Transform):
        def __call__(self, candidates, read):
            even = torch.arange(len(candidates.scores)) % 2 == 0
            return Candidates(candidates.scores.masked_fill(even, float("-inf")))

    assert set(left_by(OnlyOdd(), TopK(3))) == {7, 3, 5}
    assert set(left_by(OnlyOdd(), Temperature(0.0))) == {7}


def test_no_row_left_is_an_error():
    with pytest.raises(LookupError):
        sample(LOG_PROBS, [ExcludedRows(range(8))], torch.Generator())


@pytest.mark.parametrize(
    ("transform", "value"),
    [(Temperature, -1.0), (TopK, 0), (TopP, 0.0), (TopP, 1.5), (RepetitionPenalty, 0.5)],
)
def test_a_transform_out_of_range_is_an_error(transform, value):
    with pytest.raises(ValueError, match=str(value)):
        transform(value)
