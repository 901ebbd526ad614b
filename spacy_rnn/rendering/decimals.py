"""Numbers as a person reads them."""

from __future__ import annotations

import math

_POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
# From here on nobody reads a digit behind the point, and then not all before it.
_LARGE, _HUGE = 1e4, 1e6


def decimal(value: float, digits: int = 1) -> str:
    """RETURNS (str): Rounded, such as "12.3"; what is very large with a power of ten, as
    "9.6 × 10¹⁶"; nothing such as "-0.0" or "inf"."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) >= _HUGE:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(_POWERS)}"
    if abs(value) >= _LARGE:
        return f"{value:,.0f}"
    return f"{round(value, digits) + 0.0:,.{digits}f}"
