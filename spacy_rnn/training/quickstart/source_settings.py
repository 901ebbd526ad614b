"""What a trained pipeline says about its language model, for configs that start from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy import util

from ...errors import Errors
from ...layers.sources import find_pipeline

FACTORY = "rnn_lm"


@dataclass
class SourceSettings:
    """A trained language model.

    path (Path): The folder of its pipeline.
    lang (str): The pipeline's language.
    tokenizer (Dict[str, Any]): The block [nlp.tokenizer].
    tokenizer_setup (Dict[str, Any]): The block [initialize.tokenizer].
    model (Dict[str, Any]): The block [components.NAME.model].
    """

    path: Path
    lang: str
    tokenizer: dict[str, Any]
    tokenizer_setup: dict[str, Any]
    model: dict[str, Any]

    @property
    def width(self) -> int:
        """RETURNS (int): The units of a token's hidden state, of both directions together."""
        return self.model["width"] * (2 if self.model["direction"] == "both" else 1)


def read_source(source: str) -> SourceSettings:
    """Read the config of a trained pipeline; its weights are not read.

    source (str): The folder of a pipeline, or the name of an installed one.
    RETURNS (SourceSettings): Its language model.
    RAISES (ValueError): If there is no such pipeline, or not exactly one language model in it.
    """
    file = find_pipeline(source) / "config.cfg"
    if not file.is_file():
        raise ValueError(Errors.R630.format(source=source))
    config = util.load_config(file, interpolate=True)
    models = [block for block in config["components"].values() if block.get("factory") == FACTORY]
    if len(models) != 1:
        raise ValueError(Errors.R631.format(source=source, count=len(models)))
    nlp = config["nlp"]
    setup = config.get("initialize", {}).get("tokenizer", {})
    return SourceSettings(file.parent, nlp["lang"], nlp["tokenizer"], setup, models[0]["model"])
