"""Which tokens a language model is trained on: those that [training] annotating_components leave of
the corpus. In prediction all components before it run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..defaults import MODEL
from ..errors import Warnings
from ..vocabulary import Vocabulary
from .preceding import may_change_tokens, run_components

# So many documents tell whether a component changes tokens.
_SAMPLE = 100


class TrainingComponents(NamedTuple):
    """The components before a language model, as a training uses them.

    ready (List[str]): Annotating ones that do now what they will do in the training: those that
        aren't trained in it. Up to the last one that may change tokens.
    learning (List[str]): Annotating ones that are trained, before one that may change tokens.
    missed (List[str]): Those that may change tokens, and don't annotate.
    settled (List[str]): All that aren't trained.
    """

    ready: list[str]
    learning: list[str]
    missed: list[str]
    settled: list[str]

    def learning_warning(self, name: str) -> str:
        """RETURNS (str): That the tokens of the training can't be counted beforehand.

        name (str): The language model.
        """
        return Warnings.W312.format(components=", ".join(self.learning), name=name)

    def find_changing(self, nlp: Language, attr: str, docs: Sequence[Doc]) -> list[str]:
        """Find out which of the missed components change tokens.

        nlp (Language): The pipeline.
        attr (str): What the language model looks up.
        docs (Sequence[Doc]): A sample of the corpus.
        RETURNS (List[str]): Those that change the tokens of these documents or say that they would.
        """
        forms = Vocabulary(attr=attr)
        found = []
        for name in self.missed:
            if nlp.get_pipe_meta(name).retokenizes:
                found.append(name)
                continue
            before = self.settled[: self.settled.index(name)] if name in self.settled else []
            try:
                plain = [*run_on_copies(nlp, before, docs)]
                changed = [*run_on_copies(nlp, [*before, name], docs)]
            except Exception:  # code of others, which may need what isn't trained yet
                continue
            if not np.array_equal(forms.forms_of(plain).keys, forms.forms_of(changed).keys):
                found.append(name)
        return found


def training_components(
    nlp: Language, lm: Any = None, attr: str = MODEL.attr
) -> TrainingComponents:
    """Find the components before a language model by the pipeline's config.

    nlp (Language): The pipeline.
    lm (Optional[RNNLM]): Its language model; if the pipeline has none, all components count.
    attr (str): What the language model looks up.
    RETURNS (TrainingComponents): Their names.
    """
    training = nlp.config.interpolate()["training"]
    annotating = training.get("annotating_components", [])
    frozen = training.get("frozen_components", [])
    names = []
    for name, component in nlp.components:
        if component is lm:
            break
        names.append(name)
    changing = [name for name in names if may_change_tokens(nlp, name, attr)]
    settled = [name for name in names if name in frozen or not _is_trainable(nlp, name)]
    used = [name for name in names if name in annotating]
    while used and used[-1] not in changing:
        used.pop()
    # spaCy disables those that are frozen while it initializes the others
    enabled = [name for name in names if name not in nlp.disabled or name in frozen]
    return TrainingComponents(
        ready=[name for name in used if name in settled],
        learning=[name for name in used if name not in settled],
        missed=[name for name in changing if name in enabled and name not in annotating],
        settled=settled,
    )


def as_in_training(nlp: Language, lm: Any, docs: Iterable[Doc]) -> Iterator[Doc]:
    """What a training makes of its documents before the language model sees them. Warns of what
    can't be known yet.

    nlp (Language): The pipeline.
    lm (RNNLM): Its language model.
    docs (Iterable[Doc]): The documents; not changed.
    RETURNS (Iterator[Doc]): With the tokens that the language model learns from.
    """
    components = training_components(nlp, lm, lm.vocabulary.attr)
    if components.learning:
        warnings.warn(components.learning_warning(lm.name), stacklevel=4)
    return run_on_copies(nlp, components.ready, docs)


def warn_of_missed_components(
    nlp: Language, lm: Any, get_examples: Callable[[], Iterable[Example]]
) -> bool:
    """Warn if a training has other tokens than prediction.

    nlp (Language): The pipeline.
    lm (RNNLM): Its language model.
    get_examples (Callable[[], Iterable[Example]]): The training text. Its beginning is read if a
        component may change tokens.
    RETURNS (bool): Whether there was something to warn of.
    """
    components = training_components(nlp, lm, lm.vocabulary.attr)
    if not components.missed:
        return False
    docs = [example.predicted for example in islice(get_examples(), _SAMPLE)]
    changing = components.find_changing(nlp, lm.vocabulary.attr, docs)
    if changing:
        message = Warnings.W313.format(components=", ".join(changing), name=lm.name)
        warnings.warn(message, stacklevel=4)
    return bool(changing)


def run_on_copies(nlp: Language, names: Sequence[str], docs: Iterable[Doc]) -> Iterator[Doc]:
    """Run components of a pipeline on copies of documents, which a corpus may give out again.

    nlp (Language): The pipeline.
    names (Sequence[str]): The components.
    docs (Iterable[Doc]): The documents; without components they are taken as they are.
    YIELDS (Doc): What the components make of them.
    """
    return run_components(nlp, names, (doc.copy() for doc in docs) if names else docs)


def _is_trainable(nlp: Language, name: str) -> bool:
    return bool(getattr(nlp.get_pipe(name), "is_trainable", False))
