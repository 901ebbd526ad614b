"""The config of a component that listens to a language model: spaCy's own, its tok2vec swapped."""

from __future__ import annotations

from spacy.cli.init_config import init_config
from thinc.api import Config

from .config_parts import LOGGER, adam, batch_by_words, one_cycle_block, put, training_settings
from .sizes import Budget


def component_config(task: str, lang: str, budget: Budget) -> Config:
    """Write what spaCy's quickstart writes for one component, with a training of its own.

    task (str): The component: "tagger", "ner", "parser", "textcat" or "spancat".
    lang (str): The language.
    budget (Budget): How long it trains.
    RETURNS (Config): With a `tok2vec` that the component listens to.
    """
    # "efficiency" would give a text classifier a bag of words and no tok2vec
    optimize = "accuracy" if task == "textcat" else "efficiency"
    config = init_config(lang=lang, pipeline=[task], optimize=optimize)
    return put(
        config,
        {
            # word vectors that would have to be downloaded
            "paths.vectors": None,
            "paths.log": None,
            "training.logger": LOGGER,
            "nlp.batch_size": 256,
            **training_settings(budget, dropout=0.3),
            "training.batcher": batch_by_words(1000),
            "training.optimizer": adam(one_cycle_block(0.003), decay=0.01, clip=1.0),
        },
    )
