"""Names of spaCy's Docs and pipelines that its documentation doesn't promise."""

from __future__ import annotations

from functools import wraps
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry


def array_attributes(doc: Doc) -> Any:
    """RETURNS (Sequence[int]): The attributes that `Span.as_doc` copies, so that one array serves
    all spans. Where spaCy doesn't say which, None: `as_doc` then makes its own each time."""
    attributes = getattr(doc, "_get_array_attrs", None)
    return None if attributes is None else attributes()


def interpolate_optimizers() -> None:
    """Let `Language.create_optimizer` understand variables in the config of a pipeline.

    spaCy resolves the block [training.optimizer] alone, where `${training.max_steps}` means
    nothing. Its training loop resolves the whole of [training]; `nlp.initialize()`,
    `nlp.resume_training()` and `spacy assemble` don't. The method is replaced for all pipelines: a
    component that was sourced is never told of the pipeline that it is in. Without variables, or
    where spaCy resolves them by itself one day, nothing is different.
    """
    if getattr(Language.create_optimizer, "reads_variables", False):
        return
    create_optimizer = Language.create_optimizer

    @wraps(create_optimizer)
    def create(nlp: Language) -> Any:
        optimizer = nlp.config["training"].get("optimizer")
        if "${" not in str(optimizer):
            return create_optimizer(nlp)
        optimizer = nlp.config.interpolate()["training"]["optimizer"]
        return registry.resolve({"optimizer": optimizer})["optimizer"]

    create.reads_variables = True  # type: ignore[attr-defined]
    Language.create_optimizer = create  # type: ignore[method-assign]
