"""Speed against perplexity, by width and number format: from raw text to surprisal.

python benchmarks/pareto.py path/to/zh-classics --minutes 8 --output FOLDER

Every width is trained for the same CPU minutes of steps (a model in the folder is taken as it
is). Then the paragraphs of test.txt are cut by rjieba and scored by `nlp.pipe`, one thread: tokens
a CPU second, median of some rounds, and the perplexity of the same paragraphs.
"""

import json
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import quality
import segmenters
import spacy
import torch
import typer
from spacy.language import Language
from spacy.util import registry

_RJIEBA = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "engine": "rjieba"}
# Of narrow networks less is dropped: they underfit.
_DROPOUT = {32: 0.1, 64: 0.15, 128: 0.2}


def main(
    folder: Path = typer.Argument(help="zh-classics: train.txt, dev.txt, test.txt"),
    minutes: float = typer.Option(8.0, help="CPU minutes of training for each width"),
    widths: str = typer.Option("32,64,128,256,512", help="Widths of the LSTM"),
    cutoffs: str = typer.Option("fast", help='Clusters of the softmax: "auto" or "fast"'),
    rounds: int = typer.Option(3, help="Runs of each"),
    output: Path = typer.Option(..., help="A folder for the models"),
) -> None:
    """Print a JSON line for each width and number format."""
    torch.set_num_threads(1)
    lines = [line for line in (folder / "test.txt").read_text("utf8").splitlines() if line.strip()]
    for width in map(int, widths.split(",")):
        path = output / str(width)
        if not (path / "model-best").exists():
            train(folder, path, width, cutoffs, minutes)
        for precision in ("float32", "bfloat16"):
            nlp = spacy.load(path / "model-best")
            nlp.tokenizer = registry.resolve({"tokenizer": _RJIEBA})["tokenizer"](nlp)
            lm = nlp.get_pipe("rnn_lm")
            lm.annotations = ("log_probs",)
            lm.shim.prediction_precision = precision
            perplexity, _ = quality.test_perplexity(nlp, folder / "test.txt", {})
            speed = median([tokens_a_second(nlp, lines) for _ in range(rounds + 1)][1:])
            row = {"width": width, "precision": precision, "tokens_a_cpu_second": round(speed)}
            row["clusters"] = len(lm.shim.network.settings.cutoffs)
            print(json.dumps({**row, "test_perplexity": round(perplexity, 1)}), flush=True)


def tokens_a_second(nlp: Language, lines: list[str]) -> float:
    """RETURNS (float): A CPU second."""
    start = process_time()
    tokens = sum(len(doc) for doc in nlp.pipe(lines, batch_size=1000))
    return tokens / (process_time() - start)


def train(folder: Path, path: Path, width: int, cutoffs: str, minutes: float) -> None:
    """Train for so many CPU minutes of steps, found by a trial of some dozens."""
    segmenters._times.clear()
    quality.run(make_config(folder, width, cutoffs, 60), min_count=2, output=path / "trial")
    steps = max(60, int(minutes * 60 / segmenters.seconds_per_step()))
    quality.run(make_config(folder, width, cutoffs, steps), min_count=2, output=path)


def make_config(folder: Path, width: int, cutoffs: list[int] | str, steps: int) -> Any:
    """RETURNS (Config): Chapters in streams, closed vocabulary, evaluated at the end."""
    config = quality.load(
        {
            "paths.train": str(folder / "train.txt"),
            "paths.dev": str(folder / "dev.txt"),
            "components.rnn_lm.model.width": width,
            "components.rnn_lm.model.cutoffs": cutoffs,
            "components.rnn_lm.model.speller_width": 0,
            "training.dropout": _DROPOUT.get(width, 0.25),
            "training.max_steps": steps,
            "training.eval_frequency": steps,
            "training.optimizer.L2": 0.1,
        }
    )
    config["training"]["before_update"] = {"@callbacks": "spacy-rnn.benchmark_clock.v1"}
    return config


if __name__ == "__main__":
    typer.run(main)
