"""Networks in the form of PyTorch's word language model example, as published LSTMs are kept.

The example (github.com/pytorch/examples, word_language_model) has the modules `encoder` (an
embedding), `rnn` (nn.LSTM, nn.GRU or nn.RNN) and `decoder` (a linear layer over the words), and
saves the module itself or its state dict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import Errors, shorten
from ..network.language_model import RNNLanguageModel
from ..network.settings import NetworkSettings
from .torch_files import StandIn, TorchFile

_CELLS = {4: "lstm", 3: "gru", 1: "rnn"}
_MODES = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn"}
# Keys under which checkpoints keep the state dict beside other things.
_HOLDERS = ("model", "state_dict", "model_state_dict", "net")
# Modules that lie deeper in others are of no network of this form.
_DEEPEST = 60
_RECURRENT = re.compile(r"rnn\.(weight|bias)_(ih|hh)_l(\d+)")
_NEEDED = ("encoder.weight", "decoder.weight", "decoder.bias", "rnn.weight_ih_l0")


@dataclass(frozen=True)
class ExampleNetwork:
    """The weights of such a network under the example's names.

    weights (Dict[str, Tensor]): float32, by name: `encoder.weight` (words, embedding width),
        `rnn.…` as torch names them, `decoder.weight` (words, width), `decoder.bias` (words,).
    cell (str): "rnn", "gru" or "lstm".
    """

    weights: dict[str, Tensor]
    cell: str

    @classmethod
    def from_file(cls, file: TorchFile, cell: str | None = None) -> ExampleNetwork:
        """Find the network in what a file holds.

        file (TorchFile): A state dict, a dict that has one, or a module.
        cell (Optional[str]): Its kind of cell, which the state dict of an Elman network doesn't
            tell: its activation may be ReLU.
        RAISES (ValueError): For other networks: with weights that are missing, unknown or of other
            shapes or types, of two directions, with projections, with ReLU.
        """
        stored = _without_holders(file.stored)
        modules = _modules_of(stored)
        mode = _find_mode(modules)
        weights = {
            name.removeprefix("module."): tensor
            for name, tensor in _tensors_of(file, stored, modules)
        }
        missing = [name for name in _NEEDED if name not in weights]
        if missing:
            raise ValueError(Errors.R902.format(missing=", ".join(missing)))
        if mode is not None and mode not in _MODES:
            raise ValueError(Errors.R903.format(mode=shorten(mode)))
        unknown = [
            name for name in weights if name not in _NEEDED and not _RECURRENT.fullmatch(name)
        ]
        if unknown:
            raise ValueError(Errors.R904.format(names=shorten(sorted(unknown)[:5])))
        whole = [name for name, tensor in weights.items() if not tensor.is_floating_point()]
        if whole:
            raise ValueError(Errors.R911.format(names=", ".join(whole[:5])))
        weights = {name: tensor.float() for name, tensor in weights.items()}
        found = _find_cell(weights, None if mode is None else _MODES[mode], cell)
        network = cls(weights, found)
        _check_shapes(weights, found)
        return network

    @property
    def words(self) -> int:
        """RETURNS (int): Rows of the embedding."""
        return len(self.weights["encoder.weight"])

    @property
    def tied(self) -> bool:
        """RETURNS (bool): Whether the softmax has the embedding's rows."""
        encoder, decoder = self.weights["encoder.weight"], self.weights["decoder.weight"]
        return encoder.shape == decoder.shape and torch.equal(encoder, decoder)

    def settings(self, words: int) -> NetworkSettings:
        """words (int): Rows that the vocabulary has.
        RETURNS (NetworkSettings): The shape, with a full softmax."""
        width = self.weights["rnn.weight_hh_l0"].shape[-1]
        depth = 1 + max(int(m[3]) for m in map(_RECURRENT.fullmatch, self.weights) if m)
        embedding_width = self.weights["encoder.weight"].shape[-1]
        return NetworkSettings(words, self.cell, embedding_width, width, depth, self.tied)

    @torch.no_grad()
    def copy_into(self, target: RNNLanguageModel, rows: Tensor) -> None:
        """Fill a network of these settings.

        target (RNNLanguageModel): The network.
        rows (Tensor): int64 (words,), the row that each of its words has here.
        """
        for name, parameter in target.parameters_by_name().items():
            parameter.copy_(self._weight(name, rows).to(parameter.device))

    def _weight(self, name: str, rows: Tensor) -> Tensor:
        if name.startswith("encoder.layers."):
            _, _, layer, kind = name.split(".")
            return self.weights[f"rnn.{kind.removesuffix('_l0')}_l{layer}"]
        ours = {
            "embedding": "encoder.weight",
            "softmax.weight": "decoder.weight",
            "softmax.bias": "decoder.bias",
        }
        return self.weights[ours[name]].index_select(0, rows)


def _without_holders(stored: Any) -> Any:
    """RETURNS (Any): The module or the state dict in a checkpoint that has other things too."""
    for _ in _HOLDERS:
        if not isinstance(stored, Mapping):
            break
        held = [
            stored[name] for name in _HOLDERS if isinstance(stored.get(name), StandIn | Mapping)
        ]
        if not held:
            break
        stored = held[0]
    return stored


def _modules_of(stored: Any) -> dict[str, StandIn]:
    """RETURNS (Dict[str, StandIn]): A module and those in it by name, each once."""
    waiting: list[tuple[str, Any]] = [("", stored)]
    found: dict[str, StandIn] = {}
    seen: set[int] = set()
    while waiting:
        prefix, module = waiting.pop()
        known = id(module) in seen
        if known or not isinstance(module, StandIn) or not isinstance(module.state, Mapping):
            continue
        seen.add(id(module))
        found[prefix] = module
        if prefix.count(".") > _DEEPEST:
            raise ValueError(Errors.R904.format(names=shorten(prefix)))
        inner = module.state.get("_modules")
        for name, one in inner.items() if isinstance(inner, Mapping) else ():
            if isinstance(name, str):
                waiting.append((_join(prefix, name), one))
    return found


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _find_mode(modules: Mapping[str, StandIn]) -> str | None:
    """RETURNS (Optional[str]): What torch calls the recurrence, if the modules were stored."""
    for name, module in modules.items():
        if name.rpartition(".")[2] == "rnn":
            if module.state.get("bidirectional"):
                return "bidirectional"
            mode = module.state.get("mode")
            return mode if isinstance(mode, str) else "unknown"
    return None


def _tensors_of(
    file: TorchFile, stored: Any, modules: Mapping[str, StandIn]
) -> Iterator[tuple[str, Tensor]]:
    """YIELDS (Tuple[str, Tensor]): Weights and their names, of modules or of a state dict."""
    named: list[tuple[str, Any]] = []
    for prefix, module in modules.items():
        own = module.state.get("_parameters")
        named += [(prefix, own)] if isinstance(own, Mapping) else []
    if not modules and isinstance(stored, Mapping):
        named = [("", stored)]
    for prefix, values in named:
        for name, value in values.items():
            tensor = file.tensor_of(value)
            if tensor is not None and isinstance(name, str):
                yield _join(prefix, name), tensor


def _find_cell(weights: Mapping[str, Tensor], stored: str | None, given: str | None) -> str:
    hidden = weights.get("rnn.weight_hh_l0")
    if hidden is None or hidden.dim() != 2 or not hidden.shape[1]:
        raise ValueError(Errors.R902.format(missing="rnn.weight_hh_l0"))
    counted = _CELLS.get(hidden.shape[0] // hidden.shape[1])
    found = stored or counted
    if found is None or (given is not None and given != counted) or found != counted:
        raise ValueError(Errors.R905.format(given=given or stored, found=counted))
    if found == "rnn" and stored is None and given is None:
        raise ValueError(Errors.R906)
    return found


def _check_shapes(weights: Mapping[str, Tensor], cell: str) -> None:
    """RAISES (ValueError): If a weight is missing, of another shape than others say, or not
    finite."""
    gates = {name: count for count, name in _CELLS.items()}[cell]
    layers = [int(match[3]) for match in map(_RECURRENT.fullmatch, weights) if match]
    words, embedding_width = _shape_of(weights["encoder.weight"])
    width = _shape_of(weights["rnn.weight_hh_l0"])[1]
    expected: dict[str, tuple[int, ...]] = {
        "encoder.weight": (words, embedding_width),
        "decoder.weight": (words, width),
        "decoder.bias": (words,),
    }
    # a name can say any layer: no more than there are weights
    for layer in range(min(1 + max(layers), len(weights))):
        read = width if layer else embedding_width
        expected[f"rnn.weight_ih_l{layer}"] = (gates * width, read)
        expected[f"rnn.weight_hh_l{layer}"] = (gates * width, width)
        for kind in ("bias_ih", "bias_hh"):
            expected[f"rnn.{kind}_l{layer}"] = (gates * width,)
    wrong = [f"{name}, of a layer too many" for name in weights if name not in expected]
    wrong += [
        f"{name} {tuple(weights[name].shape) if name in weights else 'missing'}, not {shape}"
        for name, shape in expected.items()
        if name not in weights or tuple(weights[name].shape) != shape
    ]
    if wrong:
        raise ValueError(Errors.R907.format(problems="; ".join(wrong[:3])))
    broken = [name for name in expected if not torch.isfinite(weights[name]).all()]
    if broken:
        raise ValueError(Errors.R908.format(names=", ".join(broken[:5])))


def _shape_of(weight: Tensor) -> tuple[int, int]:
    """RETURNS (Tuple[int, int]): Of a matrix; what isn't one gets a shape that it hasn't."""
    return (weight.shape[0], weight.shape[1]) if weight.dim() == 2 else (0, 0)
