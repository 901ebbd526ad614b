"""Next words after a prompt of 10 tokens, and writing on, in one run.

python benchmarks/next_speed.py path/to/model path/to/zh-classics/test.txt

Calls of `predict_next` a second against reading the prompt and taking the full softmax + topk. Also
prints the time for a token of `generate` in short and in long texts: it hardly grows.
"""

from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter

import spacy
import torch
import typer
from timing import alternate, report

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.vocabulary import BOUNDARY_ROW


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    text: Path = typer.Argument(help="Text, a document a line"),
    length: int = typer.Option(10, help="Tokens of a prompt"),
    rounds: int = typer.Option(7, help="Runs of each side"),
) -> None:
    """Print calls a second of both sides and their ratio."""
    nlp = spacy.load(model)
    lm = nlp.get_pipe("rnn_lm")
    docs = [e.predicted for e in create_text_corpus(text, cache=False, limit=300)(nlp)]
    prompts = cycle([doc[:length].text for doc in docs if len(doc) >= length])
    milliseconds: list[float] = []

    def ours() -> int:
        for prompt in islice(prompts, 50):
            start = perf_counter()
            lm.predict_next(prompt)
            milliseconds.append(1000 * (perf_counter() - start))
        return 50

    def baseline() -> int:
        for prompt in islice(prompts, 50):
            words, probabilities = lm.next_distribution(prompt)
            best = torch.topk(torch.from_numpy(probabilities), 5)
            [words[row] for row in best.indices.tolist()]
        return 50

    speeds = alternate(ours, baseline, rounds)
    print(f"predict_next: median {median(milliseconds):.2f} ms")
    with torch.no_grad():  # never the end, so that the texts get long
        lm.shim.network.softmax.bias[BOUNDARY_ROW] = -100.0
    for tokens in (50, 100, 200, 400):
        start = perf_counter()
        lm.generate("", max_tokens=tokens)
        print(
            f"generate, {tokens} tokens: {1000 * (perf_counter() - start) / tokens:.2f} ms a token"
        )
    report(*speeds, unit="calls/s")


if __name__ == "__main__":
    typer.run(main)
