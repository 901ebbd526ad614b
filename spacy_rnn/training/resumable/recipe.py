"""What a config's [training] says, resolved to objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.util import registry, resolve_dot_names
from thinc.api import Optimizer

Reader = Callable[[Language], Iterable[Example]]


@dataclass
class Recipe:
    """The objects of [training].

    settings (Dict): All its values; the others are those that a training changes or calls.
    train_corpus, dev_corpus (Callable[[Language], Iterable[Example]]): The readers it names.
    batches_repeat (bool): Whether the batcher has no schedule, so that it makes the same batches of
        the same examples in all epochs.
    """

    settings: dict[str, Any]
    optimizer: Optimizer
    train_corpus: Reader
    dev_corpus: Reader
    batcher: Callable[[Iterable[Example]], Iterable[Sequence[Example]]]
    batches_repeat: bool

    @classmethod
    def of(cls, nlp: Language) -> Recipe:
        """RETURNS (Recipe): That of a pipeline's config, with new objects: schedules at their
        beginning.

        nlp (Language): The pipeline.
        """
        config = nlp.config.interpolate()
        settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
        names = [settings["train_corpus"], settings["dev_corpus"]]
        train_corpus, dev_corpus = resolve_dot_names(config, names)
        options = config["training"]["batcher"].values()
        return cls(
            settings,
            settings["optimizer"],
            train_corpus,
            dev_corpus,
            settings["batcher"],
            batches_repeat=not any(isinstance(option, dict) for option in options),
        )
