"""What the clusters of the softmax cost: six against those of a choice, in one run.

python benchmarks/cluster_speed.py path/to/zh-classics --width 256

Surprisal of ready-made Docs by `nlp.pipe`, and training steps of 32 windows of 70 tokens, both
sides in turn, in CPU seconds. Untrained weights do the same work here.
"""

import json
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import process_time

import spacy
import torch
import typer
from score_speed import read_sentences, run_pipe
from spacy.language import Language

from spacy_rnn.corpus.streams import batch_by_stream, create_stream_corpus
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.network.clusters import choose_clusters, choose_cutoffs
from spacy_rnn.vocabulary import Vocabulary

FEW = 6
STEPS = 4
_JIEBA = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "engine": "rjieba"}


def main(
    folder: Path = typer.Argument(help="zh-classics: train.txt and test.txt"),
    width: int = typer.Option(256, help="Width of the LSTM"),
    choice: str = typer.Option("fast", help='Of the other side: "auto" or "fast"'),
    precision: str = typer.Option("float32", help="Of the predictions"),
    sentences: int = typer.Option(4_000, help="Sentences that are scored"),
    rounds: int = typer.Option(5, help="Runs of each side"),
) -> None:
    """Print tokens a CPU second of both sides and their ratio, of scoring and of training."""
    torch.set_num_threads(1)
    plain = spacy.blank("zh", config={"nlp": {"tokenizer": _JIEBA}})
    texts = create_text_corpus(folder / "train.txt", document="block", cache=False)
    docs = [example.predicted for example in texts(plain)]
    vocabulary = Vocabulary.from_docs(docs, min_count=2)
    corpus = create_stream_corpus(texts, streams=32, window=70)
    batches = list(islice(batch_by_stream(corpus(plain)), 8))
    scored = list(islice(read_sentences(folder / "test.txt", plain), sentences))
    tokens = sum(map(len, scored))
    chosen = {
        "few": choose_cutoffs(vocabulary.counts, width, FEW),
        choice: choose_clusters(choice, vocabulary.counts, width),
    }
    score, train = {}, {}
    for name, cutoffs in chosen.items():
        print(f"{name}: {len(cutoffs)} clusters", flush=True)
        nlp = make(vocabulary, cutoffs, width, precision)
        score[name] = lambda nlp=nlp: run_pipe(nlp, scored)
        train[name] = trainer(nlp, batches)
    for what, sides in (("scoring", score), ("training", train)):
        few, many = alternate_cpu(sides["few"], sides[choice], rounds)
        figures = {"what": what, "width": width, "few": round(few), choice: round(many)}
        print(json.dumps({**figures, "ratio": round(many / few, 3), "tokens": tokens}), flush=True)


def make(vocabulary: Vocabulary, cutoffs: list[int], width: int, precision: str) -> Language:
    """RETURNS (Language): A pipeline with random weights."""
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": _JIEBA}})
    nlp.batch_size = 1000
    model = {"@architectures": "spacy-rnn.RNNLM.v1", "width": width, "cutoffs": cutoffs}
    model["prediction_precision"] = precision
    nlp.add_pipe("rnn_lm", config={"annotations": ["log_probs"], "model": model})
    nlp.config["initialize"]["components"]["rnn_lm"] = {"labels": vocabulary.labels}
    return nlp


def trainer(nlp: Language, batches: list) -> Callable[[], int]:
    """RETURNS (Callable[[], int]): Makes some steps, and returns their tokens."""
    optimizer = nlp.initialize(lambda: batches[0])
    endless = cycle(batches)

    def run() -> int:
        losses: dict[str, float] = {}
        for batch in islice(endless, STEPS):
            nlp.update(batch, sgd=optimizer, drop=0.3, losses=losses)
        return int(losses["rnn_lm_tokens"])

    return run


def alternate_cpu(
    one: Callable[[], int], other: Callable[[], int], rounds: int
) -> tuple[float, float]:
    """RETURNS (Tuple[float, float]): Median units a CPU second of both sides, after a run of each
    that isn't counted."""
    speeds: dict[Callable[[], int], list[float]] = {one: [], other: []}
    for number in range(rounds + 1):
        for side in (one, other):
            start = process_time()
            units = side()
            if number:
                speeds[side].append(units / (process_time() - start))
    return median(speeds[one]), median(speeds[other])


if __name__ == "__main__":
    typer.run(main)
