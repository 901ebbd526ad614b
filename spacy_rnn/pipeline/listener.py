"""The architecture "spacy-rnn.RNNListener.v1": vectors of one language model among several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.pipeline.tok2vec import forward as stock_forward
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from ..config_errors import checks_settings
from ..errors import Errors
from ..layers.layer_mixing import MIXING_PARAMETERS, mix_layers
from .extensions import get_output


@registry.architectures("spacy-rnn.RNNListener.v1")
@checks_settings
def create_rnn_listener(
    width: int, upstream: str = "rnn_lm", mixing: bool = False
) -> Model[list[Doc], list[Floats2d]]:
    """Build a layer that passes the vectors of one `rnn_lm` on, and gradients back to it.

    In training it is spaCy's `Tok2VecListener`. At prediction it reads `doc._.<upstream>.hidden`
    instead of `doc.tensor`, which several components may write.

    width (int): Of the vectors: `width` of the language model, twice that for both directions.
    upstream (str): The name of the component that is listened to.
    mixing (bool): Whether to pass on a learned mixture of the embedding and the states of all
        layers, instead of the states of the last one; see `layers/layer_mixing.py`.
    RETURNS (Model[List[Doc], List[Floats2d]]): Float32 (n_tokens, width) for each Doc.
    RAISES (ValueError): For the upstream "*". At prediction, if the upstream didn't run or has
        another width, or other layers than those that it has learned to mix.
    """
    if upstream == "*":
        raise ValueError(Errors.R321)
    return RNNListener(upstream, width, mixing)


class RNNListener(Tok2VecListener):
    """See `create_rnn_listener`."""

    name = "rnn-listener"

    def __init__(self, upstream_name: str, width: int, mixing: bool = False) -> None:
        super().__init__(upstream_name, width)
        self.mixing = mixing
        if mixing:
            for name in MIXING_PARAMETERS:
                self.set_param(name, None)
        self._func = _forward
        self.init = _initialize
        self.initializing = False


def _initialize(model: Any, X: Any = None, Y: Any = None) -> Any:
    # the layers around this one ask for its output to infer shapes, before any upstream ran
    model.initializing = X is not None
    return model


def _forward(
    model: Any, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[Any], list]]:
    if is_train and model._batch_id is not None:
        model.initializing = False
        given, backprop = stock_forward(model, docs, is_train)
        return _mix_layers(model, given, backprop) if model.mixing else (given, backprop)
    if is_train:
        model.initializing = False
    width = model.get_dim("nO")
    outputs: list[Any] = [get_output(doc, model.upstream_name) for doc in docs]
    if model.initializing and all(output is None for output in outputs):
        return [model.ops.alloc2f(len(doc), width) for doc in docs], _no_backprop
    model.initializing = False
    for output in outputs:
        _check_heard(model, output, width)
    if model.mixing:
        read: Any = [list(map(model.ops.asarray2f, output.layers)) for output in outputs]
        return _mix_layers(model, read, _no_backprop, learns=is_train)
    return [model.ops.asarray2f(output.hidden) for output in outputs], _no_backprop


def _check_heard(model: Any, output: Any, width: int) -> None:
    if model.mixing and output is not None and output.layers is None:
        raise ValueError(Errors.R921.format(name=model.upstream_name))
    if output is None or output.hidden is None:
        raise ValueError(Errors.R322.format(name=model.upstream_name))
    if output.hidden.shape[1] != width:
        found = output.hidden.shape[1]
        known = {"name": model.upstream_name, "width": width, "found": found}
        raise ValueError(Errors.R323.format(**known))


def _mix_layers(
    model: Any,
    docs: list[list[Floats2d]],
    backprop_docs: Callable[[Any], list],
    learns: bool = True,
) -> tuple[list[Floats2d], Callable[[Any], list]]:
    """docs (List[List[Floats2d]]): For each Doc (tokens, width) of each layer."""
    if not docs:
        return [], backprop_docs
    lengths = [len(layers[0]) for layers in docs]
    joint = [model.ops.flatten(list(parts)) for parts in zip(*docs, strict=True)]
    mixed, backprop_mixed = mix_layers(model, joint, learns=learns)

    def backprop(d_vectors: Any) -> list:
        d_layers = backprop_mixed(model.ops.flatten(list(d_vectors)))
        parts = [model.ops.unflatten(d_layer, lengths) for d_layer in d_layers]
        return backprop_docs([list(d_doc) for d_doc in zip(*parts, strict=True)])

    return model.ops.unflatten(mixed, lengths), backprop


def _no_backprop(d_vectors: Any) -> list:
    return []
