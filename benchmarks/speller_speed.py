"""What the speller costs: scoring and steps of training, with it against without it.

python benchmarks/speller_speed.py training/zh/model-best path/to/zh-classics

One and the same word model, once as it is and once without its speller, in turn on the same
ready-made Docs: paragraphs of the test text to score, windows of the training text to learn from.
CPU seconds of one thread.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any

import spacy
import torch
import typer
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from timing import alternate

from spacy_rnn.corpus.streams import batch_by_stream, create_stream_corpus
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.network.language_model import RNNLanguageModel
from spacy_rnn.pipeline.rnn_lm import RNNLM


def drop_speller(lm: RNNLM) -> None:
    """Leave the words as they are."""
    words = lm.shim.network
    none: dict[str, Any] = {"speller_width": 0, "speller_ngram_rows": 0}
    network = RNNLanguageModel(replace(words.settings, **none), lm.vocabulary.counts)
    own = {name: w for name, w in words.state_dict().items() if not name.startswith("speller.")}
    network.load_state_dict(own)
    lm.shim.settings.update(none)
    lm.shim.set_network(network)


def scoring(nlp: Language, text: Path, limit: int) -> Callable[[], int]:
    """RETURNS (Callable[[], int]): Scores paragraphs, and says how many tokens they have."""
    reader = create_text_corpus(text, document="line", limit=limit)
    docs = [example.predicted for example in reader(nlp)]
    return lambda: sum(len(doc) for doc in nlp.pipe(docs))


def training(nlp: Language, text: Path, drop: float) -> Callable[[], int]:
    """RETURNS (Callable[[], int]): Learns from the next window of 64 chapters."""
    optimizer = Adam(0.001, beta2=0.99, L2=0.1, L2_is_weight_decay=True)
    optimizer.grad_clip = 1.0
    reader = create_stream_corpus(create_text_corpus(text, document="block"), streams=64)
    batches = (batch for _ in count() for batch in batch_by_stream(reader(nlp)))

    def step() -> int:
        batch: list[Example] = next(batches)
        nlp.update(batch, sgd=optimizer, drop=drop)
        return sum(len(example.predicted) for example in batch)

    return step


def main(
    model: Path = typer.Argument(help="A pipeline with a speller"),
    folder: Path = typer.Argument(help="zh-classics: train.txt and test.txt"),
    rounds: int = typer.Option(5, help="Runs of each side in scoring"),
    steps: int = typer.Option(40, help="Steps of each side in training"),
    first: int = typer.Option(25, help="Steps before them that aren't counted"),
    limit: int = typer.Option(1500, help="Paragraphs to score"),
    drop: float = typer.Option(0.25, help="Dropout in training"),
) -> None:
    """Print a JSON line for scoring and one for training: CPU time with over without."""
    torch.set_num_threads(1)
    pipes = []
    for without in (False, True):
        fix_random_seed(0)
        nlp = spacy.load(model)
        nlp.max_length = 10**9
        lm = nlp.get_pipe("rnn_lm")
        assert isinstance(lm, RNNLM) and lm.shim.network.speller is not None
        lm.annotations = ("log_probs",)
        if without:
            drop_speller(lm)
        pipes.append(nlp)
    ours, bare = (scoring(nlp, folder / "test.txt", limit) for nlp in pipes)
    report("scoring", *alternate(ours, bare, rounds, clock=process_time))
    ours, bare = (training(nlp, folder / "train.txt", drop) for nlp in pipes)
    for _ in range(first):
        ours()
        bare()
    report("training", *alternate(ours, bare, steps, clock=process_time))


def report(what: str, ours: float, bare: float) -> None:
    figures = {"with": round(ours), "without": round(bare), "time": round(bare / ours, 3)}
    print(json.dumps({"what": what, **figures, "unit": "tokens a CPU second"}), flush=True)


if __name__ == "__main__":
    typer.run(main)
