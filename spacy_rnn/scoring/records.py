"""What is written about each document or each token."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from spacy.tokens import Doc

from ..pipeline.doc_measures import DocMeasures, measure_docs
from ..pipeline.measure_table import MEASURES
from ..pipeline.rnn_lm import RNNLM
from ..vocabulary import BOUNDARY
from .document_scores import MEAN_NAME, NUMBERS, document_scores, finite_output, unknown_tokens
from .formats import Block, Column
from .inputs import Item
from .rows.column_types import ColumnTypes


class Records(Protocol):
    """A kind of records.

    per_token (bool): Whether a document has a record for each token, or one.
    end (bool): Whether it has one more, for its closing symbol.
    """

    per_token: bool
    end: bool

    @property
    def columns(self) -> list[str]:
        """RETURNS (List[str]): Their columns in order."""

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
    measures (Sequence[str]): More columns.
    names (bool): Whether there is a column for the file.
    ids (bool): Whether there is a column for the id. Records without one leave it out, unless
        `fill`.
    fill (bool): Whether each record has a value in every column.
    """

    per_token: bool
    end: bool = False

    def __init__(
        self, lm: RNNLM, measures: Sequence[str], *, names: bool, ids: bool, fill: bool
    ) -> None:
        self.lm = lm
        self.measures = measures
        self.names = names
        self.ids = ids
        self.fill = fill
        self.kept: ColumnTypes | None = None
        self.id_type: Any = object

    @property
    @abstractmethod
    def numbers(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The columns that are computed, with their types."""

    @property
    def head(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The columns that tell the document, with their types."""
        kinds: dict[str, Any] = {"doc": int, "file": str, "line": int, "id": self.id_type}
        there = {"file": self.names, "id": self.ids}
        return {name: kind for name, kind in kinds.items() if there.get(name, True)}

    @property
    def types(self) -> ColumnTypes:
        """RETURNS (ColumnTypes): All columns that are known beforehand."""
        kept = self.kept.kinds if self.kept else {}
        return ColumnTypes({**self.head, **kept, **self.numbers})

    @property
    def columns(self) -> list[str]:
        """See `Records`."""
        return self.types.names

    def _head(self, number: int, item: Item) -> dict[str, Any]:
        head: dict[str, Any] = {"doc": number}
        if self.names:
            head["file"] = item.file
        head["line"] = item.place.line or None
        if self.ids and (self.fill or item.id is not None):
            head["id"] = item.id
        return {**head, **item.kept}

    @abstractmethod
    def make(self, first: int, items: Sequence[Item], docs: Sequence[Doc]) -> Iterator[Block]:
        """See `Records`."""


class DocumentRecords(_Columns):
    """A record for each document: see `document_scores`. `measures` are some of its MEASURES."""

    per_token = False

    @property
    def numbers(self) -> dict[str, Any]:
        """See `_Columns`."""
        means = {MEAN_NAME.format(measure): float for measure in self.measures}
        return {**NUMBERS, **means}

    def make(self, first: int, items: Sequence[Item], docs: Sequence[Doc]) -> Iterator[Block]:
        """See `Records`."""
        masks = unknown_tokens(self.lm, docs)
        for number, (item, doc, mask) in enumerate(zip(items, docs, masks, strict=True), first):
            output = finite_output(self.lm, doc, item.place)
            scores = document_scores(self.lm, doc, output, mask, self.measures)
            yield Block({**self._head(number, item), **scores})


class TokenRecords(_Columns):
    """A record for each token. `measures` are some of `pipeline.measure_table`'s.

    end (bool): Whether the closing `</s>` has a record too.
    """

    per_token = True
    _usual = ("i", "token", "unknown", "surprisal")

    def __init__(
        self,
        lm: RNNLM,
        measures: Sequence[str],
        *,
        names: bool,
        ids: bool,
        fill: bool,
        end: bool = False,
    ) -> None:
        measures = [name for name in measures if name not in self._usual]
        super().__init__(lm, measures, names=names, ids=ids, fill=fill)
        self.end = end

    @property
    def numbers(self) -> dict[str, Any]:
        """See `_Columns`."""
        names = (*self._usual, *self.measures)
        return {name: _TYPES.get(MEASURES[name].dtype, MEASURES[name].dtype) for name in names}

    def make(self, first: int, items: Sequence[Item], docs: Sequence[Doc]) -> Iterator[Block]:
        """See `Records`."""
        found = measure_docs(self.lm, docs)
        for number, (item, measures) in enumerate(zip(items, found, strict=True), first):
            finite_output(self.lm, measures.doc, item.place)
            columns: dict[str, Column] = {}
            for name in self.numbers:
                column = measures.column(name)
                columns[name] = _add_end(column, name, measures) if self.end else column
            yield Block(self._head(number, item), columns)


_TYPES = {"str": str, "bool": bool}
# What the record of the closing symbol has beside its numbers.
_END = {"token": BOUNDARY, "unknown": False, "known": True, "whitespace_": ""}


def _add_end(column: Column, name: str, measures: DocMeasures) -> Column:
    value = len(measures) if name == "i" else _END.get(name, measures.end(name))
    if not isinstance(column, np.ndarray):
        return [*column, str(value or "")]
    last = np.ma.masked_all(1, column.dtype)
    if value is not None:
        last[0] = value
    masked = value is None or isinstance(column, np.ma.MaskedArray)
    return np.ma.concatenate([column, last]) if masked else np.append(column, last.data)
