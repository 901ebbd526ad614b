"""Learning rates that rise, then fall with a cosine, as schedules that `spacy train` steps."""

# No postponed annotations here: spaCy checks a config's values against those of registered
# functions, and can only read them as objects.
import math
from collections.abc import Iterator

from spacy.util import registry

from ..config_errors import checks_settings
from ..validation import check_number


@registry.schedules("spacy-rnn.one_cycle.v1")
@checks_settings
def one_cycle(
    max_rate: float,
    total_steps: int,
    *,
    rise: float = 0.1,
    start_factor: float = 0.04,
    end_factor: float = 0.0,
) -> Iterator[float]:
    """One cycle (Smith & Topin 2019, "Super-convergence"), with a cosine on both sides.

    max_rate (float): The highest learning rate.
    total_steps (int): When the cycle is over: [training] max_steps.
    rise (float): The share of the steps until the highest rate, in [0, 1). Defaults to 0.1.
    start_factor (float): The first rate over the highest. Defaults to 0.04.
    end_factor (float): The last rate over the highest. Defaults to 0.
    YIELDS (float): The rate of each step; the last one for ever after.
    RAISES (ValueError): For an option out of range.

    CONFIG:
        [training.optimizer.learn_rate]
        @schedules = "spacy-rnn.one_cycle.v1"
        max_rate = 0.01
        total_steps = 2000
    """
    check_number("max_rate", max_rate, lambda rate: rate > 0, "above 0")
    check_number("total_steps", total_steps, lambda steps: steps >= 1, ">= 1", whole=True)
    check_number("rise", rise, lambda share: 0 <= share < 1, "in [0, 1)")
    check_number("start_factor", start_factor, lambda share: 0 <= share <= 1, "in [0, 1]")
    check_number("end_factor", end_factor, lambda share: 0 <= share <= 1, "in [0, 1]")
    peak = int(rise * total_steps)
    return _cycle(max_rate, peak, total_steps, start_factor, end_factor)


def _cycle(
    max_rate: float, peak: int, total_steps: int, start_factor: float, end_factor: float
) -> Iterator[float]:
    for step in range(peak):
        yield max_rate * _between(start_factor, 1.0, step / peak)
    for step in range(total_steps - peak):
        yield max_rate * _between(1.0, end_factor, step / (total_steps - peak))
    while True:
        yield max_rate * end_factor


@registry.schedules("spacy-rnn.warmup_cosine.v1")
@checks_settings
def warmup_cosine(
    initial_rate: float, warmup_steps: int, total_steps: int, *, end_factor: float = 0.0
) -> Iterator[float]:
    """A straight line up, then a cosine down (Loshchilov & Hutter 2017, "SGDR").

    initial_rate (float): The rate after the warm-up, as thinc's warmup_linear.v1 calls it.
    warmup_steps (int): Steps of the rise from 0.
    total_steps (int): When the rate has fallen: [training] max_steps.
    end_factor (float): The last rate over the highest. Defaults to 0.
    YIELDS (float): The rate of each step; the last one for ever after.
    RAISES (ValueError): For an option out of range.
    """
    check_number("initial_rate", initial_rate, lambda rate: rate > 0, "above 0")
    check_number("total_steps", total_steps, lambda steps: steps >= 1, ">= 1", whole=True)
    below = "of 0 or more, below total_steps"
    check_number("warmup_steps", warmup_steps, lambda n: 0 <= n < total_steps, below, whole=True)
    check_number("end_factor", end_factor, lambda share: 0 <= share <= 1, "in [0, 1]")
    return _warm_up(initial_rate, warmup_steps, total_steps, end_factor)


def _warm_up(rate: float, warmup_steps: int, total_steps: int, end: float) -> Iterator[float]:
    for step in range(warmup_steps):
        yield rate * (step + 1) / (warmup_steps + 1)
    for step in range(total_steps - warmup_steps):
        yield rate * _between(1.0, end, step / (total_steps - warmup_steps))
    while True:
        yield rate * end


def _between(start: float, end: float, share: float) -> float:
    """From start to end along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
