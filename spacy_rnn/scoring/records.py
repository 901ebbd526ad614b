"""What is written about each document or each token."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from spacy.tokens import Doc

from ..pipeline.output import LMOutput
from ..pipeline.rnn_lm import RNNLM
from .document_scores import (
    MEAN_NAME,
    NUMBERS,
    document_scores,
    finite_output,
    measure_of,
    unknown_tokens,
)
from .formats import Block, Column
from .inputs import Item


class Records(Protocol):
    """A kind of records.

    columns (List[str]): Their columns in order.
    per_token (bool): Whether a document has a record for each token, or one.
    """

    columns: list[str]
    per_token: bool

    def make(self, first: int, items: Sequence[Item], docs: Sequence[Doc]) -> Iterator[Block]:
        """Make the records of some documents.

        first (int): The number of the first one.
        items (Sequence[Item]): Where they come from.
        docs (Sequence[Doc]): Their annotated Docs.
        YIELDS (Block): The records of each document.
        RAISES (ValueError): If a number isn't finite, or a measure wasn't computed.
        """


class _Columns(ABC):
    """What both kinds have in common.

    lm (RNNLM): The component that annotated the Docs.
    measures (Sequence[str]): Some of MEASURES.
    names (bool): Whether there is a column for the file.
    ids (bool): Whether there is a column for the id. Records without one leave it out, unless
        `fill`.
    fill (bool): Whether each record has a value in every column.
    """

    per_token: bool
    _own: Sequence[str]
    _measure_name: str

    def __init__(
        self, lm: RNNLM, measures: Sequence[str], *, names: bool, ids: bool, fill: bool
    ) -> None:
        self.lm = lm
        self.measures = measures
        self.names = names
        self.ids = ids
        self.fill = fill
        head = ["doc", *["file"][: int(names)], "line", *["id"][: int(ids)]]
        self.columns = [*head, *self._own, *(self._measure_name.format(m) for m in measures)]

    def make(self, first: int, items: Sequence[Item], docs: Sequence[Doc]) -> Iterator[Block]:
        """See `Records`."""
        masks = unknown_tokens(self.lm, docs)
        for number, (item, doc, mask) in enumerate(zip(items, docs, masks, strict=True), first):
            output = finite_output(self.lm, doc, item.place)
            yield self._make_block(self._head(number, item), doc, output, mask)

    def _head(self, number: int, item: Item) -> dict[str, Any]:
        head: dict[str, Any] = {"doc": number}
        if self.names:
            head["file"] = item.file
        head["line"] = item.place.line or None
        if self.ids and (self.fill or item.id is not None):
            head["id"] = item.id
        return head

    @abstractmethod
    def _make_block(
        self, head: dict[str, Any], doc: Doc, output: LMOutput, unknown: np.ndarray
    ) -> Block:
        """RETURNS (Block): The records of one document, which begin with `head`."""


class DocumentRecords(_Columns):
    """A record for each document: see `document_scores`."""

    per_token = False
    _own = tuple(NUMBERS)
    _measure_name = MEAN_NAME

    def _make_block(
        self, head: dict[str, Any], doc: Doc, output: LMOutput, unknown: np.ndarray
    ) -> Block:
        scores = document_scores(self.lm, doc, output, unknown, self.measures)
        return Block({**head, **scores})


class TokenRecords(_Columns):
    """A record for each token."""

    per_token = True
    _own = ("i", "token", "unknown", "surprisal")
    _measure_name = "{}"

    def _make_block(
        self, head: dict[str, Any], doc: Doc, output: LMOutput, unknown: np.ndarray
    ) -> Block:
        surprisal = output.surprisal
        assert surprisal is not None
        columns: dict[str, Column] = {
            "i": np.arange(len(doc)),
            "token": [token.text for token in doc],
            "unknown": unknown,
            "surprisal": surprisal + np.float32(0.0),  # no -0.0
        }
        for name in self.measures:
            columns[name] = measure_of(self.lm, output, name)
        return Block(head, columns)
