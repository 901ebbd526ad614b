"""Tables on a terminal: numbers that can be repeated."""

from __future__ import annotations

from typing import Any

from ..columns import text_table as text_table

# What float32 sums over a text keep from run to run.
_DIGITS = 6


def show_number(value: Any) -> str:
    """RETURNS (str): A whole number in full, another one with six significant digits, "–" for
    None; anything else as it is."""
    if isinstance(value, float):
        # as far as to the units in any case, never with an exponent of ten above
        return f"{value:,.0f}" if abs(value) >= 10**_DIGITS else f"{value:,.{_DIGITS}g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "–" if value is None else str(value)
