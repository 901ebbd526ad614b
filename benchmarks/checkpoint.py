"""What a checkpoint costs, and what it costs to find one's place in the corpus again.

python benchmarks/checkpoint.py path/to/zh-classics

Trains the shipped config's network on train.txt for some steps: seconds of a step, of a checkpoint
and of taking a training up again, with a shuffled corpus in memory (configs/rnn_lm.cfg).
"""

import json
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import typer
from spacy.util import load_config

from spacy_rnn.training.resumable.processes import Processes
from spacy_rnn.training.resumable.start import TrainOptions, start
from spacy_rnn.training.resumable.training_run import Messages, TrainingRun

CONFIG = Path(__file__).parents[1] / "configs" / "rnn_lm.cfg"
NEVER = 1_000_000


def main(
    corpus: Path = typer.Argument(help="A folder with train.txt and dev.txt"),
    steps: int = typer.Option(40, help="Steps before the checkpoint"),
    rounds: int = typer.Option(5, help="Checkpoints"),
) -> None:
    """Print seconds and sizes."""
    config = load_config(CONFIG, interpolate=False)
    config["paths"] |= {"train": str(corpus / "train.txt"), "dev": str(corpus / "dev.txt")}
    config["training"]["max_steps"] = NEVER
    with TemporaryDirectory() as folder:
        options = TrainOptions(Path(folder), every=NEVER)
        begun, run = timed(lambda: begin(config, options))
        # the first step reads the corpus and tokenizes it
        reading, _ = timed(run.loop.step)
        run.loop.evaluate = lambda: {}  # type: ignore[method-assign]
        step = median(timed(run.loop.step)[0] for _ in range(steps))
        kept = []
        for _ in range(rounds):
            run.loop.step()
            kept.append(timed(run._keep)[0])
        last = run.checkpoints.paths()[-1]
        size = sum(path.stat().st_size for path in last.rglob("*") if path.is_file())
        run.close()
        options.resume = True
        resumed, again = timed(lambda: begin(config, options))
        again.close()
        assert again.loop.progress.steps == run.loop.progress.steps
    figures = {"start": begun, "first step": reading, "step": step, "resumed": resumed}
    figures["checkpoint"] = median(kept)
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))
    print(f"{size / 1e6:.0f} MB; {figures['checkpoint'] / step:.1f} steps")


def begin(config, options: TrainOptions) -> TrainingRun:
    return start(config, options, Processes(), Messages(print, print))


def timed(what):
    begin = perf_counter()
    result = what()
    return perf_counter() - begin, result


if __name__ == "__main__":
    typer.run(main)
