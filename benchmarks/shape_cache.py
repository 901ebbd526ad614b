"""What oneDNN's cache of compiled shapes is worth: speed and memory over documents of all lengths.

python benchmarks/shape_cache.py --width 64 --capacity 128

Reads random documents, 15 words long on average, in batches as `nlp.pipe` makes them, and prints
CPU microseconds a token and the memory that the process holds at the start and at the end.
"""

import json
import os
from pathlib import Path
from time import process_time

import numpy as np
import typer

WORDS = 5_000


def held() -> float:
    """RETURNS (float): MB that the process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(
    width: int = typer.Option(64, help="Width of the LSTM"),
    capacity: int = typer.Option(128, help="Shapes that are kept"),
    documents: int = typer.Option(100_000, help="Documents"),
    batch: int = typer.Option(256, help="Documents of a batch"),
) -> None:
    """Print one JSON line."""
    os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = str(capacity)  # before torch is imported
    import torch

    from spacy_rnn.network.inference import Wanted, predict
    from spacy_rnn.network.language_model import RNNLanguageModel
    from spacy_rnn.network.settings import NetworkSettings

    torch.set_num_threads(1)
    network = RNNLanguageModel(NetworkSettings(WORDS, "lstm", width, width, 1, True), [1] * WORDS)
    draws = np.random.default_rng(0)
    tokens, spent, before = 0, 0.0, 0.0
    for number in range(documents // batch):
        lengths = 1 + draws.negative_binomial(1.5, 0.1, size=batch)
        ids = draws.integers(0, WORDS, size=int(lengths.sum()))
        start = process_time()
        predict(network, ids, lengths, None, Wanted(hidden=True), exclude=0)
        if number >= 10:  # the first shapes are compiled by everybody
            tokens, spent = tokens + len(ids), spent + process_time() - start
        elif number == 9:
            before = held()
    figures = {"width": width, "capacity": capacity, "us_a_token": round(1e6 * spent / tokens, 2)}
    print(json.dumps({**figures, "mb_before": round(before), "mb_after": round(held())}))


if __name__ == "__main__":
    typer.run(main)
