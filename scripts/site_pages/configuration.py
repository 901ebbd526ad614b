"""The configuration reference: every option of every registered function."""

from __future__ import annotations

import inspect
import re
from importlib.metadata import EntryPoint, distribution
from typing import Any

from thinc.api import Config

from spacy_rnn import RNNLM
from spacy_rnn.defaults import default_config

from .docstrings import Docstring, parse
from .prose import escape, table

# The groups of entry points that a config can name: key, title, where the function goes.
GROUPS = {
    "spacy_factories": ("factory", "Component", "[components.rnn_lm]"),
    "spacy_architectures": ("@architectures", "Architectures", "[components.NAME.model]"),
    "spacy_tokenizers": ("@tokenizers", "Tokenizer", "[nlp.tokenizer]"),
    "spacy_readers": ("@readers", "Corpus readers", "[corpora.train]"),
    "spacy_batchers": ("@batchers", "Batcher", "[training.batcher]"),
    "spacy_callbacks": ("@callbacks", "Callbacks", "[training.before_update]"),
    "thinc_schedules": ("@schedules", "Schedules", "[training.optimizer.learn_rate]"),
    "spacy_scorers": ("@scorers", "Scorer", "[components.rnn_lm.scorer]"),
    "spacy_loggers": ("@loggers", "Logger", "[training.logger]"),
}
_REFERENCE = re.compile(r'See "(spacy-rnn\.[\w.]+)"\.')
_HEAD = ("option", "type", "default", "meaning")
_INTRODUCTION = """# Configuration reference

Every function that a config can name, with all its options, made from the signatures and
docstrings of the code. A function goes under the block that is named above its table. A config for
a task is written by `python -m spacy rnn init`. Whole configs: [training](../training.md),
[configs](../configs.md); for a tagger or NER: [encoders](../encoders.md).
"""


def functions() -> dict[str, list[EntryPoint]]:
    """RETURNS (Dict[str, List[EntryPoint]]): The registered functions, by group."""
    found = sorted(distribution("spacy-rnn").entry_points, key=lambda point: point.name)
    return {group: [point for point in found if point.group == group] for group in GROUPS}


def options(function: Any) -> list[inspect.Parameter]:
    """RETURNS (List[Parameter]): What a config can set; the pipeline and the name are given."""
    parameters = inspect.signature(function).parameters
    return [each for name, each in parameters.items() if name not in ("nlp", "name")]


def configuration_page() -> str:
    """RETURNS (str): The reference, as Markdown.
    RAISES (KeyError): For an option that no docstring explains.
    """
    loaded = {p.name: p.load() for points in functions().values() for p in points}
    documented = {name: parse(function.__doc__) for name, function in loaded.items()}
    documented["rnn_lm"] = parse(RNNLM.__doc__)
    documented["rnn_lm"].code.pop("EXAMPLE", None)
    parts = [_INTRODUCTION]
    for group, points in functions().items():
        key, title, block = GROUPS[group]
        parts.append(f"## {title}\n")
        for point in points:
            parts.append(f"### {point.name}\n")
            parts.append(f'`{key} = "{point.name}"`, for example in `{block}`.\n')
            parts.append(_describe(point.name, loaded[point.name], documented))
    parts += ["## The component's defaults\n", f"```ini\n{_default_block()}\n```\n"]
    return "\n".join(parts)


def _default_block() -> str:
    """The defaults as a config has them."""
    settings = Config({"components": {"rnn_lm": {"factory": "rnn_lm", **default_config()}}})
    text = settings.to_str(interpolate=False)
    return text.replace("[components]\n\n", "", 1).strip()


def _describe(name: str, function: Any, documented: dict[str, Docstring]) -> str:
    mine = documented[name]
    parts = [escape_description(mine.description), ""]
    rows = [_row(name, option, documented) for option in options(function)]
    parts.append(table(_HEAD, rows) or "It has no options.\n")
    for outcome in mine.outcomes:
        # the factory's docstring is that of a class: a config gets no object from it
        verb = {"RETURNS": "Returns", "YIELDS": "Yields", "RAISES": "Raises"}[outcome.name]
        parts.append(f"{verb} `{outcome.type}`: {escape(outcome.text)}\n")
    for language, title in (("ini", "CONFIG"), ("pycon", "EXAMPLE")):
        if title in mine.code:
            parts.append(f"```{language}\n{mine.code[title]}\n```\n")
    return "\n".join(parts)


def escape_description(text: str) -> str:
    """RETURNS (str): Paragraphs as Markdown."""
    return "\n\n".join(escape(paragraph) for paragraph in text.split("\n\n"))


def _row(
    name: str, option: inspect.Parameter, documented: dict[str, Docstring]
) -> tuple[str, str, str, str]:
    meaning = documented[name].meaning(option.name)
    if meaning is None:
        raise KeyError(f"the docstring of {name} doesn't explain {option.name}")
    if reference := _REFERENCE.fullmatch(meaning):
        meaning = documented[reference[1]].meaning(option.name) or meaning
    kind = option.annotation
    written = kind if isinstance(kind, str) else inspect.formatannotation(kind)
    kind = re.sub(r"\b(?:[a-z_]\w*\.)+(?=\w)", "", written)
    return (f"`{option.name}`", f"`{kind}`", _default(name, option), escape(meaning))


def _default(name: str, option: inspect.Parameter) -> str:
    if name == "rnn_lm" and option.name in default_config():
        if option.name in ("model", "scorer"):
            return "see [below](#the-components-defaults)"
        return f"`{_as_in_config(default_config()[option.name])}`"
    if option.default is inspect.Parameter.empty:
        return "has to be given"
    return f"`{_as_in_config(option.default)}`"


def _as_in_config(value: Any) -> str:
    text = Config({"a": {"b": value}}).to_str(interpolate=False)
    return text.partition("b = ")[2].strip()
