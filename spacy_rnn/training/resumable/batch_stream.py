"""The batches of a training, and the place in the corpus that a resumed one goes on from.

Whatever draws random numbers to read, shuffle and batch the corpus has a random state of its own,
apart from that of the components. So the batches can be made once more without them.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from spacy.attrs import (
    DEP,
    ENT_IOB,
    ENT_KB_ID,
    ENT_TYPE,
    HEAD,
    LEMMA,
    MORPH,
    ORTH,
    POS,
    SENT_START,
    TAG,
)
from spacy.language import Language
from spacy.training import Example
from torch import Tensor

from ...errors import Errors
from .random_states import PythonRandom
from .state_file import above, below

Batch = Sequence[Example]

_COMPARED = [ORTH, TAG, POS, MORPH, LEMMA, DEP, HEAD, SENT_START, ENT_IOB, ENT_TYPE, ENT_KB_ID]


@dataclass
class BatchPosition:
    """A place in the corpus.

    epoch (int): The epoch from whose beginning the batches are made once more.
    start (PythonRandom): The random state there.
    order (List[int]): The order of the examples there, after the shuffle; empty if the corpus is
        streamed.
    batches (int): How many were taken since.
    checksum (int): Of what is in them.
    """

    epoch: int
    start: PythonRandom
    order: list[int] = field(default_factory=list)
    batches: int = 0
    checksum: int = 0


class Batches:
    """The batches of all epochs, in the order of `spacy train`.

    nlp (Language): The pipeline.
    corpus (Callable): Reads the examples: all at once, to be shuffled for every epoch, or, with
        max_epochs = -1, as a stream.
    batcher (Callable): Groups them.
    max_epochs (int): As in [training].
    repeats (bool): Whether the batcher makes the same batches of the same examples in all epochs.
        Otherwise (sizes that grow, say) a resumed training makes all batches since the first.
    start (Optional[PythonRandom]): The random state to begin with; the present one if None.
    """

    def __init__(
        self,
        nlp: Language,
        corpus: Callable[[Language], Iterable[Example]],
        batcher: Callable[[Iterable[Example]], Iterable[Batch]],
        max_epochs: int,
        *,
        repeats: bool,
        start: PythonRandom | None = None,
    ) -> None:
        self._nlp = nlp
        self._corpus = corpus
        self._batcher = batcher
        self._max_epochs = max_epochs
        self._repeats = repeats
        self._random = start or PythonRandom.now()
        self._first = self._random
        self._place: BatchPosition | None = None
        self._checksum = 0
        self._ahead: tuple[int, Batch] | None = None
        self._source = self._read(None)

    def peek(self) -> int | None:
        """RETURNS (Optional[int]): The epoch of the next batch; None if there is no other."""
        if self._ahead is None:
            outside = PythonRandom.now()
            self._random.use()
            try:
                self._ahead = next(self._source, None)
            finally:
                self._random = PythonRandom.now()
                outside.use()
        return None if self._ahead is None else self._ahead[0]

    def take(self) -> Batch:
        """RETURNS (Sequence[Example]): The next batch."""
        self.peek()
        assert self._ahead is not None and self._place is not None
        batch, self._ahead = self._ahead[1], None
        self._place.batches += 1
        self._place.checksum = checksum_of(batch, self._place.checksum)
        return batch

    def get_state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """RETURNS (Tuple): Tensors and JSON values for `set_state`."""
        if self._place is None:
            self.peek()
        place = self._place
        assert place is not None
        tensors = above("first", self._first.to_tensors())
        tensors |= above("start", place.start.to_tensors())
        tensors["order"] = torch.tensor(place.order, dtype=torch.int64)
        values = {"epoch": place.epoch, "batches": place.batches, "checksum": place.checksum}
        return tensors, {**values, "corpus": self._checksum}

    def set_state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go to the place of `get_state`: read the corpus again and make the batches of the epoch
        up to it.

        RAISES (ValueError): If the corpus isn't the one of that time: in words, their annotations
            or categories. Of a stream, the part that was read is compared.
        """
        start = PythonRandom.from_tensors(below("start", tensors))
        place = BatchPosition(values["epoch"], start, tensors["order"].tolist())
        self._random = self._first = PythonRandom.from_tensors(below("first", tensors))
        self._source = self._read(place)
        if 0 < self._max_epochs <= place.epoch:  # fewer epochs are wanted now than were read
            self._place, self._checksum = place, values["corpus"]
            return
        while place.batches < values["batches"]:
            if self.peek() is None or self._place is not place:
                raise ValueError(Errors.R611)
            self.take()
        self.peek()
        if self._checksum != values["corpus"] or place.checksum != values["checksum"]:
            raise ValueError(Errors.R611)

    def _read(self, place: BatchPosition | None) -> Iterator[tuple[int, Batch]]:
        """Yield batches from a place's epoch on."""
        examples: list[Example] = []
        if self._max_epochs >= 0:
            examples = list(self._corpus(self._nlp))
            if not examples:
                raise ValueError(Errors.R612)
            self._checksum = checksum_of(examples)
        epoch, order = 0, list(range(len(examples)))
        if place is not None:
            epoch, order = place.epoch, list(place.order)
            if len(order) != len(examples):
                raise ValueError(Errors.R611)
            place.start.use()
        while self._max_epochs < 1 or epoch < self._max_epochs:
            if place is None:
                random.shuffle(order)
            if place is not None:
                self._place, place = place, None
            elif self._repeats or self._place is None:
                self._place = BatchPosition(epoch, PythonRandom.now(), list(order))
            stream: Iterable[Example] = [examples[i] for i in order]
            if self._max_epochs < 0:
                stream = self._corpus(self._nlp)
            empty = True
            for batch in self._batcher(stream):
                empty = False
                yield epoch, batch
            if empty:
                raise ValueError(Errors.R612)
            epoch += 1


def checksum_of(examples: Iterable[Example], checksum: int = 0) -> int:
    """RETURNS (int): CRC-32 of the words of examples, their annotations and categories.

    examples (Iterable[Example]): The examples.
    checksum (int): Of those before them.
    """
    for example in examples:
        predicted, reference = example.predicted, example.reference
        if predicted is not reference:
            words: Any = predicted.to_array([ORTH])
            checksum = zlib.crc32(words, checksum)
        annotations: Any = reference.to_array(_COMPARED)
        checksum = zlib.crc32(annotations, checksum)
        if reference.cats:
            checksum = zlib.crc32(repr(sorted(reference.cats.items())).encode(), checksum)
    return checksum
