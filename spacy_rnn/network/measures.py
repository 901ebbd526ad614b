"""What else a next-word distribution tells, for each token that is predicted: the table of it.

A measure that the network computes is a function in a module of its own, both with the measure's
name, and an entry here. Everything else follows from the entry: what the network is asked for, how
its numbers are ordered and cut at documents, where `LMOutput` keeps them, the attributes of tokens
and spans, and the columns of tables. This module needs no torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

# What an excluded word has in place of a rank.
NO_RANK = -1
# Of blocks that read the whole weight each: larger than elsewhere.
LARGER_BLOCKS = 4


@dataclass(frozen=True)
class NetworkMeasure:
    """A number for each position, of the distribution that the position's target is predicted with.

    name (str): Of the annotation, of the attribute of `LMOutput`, and of the column.
    title (str): What it is called, and where it comes from.
    formula (str): As the documentation shows it.
    unit (str): Of the numbers that users see; empty if they have none.
    dtype (str): Their type, as numpy names it: of one kind with that of the tensor.
    per_unit (float): How many of the tensor's units are one of these; 0 if it is the same unit.
    skipped (int): What a token has that isn't read.
    missing (Optional[int]): What stands for no number at all.
    needs_targets (bool): Whether it depends on what came.
    adds (str): How it adds up over a span: see `pipeline/measure_table.py`.
    cost (str): What it costs.
    """

    name: str
    title: str
    formula: str
    unit: str
    dtype: str
    per_unit: float = 0.0
    skipped: int = 0
    missing: int | None = None
    needs_targets: bool = False
    adds: str = "mean"
    cost: str = ""

    @property
    def end_name(self) -> str:
        """RETURNS (str): Where `LMOutput` keeps the number of the closing `</s>`."""
        return f"end_{self.name}"

    @property
    def compute(self) -> Callable[[Any, Tensor, Tensor | None, int], Tensor]:
        """RETURNS (Callable): (head, hidden states, targets, excluded row) → (n,)."""
        return getattr(import_module(f"{__package__}.{self.name}"), self.name)

    def in_units(self, values: np.ndarray) -> np.ndarray:
        """RETURNS (ndarray): The network's numbers in the unit and type that users see."""
        if self.per_unit:
            values = values / np.float32(self.per_unit)
        return values.astype(self.dtype)


_ALL = (
    NetworkMeasure(
        "entropy",
        title="entropy (Shannon 1948, Hale 2003)",
        formula="−Σ_w p(w | w_1 … w_{i−1}) log2 p(w | …) over the closed vocabulary, in which "
        "all unknown words are one word, `<unk>`",
        unit="bits",
        dtype="float32",
        per_unit=math.log(2.0),
        cost="the whole softmax",
    ),
    NetworkMeasure(
        "rank",
        title="rank",
        formula="place of token i in the list of next words before it, from 1, ties by row; an "
        "unknown word is in no list and has none",
        unit="",
        dtype="int32",
        skipped=NO_RANK,
        missing=NO_RANK,
        needs_targets=True,
        cost="most of the softmax",
    ),
)
NETWORK_MEASURES = {measure.name: measure for measure in _ALL}
