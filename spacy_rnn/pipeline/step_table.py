"""The tables of a trace: rows for programs, text for a terminal, HTML for a notebook."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from ..columns import text_table

_LEFT = ' style="text-align:left;white-space:pre-wrap"'


class StepTable:
    """Rows that describe the steps of a network. str() of it is the text for a terminal; a notebook
    shows it as a table.

    title (str): A line above the table; "" for none.
    rows (Sequence[Dict[str, Any]]): At least one; the cells by column: words, numbers, whole
        vectors (ndarray), and words with their probabilities (List[Tuple[str, float]]).
    units (int): How many numbers of a vector are shown.
    """

    def __init__(self, title: str, rows: Sequence[dict[str, Any]], units: int) -> None:
        self.title = title
        self.rows = list(rows)
        self.units = units

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def cells(self) -> list[list[str]]:
        """RETURNS (List[List[str]]): What is shown, row by row."""
        return [[_cell(value, self.units) for value in row.values()] for row in self.rows]

    def __str__(self) -> str:
        table = text_table(self.cells, list(self.rows[0]), numbers=False)
        return f"{self.title}\n\n{table}" if self.title else table

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col"{_LEFT}>{escape(name)}</th>' for name in self.rows[0])
        body = ""
        for cells in self.cells:
            body += "<tr>" + "".join(f"<td{_LEFT}>{escape(cell)}</td>" for cell in cells) + "</tr>"
        title = f"<caption{_LEFT}>{escape(self.title)}</caption>" if self.title else ""
        # tex2jax_ignore: notebooks would read $ as mathematics
        return (
            f'<table class="tex2jax_ignore">{title}<thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>"
        )


def one_line(word: str) -> str:
    """RETURNS (str): A word on one line: with quotation marks and escapes if it holds anything that
    can't be seen."""
    return word if word.isprintable() else json.dumps(word, ensure_ascii=False)


def words_text(words: Sequence[tuple[str, float]]) -> str:
    """RETURNS (str): Words with their probabilities."""
    return "  ".join(f"{one_line(word)} {_probability(p)}" for word, p in words)


def _cell(value: Any, units: int) -> str:
    if isinstance(value, np.ndarray):
        shown = " ".join(f"{round(number, 2) + 0.0:5.2f}" for number in value[:units].tolist())
        return f"{shown} …" if len(value) > units else shown
    if isinstance(value, list):
        return words_text(value)
    if isinstance(value, float):
        return _probability(value) if 0 < value < 1 else f"{value:.3f}"
    return "–" if value is None else one_line(str(value))


def _probability(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"
