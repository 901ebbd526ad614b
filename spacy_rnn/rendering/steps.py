"""The style "steps": one step after the other, from the word to the next words."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..pipeline.trace import STATES, Trace
from ..vocabulary import UNKNOWN_ROW
from .decimals import decimal
from .text import word
from .trace_parts import (
    ALWAYS_POSITIVE,
    TraceOptions,
    cut_note,
    edge_of,
    language,
    liveliest,
    next_word,
    read_word,
    select_traces,
    short_number,
)
from .trace_stylesheet import TRACE_STYLE
from .wording import Wording

STYLE = TRACE_STYLE
_MOST_UNITS, _MOST_TOKENS = 16, 30
_ARROW = '<span class="spacy-rnn-arrow" aria-hidden="true">→</span>'


class _Vector(NamedTuple):
    """A vector at all steps: its name, its values (steps, width), which units of it are drawn, and
    the value of a full bar."""

    name: str
    values: np.ndarray
    units: np.ndarray
    full: float


def draw(chosen: Any, options: TraceOptions) -> tuple[str, list[str]]:
    """RETURNS (Tuple[str, List[str]]): What the signs and numbers mean, and the figure of each
    trace, as HTML."""
    traces = select_traces(chosen, "steps")
    wording = options.wording
    cells = sorted({trace.cell for trace in traces})
    legend = wording.sentences([wording.steps, *(wording.equations[cell] for cell in cells)])
    return legend, [_step_list(trace, options) for trace in traces]


def _step_list(trace: Trace, options: TraceOptions) -> str:
    steps, wording = options.steps(trace, _MOST_TOKENS), options.wording
    vectors = _drawn_vectors(trace, steps, options.units(_MOST_UNITS))
    items = "".join(_step_box(trace, step, vectors, wording) for step in range(steps))
    width = trace.layers[0].h.shape[1]
    shown = len(vectors[0][-1].units)
    caption = wording.steps_caption.format(
        cell=trace.cell.upper(),
        layers=wording.count(wording.layer_count, len(trace.layers)),
        width=width,
        some=wording.drawn_units.format(shown=shown) if shown < width else "",
        way=wording.read_backward if trace.direction == "backward" else "",
    )
    return (
        f'<figcaption class="spacy-rnn-sums">{caption}</figcaption>'
        f'<ol class="spacy-rnn-steps">{items}</ol>{cut_note(trace, steps, wording)}'
    )


def _drawn_vectors(trace: Trace, steps: int, most: int) -> list[list[_Vector]]:
    """RETURNS (List[List[_Vector]]): Those of the input, and those of each layer."""
    read = trace.inputs[:steps]
    full = max(float(np.abs(read).max()), 1e-6)
    result = [[_Vector("embedding", read, liveliest(read, most), full)]]
    for layer in trace.layers:
        units = liveliest(layer.h[:steps], most)
        values = {**layer.gates, "c": layer.c, "h": layer.h}
        vectors = []
        for name, value in values.items():
            if value is not None:
                cut = value[:steps]
                full = max(1.0, float(np.abs(cut).max())) if name == "c" else 1.0
                vectors.append(_Vector(name, cut, units, full))
        result.append(vectors)
    return result


def _step_box(trace: Trace, step: int, vectors: list[list[_Vector]], wording: Wording) -> str:
    read, *layers = vectors
    flows = [_flow("", read, step, wording)] if len(layers) > 1 else []
    for number, layer in enumerate(layers):
        name = wording.layer.format(layer=number) if len(layers) > 1 else ""
        flows.append(_flow(name, layer if name else [*read, *layer], step, wording))
    told = wording.step.format(step=step, row=trace.rows[step])
    told += wording.unknown_step if trace.rows[step] == UNKNOWN_ROW else ""
    head = (
        f'<p class="spacy-rnn-read" lang="{language(trace)}">{read_word(trace, step, wording)} '
        f'<span class="spacy-rnn-number" lang="{wording.lang}">{told}</span></p>'
    )
    return (
        f'<li class="spacy-rnn-step">{head}{"".join(flows)}'
        f"{_guesses_after(trace, step, wording)}{_what_came(trace, step, wording)}"
        f"{_number_tables(vectors, step, wording)}</li>"
    )


def _flow(prefix: str, vectors: list[_Vector], step: int, wording: Wording) -> str:
    """Embedding → gates → state, as far as they are among the vectors."""
    inner, before = "", ""
    for vector in vectors:
        part = vector.name if vector.name == "embedding" else str(vector.name in STATES)
        if before and part != before:
            inner += _ARROW
        inner += _stage(prefix, vector, step, wording)
        before = part
    return f'<div class="spacy-rnn-flow">{inner}</div>'


def _stage(prefix: str, vector: _Vector, step: int, wording: Wording) -> str:
    """A vector as bars, which the table of numbers says in words."""
    gate = vector.name in ALWAYS_POSITIVE
    values = vector.values[step, vector.units].tolist()
    bars = "".join(_unit_bar(value / vector.full, gate) for value in values)
    mean = f" {short_number(vector.values[step].mean(), 2)}" if gate else ""
    line = "" if gate else " spacy-rnn-zeroed"
    name = wording.vector_names[vector.name]
    return (
        f'<div class="spacy-rnn-stage"><span class="spacy-rnn-name">{prefix}{name}{mean}'
        f'</span><span class="spacy-rnn-bars{line}" aria-hidden="true">{bars}</span></div>'
    )


def _unit_bar(share: float, gate: bool) -> str:
    way = "open" if gate else ("up" if share >= 0 else "down")
    level = f"{100 * min(1.0, abs(share)):.0f}%"
    return f'<span class="spacy-rnn-bar spacy-rnn-{way}" style="--spacy-rnn-level:{level}"></span>'


def _guesses_after(trace: Trace, step: int, wording: Wording) -> str:
    items = ""
    for row, (guess, probability) in zip(
        trace.top_rows[step].tolist(), trace.next_words(step), strict=True
    ):
        hit = row == trace.came_rows[step]
        mark = '<strong class="spacy-rnn-hit">✓</strong> ' if hit else ""
        items += (
            f'<li class="spacy-rnn-guess{" spacy-rnn-right" if hit else ""}" '
            f'style="--spacy-rnn-level:{100 * probability:.1f}%">{mark}'
            f"{next_word(trace, guess, wording)} "
            f'<span class="spacy-rnn-number">{decimal(probability, 3)}</span></li>'
        )
    return (
        f'<ol class="spacy-rnn-guesses" lang="{language(trace)}" '
        f'aria-label="{wording.guesses_label}">{items}</ol>'
    )


def _what_came(trace: Trace, step: int, wording: Wording) -> str:
    last = step == len(trace) - 1
    name = edge_of(trace, wording, begins=False) if last else word(trace.came[step])
    shown = f'<span lang="{language(trace)}">{name}</span>'
    bits = max(0.0, -float(trace.log_probs[step]) / math.log(2))
    number = wording.bits.format(bits=decimal(bits))
    known = trace.ranks[step] > 0
    number += wording.rank.format(rank=trace.ranks[step]) if known else wording.unknown_came
    return (
        f'<p class="spacy-rnn-came">{wording.came.format(word=shown)} '
        f'<span class="spacy-rnn-number">{number}</span></p>'
    )


def _number_tables(vectors: list[list[_Vector]], step: int, wording: Wording) -> str:
    """The numbers of the bars, in tables that open and close."""
    tables = ""
    for number, group in enumerate(vectors):
        of_layer = number and len(vectors) > 2
        corner = wording.unit_of_layer.format(layer=number - 1) if of_layer else wording.unit
        heads = "".join(f'<th scope="col">{unit}</th>' for unit in group[0].units.tolist())
        rows = "".join(_number_row(vector, step, wording) for vector in group)
        tables += (
            f'<table class="spacy-rnn-heat"><thead><tr><th scope="col" class="spacy-rnn-corner">'
            f"{corner}</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        )
    return (
        f'<details class="spacy-rnn-details"><summary>{wording.numbers}</summary>'
        '<div class="spacy-rnn-scroll" role="region" tabindex="0" '
        f'aria-label="{wording.numbers_label}">{tables}</div></details>'
    )


def _number_row(vector: _Vector, step: int, wording: Wording) -> str:
    cells = "".join(
        f"<td>{short_number(value, 2)}</td>" for value in vector.values[step, vector.units].tolist()
    )
    return f'<tr><th scope="row">{wording.vector_names[vector.name]}</th>{cells}</tr>'
