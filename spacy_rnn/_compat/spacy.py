"""Names of spaCy's Docs and pipelines that its documentation doesn't promise."""

from __future__ import annotations

from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry


def array_attributes(doc: Doc) -> Any:
    """RETURNS (Sequence[int]): The attributes that `Span.as_doc` copies, so that one array serves
    all spans. Where spaCy doesn't say which, None: `as_doc` then makes its own each time."""
    attributes = getattr(doc, "_get_array_attrs", None)
    return None if attributes is None else attributes()


class OptimizerOfConfig:
    """`Language.create_optimizer` for a config whose optimizer has variables.

    spaCy resolves the block [training.optimizer] alone, where `${training.max_steps}` means
    nothing. Its training loop resolves the whole of [training]; `nlp.initialize()` and
    `nlp.resume_training()` don't. Where spaCy does it too one day, this gives the same.

    nlp (Language): The pipeline.
    """

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp

    def __call__(self) -> Any:
        """RETURNS (Optimizer): That of the pipeline's config."""
        optimizer = self.nlp.config.interpolate()["training"]["optimizer"]
        return registry.resolve({"optimizer": optimizer})["optimizer"]


def interpolate_optimizer(nlp: Language) -> None:
    """Let a pipeline's own `create_optimizer` understand variables in its config."""
    nlp.create_optimizer = OptimizerOfConfig(nlp)  # type: ignore[method-assign]
