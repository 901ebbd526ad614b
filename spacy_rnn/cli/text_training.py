"""`rnn train --text`: from a text to a trained model by one command."""

from __future__ import annotations

from pathlib import Path

from spacy import util
from spacy.language import Language
from spacy.training import Corpus
from thinc.api import Config

from ..errors import Errors
from ..messages import inform
from ..scoring.corpus_scores import score_corpus
from ..scoring.selecting import find_language_model
from ..training.quickstart.config_file import write_config
from ..training.quickstart.from_text import TextRequest, plan_training

CONFIG = "config.cfg"
_PARTS = "text"


def prepare_text_training(
    request: TextRequest, output: Path, *, resume: bool, overwrite: bool
) -> Config:
    """Choose a training for a text, and write its config beside the models.

    request (TextRequest): What is to be trained.
    output (Path): The folder of the training.
    resume (bool): Whether to go on with what was chosen before, if there is anything.
    overwrite (bool): Whether to drop another training of the folder.
    RETURNS (Config): Of the training, not interpolated.
    RAISES (ValueError): For a text that can't be used; if a training is there.
    """
    path = output / CONFIG
    if resume and path.is_file():
        return util.load_config(path, request.overrides, interpolate=False)
    if path.exists() and not overwrite:
        raise ValueError(Errors.R640.format(path=path))
    config, chosen = plan_training(request, output / _PARTS)
    for line in chosen:
        inform(line)
    write_config(config, path)
    again = f"python -m spacy rnn train {path} -o again --paths.log again/log.jsonl"
    inform(f"The config is {path}; the same again: {again}")
    return config


def report_text_training(task: str, output: Path) -> None:
    """Score the best model on the part of the text that it hasn't seen, and say what to do next.

    task (str): What was trained.
    output (Path): The folder of the training.
    """
    best = output / "model-best"
    nlp = util.load_model(best)
    (test,) = (output / _PARTS).glob("test.*")
    if task not in ("lm", "encoder"):
        inform(f"On text that it hasn't seen ({test}): {_component_scores(nlp, test)}")
        inform(f"Use it: spacy.load({str(best)!r})")
        return
    lm = find_language_model(nlp, str(best))
    reader = nlp.config.interpolate()["corpora"]["dev"]
    options = {name: reader[name] for name in ("document", "text_key")}
    scores = score_corpus(nlp, lm, test, options, plain_names=True).scores
    figures = [
        f"perplexity {scores['lm_perplexity']:,.1f}",
        f"first guess right {scores['lm_acc']:.1%}",
        f"unknown tokens {scores['lm_oov']:.1%}",
    ]
    if scores.get("lm_bits_per_char") is not None:
        figures.append(f"{scores['lm_bits_per_char']:.3f} bits per character")
    inform(f"On text that it hasn't seen ({test}): {', '.join(figures)}")
    if task == "encoder":
        train = f"python -m spacy rnn train --task ner --source {best}"
        inform(f"A component that listens to it: {train} --text labelled.spacy -o ner")
        return
    inform(f"What comes next:  python -m spacy rnn predict {best} YOUR_WORDS")
    inform(f"Let it write:     python -m spacy rnn generate {best} YOUR_WORDS")
    inform(f"A picture:        python -m spacy rnn render {best} YOUR_WORDS -o page.html")
    inform(f"How surprising:   python -m spacy rnn score {best} FILE.txt OUT.jsonl --tokens")
    inform("Better: more text or more --minutes; compare by the perplexity of the same test text")


def _component_scores(nlp: Language, test: Path) -> str:
    weights = nlp.config["training"]["score_weights"]
    scores = nlp.evaluate(list(Corpus(test)(nlp)))
    named = [name for name, weight in weights.items() if weight and scores.get(name) is not None]
    return ", ".join(f"{name} {scores[name]:.3f}" for name in named)
