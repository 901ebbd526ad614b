"""How a batch of sequences of different lengths lies in memory: packed, without padding.

Sequences are sorted by falling length and stored time step after time step, as torch's
PackedSequence does. Between two lengths the number of running sequences is constant, so each such
*segment* is a dense block of (steps, sequences) for which one call of the cell does all steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .shapes import round_up


@dataclass(frozen=True)
class Layout:
    """The packed form of sequences that lie one after another in a flat array.

    segments (List[Tuple[int, int]]): (steps, running sequences) of every block.
    order (ndarray): The sequence at each place of a state: order[0] is the longest.
    to_flat (ndarray): flat = packed[to_flat].
    sequence (ndarray): The place (0 = longest) of the sequence of each packed row.
    from_flat (ndarray): packed = flat[from_flat]; rows of padding repeat a sequence's last one.
    """

    segments: list[tuple[int, int]]
    order: np.ndarray
    to_flat: np.ndarray
    sequence: np.ndarray
    from_flat: np.ndarray


def make_layout(lengths: np.ndarray, *, multiple: int = 1) -> Layout:
    """Lay out sequences of the given lengths.

    lengths (ndarray): int64, all > 0.
    multiple (int): Round lengths up to it, and the number of running sequences to one of eight
        sizes an octave. A few rows of padding (after a sequence's end, so they change no result but
        the final state) buy fewer and larger segments, whose shapes come again.
    """
    order = np.argsort(-lengths, kind="stable")
    exact = lengths[order]
    padded = -(-exact // multiple) * multiple
    stops = np.unique(padded)
    running = np.searchsorted(-padded, -stops, side="right")
    if multiple > 1:
        running = np.minimum(round_up(running), len(lengths))
        last = np.append(running[1:] != running[:-1], True)
        stops, running = stops[last], running[last]
    steps = np.diff(stops, prepend=0)
    segments = list(zip(steps.tolist(), running.tolist(), strict=True))
    per_step = np.repeat(running, steps)
    step_start = np.concatenate([[0], np.cumsum(per_step)])
    step = np.repeat(np.arange(len(per_step)), per_step)
    sequence = np.arange(step_start[-1]) - step_start[step]
    flat_start = np.concatenate([[0], np.cumsum(lengths)])[:-1][order]
    from_flat = flat_start[sequence] + np.minimum(step, exact[sequence] - 1)
    real = step < exact[sequence]
    to_flat = np.empty(int(lengths.sum()), dtype=np.int64)
    to_flat[from_flat[real]] = np.flatnonzero(real)
    return Layout(segments, order, to_flat, sequence, from_flat)
