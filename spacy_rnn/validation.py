"""Checks of option values."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

from .errors import Errors, shorten


def check_size(name: str, value: Any, *, least: int = 0) -> int:
    """RETURNS (int): The value of an option, if it is a whole number of at least `least`.
    RAISES (ValueError): Otherwise.
    """
    if not _is_number(value, Integral) or value < least:
        message = Errors.R009.format(option=name, least=least, value=value)
        raise ValueError(message if least else Errors.R214.format(name=name, value=value))
    return int(value)


def check_number(
    option: str, value: Any, fine: Callable[[Any], bool], allowed: str, *, whole: bool = False
) -> None:
    """RAISES (ValueError): If the value of an option isn't a number in its range.

    option (str): Its name.
    value (Any): The value. Numbers of numpy are numbers; true, false and "1" aren't.
    fine (Callable[[Any], bool]): Whether a finite number is in the range.
    allowed (str): The range, for the message: "in [0, 1)".
    whole (bool): Whether it has to be a whole number.
    """
    number = _is_number(value, Integral if whole else Real)
    if not number or not math.isfinite(value) or not fine(value):
        kind = "a whole number" if whole else "a number"
        raise ValueError(Errors.R309.format(option=option, range=f"{kind} {allowed}", value=value))


def check_type(option: str, value: Any, kind: Any, expected: str) -> None:
    """RAISES (TypeError): If the value of an option is of another type.

    option (str): Its name.
    value (Any): The value.
    kind (Any): A type, or a union of types.
    expected (str): What it has to be, for the message: "a string".
    """
    if not isinstance(value, kind):
        message = Errors.R553.format(option=option, expected=expected, value=shorten(value))
        raise TypeError(message)


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
