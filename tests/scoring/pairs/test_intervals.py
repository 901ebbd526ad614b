"""Wilson's interval of a share."""

import math

import pytest

from spacy_rnn.scoring.pairs.intervals import wilson_interval

# the 97.5% point of the normal distribution
Z = 1.959963984540054


@pytest.mark.parametrize(
    ("successes", "trials"), [(0, 1), (1, 1), (0, 300), (300, 300), (7, 10), (213, 300), (1, 1000)]
)
def test_its_ends_are_z_standard_errors_from_the_share_that_was_found(successes, trials):
    low, high = wilson_interval(successes, trials)
    share = successes / trials
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        error = math.sqrt(end * (1 - end) / trials)
        assert abs(share - end) == pytest.approx(Z * error, abs=1e-12)
    assert (low == 0) == (successes == 0)
    assert high == pytest.approx(1 - wilson_interval(trials - successes, trials)[0])


def test_another_level_has_another_width():
    narrow, wide = wilson_interval(70, 100, 0.5), wilson_interval(70, 100, 0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_without_a_trial_there_is_none():
    assert wilson_interval(0, 0) is None
