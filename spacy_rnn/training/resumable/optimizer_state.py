"""What a thinc optimizer remembers of the weights, under names that outlive the process.

thinc keys moments and averages by the id of a node or shim, which another process gives to other
weights. Here a weight is named by its component, the number of its node in `model.walk()`, and its
own name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from spacy.language import Language
from thinc.api import Model, Optimizer, get_current_ops
from torch import Tensor

from ...errors import Errors

Key = tuple[int, str]
_TABLES = ("mom1", "mom2", "averages")


def get_optimizer_state(
    optimizer: Optimizer, nlp: Language
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """RETURNS (Tuple): Moments and averages as tensors, update counts and the hyper-parameters of
    this step as JSON values.
    RAISES (ValueError): If it remembers weights that no component has.
    """
    tensors = {}
    names = _names(nlp)
    strange = sorted({key[1] for key in optimizer.nr_update if key not in names})
    if strange:
        raise ValueError(Errors.R615.format(names=", ".join(strange)))
    for table in _TABLES:
        for key, array in (getattr(optimizer, table) or {}).items():
            tensors[f"{table}.{names[key]}"] = torch.from_numpy(_from_device(array))
    counts = {names[key]: n for key, n in optimizer.nr_update.items()}
    return tensors, {"updates": counts, "rates": _rates(optimizer)}


def set_optimizer_state(
    optimizer: Optimizer,
    nlp: Language,
    tensors: dict[str, Tensor],
    values: dict[str, Any],
    steps: int,
) -> None:
    """Go on from `get_optimizer_state`.

    optimizer (Optimizer): A new one of the same config; its schedules take `steps` steps.
    nlp (Language): The pipeline with the same components.
    tensors, values (Dict): What `get_optimizer_state` gave.
    steps (int): The training steps that were done.
    RAISES (ValueError): If the schedules don't arrive at the hyper-parameters of that step.
    """
    for _ in range(steps):
        optimizer.step_schedules()
    rates = _rates(optimizer)
    if rates != values["rates"]:
        differ = [name for name, rate in rates.items() if values["rates"].get(name) != rate]
        raise ValueError(Errors.R610.format(names=", ".join(differ)))
    ops = get_current_ops()
    for key, name in _names(nlp).items():
        for table in _TABLES:
            tensor = tensors.get(f"{table}.{name}")
            if tensor is not None:
                array: Any = tensor.numpy().copy()
                getattr(optimizer, table)[key] = ops.asarray(array)
        if name in values["updates"]:
            optimizer.nr_update[key] = values["updates"][name]
    _restore_gradients(nlp, values["updates"])


def _restore_gradients(nlp: Language, updates: dict[str, int]) -> None:
    """thinc keeps a gradient of zeros once a weight had one, and steps with it ever after."""
    names = _names(nlp)
    for _, model in trained_models(nlp):
        for node in model.walk():
            for key in _weights(node):
                if names[key] in updates and not node.has_grad(key[1]):
                    node.set_grad(key[1], node.ops.xp.zeros_like(node.get_param(key[1])))
            for shim in node.shims:
                for key, parameter in _shim_weights(shim):
                    if names[key] in updates and not hasattr(shim, "average_gradients"):
                        parameter.grad = torch.zeros_like(parameter)


def _rates(optimizer: Optimizer) -> dict[str, float]:
    return {name: float(getattr(optimizer, name)) for name in sorted(optimizer.schedules)}


def _names(nlp: Language) -> dict[Key, str]:
    """RETURNS (Dict[Key, str]): The names of all weights by their keys in the optimizer."""
    names: dict[Key, str] = {}
    for component, model in trained_models(nlp):
        for number, node in enumerate(model.walk()):
            keys = [*_weights(node)]
            keys += [key for shim in node.shims for key, _ in _shim_weights(shim)]
            for key in keys:
                # layers can belong to several components
                names.setdefault(key, f"{component}.{number}.{key[1]}")
    return names


def trained_models(nlp: Language) -> list[tuple[str, Model]]:
    """RETURNS (List[Tuple[str, Model]]): The components with a model, by name."""
    pipes = [(name, getattr(pipe, "model", None)) for name, pipe in nlp.pipeline]
    return [(name, model) for name, model in pipes if isinstance(model, Model)]


def _weights(node: Model) -> Iterator[Key]:
    for name in node.param_names:
        yield node.id, name


def _shim_weights(shim: Any) -> Iterator[tuple[Key, torch.nn.Parameter]]:
    network = getattr(shim, "_model", None)
    if isinstance(network, torch.nn.Module):
        for name, parameter in network.named_parameters():
            yield (shim.id, name), parameter


def _from_device(array: Any) -> np.ndarray:
    return array.get() if hasattr(array, "get") else np.asarray(array)
