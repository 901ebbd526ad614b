"""From a batch's prediction to one `LMOutput` for each Doc."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.attrs import IDX
from spacy.tokens import Doc
from thinc.types import Floats2d
from thinc.util import torch2xp
from torch import Tensor

from ..layers.outputs import joint_hidden
from ..network.inference import Prediction, Wanted
from .extensions import get_output
from .output import LMOutput, NextWords

ANNOTATIONS = ("hidden", "log_probs", "next", "final_state", "tensor")


@dataclass
class DocAnnotations:
    """What `set_annotations` writes onto one Doc.

    output (LMOutput): For `doc._.<name>`.
    tensor (Optional[Floats2d]): For `doc.tensor`, on the ops' device.
    """

    output: LMOutput
    tensor: Floats2d | None


def wanted_for(annotations: Collection[str], top_k: int) -> Wanted:
    """RETURNS (Wanted): What the network has to compute for these annotations, and no more."""
    return Wanted(
        hidden="hidden" in annotations or "tensor" in annotations,
        log_probs="log_probs" in annotations,
        top_k=top_k if "next" in annotations else 0,
        final_state="final_state" in annotations,
    )


def split_predictions(
    docs: Sequence[Doc],
    lengths: np.ndarray,
    predictions: Sequence[Prediction],
    words: list[str],
    annotations: Collection[str],
) -> list[DocAnnotations]:
    """Cut a batch's arrays at the documents' borders.

    docs (Sequence[Doc]): The documents, in the order of the arrays.
    lengths (ndarray): int64 (documents,), positions of each: its tokens and one.
    predictions (Sequence[Prediction]): The network's, one for each direction, in the order of the
        text; position 0 of a document is after `</s>`.
    words (List[str]): The vocabulary by row.
    annotations (Collection[str]): What to keep.
    RETURNS (List[DocAnnotations]): One for each Doc. Arrays are copies, so that keeping one Doc
        doesn't keep the batch.
    """
    result = _split(docs, lengths, predictions[0], words)
    if len(predictions) > 1:
        backward = _split(docs, lengths, predictions[1], words)
        for made, other in zip(result, backward, strict=True):
            made.output.backward = other.output
    _add_hidden(result, lengths, joint_hidden(list(predictions)), annotations)
    return result


def _add_hidden(
    result: list[DocAnnotations],
    lengths: np.ndarray,
    hidden: Tensor | None,
    annotations: Collection[str],
) -> None:
    if hidden is None:
        return
    on_device: Any = torch2xp(hidden)
    on_cpu = _to_numpy(hidden) if "hidden" in annotations else None
    stop = 0
    for made, length in zip(result, lengths.tolist(), strict=True):
        start, stop = stop, stop + length
        if "tensor" in annotations:
            made.tensor = on_device[start + 1 : stop].copy()
        if on_cpu is not None:
            # on the CPU, doc.tensor and the output share one array
            shared = isinstance(made.tensor, np.ndarray)
            made.output.hidden = made.tensor if shared else on_cpu[start + 1 : stop].copy()  # type: ignore[assignment]


def _split(
    docs: Sequence[Doc], lengths: np.ndarray, prediction: Prediction, words: list[str]
) -> list[DocAnnotations]:
    """Everything but the hidden states, of one direction."""
    log_probs = _to_numpy(prediction.log_probs)
    rows = _to_numpy(prediction.top_rows)
    probabilities = None
    if prediction.top_log_probs is not None:
        probabilities = _to_numpy(prediction.top_log_probs.exp())
        assert rows is not None
        rows = rows.astype(np.int32)
    state_h = _to_numpy(prediction.state.h) if prediction.state else None
    state_c = _to_numpy(prediction.state.c) if prediction.state else None
    result = []
    stop = 0
    for number, (doc, length) in enumerate(zip(docs, lengths.tolist(), strict=True)):
        start, stop = stop, stop + length
        output = LMOutput(doc.to_array(IDX).astype(np.int32))
        if log_probs is not None:
            output.log_probs = log_probs[start : stop - 1].copy()
            output.end_log_prob = float(log_probs[stop - 1])
        if rows is not None and probabilities is not None:
            table = rows[start:stop].copy()
            output.next_words = NextWords(words, table, probabilities[start:stop].copy())
        if state_h is not None:
            output.final_state = {"h": state_h[:, number].copy()}
            if state_c is not None:
                output.final_state["c"] = state_c[:, number].copy()
        result.append(DocAnnotations(output, None))
    return result


def kept_predictions(
    docs: Sequence[Doc], name: str, words: list[str], direction: int = 0
) -> tuple[np.ndarray, np.ndarray] | None:
    """What scoring needs, from the outputs that Docs hold already.

    docs (Sequence[Doc]): The documents.
    name (str): The component's name.
    words (List[str]): Its vocabulary by row.
    direction (int): 0 for its only or forward direction, 1 for the backward one beside that.
    RETURNS (Optional[Tuple[ndarray, ndarray]]): For all positions the float32 log-probability of
        what came and the row of the first word of the list; None if a Doc doesn't hold both.
    """
    log_probs: list[np.ndarray] = []
    first: list[np.ndarray] = []
    for doc in docs:
        try:
            output = get_output(doc, name)
        except ValueError:  # retokenized since: numbers of other tokens
            return None
        if output is not None and direction:
            output = output.backward
        if output is None or output.log_probs is None or output.next_words is None:
            return None
        assert output.end_log_prob is not None  # kept together with log_probs
        # rows of another vocabulary, or of a table that was saved and loaded, mean other words
        if output.next_words.words is not words:
            return None
        log_probs.append(np.append(output.log_probs, np.float32(output.end_log_prob)))
        first.append(output.next_words.index[:, 0])
    return np.concatenate(log_probs), np.concatenate(first)


def _to_numpy(tensor: Tensor | None) -> np.ndarray | None:
    return None if tensor is None else tensor.cpu().numpy()
