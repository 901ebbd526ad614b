"""The objective "spacy-rnn.PretrainNextToken.v1" of `spacy pretrain`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Model, Ops, Optimizer, Shim
from thinc.types import Floats1d

from ..config_errors import checks_settings
from ..errors import Errors
from ..network.inference import Wanted
from ..vocabulary import Vocabulary
from .network_outputs import Outputs
from .sequences import sequences_from_docs


@registry.architectures("spacy-rnn.PretrainNextToken.v1")
@checks_settings
def create_pretrain_next_token() -> Callable[[Vocab, Model], Model]:
    """Train a tok2vec as a language model: to predict each next token, and from right to left each
    previous one, if it reads in that direction.

    [pretraining] component and layer name a "spacy-rnn.RNNTok2Vec.v1" or an `rnn_lm`. What is saved
    is that layer with its softmax; [initialize] init_tok2vec loads it. The learning rate's schedule
    moves at every step, which `spacy pretrain` leaves out.

    RETURNS (Callable[[Vocab, Model], Model]): Makes the model that `spacy pretrain` trains.
    RAISES (ValueError): By that function, for a layer without a language model.
    """
    return _create_objective


def _create_objective(vocab: Vocab, tok2vec: Model) -> Model:
    if not isinstance(tok2vec.attrs.get("vocabulary"), Vocabulary):
        raise ValueError(Errors.R022.format(layer=tok2vec.name))
    model: Model = Model(
        "pretrain_next_token",
        _forward,
        init=_initialize,
        layers=[tok2vec],
        refs={"tok2vec": tok2vec},
        attrs={"loss": next_token_loss},
        shims=[_ScheduleShim(None)],
    )
    return model


def next_token_loss(ops: Ops, docs: list[Doc], log_probs: Floats1d) -> tuple[float, Floats1d]:
    """log_probs (Floats1d): float32, natural log p of every symbol that the Docs predict.
    RETURNS (Tuple[float, Floats1d]): The negative log-likelihood in nats, and the gradient of its
        mean; the model scales it for each direction, whose means are added.
    """
    count = len(log_probs)
    gradient = ops.alloc1f(count) + ops.xp.float32(-1.0 / max(1, count))
    loss = -float(ops.xp.sum(log_probs))
    if not np.isfinite(loss):
        raise ValueError(Errors.R023.format(loss=loss))
    return loss, gradient


def _initialize(model: Model, X: Any = None, Y: Any = None) -> Model:
    # the layer is there already: spaCy initializes it, or loads it to resume
    return model


def _forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[Floats1d, Callable[[Floats1d], list]]:
    shim = model.shims[0]
    if is_train and isinstance(shim, _ScheduleShim):
        shim.step_schedules()
    tok2vec = model.layers[0]
    readings = [r.only_scored() for r in sequences_from_docs(tok2vec, docs)]
    for reading in readings:
        reading.wanted = Wanted(log_probs=True)
    outputs, backprop_network = tok2vec.layers[0](readings, is_train)
    given: list[Any] = [output.log_probs for output in outputs]

    def backprop(d_log_probs: Floats1d) -> list:
        parts, start = [], 0
        for part in given:
            gradient = d_log_probs[start : start + len(part)]
            # of the mean over this direction's symbols alone
            parts.append(Outputs(None, gradient * (len(d_log_probs) / max(1, len(part)))))
            start += len(part)
        return backprop_network(parts)

    return model.ops.xp.concatenate(given), backprop


class _ScheduleShim(Shim):
    """No weights: moves the schedules of the optimizer that made the last step."""

    _last: Optimizer | None = None

    def finish_update(self, optimizer: Optimizer) -> None:
        self._last = optimizer

    def step_schedules(self) -> None:
        if self._last is not None:
            self._last.step_schedules()
            self._last = None

    def to_device(self, device_type: str, device_id: int) -> None:
        pass

    def to_bytes(self) -> bytes:
        return b""

    def from_bytes(self, bytes_data: bytes) -> _ScheduleShim:
        return self
