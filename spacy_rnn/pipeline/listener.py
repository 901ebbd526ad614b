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
from .extensions import get_output


@registry.architectures("spacy-rnn.RNNListener.v1")
@checks_settings
def create_rnn_listener(width: int, upstream: str = "rnn_lm") -> Model[list[Doc], list[Floats2d]]:
    """Build a layer that passes the vectors of one `rnn_lm` on, and gradients back to it.

    In training it is spaCy's `Tok2VecListener`. At prediction it reads `doc._.<upstream>.hidden`
    instead of `doc.tensor`, which several components may write.

    width (int): Of the vectors: `width` of the language model, twice that for both directions.
    upstream (str): The name of the component that is listened to.
    RETURNS (Model[List[Doc], List[Floats2d]]): Float32 (n_tokens, width) for each Doc.
    RAISES (ValueError): For the upstream "*". At prediction, if the upstream didn't run or has
        another width.
    """
    if upstream == "*":
        raise ValueError(Errors.R321)
    return RNNListener(upstream, width)


class RNNListener(Tok2VecListener):
    """See `create_rnn_listener`."""

    name = "rnn-listener"

    def __init__(self, upstream_name: str, width: int) -> None:
        super().__init__(upstream_name, width)
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
        return stock_forward(model, docs, is_train)
    if is_train:
        model.initializing = False
    width = model.get_dim("nO")
    return [_read_hidden(model, doc, width) for doc in docs], _no_backprop


def _read_hidden(model: Any, doc: Doc, width: int) -> Floats2d:
    output = get_output(doc, model.upstream_name)
    if output is None and model.initializing:
        return model.ops.alloc2f(len(doc), width)
    model.initializing = False
    if output is None or output.hidden is None:
        raise ValueError(Errors.R322.format(name=model.upstream_name))
    if output.hidden.shape[1] != width:
        found = output.hidden.shape[1]
        known = {"name": model.upstream_name, "width": width, "found": found}
        raise ValueError(Errors.R323.format(**known))
    return model.ops.asarray2f(output.hidden)


def _no_backprop(d_vectors: Any) -> list:
    return []
