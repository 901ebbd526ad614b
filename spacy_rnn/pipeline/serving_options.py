"""The options of a component whose network gives no probabilities: it serves its listeners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import Errors

# What such a network can give.
_WITHOUT_SOFTMAX = ("hidden", "final_state", "tensor", "layers")


def serving_options(annotations: Sequence[str], *, listened: bool) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The options of a component that only serves its listeners.

    annotations (Sequence[str]): What it kept before. If nothing of it is left, and nobody listens,
        it writes vectors.
    listened (bool): Whether a component listens to it.
    """
    kept = [name for name in annotations if name in _WITHOUT_SOFTMAX]
    kept = kept if kept or listened else ["tensor"]
    return {"annotations": kept, "lm_weight": 0.0, "cache_window": 0, "scorer": None}


def check_serving(name: str, options: Mapping[str, Any]) -> None:
    """Notice options that need probabilities.

    name (str): The component.
    options (Mapping[str, Any]): Those that `serving_options` names.
    RAISES (ValueError): If there are any.
    """
    asked = {key: value for key, value in options.items() if value}
    asked["annotations"] = sorted({*options["annotations"]} - {*_WITHOUT_SOFTMAX})
    found = [
        key if callable(value) else f"{key} = {value}" for key, value in asked.items() if value
    ]
    if found:
        raise ValueError(Errors.R924.format(name=name, options=", ".join(found)))
