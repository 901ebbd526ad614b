"""Alternate two sides and compare their medians: the machine's moods hit both alike."""

import json
from collections.abc import Callable
from statistics import median
from time import perf_counter


def alternate(
    ours: Callable[[], int],
    baseline: Callable[[], int],
    rounds: int,
    clock: Callable[[], float] = perf_counter,
) -> tuple[float, float]:
    """Run both in turn and return each side's median speed.

    ours, baseline (Callable[[], int]): One run each; returns how many units it did.
    rounds (int): Runs of each side, after one of each that isn't counted.
    clock (Callable[[], float]): Seconds; `time.process_time` counts those of all threads.
    RETURNS (Tuple[float, float]): Units a second of ours and of the baseline.
    """
    speeds: dict[Callable[[], int], list[float]] = {ours: [], baseline: []}
    for number in range(rounds + 1):
        for side in (ours, baseline):
            start = clock()
            units = side()
            if number:
                speeds[side].append(units / (clock() - start))
    return median(speeds[ours]), median(speeds[baseline])


def report(ours: float, baseline: float, unit: str) -> None:
    """Print the one JSON line that every benchmark ends with."""
    figures = {"ratio": round(ours / baseline, 3), "ours": round(ours, 1)}
    print(json.dumps({**figures, "baseline": round(baseline, 1), "unit": unit}))
