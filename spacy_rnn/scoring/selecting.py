"""The language model of a pipeline, and what may be left out to score documents with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors
from ..pipeline.measure_table import annotations_for
from ..pipeline.preceding import deciding_components, name_in_pipeline
from ..pipeline.rnn_lm import RNNLM


def find_language_model(nlp: Language, model: str, component: str | None = None) -> RNNLM:
    """RETURNS (RNNLM): The component of that name, or the only one of its kind; enabled.

    nlp (Language): The pipeline.
    model (str): What the user calls it, for messages.
    component (Optional[str]): The component's name.
    RAISES (ValueError): If there is none, or there are several and none was named.
    """
    found = {name: pipe for name, pipe in nlp.components if isinstance(pipe, RNNLM)}
    names = ", ".join(found)
    if not found:
        pipes = ", ".join(nlp.pipe_names) or "nothing"
        raise ValueError(Errors.R501.format(model=model, pipes=pipes))
    if component is None and len(found) > 1:
        raise ValueError(Errors.R502.format(model=model, names=names))
    if component is not None and component not in found:
        raise ValueError(Errors.R503.format(name=component, model=model, names=names))
    chosen = component or names
    if chosen in nlp.disabled:
        nlp.enable_pipe(chosen)
    return found[chosen]


def keep_only(nlp: Language, lm: RNNLM) -> None:
    """Disable all components but the language model and those that decide about its tokens, so that
    the numbers are those of the whole pipeline.

    nlp (Language): The pipeline. What is disabled already stays so.
    lm (RNNLM): Its language model, which then has no listeners to write `doc.tensor` for.
    """
    nlp.select_pipes(enable=[*deciding_components(nlp, lm), name_in_pipeline(nlp, lm)])
    lm.forget_listeners()


def prepare(nlp: Language, lm: RNNLM, measures: Sequence[str]) -> None:
    """Let a pipeline compute no more than `document_scores` needs.

    nlp (Language): The pipeline.
    lm (RNNLM): Its language model.
    measures (Sequence[str]): What is needed beside log-probabilities, of MEASURES.
    RAISES (ValueError): For a measure that isn't in MEASURES, or if the model is an encoder, which
        has no probabilities: that is no fault of the documents.
    """
    if not lm.shim.network.settings.softmax:
        raise ValueError(Errors.R923)
    keep_only(nlp, lm)
    lm.annotations = tuple(dict.fromkeys(["log_probs", *annotations_for(measures)]))
    lm.cache = replace(lm.cache, window=0)


def runs_components_before(nlp: Language) -> bool:
    """RETURNS (bool): Whether anything runs before the language model, after `keep_only`."""
    return len(nlp.pipe_names) > 1


def run_before(nlp: Language, lm: RNNLM, docs: list[Doc]) -> Iterator[Doc]:
    """Run what is left before the language model, but not the model itself.

    nlp (Language): The pipeline, after `keep_only`.
    lm (RNNLM): The language model.
    docs (List[Doc]): The documents.
    YIELDS (Doc): The documents, with the tokens that the language model reads.
    """
    with nlp.select_pipes(disable=name_in_pipeline(nlp, lm)):
        yield from nlp.pipe(docs)
