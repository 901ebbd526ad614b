"""The blocks that the written configs have in common."""

from __future__ import annotations

from typing import Any

from spacy import util
from thinc.api import Config

from ...errors import Errors
from .sizes import Budget
from .source_settings import SourceSettings

SEGMENTERS = ("jieba", "rjieba", "pkuseg", "char")
# What another component than the language model picks the best checkpoint by.
LM_SCORES = (
    "lm_prob",
    "lm_perplexity",
    "lm_perplexity_open",
    "lm_bits_per_char",
    "lm_acc",
    "lm_oov",
)
LOGGER = {"@loggers": "spacy-rnn.ConsoleLogger.v1", "output_file": "${paths.log}"}
STEPS_OF_TRAINING = "${training.max_steps}"


def tokenizer_blocks(lang: str, segmenter: str | None) -> dict[str, Any]:
    """The settings that make a language's tokenizer.

    lang (str): The language, as spaCy names it.
    segmenter (Optional[str]): What cuts Chinese into words; jieba if None.
    RETURNS (Dict[str, Any]): By dotted names; empty where the language's own tokenizer does it.
    RAISES (ValueError): For an unknown language or segmenter, or a segmenter where there is nothing
        to choose.
    """
    try:
        util.get_lang_class(lang)
    except ImportError as error:
        raise ValueError(Errors.R632.format(lang=lang)) from error
    if lang != "zh":
        if segmenter is not None:
            raise ValueError(Errors.R633.format(lang=lang))
        return {}
    segmenter = segmenter or "jieba"
    if segmenter not in SEGMENTERS:
        known = ", ".join(SEGMENTERS)
        raise ValueError(Errors.R008.format(option="segmenter", value=segmenter, known=known))
    if segmenter in ("jieba", "rjieba"):
        block = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "engine": segmenter}
        return {"nlp.tokenizer": block}
    block = {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": segmenter}
    if segmenter == "char":
        return {"nlp.tokenizer": block}
    return {
        "nlp.tokenizer": block,
        "paths.pkuseg_model": None,
        "initialize.tokenizer": {"pkuseg_model": "${paths.pkuseg_model}"},
    }


def source_tokenizer(source: SourceSettings) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The settings of the tokenizer whose words a source knows."""
    return {"nlp.tokenizer": source.tokenizer, "initialize.tokenizer": source.tokenizer_setup}


def training_settings(budget: Budget, *, dropout: float) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): How long a training is, by dotted names."""
    return {
        "training.max_epochs": 0,
        "training.max_steps": budget.steps,
        "training.eval_frequency": budget.eval_frequency,
        "training.patience": 0,
        "training.dropout": dropout,
    }


def one_cycle_block(max_rate: float) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The schedule of a learning rate over the whole training."""
    return {
        "@schedules": "spacy-rnn.one_cycle.v1",
        "max_rate": max_rate,
        "total_steps": STEPS_OF_TRAINING,
    }


def adam(rate: dict[str, Any], *, decay: float, clip: float) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The optimizer's block. A second moment of 0.99 forgets the large
    gradients of the first steps sooner than Adam's 0.999."""
    return {
        "@optimizers": "Adam.v1",
        "beta2": 0.99,
        "L2": decay,
        "L2_is_weight_decay": True,
        "grad_clip": clip,
        "use_averages": False,
        "learn_rate": rate,
    }


def batch_by_words(size: int) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The batcher's block for batches of about so many tokens."""
    return {
        "@batchers": "spacy.batch_by_words.v1",
        "size": size,
        "discard_oversize": False,
        "tolerance": 0.2,
    }


def put(config: Config, settings: dict[str, Any]) -> Config:
    """Set values by dotted names; a block replaces the block that is there.

    config (Config): Changed in place.
    settings (Dict[str, Any]): The values.
    RETURNS (Config): The config.
    """
    for name, value in settings.items():
        *above, last = name.split(".")
        block: Any = config
        for key in above:
            block = block.setdefault(key, {})
        block[last] = value
    return config


def complete(config: Config) -> Config:
    """RETURNS (Config): With all settings that have defaults, as `spacy init fill-config` fills
    them in, so that it changes nothing later."""
    nlp = util.load_model_from_config(config, auto_fill=True, validate=False)
    filled = util.load_model_from_config(nlp.config).config
    filled["components"].update(util.get_sourced_components(config))
    return filled
