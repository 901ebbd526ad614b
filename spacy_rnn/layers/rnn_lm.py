"""The architecture "spacy-rnn.RNNLM.v1": Docs in, hidden states and log-probabilities out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, PyTorchWrapper_v3
from thinc.model import deserialize_attr, serialize_attr
from thinc.types import ArgsKwargs, Floats1d, Floats2d
from thinc.util import torch2xp, xp2torch

from ..errors import Errors
from ..network.clusters import choose_cutoffs
from ..network.inference import Prediction, Wanted, predict
from ..network.language_model import NetworkSettings, RNNLanguageModel
from ..network.precision import PRECISIONS, resolve_precision
from ..network.recurrent import CELLS, State
from ..vocabulary import UNKNOWN_ROW, Vocabulary
from .sequences import Sequences, sequences_from_docs
from .shim import RNNShim, get_shim


@dataclass
class Outputs:
    """The training pass, or gradients of it: hidden states (positions, width), log-probabilities
    (positions,), and the state after each sequence where it was wanted."""

    hidden: Floats2d | None
    log_probs: Floats1d | None
    state: State | None = None


@registry.architectures("spacy-rnn.RNNLM.v1")
def RNNLM(
    *,
    cell: str = "lstm",
    width: int = 256,
    embedding_width: int | None = None,
    depth: int = 1,
    tied: bool = True,
    cutoffs: str | list[int] | None = "auto",
    precision: str = "auto",
    prediction_precision: str = "float32",
    attr: str = "ORTH",
    vocabulary: str | None = None,
) -> Model[list[Doc], list[Floats2d]]:
    """Build a recurrent language model.

    cell (str): "rnn" (Elman, tanh), "gru" or "lstm".
    width (int): Width of the hidden states, in units.
    embedding_width (Optional[int]): Width of the embedding; None for `width`.
    depth (int): Number of recurrent layers.
    tied (bool): Whether the softmax shares the embedding's rows; needs equal widths.
    cutoffs (Union[str, List[int], None]): Clusters of the softmax: "auto" finds them from the
        vocabulary's counts, a list gives the first row of each, None is the full softmax.
    precision (str): Of matrix products in training: "auto" (bfloat16 where the processor
        multiplies it), "float32" or "bfloat16".
    prediction_precision (str): Of matrix products in prediction. "float32" gives exact numbers, the
        same in any batch (1e-5). "bfloat16" or "auto" is up to twice as fast where the processor
        multiplies it; log-probabilities are then off by 0.005 on average and 0.1 at most (measured
        on zh-classics: 0.05), and differ between batches by as much. `predict_next` and
        `generate` stay in float32.
    attr (str): Token attribute that is modelled: "ORTH", "LOWER" or "NORM".
    vocabulary (Optional[str]): A JSON file `[[word, count], …]`, read at initialization where no
        labels are given.
    RETURNS (Model[List[Doc], List[Floats2d]]): A float32 (n_tokens, width) array for each Doc,
        row i the state after reading token i.
    RAISES (ValueError): For an unknown cell, precision or attribute, a size below 1, or different
        widths with `tied`.
    """
    embedding_width = width if embedding_width is None else embedding_width
    _check_precision("prediction_precision", prediction_precision)
    _validate(cell, precision, tied, width, embedding_width, depth, cutoffs)
    settings = {
        "cell": cell,
        "embedding_width": embedding_width,
        "width": width,
        "depth": depth,
        "tied": tied,
    }
    network = PyTorchWrapper_v3(
        torch.nn.Identity(), convert_inputs=_convert_inputs, convert_outputs=_convert_outputs
    )
    network.shims[0] = RNNShim(settings, precision, prediction_precision)
    network.name = "rnn_network"
    network.attrs["dropout_rate"] = 0.0
    return Model(
        "rnn_lm",
        _forward,
        init=_Initializer(cutoffs, vocabulary),
        layers=[network],
        dims={"nO": width},
        attrs={"vocabulary": Vocabulary(attr=attr)},
        refs={"network": network},
    )


def predict_sequences(model: Model, sequences: Sequences, wanted: Wanted) -> Prediction:
    """Compute what is wanted for every position, without gradients; see `inference.predict`."""
    shim = get_shim(model)
    return predict(
        shim.network,
        sequences.ids,
        sequences.lengths,
        sequences.targets,
        wanted,
        exclude=UNKNOWN_ROW,
        dtype=resolve_precision(shim.prediction_precision, shim.device),
    )


def without_starts(hidden: Any, lengths: np.ndarray) -> list[Floats2d]:
    """Cut (positions, width) into one array for each document, without the state after `</s>`."""
    stops = np.cumsum(lengths).tolist()
    starts = (np.cumsum(lengths) - lengths).tolist()
    return [hidden[a + 1 : b] for a, b in zip(starts, stops, strict=True)]


class _Initializer:
    """Sets the network up once the vocabulary is known; a class so that models can be pickled."""

    def __init__(self, cutoffs: str | list[int] | None, path: str | None) -> None:
        self.cutoffs = cutoffs
        self.path = path

    def __call__(self, model: Model, X: Any = None, Y: Any = None) -> Model:
        vocabulary: Vocabulary = model.attrs["vocabulary"]
        if not vocabulary and self.path is not None:
            vocabulary = Vocabulary.from_file(self.path, attr=vocabulary.attr)
            model.attrs["vocabulary"] = vocabulary
        if not vocabulary:
            raise ValueError(Errors.R007)
        shim = get_shim(model)
        cutoffs = self._choose(vocabulary)
        settings = NetworkSettings(len(vocabulary), **shim.settings, cutoffs=tuple(cutoffs))
        shim.set_network(RNNLanguageModel(settings, vocabulary.counts))
        return model

    def _choose(self, vocabulary: Vocabulary) -> list[int]:
        if self.cutoffs is None:
            return []
        if isinstance(self.cutoffs, str):
            return choose_cutoffs(vocabulary.counts)
        if self.cutoffs and self.cutoffs[-1] >= len(vocabulary):
            raise ValueError(Errors.R018.format(cutoffs=self.cutoffs, words=len(vocabulary)))
        return self.cutoffs


def _forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list]]:
    sequences = sequences_from_docs(model, docs)
    network = model.layers[0]  # not by its ref: Model.copy() drops refs
    if not is_train:
        hidden = predict_sequences(model, sequences, Wanted(hidden=True)).hidden
        assert hidden is not None
        return without_starts(torch2xp(hidden), sequences.lengths), _no_backprop
    if not docs:
        return [], _no_backprop
    outputs, backprop_network = network(sequences, is_train=True)

    def backprop(d_hidden: list[Floats2d]) -> list:
        return backprop_network(Outputs(join_gradients(model, d_hidden), None))

    return without_starts(outputs.hidden, sequences.lengths), backprop


def join_gradients(model: Model, d_hidden: list[Floats2d]) -> Floats2d:
    """The inverse of `without_starts` for gradients: a zero row in front of each document."""
    zero = model.ops.alloc2f(1, model.get_dim("nO"))
    return model.ops.xp.concatenate([part for d in d_hidden for part in (zero, d)])


def _no_backprop(d_hidden: list[Floats2d]) -> list:
    return []


def _convert_inputs(
    model: Model, sequences: Sequences, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], list]]:
    shim = get_shim(model)
    device = shim.device
    ids = torch.from_numpy(sequences.ids).to(device)
    targets = torch.from_numpy(sequences.targets).to(device) if sequences.wanted.log_probs else None
    kwargs: dict[str, Any] = {}
    if is_train:
        kwargs["dropout"] = float(model.attrs["dropout_rate"])
        kwargs["dtype"] = resolve_precision(shim.precision, device)
        kwargs["state"] = sequences.state
        kwargs["final_state"] = sequences.wanted.final_state
    return ArgsKwargs(args=(ids, sequences.lengths, targets), kwargs=kwargs), _no_input_gradient


def _no_input_gradient(d_inputs: Any) -> list:
    return []


def _convert_outputs(
    model: Model, inputs_outputs: tuple[Sequences, Any], is_train: bool
) -> tuple[Outputs, Callable[[Outputs], ArgsKwargs]]:
    _, (hidden, log_probs, state) = inputs_outputs
    given = None if log_probs is None else cast(Floats1d, torch2xp(log_probs.detach()))
    outputs = Outputs(cast(Floats2d, torch2xp(hidden.detach())), given, state)

    def convert_gradients(d_outputs: Outputs) -> ArgsKwargs:
        """Only what has a gradient is named, so that one backward pass serves either or both."""
        tensors, grads = [], []
        for tensor, grad in ((hidden, d_outputs.hidden), (log_probs, d_outputs.log_probs)):
            if tensor is not None and grad is not None:
                tensors.append(tensor)
                grads.append(xp2torch(grad, device=tensor.device))
        return ArgsKwargs(args=(tuple(tensors),), kwargs={"grad_tensors": tuple(grads)})

    return outputs, convert_gradients


def _validate(
    cell: str,
    precision: str,
    tied: bool,
    width: int,
    embedding_width: int,
    depth: int,
    cutoffs: str | list[int] | None,
) -> None:
    if cell not in CELLS:
        raise ValueError(Errors.R008.format(option="cell", value=cell, known=", ".join(CELLS)))
    _check_precision("precision", precision)
    for name, size in (("width", width), ("embedding_width", embedding_width), ("depth", depth)):
        if size < 1:
            raise ValueError(Errors.R009.format(option=name, least=1, value=size))
    if tied and width != embedding_width:
        raise ValueError(Errors.R017.format(width=width, embedding_width=embedding_width))
    if isinstance(cutoffs, str) and cutoffs != "auto":
        known = "auto, null, or a list of rows"
        raise ValueError(Errors.R008.format(option="cutoffs", value=cutoffs, known=known))
    if isinstance(cutoffs, list) and (
        min(cutoffs, default=2) < 2 or cutoffs != sorted(set(cutoffs))
    ):
        raise ValueError(Errors.R018.format(cutoffs=cutoffs, words="?"))


def _check_precision(option: str, value: str) -> None:
    if value not in PRECISIONS:
        known = ", ".join(PRECISIONS)
        raise ValueError(Errors.R008.format(option=option, value=value, known=known))


@serialize_attr.register(Vocabulary)
def _serialize_vocabulary(_: Any, value: Vocabulary, name: str, model: Model) -> bytes:
    return value.to_bytes()


@deserialize_attr.register(Vocabulary)
def _deserialize_vocabulary(_: Any, value: bytes, name: str, model: Model) -> Vocabulary:
    return Vocabulary.from_bytes(value)
