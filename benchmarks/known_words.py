"""What it costs known words that some words with one occurrence are expected as `<unk>`.

python benchmarks/known_words.py assets/zh-modern --seeds 0,1,2

With min_count = 1 the vocabulary has every word of the training text. Then a speller in context is
trained with a tenth of the words that occur once as `<unk>`, so that p(`<unk>` | context) is
learned; a plain one is not. Both with configs/rnn_lm.cfg and the same seeds: the perplexity of dev
over known words, the same among known words alone (p(word) / (1 − p(`<unk>`)), which doesn't count
what is kept for unknown words), and over all tokens.
"""

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import quality
import torch
import typer
from spacy import util
from spacy.language import Language

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.layers.network_outputs import predict_sequences
from spacy_rnn.layers.sequences import sequences_from_docs
from spacy_rnn.network.inference import Wanted
from spacy_rnn.vocabulary import UNKNOWN_ROW

SPELLERS = {"plain": 0, "context": 32_768}


def main(
    folder: Path = typer.Argument(help="train.txt and dev.txt, a document a line"),
    seeds: str = typer.Option("0,1,2", help="Seeds of the trainings"),
    steps: int = typer.Option(480, help="Steps of each"),
) -> None:
    """Print a JSON line for each training, and the ratios of both spellers."""
    torch.set_num_threads(1)
    ratios = []
    for seed in map(int, seeds.split(",")):
        known = {}
        for spelling, ngram_rows in SPELLERS.items():
            nlp = train(folder, spelling, ngram_rows, seed, steps)
            figures = measure(nlp, folder / "dev.txt")
            known[spelling] = figures["perplexity_known"], figures["perplexity_among_known"]
            print(json.dumps({"spelling": spelling, "seed": seed, **figures}), flush=True)
        ratios.append(np.divide(known["context"], known["plain"]))
    every, among = np.round(np.transpose(ratios), 4)
    print(json.dumps({"known": every.tolist(), "among known": among.tolist()}))


def train(folder: Path, spelling: str, ngram_rows: int, seed: int, steps: int) -> Language:
    """RETURNS (Language): The best checkpoint."""
    overrides = {
        "paths.train": str(folder / "train.txt"),
        "paths.dev": str(folder / "dev.txt"),
        "system.seed": seed,
        "components.rnn_lm.min_count": 1,
        "components.rnn_lm.model.spelling": spelling,
        "components.rnn_lm.model.speller_ngram_rows": ngram_rows,
        "training.max_steps": steps,
    }
    config = util.load_config(quality.ROOT / "configs" / "rnn_lm.cfg", overrides)
    with TemporaryDirectory() as temporary:
        return quality.run(config, min_count=1, output=Path(temporary))[0]


def measure(nlp: Language, path: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Perplexities, and the share of unknown words in percent."""
    lm = nlp.get_pipe("rnn_lm")
    docs = [example.predicted for example in create_text_corpus(path)(nlp)]
    lm.annotate_log_probs(docs)
    bits = np.concatenate([doc._.get(lm.name).surprisal for doc in docs])
    known = ~np.concatenate([doc._.get(lm.name).unknown for doc in docs])
    counts = lm.count(docs)
    # the probability of `<unk>` at each token, whatever came
    (reading,) = sequences_from_docs(lm.model, docs)
    reading.targets = np.full_like(reading.targets, UNKNOWN_ROW)
    (made,) = predict_sequences(lm.model, [reading], Wanted(log_probs=True))
    unknown = made.log_probs.numpy()[reading.predicting]
    among = bits[known] + np.log2(-np.expm1(unknown[known]))
    return {
        "perplexity_among_known": round(float(2 ** among.mean()), 2),
        "perplexity_known": round(float(2 ** bits[known].mean()), 2),
        "perplexity": round(math.exp(-counts.log_prob / counts.predictions), 2),
        "perplexity_open": round(float(2 ** bits.mean()), 1),
        "unknown": round(100 * float(1 - known.mean()), 1),
    }


if __name__ == "__main__":
    typer.run(main)
