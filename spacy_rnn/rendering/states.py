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


def draw(chosen: Any, options: TraceOptions) -> tuple[str, list[str]]:
    """RETURNS (Tuple[str, List[str]]): What the signs and numbers mean, and the figure of each
    trace, as HTML."""
    traces = select_traces(chosen, "states")
    return _heat_legend(options), [_heat_map(trace, options) for trace in traces]


def _heat_legend(options: TraceOptions) -> str:
    wording = options.wording
    colours = wording.towards_one if options.value in ALWAYS_POSITIVE else wording.two_signs
    # a value that there isn't has no name: no trace has it, which is told where it is drawn
    value = wording.value_names.get(options.value, "")
    return wording.sentences(
        [
            wording.states.format(value=value, colours=colours),
            wording.similar if options.order == "similar" else "",
            wording.scrolling,
        ]
    )


def _heat_map(trace: Trace, options: TraceOptions) -> str:
    steps, wording = options.steps(trace, _MOST_TOKENS), options.wording
    every = trace.units(options.value, options.layer)
    values = every[:steps]
    units = liveliest(values, options.units(_MOST_UNITS))
    if options.order == "similar":
        units = units[similar_order(values[:, units])]
    full = _full_scale(options.value, values)
    heads = "".join(
        f'<th scope="col" lang="{language(trace)}">{read_word(trace, step, wording, _LONGEST)}</th>'
        for step in range(steps)
    )
    rows = "".join(_heat_row(unit, values[:, unit], full) for unit in units.tolist())
    caption = _heat_caption(trace, options, len(units), every.shape[1], full)
    way = direction_of(trace.words[1:steps])
    return (
        f'<figcaption class="spacy-rnn-sums">{caption}</figcaption>'
        f'<div class="spacy-rnn-scroll" role="region" tabindex="0" aria-label="{caption}">'
        f'<table class="spacy-rnn-heat" dir="{way}"><thead><tr>'
        f'<th scope="col" class="spacy-rnn-corner">{wording.unit}</th>{heads}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>{cut_note(trace, steps, wording)}"
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
    wording = options.wording
    name = wording.value_names[options.value]
    layer = wording.of_layer.format(layer=trace.layer_number(options.layer))
    units = wording.some_units if shown < width else wording.all_units
    return wording.states_caption.format(
        value=name[0].upper() + name[1:],
        layer=layer if len(trace.layers) > 1 else "",
        units=units.format(shown=shown, width=width),
        way=wording.read_backward if trace.direction == "backward" else "",
        full=short_number(full),
    )
