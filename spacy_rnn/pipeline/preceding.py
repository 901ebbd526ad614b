"""The components before a language model: which of them decide about what it reads."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterable, Iterator, Sequence
from types import FunctionType
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Warnings

# Factories whose components leave tokens, their texts and their norms as they are.
_HARMLESS = frozenset(
    [
        "beam_ner",
        "beam_parser",
        "entity_linker",
        "entity_ruler",
        "future_entity_ruler",
        "lemmatizer",
        "morphologizer",
        "ner",
        "parser",
        "rnn_lm",
        "sentencizer",
        "senter",
        "span_finder",
        "span_ruler",
        "spancat",
        "spancat_singlelabel",
        "tagger",
        "textcat",
        "textcat_multilabel",
        "tok2vec",
        "trainable_lemmatizer",
    ]
)
# The package that a factory's code has to be in: the names are free for others in a Language of
# their own.
_PACKAGES = ("spacy", "spacy_rnn")


def name_in_pipeline(nlp: Language, component: Any) -> str:
    """RETURNS (str): What a pipeline calls a component. Its own `name` may be that of another
    pipeline, into which it was sourced since.

    nlp (Language): The pipeline.
    component (Callable[[Doc], Doc]): The component.
    RAISES (StopIteration): If the pipeline doesn't have it.
    """
    return next(name for name, pipe in nlp.components if pipe is component)


def is_known_code(component: Any) -> bool:
    """RETURNS (bool): Whether a component, or a tokenizer, is spaCy's or ours."""
    function = isinstance(component, FunctionType)
    module = component.__module__ if function else type(component).__module__
    return module.partition(".")[0] in _PACKAGES


def may_change_tokens(nlp: Language, name: str, attr: str) -> bool:
    """RETURNS (bool): Whether a component may change what a language model reads. Of code that we
    don't know we don't know it: its flag `retokenizes` says nothing, most who merge don't set it.

    nlp (Language): The pipeline.
    name (str): The component.
    attr (str): The attribute that the language model looks up.
    """
    if not is_known_code(nlp.get_pipe(name)):
        return True
    factory = nlp.get_pipe_meta(name).factory
    if factory == "attribute_ruler":  # it can set norms, and what a word is in lower case
        return attr != "ORTH"
    return factory not in _HARMLESS


def deciding_components(nlp: Language, lm: Any) -> list[str]:
    """The enabled components before a language model that decide about its tokens: up to the last
    one that may change them, since that one may read what those before it annotate.

    nlp (Language): The pipeline.
    lm (RNNLM): Its language model.
    RETURNS (List[str]): Their names, in order.
    """
    names = [name for name, _ in nlp.components]
    before = [n for n in names[: names.index(name_in_pipeline(nlp, lm))] if n in nlp.pipe_names]
    while before and not may_change_tokens(nlp, before[-1], lm.vocabulary.attr):
        before.pop()
    return before


def run_components(nlp: Language, names: Sequence[str], docs: Iterable[Doc]) -> Iterator[Doc]:
    """Run some components of a pipeline, enabled or not.

    nlp (Language): The pipeline.
    names (Sequence[str]): The components.
    docs (Iterable[Doc]): The documents; they are changed.
    YIELDS (Doc): The documents.
    """
    for name in names:
        component = nlp.get_pipe(name)
        pipe = getattr(component, "pipe", None)
        docs = map(component, docs) if pipe is None else pipe(docs, batch_size=nlp.batch_size)
    yield from docs


class WeakPipeline:
    """The pipeline that a component was made in, as long as somebody else keeps it. A copy or a
    pickle doesn't know its pipeline, and says so where that matters.

    nlp (Optional[Language]): The pipeline.
    lm (Optional[RNNLM]): The language model in it.
    lost (bool): Whether there was a pipeline in which components before the language model may
        change tokens.
    """

    def __init__(self, nlp: Language | None = None, lm: Any = None, *, lost: bool = False) -> None:
        self._nlp = None if nlp is None else weakref.ref(nlp)
        self._lm = None if lm is None else weakref.ref(lm)
        self._lost = lost

    def __reduce__(self) -> tuple[Any, ...]:
        return _lose_pipeline, (self._lost or bool(self._deciding()),)

    def prepare_prompt(self, lm: Any, doc: Doc) -> Doc:
        """Do to a prompt what the pipeline does to a text before the language model reads it.

        lm (RNNLM): The language model. If it reads prompts with the tokenizer of another pipeline,
            nothing is done.
        doc (Doc): The tokens; they are changed.
        RETURNS (Doc): The tokens that are to be read.
        """
        if self._lost:
            warnings.warn(Warnings.W315.format(name=lm.name), stacklevel=5)
        nlp = None if self._nlp is None else self._nlp()
        if nlp is None or nlp.tokenizer is not lm.tokenizer:
            return doc
        return next(run_components(nlp, self._deciding(), [doc]))

    def _deciding(self) -> list[str]:
        nlp = None if self._nlp is None else self._nlp()
        lm = None if self._lm is None else self._lm()
        if nlp is None or not any(component is lm for _, component in nlp.components):
            return []
        return deciding_components(nlp, lm)


def _lose_pipeline(lost: bool) -> WeakPipeline:
    return WeakPipeline(lost=lost)
