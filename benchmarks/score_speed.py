"""Scoring speed of `nlp.pipe` on ready-made Docs, against two baselines, in one run.

python benchmarks/score_speed.py path/to/zh-classics

surprisal: surprisal and hidden states, against the bare network on ready-made ids (the same
    numbers from the same batches, without Docs).
tensor: hidden states alone (doc.tensor), against spaCy's default HashEmbedCNN on the same Docs.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import spacy
import torch
import typer
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from timing import alternate, report

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.layers.network_outputs import predict_sequences
from spacy_rnn.layers.sequences import sequences_from_docs
from spacy_rnn.network.inference import Wanted

_SENTENCE = re.compile("[^。！？]+[。！？]?[”’」』]*")
_JIEBA = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "engine": "rjieba"}


def main(
    folder: Path = typer.Argument(help="zh-classics: train.txt and test.txt"),
    what: str = typer.Argument("surprisal", help="surprisal or tensor"),
    rounds: int = typer.Option(5, help="Runs of each side"),
    batch: int = typer.Option(1000, help="Docs of a batch; the default is spaCy's"),
    width: int = typer.Option(256, help="Width of the LSTM"),
) -> None:
    """Print tokens a second of both sides and their ratio."""
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": _JIEBA}})
    nlp.batch_size = batch
    # untrained weights do the same work here, and the vocabulary is that of the novels
    annotations = ["tensor"] if what == "tensor" else ["hidden", "log_probs"]
    model = {"@architectures": "spacy-rnn.RNNLM.v1", "width": width}
    config = {"annotations": annotations, "min_count": 2, "model": model}
    lm = nlp.add_pipe("rnn_lm", config=config)
    train = create_text_corpus(folder / "train.txt", cache=False)
    nlp.initialize(lambda: train(nlp))
    sentences = list(read_sentences(folder / "test.txt", nlp))
    tokens = sum(map(len, sentences))
    print(f"{len(sentences):,} sentences, {tokens:,} tokens, {torch.get_num_threads()} threads")

    def ours() -> int:
        return run_pipe(nlp, sentences)

    baseline = bare_network(lm, sentences, batch) if what == "surprisal" else cnn(nlp, sentences)
    report(*alternate(ours, baseline, rounds), unit="tokens/s")


def read_sentences(path: Path, nlp: Language) -> Iterator[Doc]:
    for line in path.read_text(encoding="utf8").splitlines():
        yield from (nlp.make_doc(sentence) for sentence in _SENTENCE.findall(line))


def run_pipe(nlp: Language, docs: list[Doc]) -> int:
    return sum(len(doc) for doc in nlp.pipe(docs))


def bare_network(lm: Any, docs: list[Doc], batch: int) -> Callable[[], int]:
    """The network on the same batches, as arrays of ids that are there already."""
    parts = [docs[i : i + batch] for i in range(0, len(docs), batch)]
    ready = [sequences_from_docs(lm.model, part)[0] for part in parts]
    wanted = Wanted(hidden=True, log_probs=True)

    def run() -> int:
        for sequences in ready:
            predict_sequences(lm.model, [sequences], wanted)
        return sum(map(len, docs))

    return run


def cnn(nlp: Language, docs: list[Doc]) -> Callable[[], int]:
    """spaCy's tok2vec as its default configs have it: 96 wide, 4 deep."""
    other = Language(nlp.vocab)
    other.batch_size = nlp.batch_size
    other.add_pipe("tok2vec")
    other.initialize(lambda: [Example(doc, doc) for doc in docs[:10]])
    assert other("x").tensor.shape == (1, 96)
    return lambda: run_pipe(other, docs)


if __name__ == "__main__":
    typer.run(main)
