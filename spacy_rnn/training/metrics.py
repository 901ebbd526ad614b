"""The figures of the training log that spaCy doesn't hand over: perplexity, speed, time left."""

from __future__ import annotations

import math
from collections.abc import Callable
from time import perf_counter
from typing import Any


def get_perplexity(loss: Any, tokens: Any) -> float | None:
    """Turn a summed loss into a perplexity.

    loss (Optional[float]): The negative log-likelihood (natural log) of all tokens together.
    tokens (Optional[float]): Their number.
    RETURNS (Optional[float]): exp(loss / tokens), infinity if that is too large for a float, None
        if there are no tokens.
    """
    if loss is None or not tokens:
        return None
    try:
        return math.exp(float(loss) / float(tokens))
    except OverflowError:
        return math.inf


class TrainingTimer:
    """Measure the time spent in training steps, without evaluations and saving.

    A logger hears of a step when it is over, and of a step with an evaluation when both are. So
    that step's own time isn't known: it is taken to be the mean of the others since the last
    evaluation.

    clock (Callable[[], float]): The time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._start = self._last = clock()
        self._steps = 0

    def finish_step(self) -> None:
        """Note that a step without an evaluation is over."""
        self._steps += 1
        self._last = self._clock()

    def get_seconds(self, steps: int) -> float | None:
        """Get the time of the steps since the last evaluation, at the end of one with another.

        steps (int): How many there were; in a training that went on, more than were timed.
        RETURNS (Optional[float]): Seconds. None if every step was evaluated.
        """
        if not self._steps:
            return None
        return (self._last - self._start) * steps / self._steps

    def restart(self) -> None:
        """Begin the next stretch of training."""
        self._start = self._last = self._clock()
        self._steps = 0


class TimeLeft:
    """Estimate how long a training will go on if nothing stops it early.

    max_steps (int): The step at which it ends. 0 means: not by steps.
    max_epochs (int): The epochs after which it ends. 0 or less means: not by epochs. How many
        steps an epoch has is known only after the first one, and then to within one evaluation.
    clock (Callable[[], float]): The time in seconds.
    """

    def __init__(
        self, max_steps: int, max_epochs: int, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._max_steps = max_steps
        self._max_epochs = max_epochs
        self._clock = clock
        self._first: tuple[int, float] | None = None
        self._epoch_at_least = 1
        self._epoch_at_most: int | None = None

    def estimate(self, epoch: int, step: int) -> float | None:
        """Estimate the time left at an evaluation.

        epoch (int): The epoch of this step, counted from 0.
        step (int): The step, counted from 0.
        RETURNS (Optional[float]): Seconds. None at the first evaluation, which includes the
            start, and if the end isn't known.
        """
        self._narrow(epoch, step)
        now = self._clock()
        if self._first is None:
            self._first = (step, now)
        first_step, start = self._first
        ends = [end for end in (self._max_steps, self._last_step()) if end]
        if step <= first_step or not ends:
            return None
        return max(0.0, min(ends) - step) * (now - start) / (step - first_step)

    def _narrow(self, epoch: int, step: int) -> None:
        """Bound the steps of an epoch: step lies in [epoch * steps, (epoch + 1) * steps)."""
        self._epoch_at_least = max(self._epoch_at_least, step // (epoch + 1) + 1)
        if epoch > 0:
            bound = step // epoch
            self._epoch_at_most = min(self._epoch_at_most or bound, bound)

    def _last_step(self) -> float | None:
        if self._max_epochs < 1 or self._epoch_at_most is None:
            return None
        return self._max_epochs * (self._epoch_at_least + self._epoch_at_most) / 2 - 1
