"""One document, step by step, with everything that the network computes on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..network.forks import no_fork_meanwhile
from ..network.gates import LayerSteps, trace_stack
from ..network.language_model import RNNLanguageModel
from ..network.rank import rank
from ..network.softmax import FullSoftmax, SoftmaxHead
from ..vocabulary import UNKNOWN_ROW
from .open_vocabulary import spell_tokens, spelling_positions
from .sequences import Sequences, sequences_from_docs
from .shim import get_shim

# The place of a document's edge, which is no token.
NO_TOKEN = -1


@dataclass
class TracedSteps:
    """What the network did at every position of one document, in the order of reading.

    rows, targets (ndarray): int64 (steps,), the rows of what was read and of what came next.
    places, next_places (ndarray): int64 (steps,), the tokens that these are; −1 for no token.
    embedding (ndarray): float32 (steps, embedding_width), the row of the embedding table.
    subwords (Optional[ndarray]): float32 (steps, embedding_width), what the spelling adds to it.
    layers (List[LayerSteps]): On the CPU.
    top_rows, top_log_probs (ndarray): int64 and float32 (steps, k).
    top_logits (Optional[ndarray]): float32 (steps, k), of a full softmax.
    log_probs (ndarray): float32 (steps,), of what came; spelled if it is unknown.
    ranks (ndarray): int64 (steps,), of what came, from 1; −1 if it is in no list.
    """

    rows: np.ndarray
    targets: np.ndarray
    places: np.ndarray
    next_places: np.ndarray
    embedding: np.ndarray
    subwords: np.ndarray | None
    layers: list[LayerSteps]
    top_rows: np.ndarray
    top_log_probs: np.ndarray
    top_logits: np.ndarray | None
    log_probs: np.ndarray
    ranks: np.ndarray


@no_fork_meanwhile
@torch.no_grad()
def trace_doc(model: Model, doc: Doc, k: int, *, reverse: bool = False) -> TracedSteps:
    """Read one document and keep every step, in float32.

    model (Model): "spacy-rnn.RNNLM.v1".
    doc (Doc): The document, without bound: the caller has to limit it.
    k (int): How many next words, at most as many as can be predicted.
    reverse (bool): Which of the model's directions.
    """
    network = get_shim(model).network
    readings = {reading.reverse: reading for reading in sequences_from_docs(model, [doc])}
    reading = readings[reverse]
    rows, embedding, subwords = _embed(network, reading)
    layers = trace_stack(
        network.stack(reverse), embedding if subwords is None else embedding + subwords
    )
    hidden = layers[-1].h
    targets = torch.from_numpy(reading.targets).to(network.device)
    top_log_probs, top_rows = network.softmax.top_k(hidden, k, UNKNOWN_ROW)
    log_probs = network.softmax.target_log_probs(hidden, targets, torch.float32).cpu().numpy()
    read = reading.tokens.read
    tokens = np.arange(len(doc)) if read is None else np.flatnonzero(read)
    states = spelling_positions(model, reading)
    contexts = None if states is None else hidden[torch.from_numpy(states).to(hidden.device)]
    spelling = spell_tokens(model, reading, contexts)
    if reverse:
        tokens = tokens[::-1]
        spelling = None if spelling is None else spelling[::-1]
    if spelling is not None:
        log_probs[:-1] += spelling
    edge = np.full(1, NO_TOKEN)
    return TracedSteps(
        rows=rows,
        targets=reading.targets,
        places=np.concatenate([edge, tokens]),
        next_places=np.concatenate([tokens, edge]),
        embedding=embedding.cpu().numpy(),
        subwords=None if subwords is None else subwords.cpu().numpy(),
        layers=[_on_cpu(layer) for layer in layers],
        top_rows=top_rows.cpu().numpy(),
        top_log_probs=top_log_probs.cpu().numpy(),
        top_logits=_logits(network.softmax, hidden, top_rows),
        log_probs=log_probs,
        ranks=rank(network.softmax, hidden, targets, UNKNOWN_ROW).cpu().numpy(),
    )


def _embed(
    network: RNNLanguageModel, reading: Sequences
) -> tuple[np.ndarray, Tensor, Tensor | None]:
    """RETURNS (Tuple): The rows that are read, their rows of the embedding table, and what their
    spelling adds, if it counts."""
    rows, words = reading.ids, reading.words
    if words is not None:
        rows = words.rows[reading.ids]
    on_device = torch.from_numpy(rows).to(network.device)
    embedding = network.embedding.index_select(0, on_device)
    if words is None or network.subwords is None:
        return rows, embedding, None
    features = torch.from_numpy(words.features[reading.ids]).to(network.device)
    return rows, embedding, network.subwords(on_device, features)


def _logits(head: SoftmaxHead, hidden: Tensor, rows: Tensor) -> np.ndarray | None:
    """RETURNS (Optional[ndarray]): float32 (steps, k), those of the given rows; None for a head
    whose probabilities aren't one softmax of logits."""
    if not isinstance(head, FullSoftmax):
        return None
    # column by column: no array of steps × k × width
    columns = [(hidden * head.weight[column]).sum(1) + head.bias[column] for column in rows.t()]
    return torch.stack(columns, dim=1).cpu().numpy()


def _on_cpu(layer: LayerSteps) -> LayerSteps:
    gates = {name: gate.cpu() for name, gate in layer.gates.items()}
    return LayerSteps(layer.h.cpu(), None if layer.c is None else layer.c.cpu(), gates)
