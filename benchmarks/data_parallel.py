"""Training on two processes against one, each of one thread, started by torchrun, in turn.

python benchmarks/data_parallel.py path/to/wikitext-2/train.txt

A 1×256 LSTM with the streams and the window of the shipped config. Both take the same batch a
process, so two processes learn from twice the text at a step.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import spacy
import torch
import typer
from spacy.util import load_config
from timing import report

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.training.resumable.loop import Loop
from spacy_rnn.training.resumable.processes import Processes, end_processes, join_processes
from spacy_rnn.training.resumable.recipe import Recipe
from spacy_rnn.training.resumable.start import make_pipeline
from spacy_rnn.vocabulary import Vocabulary

CONFIG = Path(__file__).parents[1] / "configs" / "rnn_lm_streams.cfg"
WARM_UP = 3


def main(
    text: Path = typer.Argument(help="WikiText-2's train.txt"),
    rounds: int = typer.Option(3, help="Runs of each side"),
    steps: int = typer.Option(20, help="Steps of a run"),
    words: Path | None = typer.Option(None, hidden=True),
) -> None:
    """Print tokens a second of both sides and their ratio."""
    if words is not None:
        work(text, words, steps)
        return
    with TemporaryDirectory() as folder:
        words = Path(folder) / "words.json"
        docs = (example.predicted for example in read(text)(spacy.blank("en")))
        words.write_text(json.dumps(Vocabulary.from_docs(docs).labels))
        made: dict[int, list[dict[str, float]]] = {1: [], 2: []}
        for _ in range(rounds):
            for count in made:
                made[count].append(launch(count, [str(text), "--words", words, "--steps", steps]))
    for count, runs in made.items():
        averaging = median(run["averaging"] for run in runs)
        print(f"{count} processes: {1000 * averaging:.1f} ms of a step to average gradients")
    speeds = {n: median(run["tokens_per_second"] for run in runs) for n, runs in made.items()}
    report(speeds[2], speeds[1], unit="tokens/s")


def launch(count: int, arguments: list) -> dict[str, float]:
    """Run this program in several processes; returns what the first one prints at the end."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={count}", __file__, *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def read(text: Path):
    return create_text_corpus(
        text, tokenized=True, document="line", line_end="<eos>", max_length=10_000
    )


def work(text: Path, words: Path, steps: int) -> None:
    """Train, and print the speed of all processes together."""
    torch.set_num_threads(1)
    processes = join_processes(use_gpu=False)
    config = load_config(CONFIG)
    config["nlp"] |= {"lang": "en", "tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}
    config["initialize"]["tokenizer"] = {}
    config["paths"] |= {"train": str(text), "dev": str(text), "vocabulary": str(words)}
    config["components"]["rnn_lm"]["model"]["vocabulary"] = str(words)
    pieces = {"path": str(text), "tokenized": True, "document": "line", "line_end": "<eos>"}
    config["corpora"]["train"]["corpus"] |= {**pieces, "max_length": 10_000}
    config["corpora"]["train"]["shuffle"] = 0
    loop = Loop(nlp := make_pipeline(config, None, -1, processes), Recipe.of(nlp), processes)
    spent = time_averaging(processes, loop)
    for _ in range(WARM_UP):
        loop.step()
    before, spent[0], start = loop.progress.words, 0.0, perf_counter()
    for _ in range(steps):
        loop.step()
    seconds = perf_counter() - start
    if processes.first:
        speed = (loop.progress.words - before) / seconds
        print(json.dumps({"tokens_per_second": speed, "averaging": spent[0] / steps}))
    end_processes()


def time_averaging(processes: Processes, loop: Loop) -> list[float]:
    """RETURNS (List[float]): The seconds that go into averaging, waiting included, so far."""
    shim = loop.nlp.get_pipe("rnn_lm").shim  # type: ignore[attr-defined]
    average, spent = shim.average_gradients, [0.0]

    def timed(parameters) -> None:
        start = perf_counter()
        average(parameters)
        spent[0] += perf_counter() - start

    if average is not None:
        shim.average_gradients = timed
    return spent


if __name__ == "__main__":
    typer.run(main)
