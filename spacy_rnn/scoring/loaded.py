"""A pipeline that a process loads once, to score texts that may be anything."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import get_current_ops, set_current_ops

from ..errors import Errors, reason
from ..pipeline.rnn_lm import RNNLM
from ..regular_files import check_folder
from .chunks import Chunks
from .document_scores import document_scores, finite_output, unknown_tokens
from .releasing import can_be_freed, memory_zone, release_memory
from .selecting import find_language_model, prepare

# After so many texts the memory is given back that memory zones leave behind.
_RELEASE_AFTER = 100_000


class ModelSpec(NamedTuple):
    """What a process loads: see the options of `BatchScorer`, which has them too."""

    model: str
    component: str | None
    measures: tuple[str, ...]
    gpu_id: int | str


@dataclass
class LoadedModel:
    """A loaded pipeline.

    source (ModelSpec): What it was loaded for.
    nlp (Language), lm (RNNLM): The pipeline, prepared to score, and its language model.
    lock (Lock): Neither a memory zone nor a network can be used by two threads at once.
    """

    source: ModelSpec
    nlp: Language
    lm: RNNLM
    lock: threading.Lock = field(default_factory=threading.Lock)
    # How many texts memory zones have seen since `release_memory`.
    _unreleased: int = 0

    def score(
        self, texts: Sequence[Any], batch_size: int | None, *, stop: bool = False
    ) -> tuple[list[dict[str, Any] | None], dict[int, str]]:
        """Score texts in bounded memory, however many there are.

        texts (Sequence[Any]): The texts. Whatever isn't a string has no scores.
        batch_size (Optional[int]): The most documents that are scored at once.
        stop (bool): Leave the texts out that come after one that can't be scored.
        RETURNS (Tuple[List[Optional[Dict[str, Any]]], Dict[int, str]]): `document_scores` of each
            text, or None, and what is wrong with those that can't be scored, by their places.
        """
        scores: list[dict[str, Any] | None] = [None] * len(texts)
        # messages only: an error keeps the Docs that its functions had, and they end with the zone
        errors: dict[int, str] = {}
        size = batch_size or self.nlp.batch_size

        def read() -> Iterator[tuple[int, Doc]]:
            for row, text in enumerate(texts):
                try:
                    doc = self._make_doc(text)
                except ValueError as error:
                    errors[row] = reason(error)
                    if stop:
                        return
                else:
                    yield row, doc

        chunks = Chunks(read(), size, lambda item: len(item[1].text))
        with self.lock, _device(self.source.gpu_id):  # each thread has ops of its own
            while not chunks.exhausted and not (stop and errors):
                with memory_zone(self.nlp):
                    items = chunks.take()
                    self._unreleased += len(items)
                    for row, found in self._score_docs(items, size, errors):
                        scores[row] = found
                    del items  # they end with the zone
                self._release()
        chunks.finish()
        return scores, errors

    def _release(self) -> None:
        if self._unreleased >= _RELEASE_AFTER and can_be_freed(self.nlp):
            release_memory(self.nlp)
            self._unreleased = 0

    def _make_doc(self, text: Any) -> Doc:
        if not isinstance(text, str):
            kind = type(text).__name__
            # what engines have in place of a missing string
            missing = text is None or kind == "NAType" or (isinstance(text, float) and text != text)
            found = "null" if missing else f"a value of the type {kind}"
            raise ValueError(Errors.R524.format(found=found))
        return self.nlp.make_doc(str(text))  # numpy's strings aren't exactly str

    def _score_docs(
        self, items: Sequence[tuple[int, Doc]], size: int, errors: dict[int, str]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """YIELDS (Tuple[int, Dict[str, Any]]): The row and the numbers of each good document."""
        try:
            docs = list(self.nlp.pipe([doc for _, doc in items], batch_size=size))
        except ValueError as error:
            if len(items) == 1:
                errors[items[0][0]] = reason(error)
                return
            for row, doc in items:  # one of them is to blame
                again = self.nlp.make_doc(doc.text)
                yield from self._score_docs([(row, again)], size, errors)
            return
        masks = unknown_tokens(self.lm, docs)
        for (row, _), doc, unknown in zip(items, docs, masks, strict=True):
            try:
                output = finite_output(self.lm, doc, "a text")
            except ValueError as error:
                errors[row] = reason(error)
                continue
            yield row, document_scores(self.lm, doc, output, unknown, self.source.measures)


_LOADED: dict[ModelSpec, LoadedModel] = {}
_LOADING = threading.Lock()


def load_once(source: ModelSpec) -> LoadedModel:
    """RETURNS (LoadedModel): The pipeline, which this process loads once."""
    with _LOADING:
        if source not in _LOADED:
            with _device(source.gpu_id):
                if Path(source.model).is_dir():
                    check_folder(Path(source.model))
                nlp = spacy.load(source.model)
                lm = find_language_model(nlp, source.model, source.component)
                lm.shim.network  # noqa: B018 (an error if it was never trained)
                prepare(nlp, lm, source.measures)
            _LOADED[source] = LoadedModel(source, nlp, lm)
        return _LOADED[source]


def _start_anew() -> None:
    """A forked child has its parent's locks, but not the threads that would open them."""
    global _LOADING
    _LOADING = threading.Lock()
    for source, loaded in list(_LOADED.items()):
        if loaded.lock.locked():  # another thread left it in the middle of a memory zone
            del _LOADED[source]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)


@contextmanager
def _device(gpu_id: int | str) -> Iterator[None]:
    """Let this thread use the GPU, or the CPU, within the block. Ray shows a worker only the GPUs
    that it may use."""
    if gpu_id == "auto":
        gpu_id = 0 if torch.cuda.is_available() else -1
    before = get_current_ops()
    try:
        if int(gpu_id) < 0:
            spacy.require_cpu()
        else:
            spacy.require_gpu(int(gpu_id))
    except Exception as error:  # thinc, CuPy and CUDA all have their own
        raise ValueError(Errors.R526.format(error=error)) from error
    try:
        yield
    finally:
        set_current_ops(before)
