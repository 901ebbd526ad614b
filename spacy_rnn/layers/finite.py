"""Numbers that a network gives and that aren't finite, noticed where they come out.

Finite weights can be so large that they overflow. Looking at what comes out costs less than looking
at all weights, and is done at each prediction.
"""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from ..errors import Errors


def check_finite(description: str, *outputs: Tensor | np.ndarray | None) -> None:
    """RAISES (ValueError): If an output of a network isn't finite.

    description (str): The network's name in messages.
    outputs (Union[Tensor, ndarray, None]): Of floats, of any shape; None for what wasn't wanted.
    """
    for output in outputs:
        if output is None:
            continue
        # a sum is cheap; that of finite numbers may overflow
        with np.errstate(over="ignore", invalid="ignore"):
            total = float(output.sum())
        if not math.isfinite(total):
            finite = output.isfinite() if isinstance(output, Tensor) else np.isfinite(output)
            if not finite.all():
                raise ValueError(Errors.R371.format(name=description))
