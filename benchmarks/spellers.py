"""Bits of unknown words' spelling, for spellers that learn beside one and the same word model.

python benchmarks/spellers.py training/zh/model-best train.txt dev.txt --spelling plain,context

The words of a trained model stay as they are; each speller begins anew and learns alone
(`lm_weight = 0`) from the same batches, in as many steps, and is measured on dev. So settings are
compared in a tenth of the time of whole trainings, and an old speller with a new one beside the
very same words: `--output` keeps the pipeline with the last one.
"""

import json
import math
from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import spacy
import torch
import typer
from spacy.language import Language
from thinc.api import Adam, fix_random_seed

from spacy_rnn.corpus.streams import batch_by_stream, create_stream_corpus
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.network.language_model import RNNLanguageModel
from spacy_rnn.pipeline.rnn_lm import RNNLM
from spacy_rnn.training.schedules import one_cycle
from spacy_rnn.vocabulary.alphabet import alphabet_of

_SPELLER = ("spelling", "speller_width", "speller_ngram_rows")


def renew_speller(lm: RNNLM, spelling: str, width: int, ngram_rows: int) -> None:
    """Give a model a new speller."""
    words = lm.shim.network
    changes: dict[str, Any] = {"spelling": spelling, "speller_width": width}
    changes["speller_ngram_rows"] = ngram_rows
    lm.shim.settings.update(changes)
    symbols = alphabet_of(lm.vocabulary).counts
    if not words.settings.symbols:
        changes["symbols"] = len(symbols)
    settings = replace(words.settings, **changes)
    network = RNNLanguageModel(settings, lm.vocabulary.counts, symbols)
    own = {name: w for name, w in words.state_dict().items() if not name.startswith("speller.")}
    network.load_state_dict(own, strict=False)
    lm.shim.set_network(network)
    lm.lm_weight = 0.0


def teach(nlp: Language, lm: RNNLM, train: Path, steps: int, *, rate: float, drop: float) -> float:
    """Teach the speller as the shipped configs do: 64 streams of mixed documents.

    RETURNS (float): CPU seconds of the updates.
    """
    optimizer = Adam(one_cycle(rate, steps), beta2=0.99, L2=0.1, L2_is_weight_decay=True)
    optimizer.grad_clip = 1.0
    corpus = create_text_corpus(train, document="block")
    reader = create_stream_corpus(corpus, streams=64, shuffle=1000)
    spent = 0.0
    batches = (batch for _ in range(steps) for batch in batch_by_stream(reader(nlp)))
    for batch in islice(batches, steps):
        start = process_time()
        lm.update(batch, drop=drop, sgd=optimizer)
        optimizer.step_schedules()
        spent += process_time() - start
    return spent


def main(
    model: Path = typer.Argument(help="A pipeline whose words are kept"),
    train: Path = typer.Argument(help="Its training text, or .spacy"),
    dev: Path = typer.Argument(help="The text to measure on"),
    spelling: str = typer.Option("plain,context", help="What the spellers know"),
    width: int = typer.Option(128, help="Of the spellers"),
    ngram_rows: int = typer.Option(32_768, help="Of the table of n-grams; 0 for none"),
    steps: int = typer.Option(700, help="Steps of 64 windows of 70 tokens"),
    rate: float = typer.Option(0.015, help="The highest learning rate"),
    drop: float = typer.Option(0.25, help="Dropout"),
    limit: int = typer.Option(0, help="At most so many documents of dev; 0 for all"),
    seed: int = typer.Option(0),
    output: Path = typer.Option(None, help="A folder for the pipeline with the last speller"),
) -> None:
    """Print a JSON line for each speller."""
    for kind in spelling.split(","):
        nlp = spacy.load(model)
        nlp.max_length = 10**9
        lm = nlp.get_pipe("rnn_lm")
        assert isinstance(lm, RNNLM)
        fix_random_seed(seed)
        own_weight = lm.lm_weight
        renew_speller(lm, kind, width, ngram_rows)
        spent = teach(nlp, lm, train, steps, rate=rate, drop=drop)
        reader = create_text_corpus(dev, document="block", limit=limit)
        start = process_time()
        counts = lm.count(example.predicted for example in reader(nlp))
        words = counts.unknown - counts.missing
        row = {
            "spelling": kind,
            "width": width,
            "ngram_rows": ngram_rows,
            "steps": steps,
            "seed": seed,
        }
        row |= {"cpu_seconds": round(spent), "unknown_words": words}
        row["bits_per_unknown_word"] = round(-counts.spelling / math.log(2) / words, 3)
        row["evaluation_seconds"] = round(process_time() - start)
        print(json.dumps({**row, "threads": torch.get_num_threads()}), flush=True)
        assert np.isfinite(counts.spelling)
        if output is not None:
            lm.lm_weight = own_weight
            # what is saved beside the weights says what they are
            shape = {name: lm.shim.settings[name] for name in _SPELLER}
            nlp.get_pipe_config(lm.name)["model"].update(shape)
            output.mkdir(parents=True, exist_ok=True)
            nlp.to_disk(output)


if __name__ == "__main__":
    typer.run(main)
