"""Between Docs and the neural cache: each document looks back at itself only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from thinc.api import Model
from torch import Tensor

from ..network.cache import CacheSettings, cache_probabilities, mix
from ..network.inference import Prediction
from ..vocabulary import Vocabulary
from .sequences import Sequences


class Cached(NamedTuple):
    """Natural log p with the cache, of what is read of a batch, in the order of the text.

    closed (ndarray): float32 (positions,), `<unk>` is one word.
    opened (Optional[ndarray]): float32 (positions,), with a speller: unknown words are remembered
        as themselves, and spelled where they are new. The text `<unk>`, a missing word, has the
        probability of its class, as in `closed`.
    """

    closed: np.ndarray
    opened: np.ndarray | None


def predict_with_cache(
    model: Model,
    reading: Sequences,
    prediction: Prediction,
    spelling: np.ndarray | None,
    settings: CacheSettings,
) -> Cached:
    """Mix what the network predicted from left to right with the cache.

    model (Model): "spacy-rnn.RNNLM.v1".
    reading (Sequences): A batch, from left to right.
    prediction (Prediction): With hidden states and log-probabilities.
    spelling (Optional[ndarray]): float32 (tokens,), log p(spelling), 0 for known words;
        of tokens that are read.
    """
    assert prediction.hidden is not None and prediction.log_probs is not None
    hidden, log_probs = prediction.hidden, prediction.log_probs
    closed = _mix_all(reading, hidden, log_probs, reading.targets, settings)
    if spelling is None:
        return Cached(closed.cpu().numpy(), None)
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    body = np.ones(len(reading.targets), dtype=bool)
    body[np.cumsum(reading.lengths) - 1] = False
    # the forms tell words apart that have no rows; a document's end is like none of them
    symbols = np.full(len(body), -1, dtype=np.int64)
    symbols[body] = np.unique(reading.tokens.keys, return_inverse=True)[1].reshape(-1)
    added = np.zeros(len(body), dtype=np.float32)
    added[body] = spelling
    spelled = log_probs + torch.from_numpy(added).to(log_probs.device)
    opened = _mix_all(reading, hidden, spelled, symbols, settings)
    missing = np.zeros(len(body), dtype=bool)
    missing[body] = vocabulary.missing(reading.tokens.keys)
    where = torch.from_numpy(missing).to(opened.device)
    opened = torch.where(where, closed, opened)
    return Cached(closed.cpu().numpy(), opened.cpu().numpy())


def _mix_all(
    reading: Sequences,
    hidden: Tensor,
    log_probs: Tensor,
    symbols: np.ndarray,
    settings: CacheSettings,
) -> Tensor:
    result = torch.empty_like(log_probs)
    targets = torch.from_numpy(symbols).to(hidden.device)
    stop = 0
    for length in reading.lengths.tolist():
        part = slice(stop, stop + length)
        stop += length
        cached = cache_probabilities(hidden[part], targets[part], settings)
        result[part] = mix(log_probs[part], cached, settings)
    return result
