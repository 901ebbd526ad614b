"""The numbers of the style "line" as tables, for screen readers and for looking one up."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from .decimals import decimal
from .line_series import Line, same_words, stretches
from .parts import RenderOptions
from .text import word
from .wording import Wording

# So many rows are read; of a longer text they are pieces of it.
_ROWS = 60
_PEAKS = 20
# So many characters say what a piece is about.
_BEGINNING = 24


def number_tables(lines: Sequence[Line], options: RenderOptions) -> str:
    """RETURNS (str): HTML that opens: a row a token, or for each of a long text's pieces."""
    together = [lines] if same_words(lines) else [[line] for line in lines]
    tables = "".join(_line_tables(group, options) for group in together)
    return (
        '<details class="spacy-rnn-piece"><summary class="spacy-rnn-summary">'
        f"{options.wording.numbers_table}</summary>{tables}</details>"
    )


def _line_tables(lines: Sequence[Line], options: RenderOptions) -> str:
    wording, length = options.wording, len(lines[0].tokens)
    if length <= _ROWS:
        rows = [_token_row(lines, place, options) for place in range(length)]
        titles = [wording.token_title, wording.word_title, *_titles(lines, wording)]
        return _as_table(titles, rows)
    pieces = stretches(length, _ROWS)
    rows = [_piece_row(lines, start, stop) for start, stop in pieces]
    size = pieces[0][1] - pieces[0][0]
    told = wording.long_table.format(tokens=length, size=size, peaks=_PEAKS)
    note = f'<p class="spacy-rnn-note">{told}</p>'
    means = [wording.mean_title.format(title=title) for title in _titles(lines, wording)]
    table = _as_table([wording.tokens_title, wording.text_title, *means], rows)
    return note + table + "".join(_peaks(line, options) for line in lines)


def _titles(lines: Sequence[Line], wording: Wording) -> list[str]:
    if len(lines) == 1:
        return [wording.bits_title]
    return [wording.own_bits.format(name=word(line.name)) for line in lines]


def _token_row(lines: Sequence[Line], place: int, options: RenderOptions) -> list[str]:
    numbers = [
        decimal(line.bits[place]) + escape(line.number_mark(place, options)) for line in lines
    ]
    return [f"{place + 1}", word(lines[0].tokens[place].text), *numbers]


def _piece_row(lines: Sequence[Line], start: int, stop: int) -> list[str]:
    text = "".join(token.text_with_ws for token in lines[0].tokens[start:stop])
    shown = text[:_BEGINNING] + "…" * (len(text) > _BEGINNING)
    means = [decimal(line.mean(start, stop)) for line in lines]
    return [f"{start + 1:,}–{stop:,}", word(shown), *means]


def _peaks(line: Line, options: RenderOptions) -> str:
    order = np.argsort(-np.nan_to_num(line.bits, nan=-1.0), kind="stable")[:_PEAKS].tolist()
    rows = [_token_row([line], place, options) for place in order]
    wording = options.wording
    bits = wording.own_bits.format(name=word(line.name))
    return _as_table([wording.token_title, wording.word_title, bits], rows)


def _as_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th class="spacy-rnn-cell" scope="col">{title}</th>' for title in titles)
    body = "".join(
        "<tr>" + "".join(f'<td class="spacy-rnn-cell">{cell}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return (
        f'<table class="spacy-rnn-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        "</table>"
    )
