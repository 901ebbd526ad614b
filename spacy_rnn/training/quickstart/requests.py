"""From what a user asks for to a whole config."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spacy import util
from thinc.api import Config

from ...errors import Errors
from .component_config import component_config
from .config_parts import complete, put, source_tokenizer, tokenizer_blocks
from .encoder_swap import swap_encoder
from .language_model_config import (
    empty_config,
    encoder_settings,
    language_model_settings,
    stream_settings,
)
from .sizes import READINGS, SIZES, TASKS, WIDTHS, Budget
from .source_settings import SourceSettings, read_source
from .trial import seconds_per_step, words_of_a_language


@dataclass
class ConfigRequest:
    """What a config is for.

    task (str): "lm" for a language model, "encoder" for one that others will listen to, or the
        component that listens: "tagger", "ner", "parser", "textcat" or "spancat".
    lang (Optional[str]): The language; that of the source or the base if None.
    segmenter (Optional[str]): What cuts Chinese into words; jieba if None, or what the source has.
    source (Optional[str]): A trained pipeline to start from: its folder or its name.
    base (Optional[Path]): A config whose components get the language model as their encoder.
    size (str): "small", "medium" or "large", where nothing is taken from a source.
    reading (str): How a language model reads its text: "lines", each a document of its own; or
        "streams", long documents, the state carried from window to window.
    budget (Optional[Budget]): How long it trains; None for the base's own training.
    overrides (Dict[str, Any]): Settings by dotted names, put in last.
    """

    task: str
    lang: str | None = None
    segmenter: str | None = None
    source: str | None = None
    base: Path | None = None
    size: str = "medium"
    reading: str = "lines"
    budget: Budget | None = None
    overrides: dict[str, Any] = field(default_factory=dict)


def make_config(request: ConfigRequest) -> tuple[Config, list[str]]:
    """Write the config that was asked for.

    request (ConfigRequest): What it is for.
    RETURNS (Tuple[Config, List[str]]): The config, complete, as `spacy train` takes it; and what
        was changed in the base, a line each.
    RAISES (ValueError): For an unknown task, size, language or segmenter; a source that can't be
        read; things that don't go together.
    """
    choices = (
        ("task", request.task, TASKS),
        ("size", request.size, SIZES),
        ("reading", request.reading, READINGS),
    )
    for option, value, known in choices:
        if value not in known:
            message = {"option": option, "value": value, "known": ", ".join(known)}
            raise ValueError(Errors.R008.format(**message))
    source = None if request.source is None else read_source(request.source)
    if request.base is not None:
        config, changes = _from_base(request, source)
    else:
        config, changes = _anew(request, source), []
    put(config, request.overrides)
    return complete(config), changes


def steps_in(minutes: float, request: ConfigRequest) -> int:
    """Try how many steps of a training fit into a time, on made-up words.

    minutes (float): The time, without reading the corpus and without evaluations.
    request (ConfigRequest): What is trained.
    RETURNS (int): The steps. Those of other components than language models are taken to cost a
        third of the encoder's time.
    RAISES (ValueError): For a time that isn't above 0.
    """
    if not minutes > 0:
        raise ValueError(Errors.R309.format(option="minutes", range="above 0", value=minutes))
    config, _ = make_config(replace(request, budget=Budget.of(1), source=None, overrides={}))
    if request.source is not None:
        shape = {**read_source(request.source).model, "source": None, "vocabulary": None}
        put(config, {"components.rnn_lm.model": shape})
    tokens = config["training"]["batcher"].get("size", 2000)
    tokens = tokens if isinstance(tokens, int) else 1000
    step = seconds_per_step(config, words_of_a_language(), tokens, 25)
    if request.task not in ("lm", "encoder"):
        step *= 4 / 3
    return max(1, round(minutes * 60 / step))


def _from_base(request: ConfigRequest, source: SourceSettings | None) -> tuple[Config, list[str]]:
    if request.task in ("lm", "encoder"):
        raise ValueError(Errors.R637.format(task=request.task))
    config = util.load_config(request.base or "", interpolate=False)
    there = config["nlp"]["lang"]
    if request.lang not in (None, there):
        raise ValueError(Errors.R638.format(lang=request.lang, there=there, what="base"))
    changes = swap_encoder(config, *_network_to_listen_to(request, source), request.source)
    if source is not None and source.tokenizer != config["nlp"].get("tokenizer"):
        _check_language(source, there)
        put(config, source_tokenizer(source))
        changes.append("[nlp.tokenizer] that of the source, whose words it knows")
    if request.budget is not None:
        put(config, {"training.max_steps": request.budget.steps})
        put(config, {"training.eval_frequency": request.budget.eval_frequency})
        changes.append(f"[training] max_steps = {request.budget.steps}")
    return config, changes


def _anew(request: ConfigRequest, source: SourceSettings | None) -> Config:
    lang = request.lang or (source.lang if source is not None else None)
    if lang is None:
        raise ValueError(Errors.R639)
    if source is not None:
        _check_language(source, lang)
    budget = request.budget
    assert budget is not None
    if request.reading == "streams" and (request.task != "lm" or source is not None):
        raise ValueError(Errors.R646)
    if request.reading == "streams":
        config = put(empty_config(lang), stream_settings(request.size, budget))
    elif request.task == "lm":
        config = put(empty_config(lang), language_model_settings(request.size, budget, source))
    elif request.task == "encoder":
        config = put(empty_config(lang), encoder_settings(request.size, budget))
    else:
        config = component_config(request.task, lang, budget)
        swap_encoder(config, *_network_to_listen_to(request, source), request.source)
    if source is not None and request.task == "lm":
        put(config, {"paths.source": request.source})
    if source is not None and request.segmenter is None:
        return put(config, source_tokenizer(source))
    return put(config, tokenizer_blocks(lang, request.segmenter))


def _check_language(source: SourceSettings, lang: str) -> None:
    if source.lang != lang:
        raise ValueError(Errors.R638.format(lang=lang, there=source.lang, what="source"))


def _network_to_listen_to(
    request: ConfigRequest, source: SourceSettings | None
) -> tuple[dict[str, Any], int]:
    """RETURNS (Tuple[Dict, int]): The network's block for a component that listens, and the units
    of its hidden states."""
    if source is not None:
        # a listener needs no speller, which would go on learning
        return {**source.model, "speller_width": 0}, source.width
    shape = encoder_settings(request.size, Budget.of(1))["components.rnn_lm.model"]
    return shape, 2 * WIDTHS[request.size]
