"""`rnn train --text`: from a text to a trained model by one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spacy import util
from thinc.api import Config

from ..errors import Errors
from ..messages import inform
from ..scoring.corpus_scores import score_corpus
from ..scoring.selecting import find_language_model
from ..training.quickstart.text_parts import split_text
from ..training.quickstart.text_recipe import text_config

CONFIG = "config.cfg"
_PARTS = "text"


def prepare_text_training(
    text: Path,
    output: Path,
    *,
    lang: str | None,
    segmenter: str | None,
    minutes: float,
    overrides: dict[str, Any],
    resume: bool,
    overwrite: bool,
) -> Config:
    """Split a text, choose a training for it, and write both beside the model.

    text (Path): A file or folder of raw text.
    output (Path): The folder of the training.
    lang (Optional[str]): The language.
    segmenter (Optional[str]): What cuts Chinese into words.
    minutes (float): How long it may take.
    overrides (Dict[str, Any]): Settings by dotted names.
    resume (bool): Whether to go on with what was chosen before, if there is anything.
    overwrite (bool): Whether to drop another training of the folder.
    RETURNS (Config): Of the training, not interpolated.
    RAISES (ValueError): Without a language; for a text that can't be used; if a training is there.
    """
    path = output / CONFIG
    if resume and path.is_file():
        return util.load_config(path, overrides, interpolate=False)
    if path.exists() and not overwrite:
        raise ValueError(Errors.R640.format(path=path))
    if lang is None:
        raise ValueError(Errors.R639)
    if not text.exists():
        raise ValueError(Errors.R202.format(path=text))
    parts = split_text(text, output / _PARTS)
    config, chosen = text_config(
        parts, output / _PARTS, lang=lang, segmenter=segmenter, minutes=minutes, overrides=overrides
    )
    for line in chosen:
        inform(line)
    config.to_disk(path)
    inform(f"The config is {path}; the same again: python -m spacy rnn train {path} -o …")
    return config


def report_text_training(output: Path) -> None:
    """Score the best model on the part of the text that it hasn't seen, and say what to do next.

    output (Path): The folder of the training.
    """
    best = output / "model-best"
    nlp = util.load_model(best)
    lm = find_language_model(nlp, str(best))
    (test,) = (output / _PARTS).glob("test.*")
    reader = nlp.config.interpolate()["corpora"]["dev"]
    options = {name: reader[name] for name in ("document", "text_key")}
    scores = score_corpus(nlp, lm, test, options, plain_names=True).scores
    bits = scores.get("lm_bits_per_char")
    figures = [
        f"perplexity {scores['lm_perplexity']:,.1f}",
        f"first guess right {scores['lm_acc']:.1%}",
        f"unknown tokens {scores['lm_oov']:.1%}",
        *([f"{bits:.3f} bits per character"] if bits is not None else []),
    ]
    inform(f"On text that it hasn't seen ({test}): {', '.join(figures)}")
    inform(f"What comes next:     python -m spacy rnn predict {best} YOUR_WORDS")
    inform(f"Let it write:        python -m spacy rnn generate {best} YOUR_WORDS")
    inform(f"How surprising:      python -m spacy rnn score {best} FILE.txt OUT.jsonl --tokens")
    inform("Better: more text, or more --minutes; then compare by perplexity on the same test text")
