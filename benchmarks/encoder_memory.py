"""Which part of an encoder's training takes how much memory: the peak of each stage, in MB.

python benchmarks/encoder_memory.py path/to/train.spacy path/to/dev.spacy

Reads both corpora as configs/encoder_en.cfg says, makes the network, takes some steps, and
evaluates some documents of dev: once as the config keeps annotations, and once with all that
rnn_lm keeps by default. Linux only, which tells a peak anew.
"""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import typer
from spacy import util
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.util import registry
from thinc.api import Config

from spacy_rnn.defaults import COMPONENT

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
    examples = list(corpora["train"](nlp))
    stage(f"training corpus, {count_tokens(examples):,} tokens")
    nlp.initialize(lambda: examples)
    stage("network")
    take_steps(nlp, config, examples, steps)
    stage(f"{steps} steps")
    text = list(corpora["dev"](nlp))
    shown = f"evaluation of {count_tokens(text):,} tokens"
    nlp.evaluate(text)
    stage(shown)
    lm: Any = nlp.get_pipe("rnn_lm")
    lm.annotations = tuple(COMPONENT.annotations)
    nlp.evaluate(text)
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


def take_steps(nlp: Language, config: Config, examples: list[Example], steps: int) -> None:
    settings: Any = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    for batch in islice(settings["batcher"](examples), steps):
        nlp.update(batch, sgd=settings["optimizer"], drop=settings["dropout"])


def count_tokens(examples: list[Example]) -> int:
    return sum(map(len, examples))


def take_peak() -> float:
    """RETURNS (float): The highest resident memory since the last call, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    typer.run(main)
