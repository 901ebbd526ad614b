"""Checks of option values."""

from __future__ import annotations

from .errors import Errors


def check_size(name: str, value: int, *, least: int = 0) -> int:
    """RETURNS (int): The value of an option, if it is a whole number of at least `least`.
    RAISES (ValueError): Otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        message = Errors.R009.format(option=name, least=least, value=value)
        raise ValueError(message if least else Errors.R214.format(name=name, value=value))
    return value


def check_range(option: str, fine: bool, allowed: str, value: float) -> None:
    """RAISES (ValueError): If the value of an option isn't fine.

    option (str): Its name.
    fine (bool): Whether the value is in the range.
    allowed (str): The range, for the message: "in [0, 1)".
    value (float): The value.
    """
    if not fine:
        raise ValueError(Errors.R309.format(option=option, range=allowed, value=value))
