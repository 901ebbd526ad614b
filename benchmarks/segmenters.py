"""Bits per character of one text under several segmentations, after the same training time.

python benchmarks/segmenters.py path/to/zh-classics --minutes 8

A chapter is a document, its state is carried, words with one occurrence are unknown and spelled.
The pkuseg model learns its words from jieba's. Minutes are CPU minutes of training steps; how many
steps these are is found by a trial of some dozens.
"""

import json
import os
import random
import statistics
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import jieba
import numpy as np
import quality
import typer
from spacy.cli._util import parse_config_overrides
from spacy.language import Language
from spacy.util import registry

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.pipeline.rnn_lm import RNNLM
from spacy_rnn.pipeline.scorer import scores_from_counts

WARM_UP = 20
SEGMENTED_LINES = 3_000
# A window covers about as much text: a word of jieba has 1.5 characters.
WINDOWS = {"jieba": 70, "pkuseg": 70, "char": 105}

_times: list[float] = []


@registry.callbacks("spacy-rnn.benchmark_clock.v1")
def create_clock() -> Callable[[Language, dict[str, Any]], None]:
    """Keeps the CPU time before every step."""
    return lambda nlp, info: _times.append(process_time())


def seconds_per_step() -> float:
    """RETURNS (float): The median, so that evaluations and the first reading don't count."""
    return statistics.median(np.diff(_times[WARM_UP:]))


def train_pkuseg(text: Path, folder: Path) -> Path:
    """RETURNS (Path): A pkuseg model that learned from a part of the text, segmented by jieba."""
    import spacy_pkuseg

    lines = [line.strip() for line in text.read_text("utf8").splitlines() if line.strip()]
    random.Random(0).shuffle(lines)
    words = [" ".join(w for w in jieba.lcut(line) if w.strip()) for line in lines]
    train, test = folder / "train.utf8", folder / "test.utf8"
    train.write_text("\n".join(words[:SEGMENTED_LINES]) + "\n", "utf8")
    test.write_text("\n".join(words[-300:]) + "\n", "utf8")
    spacy_pkuseg.train(str(train), str(test), str(folder / "model"), train_iter=4)
    return folder / "model"


def make_config(
    folder: Path, dev: Path, segmenter: str, pkuseg: Path, steps: int, chosen: dict[str, Any]
) -> Any:
    config = quality.load(
        {
            "paths.train": str(folder / "train.txt"),
            "paths.dev": str(dev),
            "corpora.train.window": WINDOWS[segmenter],
            "training.dropout": 0.25,
            "training.max_steps": steps,
            "training.eval_frequency": steps,
            "training.optimizer.L2": 0.1,
            "training.optimizer.learn_rate.max_rate": 0.015,
            **chosen,
        }
    )
    if segmenter != "jieba":
        name = "spacy.zh.ChineseTokenizer"
        config["nlp"]["tokenizer"] = {"@tokenizers": name, "segmenter": segmenter}
        model = str(pkuseg) if segmenter == "pkuseg" else None
        settings = {"pkuseg_model": model, "pkuseg_user_dict": "default"}
        config["initialize"]["tokenizer"] = settings
    config["training"]["before_update"] = {"@callbacks": "spacy-rnn.benchmark_clock.v1"}
    return config


def measure(nlp: Language, test: Path) -> dict[str, Any]:
    """RETURNS (Dict): All scores on the test text, the perplexity over its known words alone, and
    its most surprising token in bits."""
    lm = nlp.get_pipe("rnn_lm")
    assert isinstance(lm, RNNLM)
    lm.annotations = ("log_probs", "next")
    docs = [example.predicted for example in create_text_corpus(test, document="block")(nlp)]
    for doc, made in zip(docs, lm.predict(docs), strict=True):
        lm.set_annotations([doc], [made])
    surprisal = np.concatenate([doc._.rnn_lm.surprisal for doc in docs])
    assert np.isfinite(surprisal).all()
    known = ~np.concatenate([doc._.rnn_lm.unknown for doc in docs])
    counts = lm.count(docs)
    scores = scores_from_counts(counts, lm)
    return {
        **scores,
        "tokens": counts.tokens,
        "perplexity_known": float(2 ** surprisal[known].mean()),
        "most_surprising": float(surprisal.max()),
        "finite": len(surprisal),
    }


def main(
    folder: Path = typer.Argument(help="zh-classics: train.txt, dev.txt, test.txt"),
    minutes: float = typer.Option(8.0, help="CPU minutes of training for each"),
    width: int = typer.Option(256, help="Width of the LSTM"),
    trial: int = typer.Option(60, help=f"Steps of the trial, more than {WARM_UP + 1}"),
    steps: int = typer.Option(0, help="Steps of training, without a trial"),
    seed: int = typer.Option(0),
    only: list[str] = typer.Option(None, help="Only this segmenter: jieba, pkuseg or char"),
    spelling: str = typer.Option("context", help="What spells unknown words: context or plain"),
    min_count: int = typer.Option(2, help="Rarer words are unknown"),
    setting: list[str] = typer.Option([], "--set", help="Another setting of the config: a=1"),
    part: str = typer.Option("test", help="What is measured at the end: dev or test"),
    output: Path = typer.Option(None, help="A folder to keep the models in"),
) -> None:
    """Print a JSON line for each segmenter."""
    with TemporaryDirectory() as temporary:
        work = output or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        dev = work / "dev.txt"
        chapters = (folder / "dev.txt").read_text("utf8").split("\n\n")
        dev.write_text("\n\n".join(chapters[:3]), "utf8")
        names = only or [*WINDOWS]
        pkuseg = train_pkuseg(folder / "train.txt", work) if "pkuseg" in names else work
        chosen = {
            "components.rnn_lm.model.width": width,
            "components.rnn_lm.model.spelling": spelling,
            "system.seed": seed,
            **parse_config_overrides([f"--{pair}" for pair in setting], None),
        }
        for segmenter in names:
            count = steps
            if not count:
                _times.clear()
                config = make_config(folder, dev, segmenter, pkuseg, trial, chosen)
                quality.run(config, min_count=min_count, output=work / "trial")
                count = max(WARM_UP + 2, int(minutes * 60 / seconds_per_step()))
            _times.clear()
            config = make_config(folder, dev, segmenter, pkuseg, count, chosen)
            nlp, _ = quality.run(config, min_count=min_count, output=work / segmenter)
            spent = count * seconds_per_step()
            figures = measure(nlp, folder / f"{part}.txt")
            row = {
                "segmenter": segmenter,
                "spelling": spelling,
                "min_count": min_count,
                "part": part,
                "steps": count,
                "seed": seed,
                "cpu_seconds": round(spent),
                **figures,
            }
            print(json.dumps({**row, "threads": os.environ.get("OMP_NUM_THREADS")}), flush=True)


if __name__ == "__main__":
    typer.run(main)
