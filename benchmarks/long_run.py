"""Memory of one process that scores a million short documents, ever new words among them.

python benchmarks/long_run.py path/to/model path/to/text.txt
python benchmarks/long_run.py path/to/model path/to/text.txt --no-zone --documents 200000

A document is two pieces of the text from random places; some have a made-up name and a number
between them, words that the process never saw. Surprisal of all tokens with `nlp.pipe`, in
`nlp.memory_zone()` and with `release_memory` unless it is said otherwise. The memory is what the
process holds at that moment (Linux); the ratio is that of the end to the first measurement.
"""

import os
import random
import re
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from time import perf_counter

import spacy
import typer
from timing import report

from spacy_rnn import release_memory
from spacy_rnn.scoring.selecting import find_language_model

PIECE, CHUNK = 10, 1000


def main(
    model: str = typer.Argument(help="A trained pipeline"),
    text: Path = typer.Argument(help="Text to cut documents from"),
    documents: int = typer.Option(1_000_000, help="How many"),
    every: int = typer.Option(100_000, help="Measure after so many"),
    new: float = typer.Option(0.33, help="Share of documents with a made-up name and number"),
    batch: int = typer.Option(64, help="Documents that run at once"),
    zone: bool = typer.Option(True, help="Score in memory zones"),
    release: int = typer.Option(100_000, help="Call release_memory after so many; 0 for never"),
) -> None:
    """Print the memory in MB after every so many documents, and the ratio of end and first."""
    nlp = spacy.load(model)
    find_language_model(nlp, model).annotations = ("log_probs",)
    made = islice(make_documents(text.read_text(encoding="utf8"), new), documents)
    memory: list[float] = []
    done, tokens, bits, start = 0, 0, 0.0, perf_counter()
    while lines := list(islice(made, min(CHUNK, every))):
        with nlp.memory_zone() if zone else nullcontext():
            for doc in nlp.pipe(lines, batch_size=batch):
                tokens += len(doc)
                bits += doc._.rnn_surprisal
            del doc
        done += len(lines)
        if done // every > (done - len(lines)) // every or done == documents:
            memory.append(held())
            speed = tokens / (perf_counter() - start)
            figures = f"{memory[-1]:,.1f} MB, {len(nlp.vocab.strings):,} strings"
            print(f"{done:,} documents: {figures}, {speed:,.0f} tokens/s", flush=True)
        # after it was measured: what the process holds at its fullest counts
        if release and zone and done // release > (done - len(lines)) // release:
            release_memory(nlp)
            print(f"  released: {held():,.1f} MB", flush=True)
    print(f"{tokens:,} tokens, {bits / tokens:.2f} bits a token")
    report(memory[-1], memory[0], unit="MB")


def make_documents(text: str, new: float) -> Iterator[str]:
    """RETURNS (Iterator[str]): Documents without end, the same ones in every run."""
    text = re.sub(r"\s+", "", text)
    alphabet = sorted(set(re.findall(r"[\u4e00-\u9fd5]", text))) or sorted(set(text))
    draw = random.Random(0)
    while True:
        begin, end = (draw.randrange(max(1, len(text) - PIECE)) for _ in range(2))
        words = ""
        if draw.random() < new:
            name = "".join(draw.choices(alphabet, k=draw.choice((2, 3))))
            words = f"{name}{draw.randrange(10**9)}"
        yield text[begin : begin + PIECE] + words + text[end : end + PIECE]


def held() -> float:
    """RETURNS (float): The memory of this process in MB that is in RAM."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    typer.run(main)
