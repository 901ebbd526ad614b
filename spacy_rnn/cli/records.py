"""What is written about each document or each token."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from spacy.tokens import Doc

from ..errors import Errors
from ..pipeline.extensions import get_output
from ..pipeline.output import LMOutput
from ..pipeline.rnn_lm import RNNLM
from ..vocabulary import UNKNOWN_ROW
from .formats import Block, Column
from .inputs import Item

# Annotations that are an array with a number for each token.
MEASURES = ("entropy", "rank")
_LN2 = math.log(2.0)


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
        rows, lengths = self.lm.vocabulary.rows(docs)
        unknown = np.split(rows == UNKNOWN_ROW, np.cumsum(lengths)[:-1])
        for number, (item, doc, mask) in enumerate(zip(items, docs, unknown, strict=True), first):
            output = get_output(doc, self.lm.name)
            assert output is not None  # it was computed just now
            total = output.surprisal_of(0, len(doc))
            if total is None or not math.isfinite(total + (output.end_log_prob or 0.0)):
                raise ValueError(Errors.R515.format(place=item.place, name=self.lm.name))
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

    def _measure(self, output: LMOutput, name: str) -> np.ndarray:
        values = getattr(output, name, None)
        if values is None:
            raise ValueError(Errors.R514.format(name=self.lm.name, measure=name))
        return values


class DocumentRecords(_Columns):
    """A record for each document: sums in bits, the perplexity, and means of the measures. The
    perplexity is null where it is beyond all numbers, as that of a spelled word of 5,000 letters.
    """

    per_token = False
    _own = (
        "tokens",
        "unknown",
        "characters",
        "surprisal",
        "end_surprisal",
        "perplexity",
        "bits_per_char",
    )
    _measure_name = "mean_{}"

    def _make_block(
        self, head: dict[str, Any], doc: Doc, output: LMOutput, unknown: np.ndarray
    ) -> Block:
        missing = int(unknown.sum())
        characters = len(doc.text)
        surprisal = output.surprisal_of(0, len(doc))
        assert surprisal is not None and output.end_log_prob is not None
        end = (0.0 - output.end_log_prob) / _LN2
        # without a speller, an unknown word's probability is not that of its characters
        spelled = characters and (not missing or self.lm.spells)
        perplexity = output.perplexity
        assert perplexity is not None
        values = (
            len(doc),
            missing,
            characters,
            surprisal,
            end,
            perplexity if math.isfinite(perplexity) else None,  # JSON has no infinity
            (surprisal + end) / characters if spelled else None,
        )
        head.update(zip(self._own, values, strict=True))
        for name in self.measures:
            array = self._measure(output, name)
            mean = float(array.mean(dtype=np.float64)) if len(array) else None
            head[self._measure_name.format(name)] = mean
        return Block(head)


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
            columns[name] = self._measure(output, name)
        return Block(head, columns)
