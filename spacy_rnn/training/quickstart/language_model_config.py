"""The configs of language models: one to use as such, one to share with other components."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from thinc.api import Config

from ...defaults import ENCODER, MODEL
from ...errors import Errors
from .config_parts import LOGGER, adam, batch_by_words, one_cycle_block, training_settings
from .sizes import WIDTHS, Budget
from .source_settings import SourceSettings

_SPELLER = {"speller_width": 128, "speller_ngram_rows": 32_768, "spelling": "context"}


def language_model_settings(
    size: str, budget: Budget, source: SourceSettings | None = None
) -> dict[str, Any]:
    """A language model of lines of text, with a speller.

    size (str): "small", "medium" or "large".
    budget (Budget): How long it trains.
    source (Optional[SourceSettings]): A model to start from; its shape is taken, and its upper
        layers learn first.
    RETURNS (Dict[str, Any]): The settings by dotted names.
    RAISES (ValueError): If the source is an encoder, which has no probabilities to train.
    """
    if source is not None and source.model.get("softmax") is False:
        raise ValueError(Errors.R923)
    warmup = max(1, budget.steps // 12)
    rate = {
        "@schedules": "warmup_linear.v1",
        "warmup_steps": warmup,
        "total_steps": "${training.max_steps}",
        "initial_rate": 0.01 if source is None else 0.003,
    }
    settings = {
        **_corpora({"document": "line", "max_length": 400}, {"document": "line"}),
        **training_settings(budget, dropout=0.3),
        "training.batcher": {
            "@batchers": "spacy.batch_by_padded.v1",
            "size": 4000,
            "buffer": 256,
            "discard_oversize": False,
        },
        "training.optimizer": adam(rate, decay=0.1, clip=1.0),
        "components.rnn_lm": _component(min_count=2),
        "components.rnn_lm.model": _network_block(size, source) | _SPELLER,
    }
    if source is not None:
        settings["training.before_update"] = fine_tuning(budget.steps // 10)
        own = {**asdict(MODEL), **source.model}
        settings["components.rnn_lm.model"] |= {name: own[name] for name in _SPELLER}
    return settings


def stream_settings(size: str, budget: Budget) -> dict[str, Any]:
    """A language model of long documents, read in streams that carry the state from window to
    window, with a speller. Its vocabulary is counted beforehand (`python -m spacy rnn vocab`).

    size (str): "small", "medium" or "large".
    budget (Budget): How long it trains.
    RETURNS (Dict[str, Any]): The settings by dotted names.
    """
    corpora = _corpora({"document": "block"}, {"document": "block"})
    # texts of one kind often stand together: unless they are mixed, what is read last counts most
    mixed = {"streams": 64, "window": 70, "shuffle": 1000}
    streams = {"@readers": "spacy-rnn.StreamCorpus.v1", **mixed}
    return {
        "paths.vocabulary": None,
        "corpora.train": streams,
        "corpora.train.corpus": corpora["corpora.train"],
        "corpora.dev": corpora["corpora.dev"],
        **training_settings(budget, dropout=0.25),
        "training.max_epochs": -1,
        "training.batcher": {"@batchers": "spacy-rnn.batch_by_stream.v1"},
        "training.optimizer": adam(one_cycle_block(0.015), decay=0.1, clip=1.0),
        "components.rnn_lm": _component(min_count=2),
        "components.rnn_lm.model": _network_block(size, None)
        # where lines end is a part of such documents
        | {**_SPELLER, "vocabulary": "${paths.vocabulary}", "white_space": "read"},
    }


def encoder_settings(size: str, budget: Budget) -> dict[str, Any]:
    """A language model in both directions, whose hidden states other components will read.

    size (str): "small", "medium" or "large".
    budget (Budget): How long it trains.
    RETURNS (Dict[str, Any]): The settings by dotted names.
    """
    shape = {"direction": ENCODER.direction, "subword_rows": ENCODER.subword_rows}
    return {
        **_corpora({"max_length": 100}, {"max_length": 100, "limit": 2000}),
        **training_settings(budget, dropout=0.3),
        "training.batcher": batch_by_words(4500),
        "training.optimizer": adam(one_cycle_block(0.015), decay=0.1, clip=2.0),
        # what scores need: an evaluation holds the annotations of all documents at once
        "components.rnn_lm": _component(min_count=2, annotations=["log_probs", "next"]),
        "components.rnn_lm.model": _network_block(size, None) | shape,
    }


def empty_config(lang: str) -> Config:
    """RETURNS (Config): A pipeline with nothing but a language model in it."""
    return Config(
        {
            "paths": {"train": None, "dev": None, "log": None},
            "system": {"seed": 0, "gpu_allocator": None},
            "nlp": {"lang": lang, "pipeline": ["rnn_lm"], "batch_size": 256},
            "corpora": {},
            "components": {},
            "training": {
                "seed": "${system.seed}",
                "gpu_allocator": "${system.gpu_allocator}",
                "train_corpus": "corpora.train",
                "dev_corpus": "corpora.dev",
                "logger": LOGGER,
            },
        }
    )


def fine_tuning(unfreeze: int, *, decay: float = 2.6, rate: float = 1.0) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The callback's block; see `training.fine_tuning`."""
    return {
        "@callbacks": "spacy-rnn.fine_tuning.v1",
        "component": "rnn_lm",
        "unfreeze": unfreeze,
        "decay": decay,
        "rate": rate,
    }


def _corpora(train: dict[str, Any], dev: dict[str, Any]) -> dict[str, Any]:
    return {
        f"corpora.{part}": {
            "@readers": "spacy-rnn.TextCorpus.v1",
            "path": f"${{paths.{part}}}",
            **options,
        }
        for part, options in (("train", train), ("dev", dev))
    }


def _component(**options: Any) -> dict[str, Any]:
    return {"factory": "rnn_lm", **options}


def _network_block(size: str, source: SourceSettings | None) -> dict[str, Any]:
    if source is not None:
        shape = {"vocabulary": None, "source": "${paths.source}"}
        return {**source.model, **shape}
    return {
        "@architectures": "spacy-rnn.RNNLM.v1",
        "cell": MODEL.cell,
        "width": WIDTHS[size],
        "white_space": "skip",
    }
