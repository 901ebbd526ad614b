"""A pipeline that a process loads once, to score texts that may be anything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors
from .chunks import Chunks
from .document_scores import document_scores, finite_output, unknown_tokens
from .rnn_lm import RNNLM
from .selecting import find_language_model, prepare

# Called with a row and what is wrong with it; may raise.
Report = Callable[[int, ValueError], None]


class Source(NamedTuple):
    """What a process loads: see the options of `BatchScorer`, which has them too."""

    model: str
    component: str | None
    measures: tuple[str, ...]
    gpu_id: int | str


@dataclass
class LoadedModel:
    """A loaded pipeline.

    source (Source): What it was loaded for.
    nlp (Language), lm (RNNLM): The pipeline, prepared to score, and its language model.
    lock (Lock): Neither a memory zone nor a network can be used by two threads at once.
    """

    source: Source
    nlp: Language
    lm: RNNLM
    lock: threading.Lock = field(default_factory=threading.Lock)

    def score(
        self, texts: Sequence[Any], batch_size: int | None, report: Report
    ) -> list[dict[str, Any] | None]:
        """Score texts in bounded memory.

        texts (Sequence[Any]): The texts. Whatever isn't a string is reported.
        batch_size (Optional[int]): The most documents that are scored at once.
        report (Callable[[int, ValueError], None]): Told the row of each text that can't be scored.
        RETURNS (List[Optional[Dict[str, Any]]]): `document_scores` of each text, or None.
        """
        scores: list[dict[str, Any] | None] = [None] * len(texts)
        size = batch_size or self.nlp.batch_size

        def read() -> Iterator[tuple[int, Doc]]:
            for row, text in enumerate(texts):
                try:
                    doc = self._make_doc(text)
                except ValueError as error:
                    report(row, error)
                else:
                    yield row, doc

        chunks = Chunks(read(), size, lambda item: len(item[1].text))
        with self.lock:
            _use_gpu(self.source.gpu_id)  # each thread has ops of its own
            while not chunks.exhausted:
                with self.nlp.memory_zone():
                    for row, found in self._score_docs(chunks.take(), size, report):
                        scores[row] = found
        chunks.finish()
        return scores

    def _make_doc(self, text: Any) -> Doc:
        if not isinstance(text, str):
            kind = type(text).__name__
            # what engines have in place of a missing string
            missing = text is None or kind == "NAType" or (isinstance(text, float) and text != text)
            found = "null" if missing else f"a value of the type {kind}"
            raise ValueError(Errors.R524.format(found=found))
        return self.nlp.make_doc(str(text))  # numpy's strings aren't exactly str

    def _score_docs(
        self, items: Sequence[tuple[int, Doc]], size: int, report: Report
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """YIELDS (Tuple[int, Dict[str, Any]]): The row and the numbers of each good document."""
        try:
            docs = list(self.nlp.pipe([doc for _, doc in items], batch_size=size))
        except ValueError as error:
            if len(items) == 1:
                report(items[0][0], error)
                return
            for row, doc in items:  # one of them is to blame
                again = self.nlp.make_doc(doc.text)
                yield from self._score_docs([(row, again)], size, report)
            return
        masks = unknown_tokens(self.lm, docs)
        for (row, _), doc, unknown in zip(items, docs, masks, strict=True):
            try:
                output = finite_output(self.lm, doc, "a text")
            except ValueError as error:
                report(row, error)
                continue
            yield row, document_scores(self.lm, doc, output, unknown, self.source.measures)


_LOADED: dict[Source, LoadedModel] = {}
_LOADING = threading.Lock()


def load_once(source: Source) -> LoadedModel:
    """RETURNS (LoadedModel): The pipeline, which this process loads once."""
    with _LOADING:
        if source not in _LOADED:
            _use_gpu(source.gpu_id)
            nlp = spacy.load(source.model)
            lm = find_language_model(nlp, source.model, source.component)
            prepare(nlp, lm, source.measures)
            _LOADED[source] = LoadedModel(source, nlp, lm)
        return _LOADED[source]


def _use_gpu(gpu_id: int | str) -> None:
    """Let this thread use the GPU. Ray shows a worker only the GPUs that it may use."""
    if gpu_id == "auto":
        gpu_id = 0 if torch.cuda.is_available() else -1
    if isinstance(gpu_id, int) and gpu_id >= 0:
        try:
            spacy.require_gpu(gpu_id)
        except Exception as error:  # thinc, CuPy and CUDA all have their own
            raise ValueError(Errors.R526.format(error=error)) from error
