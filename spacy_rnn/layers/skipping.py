"""From the tokens that are read to all tokens of the Docs, and back for gradients.

A model with `white_space = "skip"` doesn't read white space. Its log-probability is 0, and its
state and its next words are those of the token before it in the order of reading; before the first
token, those after `</s>`. Readings, predictions and spelling have no place for it: what leaves for
Docs goes through this module. For n tokens of a Doc there are n + 1 positions, in the order of the
text, the one after `</s>` first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from thinc.backends import get_array_ops
from thinc.util import get_array_module
from torch import Tensor

from ..network.inference import Prediction
from ..network.measures import NETWORK_MEASURES
from .sequences import Sequences


def doc_lengths(reading: Sequences) -> np.ndarray:
    """RETURNS (ndarray): int64 (documents,), positions of each Doc: its tokens and one."""
    return reading.tokens.tokens + 1


def to_docs(reading: Sequences, prediction: Prediction) -> Prediction:
    """Give the skipped tokens of Docs their numbers.

    prediction (Prediction): Of what is read, in the order of the text.
    RETURNS (Prediction): A row for every position of the Docs.
    """
    if reading.tokens.read is None:
        return prediction
    states, predicted = _state_places(reading), _predicted(reading)

    def repeated(rows: Tensor | None) -> Tensor | None:
        return None if rows is None else rows[torch.from_numpy(states).to(rows.device)]

    def filled(values: Tensor, fill: int) -> Tensor:
        result = values.new_full((len(predicted),), fill)
        result[torch.from_numpy(predicted).to(values.device)] = values
        return result

    return replace(
        prediction,
        hidden=repeated(prediction.hidden),
        lower=[below[torch.from_numpy(states).to(below.device)] for below in prediction.lower],
        top_log_probs=repeated(prediction.top_log_probs),
        top_rows=repeated(prediction.top_rows),
        log_probs=None if prediction.log_probs is None else filled(prediction.log_probs, 0),
        measures={
            name: filled(values, NETWORK_MEASURES[name].skipped)
            for name, values in prediction.measures.items()
        },
    )


def predictions_to_docs(reading: Sequences, values: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): (positions,), for every position of the Docs the log-probability of what
    came: 0 where that was skipped.

    values (ndarray): Those of what is read, in the order of the text.
    """
    if reading.tokens.read is None:
        return values
    predicted = _predicted(reading)
    result = np.zeros(len(predicted), dtype=values.dtype)
    result[predicted] = values
    return result


def states_to_docs(reading: Sequences, hidden: Any) -> Any:
    """RETURNS (Array): (positions, width), the states after every position of the Docs.

    hidden (Array): Those of what is read, in the order of the text; of numpy or CuPy.
    """
    if reading.tokens.read is None:
        return hidden
    return hidden[get_array_module(hidden).asarray(_state_places(reading))]


def gradients_from_docs(reading: Sequences, d_hidden: Any) -> Any:
    """The backward pass of `states_to_docs`: a skipped token's gradient is added to that of the
    token whose state it has."""
    if reading.tokens.read is None:
        return d_hidden
    ops: Any = get_array_ops(d_hidden)
    result = ops.alloc2f(len(reading.ids), d_hidden.shape[1])
    ops.scatter_add(result, ops.xp.asarray(_state_places(reading), dtype="int32"), d_hidden)
    return result


def _predicted(reading: Sequences) -> np.ndarray:
    """RETURNS (ndarray): bool (positions,), False where a skipped token came next."""
    predicted = np.ones(int(doc_lengths(reading).sum()), dtype=bool)
    predicted[np.flatnonzero(_bodies(doc_lengths(reading))) - 1] = reading.tokens.read
    return predicted


def _bodies(lengths: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): bool (positions,), False for the first position of each Doc."""
    body = np.ones(int(lengths.sum()), dtype=bool)
    body[np.cumsum(lengths) - lengths] = False
    return body


def _state_places(reading: Sequences) -> np.ndarray:
    """RETURNS (ndarray): int64 (positions,), the position that was read whose state each has."""
    kept = np.ones(int(doc_lengths(reading).sum()), dtype=bool)
    kept[_bodies(doc_lengths(reading))] = reading.tokens.read
    seen = np.cumsum(kept)
    if not reading.reverse:
        return seen - 1
    starts = np.cumsum(reading.lengths) - reading.lengths
    first = np.repeat(starts, doc_lengths(reading))
    stop = np.repeat(starts + reading.lengths, doc_lengths(reading))
    # a skipped token has the state after the next one that is read; the last ones, that of `</s>`
    return np.where(kept, seen - 1, np.where(seen < stop, seen, first))
