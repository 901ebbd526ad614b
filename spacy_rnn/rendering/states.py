"""The style "states": units over tokens as a heat map, with the number in every cell."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..pipeline.trace import Trace
from .text import direction_of
from .trace_parts import (
    ALWAYS_POSITIVE,
    TraceOptions,
    cut_note,
    language,
    liveliest,
    read_word,
    select_traces,
    short_number,
    similar_order,
)
from .trace_stylesheet import LEVELS, TRACE_STYLE

STYLE = TRACE_STYLE
# A page with more cells is slow to lay out, and nobody reads so many.
_MOST_UNITS, _MOST_TOKENS = 40, 100
# Longer words are cut, or their columns would be wider than a narrow page.
_LONGEST = 14
_NAMES = {
    "h": "the hidden state h",
    "c": "the cell state c",
    "candidate": "the candidate",
}


def draw(chosen: Any, options: TraceOptions) -> tuple[str, list[str]]:
    """RETURNS (Tuple[str, List[str]]): What the signs and numbers mean, and the figure of each
    trace, as HTML."""
    traces = select_traces(chosen, "states")
    return _heat_legend(options), [_heat_map(trace, options) for trace in traces]


def _heat_legend(options: TraceOptions) -> str:
    order = "Units that behave alike stand together. " if options.order == "similar" else ""
    colours = "blue above zero and orange below"
    if options.value in ALWAYS_POSITIVE:
        colours = "stronger towards 1, where everything passes"
    return (
        f"One row for each unit, one column for each step: {_value_name(options.value)} when the "
        f"word is read. The number is the value; the colour shows the same, {colours}. {order}"
        "The columns can be scrolled with the arrow keys."
    )


def _heat_map(trace: Trace, options: TraceOptions) -> str:
    steps = options.steps(trace, _MOST_TOKENS)
    every = trace.units(options.value, options.layer)
    values = every[:steps]
    units = liveliest(values, options.units(_MOST_UNITS))
    if options.order == "similar":
        units = units[similar_order(values[:, units])]
    full = _full_scale(options.value, values)
    heads = "".join(
        f'<th scope="col" lang="{language(trace)}">{read_word(trace, step, _LONGEST)}</th>'
        for step in range(steps)
    )
    rows = "".join(_heat_row(unit, values[:, unit], full) for unit in units.tolist())
    caption = _heat_caption(trace, options, len(units), every.shape[1], full)
    way = direction_of(trace.words[1:steps])
    return (
        f'<figcaption class="spacy-rnn-sums">{caption}</figcaption>'
        f'<div class="spacy-rnn-scroll" role="region" tabindex="0" aria-label="{caption}">'
        f'<table class="spacy-rnn-heat" dir="{way}"><thead><tr>'
        f'<th scope="col" class="spacy-rnn-corner">unit</th>{heads}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>{cut_note(trace, steps)}"
    )


def _heat_row(unit: int, values: np.ndarray, full: float) -> str:
    cells = "".join(
        f'<td class="{_shade(value, full)}">{short_number(value)}</td>' for value in values.tolist()
    )
    return f'<tr><th scope="row">{unit}</th>{cells}</tr>'


def _shade(value: float, full: float) -> str:
    level = min(LEVELS, round(LEVELS * abs(value) / full))
    if not level:
        return "spacy-rnn-zero"
    return f"spacy-rnn-{'plus' if value > 0 else 'minus'}-{level}"


def _full_scale(value: str, values: np.ndarray) -> float:
    """The value of the strongest colour: only c has no bounds."""
    return max(1.0, float(np.abs(values).max())) if value == "c" else 1.0


def _heat_caption(trace: Trace, options: TraceOptions, shown: int, width: int, full: float) -> str:
    layer = trace.layer_number(options.layer)
    which = f"the {shown} of {width} units that change most" if shown < width else f"{width} units"
    place = f" of layer {layer}" if len(trace.layers) > 1 else ""
    way = ", read from right to left" if trace.direction == "backward" else ""
    return (
        f"{_value_name(options.value).capitalize()}{place}: {which}{way}; strongest colour at "
        f"{short_number(full)}"
    )


def _value_name(value: str) -> str:
    return _NAMES.get(value, f"the {value} gate")
