"""CPU time and memory of a training step: an LSTM 256 with a speller, zh-classics, 64 windows.

python benchmarks/train_step.py path/to/zh-classics

Run it in two checkouts in turn to compare them. What a step costs at first is left out: code is
compiled for shapes that weren't met before.
"""

import json
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import quality
import spacy
import torch
import typer
from spacy import util
from spacy.training.initialize import init_nlp
from thinc.api import Adam, fix_random_seed

from spacy_rnn.cli.vocab import reader_options, write_vocabulary
from spacy_rnn.corpus.streams import batch_by_stream, create_stream_corpus
from spacy_rnn.corpus.text_corpus import create_text_corpus

SETTINGS = {"training.dropout": 0.4, "components.rnn_lm.model.spelling": "plain"}


def main(
    folder: Path = typer.Argument(help="zh-classics: train.txt"),
    width: int = typer.Option(256, help="Width of the LSTM"),
    cutoffs: str = typer.Option("auto", help='Clusters of the softmax: "auto" or "fast"'),
    streams: int = typer.Option(64, help="Windows of a step"),
    first: int = typer.Option(25, help="Steps that aren't counted"),
    steps: int = typer.Option(30, help="Steps that are"),
) -> None:
    """Print a JSON line."""
    torch.set_num_threads(1)
    fix_random_seed(0)
    text = folder / "train.txt"
    model = {"components.rnn_lm.model.width": width, "components.rnn_lm.model.cutoffs": cutoffs}
    paths = {"paths.train": str(text), "paths.dev": str(folder / "dev.txt")}
    config = quality.load({**SETTINGS, **model, **paths})
    with TemporaryDirectory() as temporary:
        words = Path(temporary) / "words.json"
        plain = util.load_model_from_config(config, auto_fill=True)
        write_vocabulary(plain, text, words, reader_options(plain), min_count=2)
        config["paths"]["vocabulary"] = str(words)
        nlp = init_nlp(config)
    optimizer = Adam(0.001, beta2=0.99, L2=0.1, L2_is_weight_decay=True)
    optimizer.grad_clip = 1.0
    documents = create_text_corpus(text, document="block", limit=200)
    reader = create_stream_corpus(documents, streams=streams, window=70)
    blank = spacy.blank("zh", config={"nlp": {"tokenizer": config["nlp"]["tokenizer"]}})
    blank.max_length = 10**9
    times, tokens = [], 0
    for number, batch in enumerate(batch_by_stream(reader(blank))):
        if number == first + steps:
            break
        start = process_time()
        nlp.update(batch, sgd=optimizer, drop=0.4)
        if number >= first:
            times.append(process_time() - start)
            tokens += sum(len(example.predicted) for example in batch)
    row = {"width": width, "cutoffs": cutoffs, "streams": streams, "steps": len(times)}
    speed = {"milliseconds": round(1000 * median(times)), "tokens_a_step": tokens // len(times)}
    peak = getrusage(RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({**row, **speed, "mean": round(1000 * sum(times) / len(times)), "MB": peak}))


if __name__ == "__main__":
    typer.run(main)
