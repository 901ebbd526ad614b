import math

import pytest

from spacy_rnn.training.metrics import TimeLeft, TrainingTimer, get_perplexity


class Clock:
    """A clock that stands still unless it is told to go on."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_perplexity_is_that_of_the_mean_loss():
    # A fair die has perplexity 6, however often it is thrown.
    assert get_perplexity(-10 * math.log(1 / 6), 10) == pytest.approx(6)
    assert get_perplexity(0, 5) == 1


def test_perplexity_of_nothing_is_none_and_of_too_much_is_infinite():
    assert get_perplexity(None, 5) is None
    assert get_perplexity(3.0, 0) is None
    assert get_perplexity(3.0, None) is None
    assert get_perplexity(1e6, 1) == math.inf
    assert math.isnan(get_perplexity(math.nan, 1))


def test_training_time_leaves_evaluations_out(clock):
    timer = TrainingTimer(clock)
    for _ in range(3):
        clock.now += 2
        timer.finish_step()
    clock.now += 2 + 100  # the fourth step, with its evaluation
    assert timer.get_seconds(4) == pytest.approx(8)
    clock.now += 50  # the logger's own work
    timer.restart()
    clock.now += 4
    timer.finish_step()
    clock.now += 4 + 100
    assert timer.get_seconds(2) == pytest.approx(8)


def test_training_time_covers_steps_that_were_done_before_a_break(clock):
    timer = TrainingTimer(clock)
    for _ in range(3):
        clock.now += 2
        timer.finish_step()
    clock.now += 2 + 100
    # four of the ten steps since the last evaluation were timed
    assert timer.get_seconds(10) == pytest.approx(20)


def test_training_time_is_unknown_if_every_step_is_evaluated(clock):
    timer = TrainingTimer(clock)
    clock.now += 10
    assert timer.get_seconds(1) is None
    timer.restart()
    clock.now += 10
    assert timer.get_seconds(1) is None


def run(clock, left, *, eval_frequency, steps_per_epoch, last_step, seconds_per_step=0.5):
    """Drive an estimator through a training; return (true, estimated) seconds left."""
    pairs = []
    for step in range(0, last_step + 1, eval_frequency):
        clock.now = 1000 + step * seconds_per_step
        estimate = left.estimate(step // steps_per_epoch, step)
        pairs.append(((last_step - step) * seconds_per_step, estimate))
    return pairs


def test_time_left_by_steps_is_exact_at_a_steady_pace(clock):
    left = TimeLeft(200, 0, clock)
    pairs = run(clock, left, eval_frequency=20, steps_per_epoch=33, last_step=200)
    assert pairs[0][1] is None
    for true, estimate in pairs[1:]:
        assert estimate == pytest.approx(true)


@pytest.mark.parametrize(("eval_frequency", "steps_per_epoch"), [(10, 95), (7, 7), (50, 23)])
def test_time_left_by_epochs_is_known_after_the_first(clock, eval_frequency, steps_per_epoch):
    left = TimeLeft(0, 8, clock)
    last_step = 8 * steps_per_epoch - 1
    pairs = run(
        clock,
        left,
        eval_frequency=eval_frequency,
        steps_per_epoch=steps_per_epoch,
        last_step=last_step,
    )
    whole = last_step * 0.5
    for i, (true, estimate) in enumerate(pairs):
        epoch = i * eval_frequency // steps_per_epoch
        if epoch == 0:
            assert estimate is None
        elif epoch >= 2:
            assert estimate == pytest.approx(true, abs=0.15 * whole)


def test_training_ends_by_what_comes_first(clock):
    left = TimeLeft(100, 1000, clock)
    pairs = run(clock, left, eval_frequency=10, steps_per_epoch=20, last_step=100)
    assert pairs[-2][1] == pytest.approx(pairs[-2][0])


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_time_left_is_unknown_without_an_end(clock, max_epochs):
    left = TimeLeft(0, max_epochs, clock)
    pairs = run(clock, left, eval_frequency=10, steps_per_epoch=20, last_step=100)
    assert {estimate for _, estimate in pairs} == {None}


def test_time_left_is_never_negative(clock):
    left = TimeLeft(10, 0, clock)
    left.estimate(0, 0)
    clock.now += 5
    assert left.estimate(0, 20) == 0
