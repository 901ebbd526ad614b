"""Score a stream of documents in bounded memory, and go on where a run before ended."""

from __future__ import annotations

import math
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Protocol

from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm

from ..errors import Errors, counted
from ..messages import warn
from ..pipeline.extensions import get_output
from ..pipeline.output import LMOutput
from ..pipeline.rnn_lm import RNNLM
from .chunks import Chunks
from .formats import Block
from .inputs import Input, Item, StartNotFound, placed
from .reached import OutputPosition
from .records import Records
from .releasing import memory_zone
from .selecting import runs_components_before
from .unknown_share import UnknownShare


class BadDocument(ValueError):
    """A document that can't be read or scored, and isn't to be left out."""


class Encoder(Protocol):
    """How records are written."""

    def begin(self, columns: Sequence[str]) -> Any:
        """RETURNS (Any): What stands before the first record, for `RecordOutput.write`."""

    def encode_all(self, blocks: Iterable[Block]) -> Any:
        """RETURNS (Any): Records, for `RecordOutput.write`.
        RAISES (ValueError): If one can't be written.
        """


class RecordOutput(Protocol):
    """Where records are written.

    documents (int): How many documents it holds.
    """

    documents: int

    def write(self, records: Any, documents: int = 0) -> None:
        """Add what an encoder made of so many documents."""

    def flush(self) -> None:
        """Write what waits."""


@dataclass
class LeftOut:
    """What a run leaves out, and how many documents that are.

    skip (bool): Whether to report those that can't be read or scored, and go on.
    """

    skip: bool
    bad: int = 0
    empty: int = 0

    def add_bad(self, error: ValueError) -> None:
        """RAISES (BadDocument): The error, if it can't be left out."""
        if not self.skip:
            raise BadDocument(str(error)) from error
        self.bad += 1
        warn(f"left out: {error}")

    def add_empty(self) -> None:
        """Count a document of nothing but white space."""
        self.empty += 1


@dataclass
class ScoringRun:
    """The scoring of an input.

    nlp (Language): The pipeline, see `selecting.prepare`.
    lm (RNNLM): Its language model.
    source (Input): What is scored.
    records (Records): What is written about it.
    form (Encoder): How.
    left_out (LeftOut): What isn't scored.
    batch_size (int): The most documents that are scored at once.
    bar (tqdm): Shows the progress, in bytes of the input.
    documents (int): How many this run has scored.
    scored (UnknownShare): Their tokens, and how many of these are unknown.
    kept (int): The complete documents of a run before that the output keeps.
    """

    nlp: Language
    lm: RNNLM
    source: Input
    records: Records
    form: Encoder
    left_out: LeftOut
    batch_size: int
    bar: tqdm
    documents: int = 0
    kept: int = 0
    scored: UnknownShare = field(default_factory=UnknownShare)
    _chunks: Chunks[Item] = field(init=False)
    _next: int = field(init=False, default=1)

    def begin(self, progress: OutputPosition | None = None) -> tuple[int, Any]:
        """Find the first document.

        progress (Optional[OutputPosition]): How far the output got; None to begin anew.
        RETURNS (Tuple[int, Any]): How many bytes of the output are to be kept, and what is to be
            written there first.
        RAISES (ValueError): If the output belongs to other documents than these.
        """
        stream = self.source.read(
            self.nlp,
            on_error=self.left_out.add_bad,
            on_empty=self.left_out.add_empty,
            on_bytes=self.bar.update,
            start=None if progress is None else progress.start,
        )
        self._chunks = Chunks(stream, self.batch_size, lambda item: len(item.doc.text))
        if progress is None:
            return 0, self.form.begin(self.records.columns)
        return self._check_last(stream, progress)

    def _check_last(self, stream: Iterator[Item], progress: OutputPosition) -> tuple[int, Any]:
        """Score the output's last document once more: there may be tokens missing."""
        self._next = progress.number + 1
        with self._zone():
            try:
                item = next(stream, None)
            except StartNotFound:
                item = None
            if item is None or (item.file, item.place.line or None) != progress.start[:2]:
                raise self._mismatch(progress, "not found")
            docs = self._annotate([item])
            expected = progress.records
            if not self.records.per_token:
                expected = int(progress.values["tokens"])
            self._check_columns(progress, item, docs[0])
            found = self._count_read(docs)
            if self.records.per_token:
                found = len(docs[0]) + self.records.end
            if found == expected or (found > expected and self.records.per_token):
                self._check_numbers(progress, docs[0])
            self.kept = progress.number
            if found == expected:
                return progress.end, ""
            if found < expected or not self.records.per_token:
                tokens = counted(found, "token")
                raise self._mismatch(progress, f"of {tokens}, not {expected}")
            if progress.begin is None:
                raise ValueError(Errors.R509.format(path=progress.path))
            self.kept, self.documents = progress.number - 1, 1
            self._add_scored(docs)
            return progress.begin, self._encode(progress.number, [item], docs)

    def _check_columns(self, progress: OutputPosition, item: Item, doc: Doc) -> None:
        """The last document has to have the columns that it has there: those that are kept may be
        others in each document."""
        (block,) = self.records.make(progress.number, [item], [doc])
        expected = [*block.constants, *block.columns]
        if {*expected} != {*progress.values}:
            found = ", ".join(progress.values)
            message = {"path": progress.path, "found": found, "expected": ", ".join(expected)}
            raise ValueError(Errors.R506.format(**message))

    def _check_numbers(self, progress: OutputPosition, doc: Doc) -> None:
        """The first record of the last document has to come out as it is there."""
        output = get_output(doc, self.lm.name)
        assert output is not None
        tokens = 1 if self.records.per_token else len(doc)
        found, written = output.surprisal_of(0, tokens), float(progress.values["surprisal"])
        if self.records.end and not len(doc):
            found = -(output.end_log_prob or 0.0) / math.log(2)
        # in bfloat16, batches differ by up to 0.1 nats a token
        exact = self.lm.shim.prediction_precision == "float32"
        most = 1e-3 * max(1.0, abs(written)) if exact else 0.3 * max(1, tokens)
        if found is None or abs(found - written) > most:
            raise self._mismatch(progress, f"of {found or 0:.3f} bits, not {written:.3f}")

    def _mismatch(self, progress: OutputPosition, found: str) -> ValueError:
        names = {"file": progress.file, "line": progress.line, "number": progress.in_file}
        place = ", ".join(f"{name} {value}" for name, value in names.items() if value is not None)
        return ValueError(Errors.R507.format(path=progress.path, place=place, found=found))

    def write_to(self, output: RecordOutput) -> None:
        """Score what is left.

        output (RecordOutput): Gets the records of each chunk.
        RAISES (BadDocument): At one that can't be left out; those before it are written.
        RAISES (ValueError): If a file is damaged; what was read before is written.
        """
        while not self._chunks.exhausted:
            with self._zone():
                items = self._chunks.take()
                if items:
                    self._write_items(items, output)
            self.bar.set_postfix_str(counted(self.documents, "document"), refresh=False)
        self._chunks.finish()

    def _write_items(self, items: Sequence[Item], output: RecordOutput) -> None:
        """Score and write documents: one by one if there is a bad one among them."""
        spare = [item.doc for item in items]
        if len(items) > 1 and runs_components_before(self.nlp):
            spare = [doc.copy() for doc in spare]  # they may retokenize half of them, and fail
        try:
            docs = self._annotate(items)
            text = self._encode(self._next, items, docs)
        except ValueError as error:
            if len(items) > 1:
                for item, doc in zip(items, spare, strict=True):
                    self._write_items([item._replace(doc=doc)], output)
            else:
                self.left_out.add_bad(placed(error, items[0].place))
                # without lines, the number tells where the document stands
                self._next += not items[0].place.line
            return
        output.write(text, len(items))
        self._next += len(items)
        self.documents += len(items)
        self._add_scored(docs)

    def _annotate(self, items: Sequence[Item]) -> list[Doc]:
        return list(self.nlp.pipe([item.doc for item in items], batch_size=self.batch_size))

    def _count_read(self, docs: Sequence[Doc]) -> int:
        return sum(output.count_read(0, len(output)) for output in self._outputs(docs))

    def _add_scored(self, docs: Sequence[Doc]) -> None:
        for output in self._outputs(docs):
            self.scored.add(output)

    def _outputs(self, docs: Sequence[Doc]) -> Iterator[LMOutput]:
        outputs = (get_output(doc, self.lm.name) for doc in docs)
        return (output for output in outputs if output is not None)

    def _encode(self, first: int, items: Sequence[Item], docs: Sequence[Doc]) -> Any:
        return self.form.encode_all(self.records.make(first, items, docs))

    def _zone(self) -> AbstractContextManager[Any]:
        # what a DocBin holds was added to the vocab when it was opened
        return memory_zone(self.nlp, ".spacy" not in self.source.formats)


@contextmanager
def stop_cleanly() -> Iterator[None]:
    """Let SIGTERM unwind the program as Ctrl-C does, so that what was scored is written."""

    def leave(signum: int, frame: FrameType | None) -> None:
        sys.exit(128 + signum)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
