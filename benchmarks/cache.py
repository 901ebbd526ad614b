"""What a neural cache gains on a text: the best setting on dev, and its perplexity on test.

python benchmarks/cache.py MODEL path/to/zh-classics

Once with a chapter as the document and once with a paragraph: the cache begins empty with each.
"""

import json
import math
from itertools import product
from pathlib import Path
from typing import NamedTuple

import spacy
import torch
import typer
from torch import Tensor

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.layers.network_outputs import predict_sequences
from spacy_rnn.layers.sequences import sequences_from_docs
from spacy_rnn.network.cache import CacheSettings, cache_probabilities, mix
from spacy_rnn.network.inference import Wanted
from spacy_rnn.pipeline.rnn_lm import RNNLM

WINDOWS = (500, 2_000, 10_000)
FLATNESS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
WEIGHTS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


class Read(NamedTuple):
    """A document after the network has read it."""

    hidden: Tensor
    symbols: Tensor
    log_probs: Tensor


def read(lm: RNNLM, docs: list) -> list[Read]:
    result = []
    for doc in docs:
        reading = sequences_from_docs(lm.model, [doc])[0]
        made = predict_sequences(lm.model, [reading], Wanted(hidden=True, log_probs=True))[0]
        assert made.hidden is not None and made.log_probs is not None
        result.append(Read(made.hidden, torch.from_numpy(reading.targets), made.log_probs))
    return result


def perplexity(parts: list[Tensor]) -> float:
    total = sum(float(part.double().sum()) for part in parts)
    return math.exp(-total / sum(map(len, parts)))


def cached_perplexities(docs: list[Read], window: int, flatness: float) -> dict[float, float]:
    """RETURNS (Dict[float, float]): For each weight."""
    settings = CacheSettings(window, flatness=flatness)
    cached = [cache_probabilities(doc.hidden, doc.symbols, settings) for doc in docs]
    result = {}
    for weight in WEIGHTS:
        settings = CacheSettings(window, weight, flatness)
        mixed = [mix(doc.log_probs, c, settings) for doc, c in zip(docs, cached, strict=True)]
        result[weight] = perplexity(mixed)
    return result


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    folder: Path = typer.Argument(help="zh-classics: dev.txt, test.txt"),
) -> None:
    """Print a JSON line for each kind of document."""
    nlp = spacy.load(model)
    nlp.max_length = 10**9
    lm = nlp.get_pipe("rnn_lm")
    assert isinstance(lm, RNNLM)
    for name, document in (("chapter", "block"), ("paragraph", "line")):
        parts = {}
        for part in ("dev", "test"):
            corpus = create_text_corpus(folder / f"{part}.txt", document=document)(nlp)
            parts[part] = read(lm, [example.predicted for example in corpus])
        found = []
        for window, flatness in product(WINDOWS, FLATNESS):
            for weight, value in cached_perplexities(parts["dev"], window, flatness).items():
                found.append((value, window, flatness, weight))
        dev, window, flatness, weight = min(found)
        test = cached_perplexities(parts["test"], window, flatness)[weight]
        plain = {key: perplexity([d.log_probs for d in docs]) for key, docs in parts.items()}
        row = {"document": name, "window": window, "flatness": flatness, "weight": weight}
        row |= {"dev": plain["dev"], "dev_cache": dev}
        row |= {"test": plain["test"], "test_cache": test, "gain": 1 - test / plain["test"]}
        print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}))


if __name__ == "__main__":
    typer.run(main)
