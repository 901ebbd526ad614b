"""Rows of JSON lines: an object a line, whose keys are the columns."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...corpus.text_files import read_numbered_lines
from ...errors import Errors
from .row_places import Row, RowPlace

# Only what is written as an escape can be a surrogate here.
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json_rows(
    path: Path, on_bytes: Callable[[int], None] | None = None
) -> Iterator[Row | ValueError]:
    """Read the rows of a .jsonl file; empty lines are none.

    path (Path): The file, gzipped or not, or STDIN.
    on_bytes (Optional[Callable[[int], None]]): See `open_binary`.
    YIELDS (Union[Row, ValueError]): The rows, or what is wrong with one.
    RAISES (DamagedFile): If the file can't be read any further.
    """
    number = 0
    for line, text in read_numbered_lines(path, on_bytes=on_bytes):
        if isinstance(text, str) and (not text or text.isspace()):
            continue
        number += 1
        place = RowPlace(path, number, line)
        if isinstance(text, ValueError):
            yield text
            continue
        try:
            yield Row(place, _parse_object(text, place))
        except ValueError as error:
            yield error


def _parse_object(text: str, place: RowPlace) -> dict[str, Any]:
    twice: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) < len(pairs):
            names = [name for name, _ in pairs]
            twice.extend(name for name in values if names.count(name) > 1)
        return values

    try:
        values = json.loads(
            text, object_pairs_hook=collect, parse_constant=_refuse, parse_float=_parse_float
        )
        if _ESCAPED_SURROGATE.search(text):
            json.dumps(values, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(Errors.R208.format(place=place, error=error)) from error
    if not isinstance(values, dict):
        raise ValueError(Errors.R770.format(place=place, type=type(values).__name__))
    if twice:
        raise ValueError(Errors.R764.format(place=place, name=twice[0]))
    return values


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _parse_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is beyond the numbers of a computer")
    return number
