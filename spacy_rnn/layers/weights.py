"""Weights ↔ bytes: safetensors with the network's settings in its header. No code in the file."""

from __future__ import annotations

import json
import math
import zlib
from itertools import pairwise
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ..errors import Errors
from ..network.language_model import RNNLanguageModel
from ..network.recurrent import CELLS
from ..network.settings import DIRECTIONS, SPELLINGS, NetworkSettings

FORMAT = "spacy-rnn.v1"
# One entry: safetensors writes several in no fixed order, and equal weights must give equal bytes.
_ENTRY = "spacy-rnn"
# That of a network of a hundred layers has 70 kB.
_LONGEST_HEADER = 1 << 18
# Weights that an error names; a hostile file may have thousands.
_NAMED = 5
# Weights and biases of a recurrent layer.
_PER_LAYER = 4


def weights_to_bytes(network: RNNLanguageModel) -> bytes:
    """RETURNS (bytes): All weights, each once, the settings that shape them, and a checksum of
    both."""
    tensors = {
        name: parameter.detach().cpu().contiguous()
        for name, parameter in network.parameters_by_name().items()
    }
    settings = network.settings.to_dict()
    header = {"format": FORMAT, "settings": settings, "checksum": _checksum(settings, tensors)}
    return save(tensors, {_ENTRY: json.dumps(header)})


def weights_from_bytes(data: bytes, expected: dict[str, object]) -> RNNLanguageModel:
    """Build the network that the header describes and fill it, on the CPU.

    data (bytes): What `weights_to_bytes` gave; without a checksum it is read too.
    expected (Dict): Settings that the header must agree with, as the config says them.
    RAISES (ValueError): If the file is damaged, foreign, of other settings, or if a weight is
        missing, unknown, of another shape or type, or not finite.
    """
    header, settings = _read_header(data)
    values = settings.to_dict()
    # as JSON, because 4.0 == 4 and True == 1, but a size that isn't an int makes no network
    different = [k for k, value in expected.items() if json.dumps(values[k]) != json.dumps(value)]
    if different:
        detail = "; ".join(f"{k}: {values[k]} saved, {expected[k]} here" for k in different)
        raise ValueError(Errors.R010.format(detail=detail))
    try:
        tensors = load(data)
        _check_sizes(settings, tensors, len(data))
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(Errors.R011.format(error=error)) from None
    # drawing weights that are overwritten at once must not move the user's random state
    with torch.random.fork_rng(devices=[]):
        with torch.device("meta"):  # without memory
            shape = RNNLanguageModel(settings, [0] * settings.words)
        problems = _compare(shape.parameters_by_name(), tensors)
        if problems:
            raise ValueError(Errors.R012.format(problems=_first_problems(problems)))
        if not _is_whole(header, tensors):
            raise ValueError(Errors.R011.format(error="its weights don't have its checksum"))
        network = RNNLanguageModel(settings, [0] * settings.words)
    parameters = network.parameters_by_name()
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])
    return network


def _checksum(settings: dict[str, Any], tensors: dict[str, torch.Tensor]) -> str:
    """CRC-32 finds every change of up to 32 bits that follow each other, and of all others all but
    one in four thousand million. Against a forger nothing helps that stands in the same file."""
    crc = zlib.crc32(json.dumps(settings, sort_keys=True).encode())
    for name in sorted(tensors):
        crc = zlib.crc32(tensors[name].numpy().data, zlib.crc32(name.encode(), crc))
    return f"{crc:08x}"


def _is_whole(header: dict[str, Any], tensors: dict[str, torch.Tensor]) -> bool:
    if "checksum" not in header:
        return True
    return header["checksum"] == _checksum(header["settings"], tensors)


def _read_header(data: bytes) -> tuple[dict[str, Any], NetworkSettings]:
    """What the file says of itself; nothing of the size that it claims is made yet."""
    try:
        size = int.from_bytes(data[:8], "little")
        if size > min(len(data) - 8, _LONGEST_HEADER):
            raise ValueError("the file ends within its header")
        header = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][_ENTRY])
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r:.40}")
        if not header.keys() <= {"format", "settings", "checksum"}:
            raise ValueError("its header has entries that are unknown")
        settings = NetworkSettings.from_dict(header["settings"])
        _check_settings(settings)
        return header, settings
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(Errors.R011.format(error=error)) from None


def _check_settings(settings: NetworkSettings) -> None:
    """Types, and what can be said without the tensors."""
    rows = (settings.words, settings.symbols, *settings.cutoffs, *settings.symbol_cutoffs)
    if any(type(row) is not int for row in (*rows, settings.subword_rows)):
        raise ValueError("its sizes are not whole numbers")
    ngrams = (settings.ngram_rows, settings.ngram_min, settings.ngram_max)
    if (
        any(type(size) is not int for size in ngrams)
        or ngrams[0] < 0
        or not 0 < ngrams[1] <= ngrams[2]
    ):
        raise ValueError("its n-grams are not possible")
    if settings.direction not in DIRECTIONS or settings.cell not in CELLS:
        raise ValueError("its cell or its direction is unknown")
    sizes = (settings.depth, settings.width, settings.embedding_width)
    if any(type(size) is not int or size < 1 for size in sizes) or settings.subword_rows < 0:
        raise ValueError("its sizes are not possible")
    if type(settings.tied) is not bool or type(settings.softmax) is not bool:
        raise ValueError("it doesn't say whether it is tied, or has a softmax")
    if not settings.softmax and (settings.speller_width or settings.cutoffs):
        raise ValueError("it has parts of a softmax that it doesn't have")
    if any(a >= b for a, b in pairwise([1, *settings.cutoffs, settings.words])):
        raise ValueError("its softmax clusters are not a rising list of rows")
    if settings.spelling not in SPELLINGS:
        raise ValueError("what its speller knows is unknown")
    if type(settings.speller_width) is not int or settings.speller_width < 0:
        raise ValueError("its speller's width is not possible")
    ngram_rows = settings.speller_ngram_rows
    if type(ngram_rows) is not int or ngram_rows < 0 or ngram_rows == 1:
        raise ValueError("its speller's n-grams are not possible")
    if ngram_rows and not settings.speller_width:
        raise ValueError("it has n-grams of a speller that it doesn't have")
    ends = [1, *settings.symbol_cutoffs, settings.symbols]
    if settings.speller_width and any(a >= b for a, b in pairwise(ends)):
        raise ValueError("its speller's clusters are not a rising list of rows")


def _check_sizes(
    settings: NetworkSettings, tensors: dict[str, torch.Tensor], file_size: int
) -> None:
    """Whether tables of these sizes are in the file: then the network isn't larger than the file,
    whatever the header claims."""
    rows, ngrams, symbols = settings.subword_rows, settings.ngram_rows, settings.symbols
    width, spelled = settings.speller_width, settings.speller_ngram_rows
    tables = {
        "embedding": (settings.words, settings.embedding_width),
        "subwords.weight": (rows, settings.embedding_width) if rows else None,
        "subwords.ngram_weight": (ngrams, settings.embedding_width) if ngrams else None,
        "speller.embedding": (symbols, width) if width else None,
        "speller.subwords.weight": (spelled, width) if spelled else None,
    }
    for name, shape in tables.items():
        found = tuple(tensors[name].shape) if name in tensors else None
        if found != shape:
            raise ValueError(f"its {name} has another size than its header says")
    # the matrix of a layer has more than width² numbers
    width = max(settings.width, settings.speller_width)
    if width**2 > file_size or settings.depth * _PER_LAYER > len(tensors):
        raise ValueError("its sizes are not possible")


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
        elif not _is_finite(given):
            problems.append(f"{name!r} has values that are not finite")
    return problems


def _is_finite(tensor: torch.Tensor) -> bool:
    # the least and the greatest value, which are NaN if any is: faster than a look at each
    return not tensor.numel() or all(math.isfinite(bound) for bound in tensor.aminmax())


def _first_problems(problems: list[str]) -> str:
    more = len(problems) - _NAMED
    return "; ".join(problems[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
