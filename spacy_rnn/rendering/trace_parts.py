"""What the pictures of a trace have in common: their options, and what of a trace is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span

from ..errors import Errors
from ..pipeline.trace import Trace
from ..validation import check_size, check_type
from ..vocabulary import BOUNDARY
from .text import word
from .wording import Wording

ORDERS = ("similar", "index")
# From 0 to 1; all other values have two signs.
ALWAYS_POSITIVE = ("input", "forget", "output", "reset", "update")


@dataclass(frozen=True)
class TraceOptions:
    """The arguments of `render` that the pictures of a trace need; see there."""

    value: str
    layer: int
    order: str
    max_units: int | None
    max_tokens: int | None
    wording: Wording

    @classmethod
    def make(
        cls,
        value: str | None,
        layer: int | None,
        order: str | None,
        max_units: int | None,
        max_tokens: int | None,
        wording: Wording,
    ) -> TraceOptions:
        """RETURNS (TraceOptions): With defaults for None.
        RAISES (ValueError, TypeError): If one is out of range or of another type.
        """
        made = cls(
            "h" if value is None else value,
            -1 if layer is None else layer,
            "similar" if order is None else order,
            max_units,
            max_tokens,
            wording,
        )
        made.check()
        return made

    def check(self) -> None:
        check_type("value", self.value, str, "a string")
        if self.order not in ORDERS:
            known = ", ".join(map(repr, ORDERS))
            raise ValueError(Errors.R008.format(option="order", value=self.order, known=known))
        for name in ("max_units", "max_tokens"):
            if getattr(self, name) is not None:
                check_size(name, getattr(self, name), least=1)

    def units(self, default: int) -> int:
        """RETURNS (int): How many units are drawn at most."""
        return default if self.max_units is None else self.max_units

    def steps(self, trace: Trace, default: int) -> int:
        """RETURNS (int): How many steps of a trace are drawn: that of `</s>` and those of so many
        tokens."""
        return min(len(trace), 1 + (default if self.max_tokens is None else self.max_tokens))


def select_traces(chosen: Any, style: str) -> list[Trace]:
    """RETURNS (List[Trace]): What there is to draw.
    RAISES (TypeError): If something else than traces is given.
    """
    several = isinstance(chosen, Iterable) and not isinstance(chosen, Doc | Span | str | bytes)
    traces = list(chosen) if several else [chosen]
    for trace in traces:
        if not isinstance(trace, Trace):
            raise TypeError(Errors.R800.format(style=style, type=type(trace).__name__))
    return traces


def liveliest(values: np.ndarray, most: int) -> np.ndarray:
    """RETURNS (ndarray): int64, the units that change most over the steps, rising, at most so many.

    values (ndarray): (steps, width).
    """
    spread = values.astype(np.float64).var(axis=0)
    return np.sort(np.argsort(-spread, kind="stable")[:most])


def similar_order(values: np.ndarray) -> np.ndarray:
    """An order in which units that behave alike stand together: hierarchical clustering with
    average linkage (Sokal & Michener 1958) of their correlations over the steps. Where two groups
    join, those of their ends that are most alike meet.

    values (ndarray): (steps, units).
    RETURNS (ndarray): int64 (units,), a permutation.
    """
    centred = values.T.astype(np.float64) - values.T.mean(axis=1, keepdims=True, dtype=np.float64)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    centred /= np.maximum(norms, 1e-12)
    distance = 1.0 - centred @ centred.T
    between = distance.copy()
    np.fill_diagonal(between, np.inf)
    groups: list[list[int]] = [[unit] for unit in range(len(distance))]
    for _ in range(len(distance) - 1):
        one, other = sorted(np.unravel_index(int(between.argmin()), between.shape))
        sizes = len(groups[one]), len(groups[other])
        joined = (sizes[0] * between[one] + sizes[1] * between[other]) / sum(sizes)
        joined[[one, other]] = np.inf
        groups[one] = _chain(groups[one], groups[other], distance)
        between[one], between[:, one] = joined, joined
        between[other], between[:, other] = np.inf, np.inf
        groups[other] = []
    return np.array([unit for group in groups for unit in group], dtype=np.int64)


def _chain(left: list[int], right: list[int], distance: np.ndarray) -> list[int]:
    ways = [(a, b) for a in (left, left[::-1]) for b in (right, right[::-1])]
    first, second = min(ways, key=lambda way: distance[way[0][-1], way[1][0]])
    return [*first, *second]


def read_word(trace: Trace, step: int, wording: Wording, longest: int | None = None) -> str:
    """RETURNS (str): What was read at a step, as HTML, cut to `longest` characters."""
    if trace.places[step] < 0:
        return edge_of(trace, wording, begins=True)
    text = trace.words[step]
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    return word(text)


def next_word(trace: Trace, guess: str, wording: Wording) -> str:
    """RETURNS (str): A word of a list of next words, as HTML."""
    return edge_of(trace, wording, begins=False) if guess == BOUNDARY else word(guess)


def edge_of(trace: Trace, wording: Wording, *, begins: bool) -> str:
    """RETURNS (str): The edge of the text where the reading begins or ends, as HTML."""
    return wording.edge(begins=begins == (trace.direction == "forward"))


def language(trace: Trace) -> str:
    """RETURNS (str): For an attribute; "" is an unknown language in HTML."""
    return "" if trace.lang == "xx" else escape(trace.lang)


def cut_note(trace: Trace, steps: int, wording: Wording) -> str:
    """RETURNS (str): How many tokens aren't drawn, as a paragraph; "" if all are."""
    left, total = len(trace) - steps, len(trace) - 1
    if not left:
        return ""
    return f'<p class="spacy-rnn-note">{wording.cut.format(left=left, total=total)}</p>'


def short_number(value: float, digits: int = 1) -> str:
    """RETURNS (str): Rounded, with a real minus; large ones without decimals."""
    rounded = round(float(value), digits) + 0.0
    text = f"{rounded:,.0f}" if abs(rounded) >= 10 or not rounded else f"{rounded:.{digits}f}"
    return text.replace("-", "−")
