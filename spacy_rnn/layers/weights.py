"""Weights ↔ bytes: safetensors with the network's settings in its header. No code in the file."""

from __future__ import annotations

import json

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ..errors import Errors
from ..network.language_model import NetworkSettings, RNNLanguageModel

FORMAT = "spacy-rnn.v1"


def weights_to_bytes(network: RNNLanguageModel) -> bytes:
    """RETURNS (bytes): All weights, each once, and the settings that shape them."""
    tensors = {
        name: parameter.detach().cpu().contiguous()
        for name, parameter in network.parameters_by_name().items()
    }
    return save(tensors, {"format": FORMAT, "settings": json.dumps(network.settings.to_dict())})


def weights_from_bytes(data: bytes, expected: dict[str, object]) -> RNNLanguageModel:
    """Build the network that the header describes and fill it, on the CPU.

    data (bytes): What `weights_to_bytes` gave.
    expected (Dict): Settings that the header must agree with, as the config says them.
    RAISES (ValueError): If the file is damaged, foreign, of other settings, or if a weight is
        missing, unknown, of another shape or type, or not finite.
    """
    settings = _read_settings(data)
    values = settings.to_dict()
    different = [key for key, value in expected.items() if values.get(key) != value]
    if different:
        detail = "; ".join(f"{k}: {values.get(k)} saved, {expected[k]} here" for k in different)
        raise ValueError(Errors.R010.format(detail=detail))
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(Errors.R011.format(error=error)) from None
    rng = torch.random.get_rng_state()
    network = RNNLanguageModel(settings, [0] * settings.words)
    # drawing weights that are overwritten at once must not move the user's random state
    torch.random.set_rng_state(rng)
    parameters = network.parameters_by_name()
    problems = _compare(parameters, tensors)
    if problems:
        raise ValueError(Errors.R012.format(problems="; ".join(problems)))
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])
    return network


def _read_settings(data: bytes) -> NetworkSettings:
    try:
        size = int.from_bytes(data[:8], "little")
        if size > len(data) - 8:
            raise ValueError("the file ends within its header")
        metadata = json.loads(data[8 : 8 + size])["__metadata__"]
        if metadata["format"] != FORMAT:
            raise ValueError(f"its format is {metadata['format']!r}")
        settings = NetworkSettings.from_dict(json.loads(metadata["settings"]))
        tensors = json.loads(data[8 : 8 + size])
        # The header is untrusted: nothing of the size it claims is allocated before this check.
        if tensors["embedding"]["shape"] != [settings.words, settings.embedding_width]:
            raise ValueError("its embedding has another size than its header says")
        cutoffs = list(settings.cutoffs)
        if cutoffs != sorted(set(cutoffs) & set(range(2, settings.words))):
            raise ValueError("its softmax clusters are not a rising list of rows")
        return settings
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(Errors.R011.format(error=error)) from None


def _compare(parameters: dict, tensors: dict[str, torch.Tensor]) -> list[str]:
    problems = [f"no weight {name!r}" for name in parameters.keys() - tensors.keys()]
    problems += [f"unknown weight {name!r}" for name in tensors.keys() - parameters.keys()]
    for name in sorted(parameters.keys() & tensors.keys()):
        wanted, given = parameters[name], tensors[name]
        if wanted.shape != given.shape or wanted.dtype != given.dtype:
            problems.append(
                f"{name!r} is {given.dtype} {tuple(given.shape)}, "
                f"not {wanted.dtype} {tuple(wanted.shape)}"
            )
        elif not given.isfinite().all():
            problems.append(f"{name!r} has values that are not finite")
    return problems
