"""From a batch's prediction to one `LMOutput` for each Doc."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
from spacy.tokens import Doc
from thinc.types import Floats2d
from thinc.util import torch2xp
from torch import Tensor

from ..layers.network_outputs import joint_hidden, joint_layers
from ..network.inference import Prediction, Wanted
from ..network.measures import NETWORK_MEASURES
from ..vocabulary import UNKNOWN_ROW
from ..vocabulary.token_forms import TokenForms
from .extensions import get_output, token_identities
from .output import LMOutput, NextWords

ANNOTATIONS = (
    "hidden",
    "log_probs",
    "next",
    "final_state",
    "tensor",
    "layers",
    *NETWORK_MEASURES,
)


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
        hidden=not {"hidden", "tensor", "layers"}.isdisjoint(annotations),
        layers="layers" in annotations,
        log_probs="log_probs" in annotations,
        top_k=top_k if "next" in annotations else 0,
        final_state="final_state" in annotations,
        measures=[name for name in NETWORK_MEASURES if name in annotations],
    )


def split_predictions(
    docs: Sequence[Doc],
    lengths: np.ndarray,
    predictions: Sequence[Prediction],
    words: list[str],
    annotations: Collection[str],
    spelling: Sequence[np.ndarray] | None = None,
) -> list[DocAnnotations]:
    """Cut a batch's arrays at the documents' borders.

    docs (Sequence[Doc]): The documents, in the order of the arrays.
    lengths (ndarray): int64 (documents,), positions of each: its tokens and one.
    predictions (Sequence[Prediction]): One for each direction, with a row for every position, in
        the order of the text; position 0 of a document is after `</s>`. See `skipping.to_docs`.
    words (List[str]): The vocabulary by row.
    annotations (Collection[str]): What to keep.
    spelling (Optional[Sequence[ndarray]]): For each direction float32 (tokens,), log p(spelling) of
        unknown words, 0 for others.
    RETURNS (List[DocAnnotations]): One for each Doc. Arrays are copies, so that keeping one Doc
        doesn't keep the batch.
    """
    own = [None] * len(predictions) if spelling is None else spelling
    pairs = zip(predictions, own, strict=True)
    identities = [token_identities(doc) for doc in docs]
    result, *others = (_split(identities, lengths, made, words, part) for made, part in pairs)
    for backward in others:
        for made, other in zip(result, backward, strict=True):
            made.output.backward = other.output
    _add_hidden(result, lengths, joint_hidden(list(predictions)), annotations)
    _add_layers(result, lengths, joint_layers(list(predictions)))
    return result


def annotate_states(
    doc: Doc, states: np.ndarray, directions: Sequence[bool], annotations: Collection[str]
) -> DocAnnotations:
    """What `split_predictions` and `set_directions` make of one Doc, of which nothing is wanted but
    hidden states.

    states (ndarray): float32 (tokens, nO), after each token.
    directions (Sequence[bool]): For each direction, whether it reads from right to left.
    annotations (Collection[str]): What to keep.
    """
    offsets, word_hashes = token_identities(doc)
    output = LMOutput(offsets, word_hashes=word_hashes, reverse=directions[0])
    for reverse in directions[1:]:
        output.backward = LMOutput(offsets.copy(), word_hashes=word_hashes.copy(), reverse=reverse)
    made = DocAnnotations(output, None)
    if "hidden" in annotations:
        output.hidden = states
    if "tensor" in annotations:
        # not the output's array: who changes one of them doesn't mean the other
        made.tensor = cast(Floats2d, states.copy() if "hidden" in annotations else states)
    return made


def set_directions(made: Sequence[DocAnnotations], directions: Sequence[bool]) -> None:
    """Say of each output which way it was read."""
    for doc in made:
        doc.output.reverse = directions[0]
        if doc.output.backward is not None:
            doc.output.backward.reverse = directions[1]


def set_skipped(made: Sequence[DocAnnotations], tokens: TokenForms) -> None:
    """Say of each output which tokens were not read, if there are any."""
    if tokens.read is None:
        return
    parts = np.split(~tokens.read, np.cumsum(tokens.tokens)[:-1])
    for doc, skipped in zip(made, parts, strict=True):
        if not skipped.any():
            continue
        doc.output.skipped = skipped.copy()
        if doc.output.backward is not None:
            doc.output.backward.skipped = doc.output.skipped


def set_unknown(made: Sequence[DocAnnotations], tokens: TokenForms, rows: np.ndarray) -> None:
    """Say of each output with log-probabilities which tokens the vocabulary doesn't have.

    rows (ndarray): int64 (n,), of the tokens that are read.
    """
    flags = tokens.spread(rows == UNKNOWN_ROW, fill=False)
    for doc, unknown in zip(made, np.split(flags, np.cumsum(tokens.tokens)[:-1]), strict=True):
        for output in (doc.output, doc.output.backward):
            if output is not None and output.log_probs is not None:
                output.unknown = unknown.copy()


def add_cached(made: Sequence[DocAnnotations], lengths: np.ndarray, log_probs: np.ndarray) -> None:
    """Add what a neural cache says: where unknown words are spelled, they are so here too.

    log_probs (ndarray): float32 (positions,), natural log p.
    """
    stop = 0
    for doc, length in zip(made, lengths.tolist(), strict=True):
        start, stop = stop, stop + length
        doc.output.cache_log_probs = log_probs[start : stop - 1].copy()
        doc.output.cache_end_log_prob = float(log_probs[stop - 1])


def _add_hidden(
    result: list[DocAnnotations],
    lengths: np.ndarray,
    hidden: Tensor | None,
    annotations: Collection[str],
) -> None:
    if hidden is None:
        return
    on_device: Any = torch2xp(hidden)
    kept = "hidden" in annotations or "layers" in annotations
    on_cpu = _to_numpy(hidden) if kept else None
    stop = 0
    for made, length in zip(result, lengths.tolist(), strict=True):
        start, stop = stop, stop + length
        if "tensor" in annotations:
            made.tensor = on_device[start + 1 : stop].copy()
        if on_cpu is not None:
            # not doc.tensor's array: who changes one of them doesn't mean the other
            made.output.hidden = on_cpu[start + 1 : stop].copy()


def _add_layers(result: list[DocAnnotations], lengths: np.ndarray, lower: list[Tensor]) -> None:
    stops = np.cumsum(lengths).tolist()
    for part in map(_to_numpy, lower):
        assert part is not None
        for made, length, stop in zip(result, lengths.tolist(), stops, strict=True):
            made.output.lower_layers = made.output.lower_layers or []
            made.output.lower_layers.append(part[stop - length + 1 : stop].copy())


def _split(
    identities: Sequence[tuple[np.ndarray, np.ndarray]],
    lengths: np.ndarray,
    prediction: Prediction,
    words: list[str],
    spelling: np.ndarray | None,
) -> list[DocAnnotations]:
    """Everything but the hidden states, of one direction."""
    log_probs = _to_numpy(prediction.log_probs)
    measures = {name: _to_numpy(values) for name, values in prediction.measures.items()}
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
    for number, (own, length) in enumerate(zip(identities, lengths.tolist(), strict=True)):
        start, stop = stop, stop + length
        offsets, word_hashes = own
        output = LMOutput(offsets.copy(), word_hashes=word_hashes.copy())
        if log_probs is not None:
            output.log_probs = log_probs[start : stop - 1].copy()
            output.end_log_prob = float(log_probs[stop - 1])
            if spelling is not None:
                # a document has a position more than it has tokens
                output.spelling = spelling[start - number : stop - number - 1].copy()
                output.closed_log_probs = output.log_probs
                output.log_probs = output.log_probs + output.spelling
        for name, values in measures.items():
            assert values is not None
            output.set_measure(name, NETWORK_MEASURES[name].in_units(values[start:stop]))
        if rows is not None and probabilities is not None:
            table = rows[start:stop].copy()
            output.next_words = NextWords(words, table, probabilities[start:stop].copy())
        if state_h is not None:
            output.final_state = {"h": state_h[:, number].copy()}
            if state_c is not None:
                output.final_state["c"] = state_c[:, number].copy()
        result.append(DocAnnotations(output, None))
    return result


class StoredPredictions(NamedTuple):
    """What scoring needs of a batch: of the tokens that are read, and of one position more for each
    document.

    log_probs (ndarray): float32 (positions,), of what came; an unknown word is `<unk>`.
    first (ndarray): int (positions,), the row of the first word of the list.
    spelling (Optional[ndarray]): float32 (tokens,), log p(spelling) of unknown words.
    """

    log_probs: np.ndarray
    first: np.ndarray
    spelling: np.ndarray | None


def stored_predictions(
    docs: Sequence[Doc], name: str, words: list[str], direction: int = 0, *, spelled: bool = False
) -> StoredPredictions | None:
    """What scoring needs, from the outputs that Docs hold already.

    docs (Sequence[Doc]): The documents.
    name (str): The component's name.
    words (List[str]): Its vocabulary by row.
    direction (int): 0 for its only or forward direction, 1 for the backward one beside that.
    spelled (bool): Whether the component has a speller.
    RETURNS (Optional[StoredPredictions]): None if a Doc doesn't hold all of it.
    """
    log_probs: list[np.ndarray] = []
    spelling: list[np.ndarray] = []
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
        if (output.spelling is not None) != spelled:
            return None
        closed = output.log_probs
        if output.spelling is not None and output.closed_log_probs is not None:
            closed = output.closed_log_probs
            spelling.append(output.spelling[output.read])
        best = output.next_words.index[:, 0]
        if output.skipped is not None:
            closed, best = closed[output.read], best[np.append(True, output.read)]
        log_probs.append(np.append(closed, np.float32(output.end_log_prob)))
        first.append(best)
    joined = np.concatenate(spelling) if spelling else None
    return StoredPredictions(np.concatenate(log_probs), np.concatenate(first), joined)


def _to_numpy(tensor: Tensor | None) -> np.ndarray | None:
    return None if tensor is None else tensor.cpu().numpy()
