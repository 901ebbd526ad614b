"""What a measure of tokens is, and how it adds up over a span."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .token_numbers import TokenNumbers

# How the numbers of several tokens become one.
ADDS = {
    "sum": "the sum over its tokens",
    "some": "the sum over its tokens that have one",
    "mean": "the mean over its tokens that have one",
    "all": "true if all its tokens are",
    "count": "the number of its tokens that are",
    "first": "that of its first token",
    "last": "that of its last token",
    "text": "of its text",
    "own": "by the same formula, of its beginning and its end",
}


@dataclass(frozen=True)
class Measure:
    """A column of tokens.

    name (str): Of the column.
    title (str): What it is called, and where it comes from.
    formula (str): As the documentation shows it.
    of_tokens (Callable): TokenNumbers → (n,), an array or a list of strings.
    unit (str): Of the numbers; empty if they have none.
    dtype (str): "float32", "int32", "bool" or "str".
    adds (str): One of ADDS: what a span, a word or a region has.
    of_span (Optional[Callable]): (TokenNumbers, start, end, previous) → a value, where `add_up`
        doesn't do it. See `DocMeasures.over`.
    at_end (Callable): TokenNumbers → the value of the closing `</s>`; None if it has none.
    annotations (Tuple[str]): What the component has to keep.
    needs_vocabulary (bool): Whether it can't be computed of a Doc alone.
    if_skipped (str): "missing", or "value": whether white space that isn't read has one.
    missing (Optional[int]): What stands for a missing number.
    cost (str): What it costs beside a prediction.
    """

    name: str
    title: str
    formula: str
    of_tokens: Callable[[TokenNumbers], Any]
    unit: str = ""
    dtype: str = "float32"
    adds: str = "sum"
    of_span: Callable[[TokenNumbers, int, int, int | None], Any] | None = None
    at_end: Callable[[TokenNumbers], Any] | None = None
    annotations: tuple[str, ...] = ()
    needs_vocabulary: bool = False
    if_skipped: str = "value"
    missing: int | None = None
    cost: str = ""


def add_up(measure: Measure, column: Any, start: int, end: int) -> Any:
    """What several tokens have together, where `adds` is neither "text" nor "own".

    column (Union[ndarray, List[str]]): (n,), of all tokens; masked where there is none.
    start, end (int): Tokens start … end − 1.
    RETURNS (Union[float, int, bool, str, None]): Sums and means in float64. A sum or count over no
        token is 0; all others are None then.
    """
    if isinstance(column, np.ma.MaskedArray):  # cutting it would be several times as slow
        part = column.data[start:end]
        part = part[~np.ma.getmaskarray(column)[start:end]]
    else:
        part = column[start:end]
    if measure.adds == "sum":
        return float(part.sum(dtype="d")) if part.dtype.kind == "f" else int(part.sum())
    if measure.adds == "count":
        return int(part.sum())
    if not len(part):
        return None
    if measure.adds == "some":
        return float(part.sum(dtype="d"))
    if measure.adds == "mean":
        return float(part.mean(dtype="d"))
    if measure.adds == "all":
        return bool(part.all())
    value = part[0] if measure.adds == "first" else part[-1]
    return value if isinstance(value, str) else value.item()
