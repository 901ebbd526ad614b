"""Between thinc and the network: readings in, hidden states and log-probabilities out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import torch
from thinc.api import Model
from thinc.types import ArgsKwargs, Floats1d, Floats2d
from thinc.util import get_array_module, torch2xp, xp2torch
from torch import Tensor

from ..network.inference import Prediction, Wanted, predict
from ..network.precision import resolve_precision
from ..network.recurrent import State
from ..vocabulary import UNKNOWN_ROW
from .open_vocabulary import spelling_positions
from .sequences import Sequences, states_order, targets_order
from .shim import get_shim
from .skipping import gradients_from_docs, states_to_docs
from .word_inputs import Words


@dataclass
class Outputs:
    """The training pass of one reading, or gradients of it, in the order of reading: hidden states
    (positions, width), log-probabilities (positions,), the state after each sequence and what each
    layer read where they were wanted."""

    hidden: Floats2d | None
    log_probs: Floats1d | None
    state: State | None = None
    lower: list[Floats2d] = field(default_factory=list)


def predict_sequences(
    model: Model,
    readings: list[Sequences],
    wanted: Wanted,
    *,
    chains: Sequence[int] | None = None,
) -> list[Prediction]:
    """Compute what is wanted, without gradients; see `inference.predict`. Where log-probabilities
    are, the states are kept in which words are predicted that are spelled in their context.

    chains (Optional[Sequence[int]]): How many of the documents, in turn, are read from left to
        right without forgetting what came before, `</s>` between them; None if each begins anew. No
        final states then.
    RETURNS (List[Prediction]): One for each reading, in the order of the text: position 0 of a
        document is after `</s>`, position i after token i of those that are read, whichever way.
    """
    shim = get_shim(model)
    network = shim.network
    with torch.no_grad():
        words = readings[0].words if readings else None
        table = None if words is None else network.word_vectors(*to_torch(words, shim.device))
    result = []
    for reading in readings:
        lengths = reading.lengths
        if chains is not None and not reading.reverse:
            # one sequence: each document's </s> is read after the last token of the one before
            lengths = np.add.reduceat(lengths, np.cumsum([0, *chains[:-1]]))
        kept = spelling_positions(model, reading) if wanted.log_probs else None
        asked = wanted if kept is wanted.kept else replace(wanted, kept=kept)
        made = predict(
            network,
            reading.ids,
            lengths,
            reading.targets,
            asked,
            exclude=UNKNOWN_ROW,
            words=table,
            reverse=reading.reverse,
            dtype=resolve_precision(shim.prediction_precision, shim.device),
        )
        result.append(_in_text_order(made, reading.lengths) if reading.reverse else made)
    return result


def _in_text_order(prediction: Prediction, lengths: np.ndarray) -> Prediction:
    after = torch.from_numpy(states_order(lengths))

    def by_states(rows: Tensor | None) -> Tensor | None:
        return None if rows is None else rows.index_select(0, after.to(rows.device))

    made = replace(
        prediction,
        hidden=by_states(prediction.hidden),
        top_log_probs=by_states(prediction.top_log_probs),
        top_rows=by_states(prediction.top_rows),
        lower=[below.index_select(0, after.to(below.device)) for below in prediction.lower],
    )
    if prediction.log_probs is None and not prediction.measures:
        return made
    predicted = torch.from_numpy(targets_order(lengths))

    def by_targets(rows: Tensor) -> Tensor:
        return rows.index_select(0, predicted.to(rows.device))

    if prediction.log_probs is not None:
        made.log_probs = by_targets(prediction.log_probs)
    made.measures = {name: by_targets(rows) for name, rows in prediction.measures.items()}
    return made


def joint_hidden(predictions: list[Prediction]) -> Tensor | None:
    """RETURNS (Optional[Tensor]): (positions, nO), the hidden states of all directions side by
    side; None if they weren't wanted.

    predictions (List[Prediction]): With a row for every position of the Docs: see `to_docs`.
    """
    parts = [made.hidden for made in predictions if made.hidden is not None]
    if len(parts) < 2:
        return parts[0] if parts else None
    return torch.cat(parts, dim=1)


def joint_layers(predictions: list[Prediction]) -> list[Tensor]:
    """RETURNS (List[Tensor]): For each layer (positions, width), what it reads in all directions,
    side by side; none if they weren't wanted.

    predictions (List[Prediction]): See `joint_hidden`.
    """
    parts = zip(*(made.lower for made in predictions), strict=True)
    return [part[0] if len(part) < 2 else torch.cat(part, dim=1) for part in parts]


def side_by_side(readings: Sequence[Sequences], hidden: Sequence[Any]) -> Any:
    """Join arrays (positions, width) of readings, in their orders, to (positions, nO) in the order
    of the text, a row for every position of the Docs. Arrays of numpy or CuPy."""
    pairs = zip(readings, hidden, strict=True)
    parts = [states_to_docs(reading, _between_orders(reading, array)) for reading, array in pairs]
    return parts[0] if len(parts) == 1 else get_array_module(parts[0]).concatenate(parts, axis=1)


def one_by_one(readings: Sequence[Sequences], joint: Any) -> list[Any]:
    """The backward pass of `side_by_side`, for gradients; its inverse where nothing is skipped."""
    width = joint.shape[1] // len(readings)
    parts = [joint[:, i * width : (i + 1) * width] for i in range(len(readings))]
    return [
        _between_orders(reading, gradients_from_docs(reading, part))
        for reading, part in zip(readings, parts, strict=True)
    ]


def _between_orders(reading: Sequences, array: Any) -> Any:
    """From the order of reading to that of the text, or back: the same permutation."""
    if not reading.reverse:
        return array
    return array[get_array_module(array).asarray(states_order(reading.lengths))]


def without_starts(hidden: Any, lengths: np.ndarray) -> list[Floats2d]:
    """Cut (positions, nO) into one array for each document, without the state after `</s>`.

    lengths (ndarray): int64 (documents,), positions of each Doc.
    """
    stops = np.cumsum(lengths).tolist()
    starts = (np.cumsum(lengths) - lengths).tolist()
    return [hidden[a + 1 : b] for a, b in zip(starts, stops, strict=True)]


def with_starts(model: Model, d_hidden: Sequence[Any]) -> Floats2d:
    """The inverse of `without_starts` for gradients: a zero row in front of each document."""
    zero = model.ops.alloc2f(1, d_hidden[0].shape[1])
    return model.ops.xp.concatenate([part for d in d_hidden for part in (zero, d)])


def convert_inputs(
    model: Model, readings: list[Sequences], is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], list]]:
    """The wrapper's hook: numpy arrays become tensors on the network's device."""
    shim = get_shim(model)
    device = shim.device
    dropout = float(model.attrs["dropout_rate"])
    calls = []
    for reading in readings:
        targets = None
        if reading.wanted.log_probs:
            targets = torch.from_numpy(reading.targets).to(device)
        call: dict[str, Any] = {
            "ids": torch.from_numpy(reading.ids).to(device),
            "lengths": reading.lengths,
            "targets": targets,
            "reverse": reading.reverse,
            "state": reading.state,
            "final_state": reading.wanted.final_state,
            "lower": [] if reading.wanted.layers else None,
        }
        if is_train:
            call["dropout"] = dropout
            call["dtype"] = resolve_precision(shim.precision, device)
        calls.append(call)
    words = readings[0].words if readings else None
    if words is not None and is_train and dropout:
        words = words.some_unknown()
    table = None if words is None else to_torch(words, device)
    return ArgsKwargs(args=(calls, table), kwargs={}), _no_input_gradient


def to_torch(words: Words, device: torch.device) -> tuple[Tensor, Tensor]:
    """RETURNS (Tuple[Tensor, Tensor]): Rows and features of words on a device."""
    rows, features = torch.from_numpy(words.rows), torch.from_numpy(words.features)
    return rows.to(device), features.to(device)


def _no_input_gradient(d_inputs: Any) -> list:
    return []


def convert_outputs(
    model: Model, inputs_outputs: tuple[list[Sequences], list[Any]], is_train: bool
) -> tuple[list[Outputs], Callable[[list[Outputs]], ArgsKwargs]]:
    """The wrapper's hook: tensors become arrays, and gradients go the other way."""
    _, made = inputs_outputs
    result = []
    for hidden, log_probs, state, lower in made:
        given = None if log_probs is None else cast(Floats1d, torch2xp(log_probs.detach()))
        below = [cast(Floats2d, torch2xp(part.detach())) for part in lower]
        result.append(Outputs(cast(Floats2d, torch2xp(hidden.detach())), given, state, below))

    def convert_gradients(d_outputs: list[Outputs]) -> ArgsKwargs:
        """Only what has a gradient is named, so that one backward pass serves all."""
        tensors, grads = [], []
        for (hidden, log_probs, _, lower), d in zip(made, d_outputs, strict=True):
            below = zip(lower, d.lower, strict=True) if d.lower else ()
            for tensor, grad in ((hidden, d.hidden), (log_probs, d.log_probs), *below):
                if tensor is not None and grad is not None and tensor.requires_grad:
                    tensors.append(tensor)
                    grads.append(xp2torch(grad, device=tensor.device))
        return ArgsKwargs(args=(tuple(tensors),), kwargs={"grad_tensors": tuple(grads)})

    return result, convert_gradients
