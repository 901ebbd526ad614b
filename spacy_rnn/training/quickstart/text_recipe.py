"""A training for a text of any length and a time: vocabulary, network, steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import srsly
from spacy import util
from thinc.api import Config

from ...corpus.text_corpus import create_text_corpus
from ...errors import Errors, counted
from ...vocabulary.spacing import Spacing, spacing_path
from ...vocabulary.spacing_counts import SpacingCounts
from ...vocabulary.word_counts import count_corpus
from .config_parts import complete, one_cycle_block, put, tokenizer_blocks
from .language_model_config import (
    empty_config,
    encoder_settings,
    language_model_settings,
    stream_settings,
)
from .sizes import EVALUATIONS, Budget
from .text_parts import TextParts
from .trial import seconds_per_step

_WINDOW = 10_000
# Documents of so many tokens are read in streams that carry the state, if there is enough text.
_LONG_DOCUMENT, _LONG_TEXT = 200, 100_000
# A step on the CPU makes up for its overhead from some thousand tokens on; a short text needs
# more steps than it has tokens for.
_TOKENS_A_STEP = 2000
_TOKENS_AN_ENCODER_STEP = 4500
_STEPS_AN_EPOCH = 17
# Evaluating a token takes this share of the time of learning from it.
_EVALUATING = 0.4
# Tokens from which on the larger network pays, if the time is enough for so many epochs of it.
_WIDE_TEXT, _WIDE_EPOCHS, _WIDE_SECONDS = 500_000, 8, 150e-6
# What is read a few times isn't known by heart: less dropout then, if the time isn't enough for
# more epochs of the network of width 256.
_FEW_EPOCHS, _SECONDS = 8, 60e-6


@dataclass
class TextStatistics:
    """What was counted in the training part of a text.

    tokens, documents (int): How many there are.
    labels (List[List]): The vocabulary, ``[[word, count], …]``.
    spacing (Spacing): Where spaces go between words.
    seconds (float): How long counting took, which tokenizing takes once more.
    """

    tokens: int
    documents: int
    labels: list[list[Any]]
    spacing: Spacing
    seconds: float

    @property
    def unknown(self) -> float:
        """RETURNS (float): The share of tokens that are too rare for the vocabulary."""
        return self.labels[0][1] / max(1, self.tokens)


def text_config(
    parts: TextParts,
    folder: Path,
    *,
    lang: str,
    task: str = "lm",
    segmenter: str | None = None,
    minutes: float = 10.0,
    overrides: dict[str, Any] | None = None,
) -> tuple[Config, list[str]]:
    """Choose a training for a text, and write what it needs.

    parts (TextParts): The text.
    folder (Path): Gets the vocabulary and the spacing of a text that is read in streams.
    lang (str): The language.
    task (str): "lm" or "encoder".
    segmenter (Optional[str]): What cuts Chinese into words.
    minutes (float): How long it may take by the clock, reading and evaluating included.
    overrides (Optional[Dict[str, Any]]): Settings by dotted names, put in last.
    RETURNS (Tuple[Config, List[str]]): The config, and what was chosen, a line each.
    RAISES (ValueError): If the text has no words that occur twice, or the time is too short.
    """
    if not minutes > 0:
        raise ValueError(Errors.R309.format(option="minutes", range="above 0", value=minutes))
    begin = perf_counter()
    tokenizer = tokenizer_blocks(lang, segmenter)
    text = count_text(parts, complete(put(_blank(lang), tokenizer)))
    mean = text.tokens // text.documents
    shape = _shape(text, minutes)
    if task == "lm" and text.tokens >= _LONG_TEXT and mean >= _LONG_DOCUMENT:
        words = folder / "vocabulary.json"
        srsly.write_json(words, text.labels)
        spacing_path(words).write_bytes(text.spacing.to_bytes())
        settings = stream_settings("medium", Budget.of(1)) | {"paths.vocabulary": str(words)}
        length = settings["corpora.train"]["window"]
        size = settings["corpora.train"]["streams"] * length
    else:
        make = language_model_settings if task == "lm" else encoder_settings
        settings = make("medium", Budget.of(1))
        most = _TOKENS_A_STEP if task == "lm" else _TOKENS_AN_ENCODER_STEP
        size = max(200, min(most, text.tokens // _STEPS_AN_EPOCH))
        longest = settings["corpora.train"]["max_length"]
        length = min(size, longest, max(5, mean))
        settings["training.batcher"]["size"] = size
    settings |= {f"paths.{part}": str(getattr(parts, part)) for part in ("train", "dev")}
    settings |= {"paths.log": str(folder / "log.jsonl"), **tokenizer}
    for block in ("corpora.train.corpus", "corpora.train", "corpora.dev"):
        if "document" in settings.get(block, {}):
            settings[block]["document"] = parts.document
    config = put(put(empty_config(lang), settings), shape)
    step = seconds_per_step(complete(config), text.labels, size, length, unknown=text.unknown)
    left = minutes * 60 - (perf_counter() - begin) - text.seconds
    steps = _steps(text, parts, left, step, size)
    budget = Budget.of(steps)
    put(config, {"training.max_steps": budget.steps})
    put(config, {"training.eval_frequency": budget.eval_frequency})
    if budget.steps * size < 2 * text.tokens:  # every word is new once or twice: nothing to forget
        put(config, {"training.dropout": 0.2})
    put(config, overrides or {})
    chosen = [
        f"{counted(text.tokens, 'token')} in {counted(text.documents, 'document')} to learn from, "
        f"{counted(len(text.labels) - 2, 'word')}; {text.unknown:.1%} of the tokens are too rare "
        "for these",
        f"a network of width {shape['components.rnn_lm.model.width']}, "
        f"{counted(budget.steps, 'step')} of about {size:,} tokens "
        f"({budget.steps * size / text.tokens:.1f} epochs), "
        f"{step * 1000:.0f} ms each",
    ]
    return complete(config), chosen


def count_text(parts: TextParts, config: Config) -> TextStatistics:
    """Count the words of the training part.

    parts (TextParts): The text.
    config (Config): A pipeline with the tokenizer.
    RETURNS (TextStatistics): Words that occur twice are the vocabulary.
    """
    nlp = util.load_model_from_config(config)
    initialize = getattr(nlp.tokenizer, "initialize", None)
    if initialize is not None:
        settings = nlp.config.interpolate()["initialize"]["tokenizer"]
        initialize(lambda: [], nlp=nlp, **settings)
    start = perf_counter()
    reader = create_text_corpus(
        parts.train, document=parts.document, cache=False, max_length=_WINDOW
    )
    gaps = SpacingCounts()
    counts = count_corpus(nlp, reader(nlp), "ORTH", gaps=gaps)
    vocabulary = counts.vocabulary(attr="ORTH", min_count=2, max_size=None)
    seconds = perf_counter() - start
    spacing = gaps.spacing()
    return TextStatistics(counts.tokens, counts.documents, vocabulary.labels, spacing, seconds)


def _shape(text: TextStatistics, minutes: float) -> dict[str, Any]:
    """What a text of this length can teach: a short one is soon known by heart."""
    tokens = text.tokens
    width, dropout, decay, rate = 256, 0.4, 0.1, 0.015
    if tokens < 20_000:
        width, dropout, decay, rate = 128, 0.5, 0.5, 0.02
    elif tokens < 100_000:
        dropout, decay, rate = 0.65, 0.5, 0.02
    elif tokens < 400_000:
        dropout, decay = 0.5, 0.2
    elif tokens >= _WIDE_TEXT and minutes * 60 > tokens * _WIDE_EPOCHS * _WIDE_SECONDS:
        width, dropout = 512, 0.5
    elif minutes * 60 < tokens * _FEW_EPOCHS * _SECONDS:
        dropout = 0.25
    return {
        "components.rnn_lm.model.width": width,
        "training.dropout": dropout,
        "training.optimizer.L2": decay,
        "training.optimizer.learn_rate": one_cycle_block(rate),
    }


def _steps(text: TextStatistics, parts: TextParts, seconds: float, step: float, size: int) -> int:
    dev = parts.dev.stat().st_size / parts.train.stat().st_size * text.tokens
    seconds -= (EVALUATIONS + 1) * dev * step / size * _EVALUATING
    epochs = 30 if text.tokens < 100_000 else 20 if text.tokens < 400_000 else 12
    most = max(60, round(epochs * text.tokens / size))
    return max(EVALUATIONS, min(most, int(seconds / step)))


def _blank(lang: str) -> Config:
    return put(empty_config(lang), {"nlp.pipeline": [], "corpora": {}, "training": {}})
