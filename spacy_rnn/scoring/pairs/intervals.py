"""How sure a share is."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float] | None:
    """The score interval of a share (Wilson 1927): all p from which the share that was found is no
    more than z standard errors away. It stays within [0, 1], also for few trials.

    successes, trials (int): The share's parts.
    level (float): How many of such intervals hold the true share.
    RETURNS (Optional[Tuple[float, float]]): Its ends; None without a trial.
    """
    if not trials:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, weight = successes / trials, z * z / trials
    middle = (share + weight / 2) / (1 + weight)
    reach = z / (1 + weight) * math.sqrt(share * (1 - share) / trials + weight / (4 * trials))
    # at the edges rounding would leave them a little off
    low = middle - reach if successes else 0.0
    high = middle + reach if successes < trials else 1.0
    return low, high
