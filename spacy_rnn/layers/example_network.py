"""Networks in the form of PyTorch's word language model example, as published LSTMs are kept.

The example (github.com/pytorch/examples, word_language_model) has the modules `encoder` (an
embedding), `rnn` (nn.LSTM, nn.GRU or nn.RNN) and `decoder` (a linear layer over the words), and
saves the module itself or its state dict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import Errors
from ..network.language_model import NetworkSettings, RNNLanguageModel
from .torch_files import StandIn

_CELLS = {4: "lstm", 3: "gru", 1: "rnn"}
_MODES = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn"}
# Keys under which checkpoints keep the state dict beside other things.
_HOLDERS = ("model", "state_dict", "model_state_dict", "net")
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
    def from_object(cls, stored: Any, cell: str | None = None) -> ExampleNetwork:
        """Find the network in what a file holds.

        stored (Any): A state dict, a dict that has one, or a module; see `read_torch_file`.
        cell (Optional[str]): Its kind of cell, which the state dict of an Elman network doesn't
            tell: its activation may be ReLU.
        RAISES (ValueError): For other networks: with weights that are missing, unknown or of other
            shapes, of two directions, with projections, with ReLU.
        """
        mode = _find_mode(stored)
        weights = {
            name.removeprefix("module."): tensor.float() for name, tensor in _tensors_of(stored)
        }
        missing = [name for name in _NEEDED if name not in weights]
        if missing:
            raise ValueError(Errors.R902.format(missing=", ".join(missing)))
        if mode is not None and mode not in _MODES:
            raise ValueError(Errors.R903.format(mode=mode))
        unknown = [
            name for name in weights if name not in _NEEDED and not _RECURRENT.fullmatch(name)
        ]
        if unknown:
            raise ValueError(Errors.R904.format(names=", ".join(sorted(unknown)[:5])))
        found = _find_cell(weights, None if mode is None else _MODES[mode], cell)
        network = cls(weights, found)
        _check_shapes(weights, network.settings(len(weights["encoder.weight"])))
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


def _find_mode(stored: Any) -> str | None:
    """RETURNS (Optional[str]): What torch calls the recurrence, if the modules were stored."""
    for name, module in _modules_of(stored):
        if name.rpartition(".")[2] == "rnn" and isinstance(module.state, Mapping):
            if module.state.get("bidirectional"):
                return "bidirectional"
            return str(module.state.get("mode"))
    return None


def _modules_of(stored: Any, prefix: str = "") -> list[tuple[str, StandIn]]:
    if not isinstance(stored, StandIn) or not isinstance(stored.state, Mapping):
        return []
    found = [(prefix, stored)]
    inner = stored.state.get("_modules")
    for name, module in inner.items() if isinstance(inner, Mapping) else ():
        found += _modules_of(module, f"{prefix}.{name}" if prefix else str(name))
    return found


def _tensors_of(stored: Any) -> list[tuple[str, Tensor]]:
    if isinstance(stored, StandIn):
        found = []
        for prefix, module in _modules_of(stored):
            own = module.state.get("_parameters")
            for name, value in own.items() if isinstance(own, Mapping) else ():
                tensor = _tensor_of(value)
                if tensor is not None:
                    found.append((f"{prefix}.{name}" if prefix else str(name), tensor))
        return found
    if isinstance(stored, Mapping):
        tensors = {str(name): _tensor_of(value) for name, value in stored.items()}
        found = [(name, tensor) for name, tensor in tensors.items() if tensor is not None]
        if found:
            return found
        for name in _HOLDERS:
            if name in stored:
                return _tensors_of(stored[name])
    return []


def _tensor_of(value: Any) -> Tensor | None:
    while isinstance(value, StandIn) and value.args:  # a parameter of torch before 0.4
        value = value.args[0]
    return value if isinstance(value, Tensor) else None


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


def _check_shapes(weights: Mapping[str, Tensor], settings: NetworkSettings) -> None:
    gates = {cell: count for count, cell in _CELLS.items()}[settings.cell]
    rows, width = gates * settings.width, settings.width
    expected: dict[str, tuple[int, ...]] = {
        "encoder.weight": (settings.words, settings.embedding_width),
        "decoder.weight": (settings.words, width),
        "decoder.bias": (settings.words,),
    }
    for layer in range(settings.depth):
        read = width if layer else settings.embedding_width
        shapes = {"weight_ih": (rows, read), "weight_hh": (rows, width)}
        for kind in ("bias_ih", "bias_hh"):
            shapes[kind] = (rows,)  # type: ignore[assignment]
        expected.update({f"rnn.{kind}_l{layer}": shape for kind, shape in shapes.items()})
    wrong = [
        f"{name} {tuple(weights[name].shape) if name in weights else 'missing'}, not {shape}"
        for name, shape in expected.items()
        if name not in weights or tuple(weights[name].shape) != shape
    ]
    if wrong:
        raise ValueError(Errors.R907.format(problems="; ".join(wrong[:3])))
    broken = [name for name in expected if not torch.isfinite(weights[name]).all()]
    if broken:
        raise ValueError(Errors.R908.format(names=", ".join(broken[:5])))
