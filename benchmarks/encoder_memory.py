"""Which part of an encoder's training takes how much memory: the peak of each stage, in MB.

python benchmarks/encoder_memory.py path/to/train.spacy path/to/dev.spacy

Does what a training with configs/encoder_en.cfg does, in its order: reads the training corpus and
counts words, lists its Examples, takes some steps, evaluates some documents of dev, and writes a
checkpoint. At last it evaluates with all annotations that rnn_lm keeps by default. Linux only,
which tells a peak anew.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from spacy import util
from spacy.util import registry
from thinc.api import Config, fix_random_seed

from spacy_rnn.defaults import COMPONENT
from spacy_rnn.training.resumable.loop import Loop
from spacy_rnn.training.resumable.processes import Processes
from spacy_rnn.training.resumable.recipe import Recipe
from spacy_rnn.training.resumable.snapshot import take_snapshot, write_snapshot

_CONFIG = Path(__file__).parents[1] / "configs" / "encoder_en.cfg"


def main(
    train: Path = typer.Argument(help="Training corpus: text or .spacy"),
    dev: Path = typer.Argument(help="Development corpus"),
    steps: int = typer.Option(3, help="Training steps"),
    documents: int = typer.Option(150, help="Documents of dev that are evaluated"),
    width: int = typer.Option(256, help="Width of a direction"),
) -> None:
    """Print the peak of each stage, then all of them as JSON."""
    peaks: dict[str, int] = {}

    def stage(name: str) -> None:
        peaks[name] = round(take_peak())
        print(f"{name}: {peaks[name]:,} MB", flush=True)

    stage("imports")
    config = read_config(train, dev, documents, width)
    nlp = util.load_model_from_config(config, auto_fill=True)
    corpora: Any = registry.resolve(config["corpora"])
    nlp.initialize(lambda: corpora["train"](nlp))
    stage("words counted, network made")
    fix_random_seed(0)
    loop = Loop(nlp, Recipe.of(nlp), Processes())
    loop.next_epoch()
    stage("training corpus listed")
    for _ in range(steps):
        loop.step()
    stage(f"{steps} steps")
    shown = f"evaluation of {sum(map(len, corpora['dev'](nlp))):,} tokens"
    loop.evaluate()
    stage(shown)
    with TemporaryDirectory() as folder:
        write_snapshot(Path(folder), loop, take_snapshot(loop), {})
    stage("checkpoint")
    lm: Any = nlp.get_pipe("rnn_lm")
    lm.annotations = tuple(COMPONENT.annotations)
    loop.evaluate()
    stage(f"{shown} with all annotations")
    print(json.dumps({"unit": "MB", "peaks": peaks}))


def read_config(train: Path, dev: Path, documents: int, width: int) -> Config:
    overrides = {
        "paths.train": str(train),
        "paths.dev": str(dev),
        "corpora.dev.limit": documents,
        "components.rnn_lm.model.width": width,
    }
    return util.load_config(_CONFIG, overrides=overrides, interpolate=True)


def take_peak() -> float:
    """RETURNS (float): The highest resident memory since the last call, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    typer.run(main)
