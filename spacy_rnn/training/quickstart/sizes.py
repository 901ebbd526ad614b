"""How large a network is, and how it is trained: the numbers that the configs are made of."""

from __future__ import annotations

from dataclasses import dataclass

READINGS = ("lines", "streams")
SIZES = ("small", "medium", "large")
TASKS = ("lm", "encoder", "tagger", "ner", "parser", "textcat", "spancat")
WIDTHS = {"small": 128, "medium": 256, "large": 512}
# Steps where neither they nor the minutes are given. Those of components that listen to a trained
# encoder are many times fewer than of a network that starts from nothing.
STEPS = {"lm": 2400, "encoder": 3200, "tagger": 600, "ner": 1200, "parser": 1200}
STEPS |= {"textcat": 600, "spancat": 1200}
# About how often a training is evaluated.
EVALUATIONS = 6


@dataclass
class Budget:
    """How long a training is.

    steps (int): Its steps, a multiple of `eval_frequency`.
    eval_frequency (int): The steps from one evaluation to the next.
    """

    steps: int
    eval_frequency: int

    @classmethod
    def of(cls, steps: int) -> Budget:
        """RETURNS (Budget): So many steps, of which the last one is evaluated: spaCy evaluates
        multiples of `eval_frequency` only. A few more steps where nothing divides them."""
        for evaluations in sorted(range(3, 13), key=lambda count: abs(count - EVALUATIONS)):
            if steps % evaluations == 0:
                return cls(steps, steps // evaluations)
        evaluations = min(EVALUATIONS, steps)
        frequency = -(-steps // evaluations)
        return cls(frequency * evaluations, frequency)
