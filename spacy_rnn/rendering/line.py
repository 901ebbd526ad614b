"""The style "line": surprisal over a text as a line, of several texts or models in one picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from spacy.tokens import Doc, Span

from .decimals import decimal
from .label_places import text_width
from .line_series import (
    ALL_POINTS,
    Line,
    axis_steps,
    by_character,
    make_lines,
    same_words,
    smoothed,
    stretches,
    window_for,
)
from .line_table import number_tables
from .parts import RenderOptions
from .surprisal import sums_of
from .text import visible, word

# The drawing's own units; it is stretched to the room there is.
_WIDTH, _HEIGHT = 1000, 100
# Up to so many tokens stand in words below the line.
_WORDS = 40
# Words lie where they need so little room, in widths of a Chinese character; else they stand.
_ROOM = 24
# No line needs more points than a screen has.
_POINTS = 500
_STRIPS = 60
# So many characters of a strip's text are shown, or a book would be in the titles.
_TITLE = 400
# How high the stroke of an unknown word is, with the gap above it
_TICK = 4.5


def draw(given: Doc | Span | Iterable[Doc | Span], options: RenderOptions) -> tuple[str, list[str]]:
    """RETURNS (Tuple[str, List[str]]): What the signs and numbers mean, and one figure with all
    lines, as HTML."""
    lines = make_lines(given, options, options.components, options.names)
    if not lines:
        return _explain_lines(lines, 1, options), []
    window = window_for(lines, options.smooth)
    axis = _Axis(lines, window, options)
    notes = "".join(
        f'<p class="spacy-rnn-note">{word(line.name)}: {note}</p>'
        for line in lines
        if (note := line.part.note(options.wording))
    )
    return _explain_lines(lines, window, options), [
        f'<figcaption class="spacy-rnn-key">{_line_key(lines, options)}</figcaption>'
        f"{_plot(lines, axis, options)}{notes}{number_tables(lines, options)}"
    ]


def _explain_lines(lines: Sequence[Line], window: int, options: RenderOptions) -> str:
    wording = options.wording
    sentences = [wording.line.format(side=wording.side(options.backward))]
    if window > 1:
        sentences.append(wording.smoothed.format(window=window))
    marked = any(line.unknown.any() for line in lines)
    if marked and all(len(line.tokens) <= ALL_POINTS for line in lines):
        sentences.append(wording.hollow)
    elif marked:
        sentences.append(wording.strokes)
    if marked and options.marks is None:
        sentences.append(wording.unknown_words)
    if by_character(lines):
        sentences.append(wording.by_character)
    return wording.sentences(sentences)


class _Axis:
    """Where a token and a number of bits lie, as shares of the width and the height."""

    def __init__(self, lines: Sequence[Line], window: int, options: RenderOptions) -> None:
        self.characters = by_character(lines)
        self.values = [smoothed(line.bits, window) for line in lines]
        finite = [values[np.isfinite(values)] for values in self.values]
        highest = max((float(values.max()) for values in finite if len(values)), default=0.0)
        self.steps = axis_steps(max(highest, 1.0), 4)
        self.top = self.steps[-1]
        if options.scale is not None:
            self.top = options.scale
            self.steps = [step for step in axis_steps(self.top, 4) if step <= self.top]
        spans = [len(line.part.doc.text) if self.characters else len(line.tokens) for line in lines]
        self.length = max(1, *spans)

    def across(self, line: Line, place: int) -> float:
        """RETURNS (float): 0 to 1, the middle of a token."""
        if self.characters:
            token = line.tokens[place]
            return (token.idx + len(token) / 2) / self.length
        return (place + 0.5) / self.length

    def up(self, bits: float) -> float:
        """RETURNS (float): 0 to 1."""
        return min(1.0, max(0.0, bits / self.top))


def _line_key(lines: Sequence[Line], options: RenderOptions) -> str:
    return "".join(
        f'<span class="spacy-rnn-entry spacy-rnn-line-{number}">'
        f'<svg class="spacy-rnn-swatch" viewBox="0 0 36 10" aria-hidden="true">'
        f'<polyline class="spacy-rnn-stroke" points="1,5 35,5"/></svg>'
        f'{word(line.name)} <span class="spacy-rnn-number">'
        f"{sums_of(line.part, options.wording)}</span></span>"
        for number, line in enumerate(lines, 1)
    )


def _plot(lines: Sequence[Line], axis: _Axis, options: RenderOptions) -> str:
    labels, width = _labels(lines, axis, options)
    strokes = "".join(_strokes(line, number, axis) for number, line in enumerate(lines, 1))
    points = "".join(_points(line, number, axis, options) for number, line in enumerate(lines, 1))
    grid = "".join(
        f'<span class="spacy-rnn-rule" style="bottom:{100 * axis.up(step):.2f}%">'
        f'<span class="spacy-rnn-number">{step:g}</span></span>'
        for step in axis.steps
    )
    wording = options.wording
    names = wording.between_words.join(escape(visible(line.name)) for line in lines)
    return (
        '<div class="spacy-rnn-scroll" tabindex="0" role="group" '
        f'aria-label="{wording.picture}">'
        f'<div class="spacy-rnn-chart" style="min-width:{width:.1f}em">'
        f'<div class="spacy-rnn-area" role="img" '
        f'aria-label="{wording.lines_label.format(names=names)}">{grid}'
        f'<svg class="spacy-rnn-plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" '
        f'aria-hidden="true">{strokes}</svg>{points}</div>{labels}</div></div>'
    )


def _strokes(line: Line, number: int, axis: _Axis) -> str:
    """The line, broken where there is no number."""
    values = axis.values[number - 1]
    runs: list[list[str]] = [[]]
    for place in range(0, len(values), math.ceil(len(values) / _POINTS) or 1):
        if math.isfinite(values[place]):
            x, y = axis.across(line, place), axis.up(values[place])
            runs[-1].append(f"{_WIDTH * x:.1f},{_HEIGHT * (1 - y):.1f}")
        elif runs[-1]:
            runs.append([])
    drawn = "".join(
        f'<polyline class="spacy-rnn-stroke spacy-rnn-line-{number}" points="{" ".join(run)}"/>'
        for run in runs
        if len(run) > 1
    )
    return drawn + (_ticks(line, number, axis) if len(values) > ALL_POINTS else "")


def _ticks(line: Line, number: int, axis: _Axis) -> str:
    """A stroke for each unknown word; each line has a row of its own."""
    bottom = _HEIGHT - _TICK * (number - 1)
    places = np.flatnonzero(line.unknown).tolist()
    path = "".join(
        f"M{_WIDTH * axis.across(line, place):.1f} {bottom - 0.8 * _TICK:.1f}V{bottom:.1f}"
        for place in places
    )
    return f'<path class="spacy-rnn-tick spacy-rnn-line-{number}" d="{path}"/>' if path else ""


def _points(line: Line, number: int, axis: _Axis, options: RenderOptions) -> str:
    """What shows the tokens under the pointer: a point for each, or strips of a long text."""
    if len(line.tokens) <= ALL_POINTS:
        return "".join(
            _point(line, number, place, axis, options) for place in range(len(line.tokens))
        )
    if number > 1:  # strips of several lines would cover each other
        return ""
    return "".join(
        _strip(line, start, stop, axis, options)
        for start, stop in stretches(len(line.tokens), _STRIPS)
    )


def _point(line: Line, number: int, place: int, axis: _Axis, options: RenderOptions) -> str:
    bits = line.bits[place]
    if math.isnan(bits):
        return ""
    hollow = " spacy-rnn-hollow" if line.unknown[place] else ""
    return (
        f'<span class="spacy-rnn-dot spacy-rnn-line-{number}{hollow}" '
        f'style="left:{100 * axis.across(line, place):.2f}%;bottom:{100 * axis.up(bits):.2f}%" '
        f'title="{escape(_token_title(line, place, options))}"></span>'
    )


def _strip(line: Line, start: int, stop: int, axis: _Axis, options: RenderOptions) -> str:
    left, right = axis.across(line, start), axis.across(line, stop - 1)
    peak = line.peak(start, stop)
    text = visible("".join(token.text_with_ws for token in line.tokens[start:stop]).strip())
    mean = options.wording.bits_a_token.format(bits=decimal(line.mean(start, stop)))
    title = (
        f"{start + 1:,}–{stop:,} · {mean} · {options.wording.most}: "
        f"{_token_title(line, peak, options)}\n{text[:_TITLE]}{'…' * (len(text) > _TITLE)}"
    )
    return (
        f'<span class="spacy-rnn-strip" style="left:{100 * left:.2f}%;'
        f'width:{100 * (right - left):.2f}%" title="{escape(title)}"></span>'
    )


def _token_title(line: Line, place: int, options: RenderOptions) -> str:
    mark = line.number_mark(place, options)
    bits = options.wording.bits.format(bits=f"{decimal(line.bits[place])}{mark}")
    return f"{visible(line.tokens[place].text)}: {bits}"


def _labels(lines: Sequence[Line], axis: _Axis, options: RenderOptions) -> tuple[str, float]:
    """RETURNS (Tuple[str, float]): Words or numbers below the line, and the width that they need,
    in widths of a Chinese character."""
    if same_words(lines) and 0 < len(lines[0].tokens) <= _WORDS:
        return _words(lines[0])
    steps = [step for step in axis_steps(axis.length, 5) if 0 < step <= axis.length]
    numbers = "".join(
        f'<span class="spacy-rnn-place" style="left:{100 * step / axis.length:.2f}%">'
        f'<span class="spacy-rnn-number">{step:,.0f}</span></span>'
        for step in steps
        if step == int(step)
    )
    wording = options.wording
    unit = wording.characters_below if axis.characters else wording.tokens_below
    return (
        f'<div class="spacy-rnn-places" aria-hidden="true">{numbers}</div>'
        f'<div class="spacy-rnn-unit" aria-hidden="true">{unit}</div>',
        16.0,
    )


def _words(line: Line) -> tuple[str, float]:
    shown = [visible(token.text) for token in line.tokens]
    longest = max(text_width(text, 1.0) for text in shown) + 0.4
    lying = len(shown) * longest <= _ROOM
    kind = "spacy-rnn-lying" if lying else "spacy-rnn-standing"
    cells = "".join(f'<span class="spacy-rnn-below">{word(t.text)}</span>' for t in line.tokens)
    return (
        f'<div class="spacy-rnn-words {kind}" aria-hidden="true">{cells}</div>',
        len(shown) * (longest if lying else 1.3),
    )
