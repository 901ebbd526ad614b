"""The bridge between thinc and the network, in place of thinc's own `PyTorchShim`.

What it does otherwise, and why: one fused optimizer step for all weights instead of one thinc call
each; averages that reach torch weights; no train()/eval() switching on a shared module, so that
threads can predict; safetensors instead of pickles; a fresh id for a copy, so that two models
never share optimizer moments; weights changed in place, so that views of them stay valid.
"""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import srsly
import torch
from thinc.api import Model, Optimizer, Shim
from thinc.types import ArgsKwargs
from thinc.util import xp2torch
from torch import Tensor

from .._compat.thinc import PyTorchShim, get_torch_default_device
from ..defaults import MODEL
from ..errors import Errors
from ..network.language_model import RNNLanguageModel
from ..network.lookup import gradients_in_place
from ..network.memory import keep_freed_memory
from ..network.missing_softmax import MissingSoftmax
from ..packing import unpack
from .optimizer import apply_gradients
from .weights import weights_from_bytes, weights_to_bytes

MissingSoftmax.message = Errors.R923

AverageGradients = Callable[[dict[str, torch.nn.Parameter]], None]


class RNNShim(PyTorchShim):
    """Holds the network, or None until the vocabulary is known.

    settings (Dict): What the config says of the network; a loaded file must agree.
    precision (str): Of matrix products in training: "auto", "float32" or "bfloat16".
    prediction_precision (str): The same in prediction.
    description (str): Its name in messages: the component's, if it is a component's network.

    `average_gradients` is called with the weights by name before every step; a data-parallel
    training sets it.
    """

    _model: RNNLanguageModel | None

    def __init__(
        self,
        settings: dict[str, Any],
        precision: str,
        prediction_precision: str = MODEL.prediction_precision,
    ) -> None:
        super().__init__(None)
        self.rates: dict[str, float] = {}
        self.average_gradients: AverageGradients | None = None
        self._keep_graph = False
        self.description = "the recurrent network"
        self.settings = settings
        self.precision = precision
        self.prediction_precision = prediction_precision

    @property
    def network(self) -> RNNLanguageModel:
        """RETURNS (RNNLanguageModel): The network.
        RAISES (ValueError): If the model is not initialized.
        """
        if self._model is None:
            raise ValueError(Errors.R015)
        return self._model

    @property
    def device(self) -> torch.device:
        return get_torch_default_device() if self._model is None else self._model.device

    def set_network(self, network: RNNLanguageModel) -> None:
        """Replace the network. The id is a fresh one, so that no optimizer applies the moments of
        the old weights to the new ones."""
        self.id = _fresh_id()
        self.rates = {}
        self._model = network.to(get_torch_default_device())

    def predict(self, inputs: ArgsKwargs) -> Any:
        with torch.no_grad():
            return _run(self.network, *inputs.args)

    def begin_update(self, inputs: ArgsKwargs) -> tuple[Any, Any]:
        """Run the network with gradients, once for each reading.

        inputs (ArgsKwargs): The arguments of the readings (List[Dict]), and rows and features of
            the words that their ids stand for; None if ids are rows of the vocabulary.
        RETURNS (Tuple): A list of its outputs, and a callback that takes ArgsKwargs for
            `torch.autograd.backward` and adds to the weights' gradients.
        """
        keep_freed_memory()
        with gradients_in_place():
            output = _run(self.network, *inputs.args)

        def backprop(grads: ArgsKwargs) -> list:
            if grads.args[0]:  # empty if all weights are frozen
                kwargs = {**grads.kwargs, "retain_graph": self._keep_graph}
                torch.autograd.backward(*grads.args, **kwargs)
            # ids have no gradient
            return []

        return output, backprop

    def finish_update(self, optimizer: Optimizer) -> None:
        parameters = self.network.parameters_by_name()
        if self.average_gradients is not None:
            self.average_gradients(parameters)
        apply_gradients(optimizer, self.id, parameters, self.description, self.rates)

    def has_gradients(self) -> bool:
        """RETURNS (bool): Whether any weight has a gradient."""
        return any(p.grad is not None for p in self.network.parameters_by_name().values())

    def take_gradients(self, prefix: str = "") -> dict[str, Tensor]:
        """RETURNS (Dict[str, Tensor]): The gradients of the weights whose names begin so. They are
        this dict's alone from now on."""
        taken = {}
        parameters = {} if self._model is None else self._model.parameters_by_name()
        for name, parameter in parameters.items():
            if parameter.grad is not None and name.startswith(prefix):
                taken[name], parameter.grad = parameter.grad, None
        return taken

    def add_gradients(self, gradients: dict[str, Tensor]) -> None:
        """Add to the gradients of the weights.

        gradients (Dict[str, Tensor]): By name; the tensors may become the weights' own.
        """
        parameters = self.network.parameters_by_name()
        for name, gradient in gradients.items():
            grad = parameters[name].grad
            parameters[name].grad = gradient if grad is None else grad.add_(gradient)

    @contextlib.contextmanager
    def gradients_apart(self, *, keep_graph: bool) -> Iterator[dict[str, Tensor]]:
        """Keep the gradients of a block's backward passes apart from those that are there.

        keep_graph (bool): Whether another pass over the same graph follows.
        YIELDS (Dict[str, Tensor]): Filled at the end of the block, unless it failed.
        """
        before = self.take_gradients()
        apart: dict[str, Tensor] = {}
        self._keep_graph = keep_graph
        try:
            yield apart
            apart.update(self.take_gradients())
        finally:
            self._keep_graph = False
            self.take_gradients()
            self.add_gradients(before)

    def set_rates(self, rates: Sequence[float]) -> None:
        """Let groups of weights learn at rates of their own; see `RNNLanguageModel.groups`.

        rates (Sequence[float]): For each group, a share of the optimizer's rate; 0 freezes it, so
            that no gradient is computed.
        """
        parameters = self.network.parameters_by_name()
        self.rates = {}
        for names, rate in zip(self.network.groups(), rates, strict=True):
            for name in names:
                self.rates[name] = rate
                parameters[name].requires_grad_(rate > 0)

    @contextlib.contextmanager
    def use_params(self, params: dict) -> Iterator[None]:
        """Swap in the arrays kept under `(shim.id, weight name)`, as in `optimizer.averages`."""
        parameters = {} if self._model is None else self._model.parameters_by_name()
        swapped = {n: p for n, p in parameters.items() if (self.id, n) in (params or {})}
        backup = {name: parameter.detach().clone() for name, parameter in swapped.items()}
        try:
            with torch.no_grad():
                for name, parameter in swapped.items():
                    parameter.copy_(xp2torch(params[(self.id, name)], device=parameter.device))
            yield
        finally:
            with torch.no_grad():
                for name, parameter in swapped.items():
                    parameter.copy_(backup[name])

    def copy(self) -> RNNShim:
        copied = copy.deepcopy(self)
        if copied._model is not None:
            # lays the copied weights out in one block again, as cuDNN wants them
            copied._model.to(copied._model.device)
        copied.id = _fresh_id()
        # what was frozen for one training isn't for others
        copied.rates = {}
        copied.average_gradients = None
        if copied._model is not None:
            copied._model.requires_grad_(True)
        return copied

    def to_device(self, device_type: str, device_id: int) -> None:
        if self._model is None:
            return
        name = {"cpu": "cpu", "gpu": f"cuda:{device_id}", "mps": "mps"}.get(device_type)
        if name is None:
            raise ValueError(Errors.R016.format(device=device_type))
        self._model.to(name)

    def to_bytes(self) -> bytes:
        state = b"" if self._model is None else weights_to_bytes(self._model)
        return srsly.msgpack_dumps({"config": self.cfg, "state": state})

    def from_bytes(self, bytes_data: bytes) -> RNNShim:
        try:
            message = unpack(bytes_data)
            config, state = message["config"], message["state"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(Errors.R011.format(error=error)) from None
        if state:
            self.set_network(weights_from_bytes(state, self.settings))
        else:
            self._model = None
        self.cfg = config
        return self


def _run(
    network: RNNLanguageModel, readings: list[dict[str, Any]], words: tuple[Tensor, Tensor] | None
) -> list[Any]:
    table = None if words is None else network.word_vectors(*words)
    return [(*network(words=table, **reading), reading["lower"] or []) for reading in readings]


def _fresh_id() -> int:
    with Shim.global_id_lock:
        Shim.global_id += 1
        return Shim.global_id


def get_shim(model: Model) -> RNNShim:
    """RETURNS (RNNShim): That of a language model, or of the network layer in it."""
    layer = model.layers[0] if model.layers else model  # Model.copy() drops refs
    return cast(RNNShim, layer.shims[0])


def _one_thread() -> None:
    torch.set_num_threads(1)


# A forked child inherits torch's thread pool without its threads and would wait for them forever.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_one_thread)
