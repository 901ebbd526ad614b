"""The step of the config's thinc `Optimizer`, done for all weights at once in torch.

The hyper-parameters are read from the thinc optimizer at every step, so its schedules rule; its
dictionaries keep the moments and averages, so that they live and die with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from thinc.api import Optimizer
from thinc.util import torch2xp, xp2torch
from torch import Tensor, nn

from .._compat.torch import adamw, add_all_, norms, scale_all_
from ..errors import Errors

_MAX_AVERAGE_DECAY = 0.9999


def apply_gradients(
    optimizer: Optimizer,
    owner: int,
    parameters: dict[str, nn.Parameter],
    description: str,
    rates: Mapping[str, float] | None = None,
) -> None:
    """Clip by the global norm, step in place, update the averages and clear the gradients.

    Adam as in Kingma & Ba 2015 with the decoupled weight decay of Loshchilov & Hutter 2019
    (`L2_is_weight_decay`, which spares biases), or plain gradient descent where both betas are 0.
    Clipping scales all gradients alike when their joint norm exceeds `grad_clip` (Pascanu et al.
    2013).

    optimizer (Optimizer): thinc's; `Adam.v1` and `SGD.v1` are meant, `RAdam.v1` is an error.
    owner (int): The shim's id: the first half of the keys in the optimizer's dictionaries.
    parameters (Dict[str, Parameter]): By name; those without a gradient are left alone.
    description (str): The model's name for messages.
    rates (Optional[Mapping[str, float]]): The learning rate of each weight, as a share of the
        optimizer's; 1 for those that aren't named.
    RAISES (ValueError): If a gradient is not finite; no weight is changed then. If a weight isn't
        finite after the step.
    """
    moved = {name: p for name, p in parameters.items() if p.grad is not None}
    if not moved:
        return
    if not isinstance(optimizer, Optimizer):
        _hand_over(optimizer, owner, moved)
        return
    if optimizer.use_radam:
        raise ValueError(Errors.R013)
    gradients = [p.grad for p in moved.values() if p.grad is not None]
    norm = joint_norm(gradients)
    if not math.isfinite(norm):
        bad = [name for name, g in zip(moved, gradients, strict=True) if not g.isfinite().all()]
        for parameter in moved.values():
            parameter.grad = None
        # without a bad one, finite gradients are so large that their norm overflows
        raise ValueError(Errors.R014.format(name=description, weights=", ".join(bad or moved)))
    if optimizer.grad_clip and norm > optimizer.grad_clip:
        scale_all_(gradients, optimizer.grad_clip / norm)
    for name in moved:
        optimizer.nr_update[(owner, name)] += 1
    groups: dict[tuple[float, float], dict[str, nn.Parameter]] = {}
    for name, parameter in moved.items():
        rate = optimizer.learn_rate * (rates or {}).get(name, 1.0)
        decay = optimizer.L2 if parameter.dim() > 1 else 0.0
        groups.setdefault((rate, decay), {})[name] = parameter
    for (rate, decay), group in groups.items():
        _step(optimizer, owner, group, rate, decay)
    # the fused step doesn't tell: what is kept for these weights must notice that they moved
    torch.autograd.graph.increment_version(list(moved.values()))
    for name, parameter in moved.items():
        if optimizer.averages is not None:
            _average(optimizer, (owner, name), parameter)
        parameter.grad = None
    check_weights(moved, description)


@torch.no_grad()
def check_weights(parameters: Mapping[str, Tensor], description: str) -> None:
    """Notice weights that are not finite, in one pass over the memory.

    parameters (Mapping[str, Tensor]): The weights by name.
    description (str): The model's name for messages.
    RAISES (ValueError): If there are any.
    """
    weights = list(parameters.values())
    if not weights or math.isfinite(joint_norm(weights)):
        return
    # finite weights can be so large that their norm overflows
    bad = [name for name, weight in parameters.items() if not weight.isfinite().all()]
    if bad:
        raise ValueError(Errors.R030.format(name=description, weights=", ".join(bad)))


def joint_norm(tensors: list[Tensor]) -> float:
    """RETURNS (float): The Euclidean norm of all numbers together; not finite if any isn't."""
    return float(torch.linalg.vector_norm(norms(tensors)))


@torch.no_grad()
def _step(
    optimizer: Optimizer,
    owner: int,
    parameters: dict[str, nn.Parameter],
    rate: float,
    decay: float,
) -> None:
    weights: list[Tensor] = list(parameters.values())
    grads = [p.grad for p in weights if p.grad is not None]
    if decay and not optimizer.L2_is_weight_decay:
        add_all_(grads, weights, alpha=decay)
        decay = 0.0
    if optimizer.b1 == 0 and optimizer.b2 == 0:
        if decay:
            scale_all_(weights, 1 - rate * decay)
        add_all_(weights, grads, alpha=-rate)
        return
    keys = [(owner, name) for name in parameters]
    steps = [
        torch.tensor(float(optimizer.nr_update[key] - 1), device=p.device)
        for key, p in zip(keys, weights, strict=True)
    ]
    adamw(
        weights,
        grads,
        [_moment(optimizer.mom1, key, p) for key, p in zip(keys, weights, strict=True)],
        [_moment(optimizer.mom2, key, p) for key, p in zip(keys, weights, strict=True)],
        [],
        steps,
        fused=True,
        amsgrad=False,
        beta1=optimizer.b1,
        beta2=optimizer.b2,
        lr=rate,
        weight_decay=decay,
        eps=optimizer.eps,
        maximize=False,
    )


def _moment(moments: dict, key: tuple[int, str], parameter: Tensor) -> Tensor:
    """The moment as a tensor over the array's own memory, zeros at first. The array is flat, as
    thinc's own are: `nlp.rehearse` steps through thinc."""
    if key not in moments:
        moments[key] = torch2xp(torch.zeros_like(parameter).detach().view(-1))
    return xp2torch(moments[key], device=parameter.device).view_as(parameter)


def _hand_over(
    optimizer: Callable[..., Any], owner: int, parameters: dict[str, nn.Parameter]
) -> None:
    """Show each weight and its gradient to a function, as `nlp.rehearse` passes one: it steps
    later, on the same memory."""
    for name, parameter in parameters.items():
        assert parameter.grad is not None
        optimizer((owner, name), torch2xp(parameter.detach()), torch2xp(parameter.grad))
        parameter.grad = None
    torch.autograd.graph.increment_version(list(parameters.values()))


@torch.no_grad()
def _average(optimizer: Optimizer, key: tuple[int, str], parameter: nn.Parameter) -> None:
    """thinc's running average: decay (1 + t)/(10 + t), at most 0.9999."""
    assert optimizer.averages is not None
    if key not in optimizer.averages:
        optimizer.averages[key] = torch2xp(torch.zeros_like(parameter).detach())  # type: ignore[assignment]
    average = xp2torch(optimizer.averages[key], device=parameter.device)
    t = optimizer.nr_update[key]
    decay = min((1.0 + t) / (10.0 + t), _MAX_AVERAGE_DECAY)
    average.lerp_(parameter.detach(), 1 - decay)
