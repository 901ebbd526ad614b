"""From a batch of Docs to what the network reads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model

from ..network.inference import Wanted
from ..network.recurrent import State
from ..training.windows import Window, read_mark
from ..vocabulary import BOUNDARY_ROW, Vocabulary


@dataclass
class Sequences:
    """A batch as the network reads it: for n tokens, n + 1 positions that read `</s>, w_1 … w_n`
    and predict `w_1 … w_n, </s>`.

    ids, targets (ndarray): int64 (positions,), document after document.
    lengths (ndarray): int64 (documents,), positions of each.
    marks (List[Optional[Window]]): Where each stands in a longer document.
    wanted (Wanted): What to compute.
    state (Optional[State]): The state before each sequence; zeros if None.
    """

    ids: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray
    marks: list[Window | None]
    wanted: Wanted = field(default_factory=lambda: Wanted(hidden=True))
    state: State | None = None

    @property
    def scored(self) -> np.ndarray:
        """RETURNS (ndarray): bool (positions,), False where a window ends but not its document."""
        scored = np.ones(len(self.ids), dtype=bool)
        scored[np.cumsum(self.lengths) - 1] = [mark is None or mark.final for mark in self.marks]
        return scored

    def only_scored(self) -> Sequences:
        """RETURNS (Sequences): Without the last position of such windows. Then the state after a
        window has read all but its last token, with which the next window begins (definition 8).
        Windows that predict nothing are left out.
        """
        scored = self.scored
        missing = np.array([mark is not None and not mark.final for mark in self.marks], dtype=bool)
        lengths = self.lengths - missing
        marks = [m for m, length in zip(self.marks, lengths.tolist(), strict=True) if length]
        return Sequences(self.ids[scored], self.targets[scored], lengths[lengths > 0], marks)


def sequences_from_docs(model: Model, docs: list[Doc]) -> Sequences:
    """Map a batch of Docs to rows in one vectorised step and add the boundary symbols.

    A marked window in the middle of a document reads the previous window's last token instead of
    `</s>`, and doesn't predict `</s>` at its end.
    """
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    rows, tokens = vocabulary.rows(docs)
    lengths = tokens + 1
    ends = np.cumsum(lengths) - 1
    starts = ends - tokens
    body = np.ones(int(lengths.sum()), dtype=bool)
    body[starts] = False
    ids = np.full(len(body), BOUNDARY_ROW, dtype=np.int64)
    ids[body] = rows
    body[starts], body[ends] = True, False
    targets = np.full(len(body), BOUNDARY_ROW, dtype=np.int64)
    targets[body] = rows
    marks = [read_mark(doc) for doc in docs]
    for doc, mark, start in zip(docs, marks, starts.tolist(), strict=True):
        if mark is not None and mark.previous is not None:
            ids[start] = _row_before(vocabulary, doc, mark)
    return Sequences(ids, targets, lengths, marks)


def _row_before(vocabulary: Vocabulary, doc: Doc, mark: Window) -> int:
    if vocabulary.attr == "NORM" and mark.previous_norm is not None:
        return vocabulary.row(mark.previous_norm)
    assert mark.previous is not None
    return vocabulary.row_of(doc.vocab[mark.previous])
