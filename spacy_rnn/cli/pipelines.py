"""The pipeline that a command works with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spacy import util
from spacy.language import Language


def load_tokenizer(config: Path, overrides: dict[str, Any] | None = None) -> Language:
    """RETURNS (Language): The untrained pipeline of a config, its tokenizer ready to use."""
    loaded = util.load_config(config, overrides or {})
    nlp = util.load_model_from_config(loaded, auto_fill=True)
    initialize = getattr(nlp.tokenizer, "initialize", None)
    if initialize is not None:
        settings = nlp.config.interpolate()["initialize"]["tokenizer"]
        initialize(lambda: [], nlp=nlp, **settings)
    return nlp
