"""Numbers that aren't finite, noticed at the step where they appear.

The language model looks after its own loss, gradients and weights; this is for the components that
train beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from thinc.api import Model, get_array_module

from ...errors import Errors


def check_losses(losses: Mapping[str, Any]) -> None:
    """RAISES (ValueError): If the loss of a component is not finite.

    losses (Mapping[str, Any]): What the components reported.
    """
    for name, loss in losses.items():
        if not np.isfinite(float(loss)):
            raise ValueError(Errors.R607.format(name=name, loss=loss))


def check_gradients(name: str, model: Model) -> None:
    """RAISES (ValueError): If a gradient is not finite; no weight of the component was changed.

    name (str): The component.
    model (Model): Its model, before the optimizer's step.
    """
    bad = [weight for weight, _, gradient in weights_of(model) if _is_bad(gradient)]
    if bad:
        raise ValueError(Errors.R014.format(name=name, weights=", ".join(bad)))


def check_finite_weights(name: str, model: Model) -> None:
    """RAISES (ValueError): If a weight is not finite after the optimizer's step.

    name (str): The component.
    model (Model): Its model.
    """
    bad = [weight for weight, array, _ in weights_of(model) if _is_bad(array)]
    if bad:
        raise ValueError(Errors.R030.format(name=name, weights=", ".join(bad)))


def weights_of(model: Model) -> Iterator[tuple[str, Any, Any]]:
    """Yield all weights but those of the language model's network, which looks after its own.

    model (Model): A component's model.
    YIELDS (Tuple): The name, the array or tensor, and its gradient or None.
    """
    for node in model.walk():
        for name in node.param_names:
            if node.has_param(name):
                yield f"{node.name}.{name}", node.get_param(name), node.maybe_get_grad(name)
        for shim in node.shims:
            network = getattr(shim, "_model", None)
            if isinstance(network, torch.nn.Module) and not hasattr(shim, "average_gradients"):
                for name, parameter in network.named_parameters():
                    yield f"{node.name}.{name}", parameter.detach(), parameter.grad


def _is_bad(array: Any) -> bool:
    if array is None:
        return False
    # the sum of finite numbers can overflow, that of others is never finite
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(array.sum())
    if math.isfinite(total):
        return False
    if isinstance(array, torch.Tensor):
        return not bool(array.isfinite().all())
    return not bool(get_array_module(array).isfinite(array).all())
