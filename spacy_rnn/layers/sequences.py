"""From a batch of Docs to what the network reads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model

from ..corpus.windows import Window, read_mark
from ..network.inference import Wanted
from ..network.recurrent import State
from ..vocabulary import BOUNDARY_ROW, Vocabulary
from ..vocabulary.token_forms import Forms, TokenForms
from .shim import get_shim
from .word_inputs import Inputs, Words, features_of_rows, ngrams_of_network


@dataclass
class Sequences:
    """A batch as a stack reads it: for n tokens, n + 1 positions that read `</s>, w_1 … w_n` and
    predict `w_1 … w_n, </s>`; from right to left, `</s>, w_n … w_1` and `w_n … w_1, </s>`. Tokens
    that the model skips have no position here: see `skipping.py`.

    ids (ndarray): int64 (positions,), what is read, document after document: rows of `words`.
    targets (ndarray): int64 (positions,), what is predicted: rows of the vocabulary.
    lengths (ndarray): int64 (documents,), positions of each.
    marks (List[Optional[Window]]): Where each stands in a longer document.
    tokens (TokenForms): The tokens of the Docs, and which of them are read.
    predicting (ndarray): int64 (tokens that are read,), the position at which each is predicted.
    words (Optional[Words]): The batch's words with their spelling; None if ids are rows of the
        vocabulary.
    reverse (bool): Whether it is read from right to left.
    wanted (Wanted): What to compute.
    state (Optional[State]): The state before each sequence; zeros if None.
    idle (List[Optional[Window]]): The marks of windows that are left out.
    unknown (Optional[Forms]): The words that have to be spelled, once somebody has asked for them.
    """

    ids: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray
    marks: list[Window | None]
    tokens: TokenForms
    predicting: np.ndarray
    words: Words | None = None
    reverse: bool = False
    wanted: Wanted = field(default_factory=lambda: Wanted(hidden=True))
    state: State | None = None
    idle: list[Window | None] = field(default_factory=list)
    unknown: Forms | None = None

    @property
    def complete(self) -> np.ndarray:
        """RETURNS (ndarray): bool (documents,), whether the document's edge is where the reading
        ends, so that `</s>` is predicted there."""
        edges = [m is None or (m.previous is None if self.reverse else m.final) for m in self.marks]
        return np.array(edges, dtype=bool)

    @property
    def rows(self) -> np.ndarray:
        """RETURNS (ndarray): int64 (tokens that are read,), the vocabulary's row of each."""
        return self.targets[self.predicting]

    @property
    def scored(self) -> np.ndarray:
        """RETURNS (ndarray): bool (positions,), False where a window ends but not its document."""
        scored = np.ones(len(self.ids), dtype=bool)
        scored[np.cumsum(self.lengths) - 1] = self.complete
        return scored

    def only_scored(self) -> Sequences:
        """RETURNS (Sequences): Without the last position of such windows. Then the state after a
        window has read all but its last token, with which the next window begins (definition 8).
        Windows that predict nothing are left out.
        """
        scored = self.scored
        lengths = self.lengths - ~self.complete
        pairs = list(zip(self.marks, lengths.tolist(), strict=True))
        return replace(
            self,
            ids=self.ids[scored],
            targets=self.targets[scored],
            lengths=lengths[lengths > 0],
            predicting=(np.cumsum(scored) - 1)[self.predicting],
            marks=[mark for mark, length in pairs if length],
            idle=[mark for mark, length in pairs if not length],
        )


def sequences_from_docs(model: Model, docs: list[Doc]) -> list[Sequences]:
    """Map a batch of Docs to rows in one vectorised step and add the boundary symbols.

    A marked window in the middle of a document reads the token beside it instead of `</s>`, and
    doesn't predict `</s>` at its end. Where white space is skipped, it is the nearest token that
    isn't white space.

    model (Model): "spacy-rnn.RNNLM.v1".
    docs (List[Doc]): The documents.
    RETURNS (List[Sequences]): One for each of the model's directions, the forward one first.
    """
    network = get_shim(model).network
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    settings = network.settings
    inputs = Inputs(vocabulary, docs, settings.subword_rows, ngrams_of_network(settings))
    lengths = inputs.tokens.lengths + 1
    starts = np.cumsum(lengths) - lengths
    body = np.ones(int(lengths.sum()), dtype=bool)
    body[starts] = False
    ids = np.full(len(body), inputs.boundary, dtype=np.int64)
    ids[body] = inputs.ids
    targets = np.full(len(body), BOUNDARY_ROW, dtype=np.int64)
    before = np.flatnonzero(body) - 1
    targets[before] = inputs.rows
    marks = [read_mark(doc) for doc in docs]
    result = []
    for reverse in network.directions:
        read, predicted, predicting = ids, targets, before
        if reverse:
            order = targets_order(lengths)
            read, predicted, predicting = ids[states_order(lengths)], targets[order], order[before]
        read = read.copy()
        for doc, mark, start in zip(docs, marks, starts.tolist(), strict=True):
            if mark is None:
                continue
            word, norm = mark.neighbour(after=reverse, skip_space=vocabulary.skips_space)
            if word is not None:
                read[start] = inputs.add(doc, word, norm)
        known = lengths, marks, inputs.tokens
        result.append(Sequences(read, predicted, *known, predicting, reverse=reverse))
    words = inputs.words  # the last neighbours are in it by now
    for sequences in result:
        sequences.words = words
    return result


def read_words(model: Model, doc: Doc) -> tuple[np.ndarray, np.ndarray | None]:
    """A Doc as the beginning of a text that the network writes on.

    RETURNS (Tuple[ndarray, Optional[ndarray]]): int64 (n + 1,) rows, the boundary first, and int64
        (n + 1, k) features of their spelling, None if it isn't read.
    """
    network = get_shim(model).network
    reading = sequences_from_docs(model, [doc])[0]
    if reading.words is None:
        return reading.ids, None
    if network.subwords is not None and network.subwords.row_features is None:
        # how the words that it writes are spelled
        vocabulary: Vocabulary = model.attrs["vocabulary"]
        network.subwords.set_row_features(features_of_rows(vocabulary, network.settings))
    return reading.words.rows[reading.ids], reading.words.features[reading.ids]


def states_order(lengths: np.ndarray) -> np.ndarray:
    """The order in which states are met from right to left: after `</s>` first, then after w_n.

    lengths (ndarray): int64 (documents,), positions of each.
    RETURNS (ndarray): int64 (positions,). It is its own inverse: the same order leads from
        reversed positions back to those of the text.
    """
    if len(lengths) == 1:  # somebody waits for a sentence
        return -np.arange(int(lengths[0])) % lengths[0]
    starts, place, length = _places(lengths)
    return starts + (length - place) % length


def targets_order(lengths: np.ndarray) -> np.ndarray:
    """The same for what is predicted: w_n first, `</s>` at the end. Its own inverse as well."""
    if len(lengths) == 1:
        return (lengths[0] - 2 - np.arange(int(lengths[0]))) % lengths[0]
    starts, place, length = _places(lengths)
    return starts + (length - 2 - place) % length


def _places(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return starts, np.arange(len(starts)) - starts, np.repeat(lengths, lengths)
