"""Weights ↔ bytes: safetensors with the network's settings in its header. No code in the file."""

from __future__ import annotations

import json
from itertools import pairwise

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ..errors import Errors
from ..network.language_model import DIRECTIONS, NetworkSettings, RNNLanguageModel
from ..network.recurrent import CELLS

FORMAT = "spacy-rnn.v1"
# One entry: safetensors writes several in no fixed order, and equal weights must give equal bytes.
_ENTRY = "spacy-rnn"


def weights_to_bytes(network: RNNLanguageModel) -> bytes:
    """RETURNS (bytes): All weights, each once, and the settings that shape them."""
    tensors = {
        name: parameter.detach().cpu().contiguous()
        for name, parameter in network.parameters_by_name().items()
    }
    header = {"format": FORMAT, "settings": network.settings.to_dict()}
    return save(tensors, {_ENTRY: json.dumps(header)})


def weights_from_bytes(data: bytes, expected: dict[str, object]) -> RNNLanguageModel:
    """Build the network that the header describes and fill it, on the CPU.

    data (bytes): What `weights_to_bytes` gave.
    expected (Dict): Settings that the header must agree with, as the config says them.
    RAISES (ValueError): If the file is damaged, foreign, of other settings, or if a weight is
        missing, unknown, of another shape or type, or not finite.
    """
    settings = _read_settings(data)
    values = settings.to_dict()
    # as JSON, because 4.0 == 4 and True == 1, but a size that isn't an int makes no network
    different = [k for k, value in expected.items() if json.dumps(values[k]) != json.dumps(value)]
    if different:
        detail = "; ".join(f"{k}: {values[k]} saved, {expected[k]} here" for k in different)
        raise ValueError(Errors.R010.format(detail=detail))
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(Errors.R011.format(error=error)) from None
    # drawing weights that are overwritten at once must not move the user's random state
    with torch.random.fork_rng(devices=[]):
        # without memory at first: a header may claim any width
        with torch.device("meta"):
            shape = RNNLanguageModel(settings, [0] * settings.words)
        problems = _compare(shape.parameters_by_name(), tensors)
        if problems:
            raise ValueError(Errors.R012.format(problems="; ".join(problems)))
        network = RNNLanguageModel(settings, [0] * settings.words)
    parameters = network.parameters_by_name()
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])
    return network


def _read_settings(data: bytes) -> NetworkSettings:
    try:
        size = int.from_bytes(data[:8], "little")
        if size > len(data) - 8:
            raise ValueError("the file ends within its header")
        tensors = json.loads(data[8 : 8 + size])
        header = json.loads(tensors["__metadata__"][_ENTRY])
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r}")
        settings = NetworkSettings.from_dict(header["settings"])
        # The header is untrusted: nothing of the size it claims is allocated before these checks
        # and before safetensors has found as many bytes as the embedding needs.
        rows = (settings.words, settings.symbols, *settings.cutoffs, *settings.symbol_cutoffs)
        if any(type(row) is not int for row in rows):
            raise ValueError("its sizes are not whole numbers")
        if tensors["embedding"]["shape"] != [settings.words, settings.embedding_width]:
            raise ValueError("its embedding has another size than its header says")
        if settings.direction not in DIRECTIONS or settings.cell not in CELLS:
            raise ValueError("its cell or its direction is unknown")
        sizes = (settings.depth, settings.width, settings.embedding_width)
        if any(type(size) is not int or size < 1 for size in sizes) or settings.depth > len(
            tensors
        ):
            raise ValueError("its sizes are not possible")
        table = [settings.subword_rows, settings.embedding_width]
        if tensors.get("subwords.weight", {"shape": [0, table[1]]})["shape"] != table:
            raise ValueError("its table of subwords has another size than its header says")
        if any(a >= b for a, b in pairwise([1, *settings.cutoffs, settings.words])):
            raise ValueError("its softmax clusters are not a rising list of rows")
        _check_speller(settings, tensors)
        return settings
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(Errors.R011.format(error=error)) from None


def _check_speller(settings: NetworkSettings, tensors: dict) -> None:
    table = [settings.symbols, settings.speller_width]
    if type(settings.speller_width) is not int or settings.speller_width < 0:
        raise ValueError("its speller's width is not possible")
    if not settings.speller_width:
        table = [0, 0]
    if tensors.get("speller.embedding", {"shape": [0, 0]})["shape"] != table:
        raise ValueError("its speller has another size than its header says")
    ends = [1, *settings.symbol_cutoffs, settings.symbols]
    if settings.speller_width and any(a >= b for a, b in pairwise(ends)):
        raise ValueError("its speller's clusters are not a rising list of rows")


def _compare(parameters: dict, tensors: dict[str, torch.Tensor]) -> list[str]:
    problems = [f"no weight {name!r}" for name in sorted(parameters.keys() - tensors.keys())]
    problems += [f"unknown weight {name!r}" for name in sorted(tensors.keys() - parameters.keys())]
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
