"""Scoring speed of `nlp.pipe` on ready-made Docs, against two baselines, in one run.

python benchmarks/score_speed.py path/to/zh-classics

surprisal: surprisal and hidden states, against the bare network on ready-made ids (the same
    numbers from the same batches, without Docs).
tensor: hidden states alone (doc.tensor), against spaCy's default HashEmbedCNN on the same Docs.
encoder: the same of the network that configs/encoder_zh.cfg recommends for taggers and NER.

The last two give both sides one thread and count the CPU seconds of the process. With --single
each Doc goes through `nlp(doc)` by itself.
"""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter, process_time
from typing import Any

import spacy
import torch
import typer
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from timing import alternate, report

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.layers.network_outputs import predict_sequences
from spacy_rnn.layers.sequences import sequences_from_docs
from spacy_rnn.network.inference import Wanted

_SENTENCE = re.compile("[^。！？]+[。！？]?[”’」』]*")
_ENCODER = Path(__file__).parents[1] / "configs" / "encoder_zh.cfg"
_SINGLE = 1000  # sentences that are enough to time one by one
_JIEBA = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "engine": "rjieba"}


class What(StrEnum):
    """What is compared."""

    surprisal = "surprisal"
    tensor = "tensor"
    encoder = "encoder"


def main(
    folder: Path = typer.Argument(help="zh-classics: train.txt and test.txt"),
    what: What = typer.Argument(What.surprisal, help="What is compared"),
    rounds: int = typer.Option(5, help="Runs of each side"),
    batch: int = typer.Option(1000, help="Docs of a batch; the default is spaCy's"),
    width: int = typer.Option(256, help="Width of the LSTM"),
    cutoffs: str = typer.Option("auto", help='Clusters of the softmax: "auto" or "fast"'),
    single: bool = typer.Option(False, "--single", help="Each Doc by itself; not for surprisal"),
) -> None:
    """Print tokens a second of both sides and their ratio."""
    if single and what is What.surprisal:
        raise typer.BadParameter("--single compares with the CNN: take tensor or encoder.")
    # CPU seconds beside: threads that numpy or BLIS started all the same would be counted
    clock = perf_counter if what is What.surprisal else process_time
    if what is not What.surprisal:
        torch.set_num_threads(1)
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": _JIEBA}})
    nlp.batch_size = batch
    # untrained weights do the same work here, and the vocabulary is that of the novels
    annotations = ["hidden", "log_probs"] if what is What.surprisal else ["tensor"]
    config = {"annotations": annotations, "min_count": 2, "model": network_of(what, width, cutoffs)}
    lm = nlp.add_pipe("rnn_lm", config=config)
    train = create_text_corpus(folder / "train.txt", cache=False)
    nlp.initialize(lambda: train(nlp))
    sentences = list(read_sentences(folder / "test.txt", nlp))[: _SINGLE if single else None]
    tokens = sum(map(len, sentences))
    print(f"{len(sentences):,} sentences, {tokens:,} tokens, {torch.get_num_threads()} threads")
    score = run_singly if single else run_pipe

    def ours() -> int:
        return score(nlp, sentences)

    ours()
    print(f"peak memory {getrusage(RUSAGE_SELF).ru_maxrss // 1024:,} MB")
    if what is What.surprisal:
        baseline = bare_network(lm, sentences, batch)
    else:
        other = make_cnn(nlp, sentences)

        def baseline() -> int:
            return score(other, sentences)

    speeds = alternate(ours, baseline, rounds, clock)
    if single:
        times = [1000 * tokens / len(sentences) / speed for speed in speeds]
        print(f"a sentence: {times[0]:.2f} ms, the CNN {times[1]:.2f} ms")
    report(*speeds, unit="tokens/s" if what is What.surprisal else "tokens/CPU s")


def network_of(what: What, width: int, cutoffs: str) -> dict[str, Any]:
    if what is What.encoder:
        config = util.load_config(_ENCODER).interpolate()
        return {**config["components"]["rnn_lm"]["model"], "width": width}
    return {"@architectures": "spacy-rnn.RNNLM.v1", "width": width, "cutoffs": cutoffs}


def read_sentences(path: Path, nlp: Language) -> Iterator[Doc]:
    for line in path.read_text(encoding="utf8").splitlines():
        yield from (nlp.make_doc(sentence) for sentence in _SENTENCE.findall(line))


def run_pipe(nlp: Language, docs: list[Doc]) -> int:
    return sum(len(doc) for doc in nlp.pipe(docs))


def run_singly(nlp: Language, docs: list[Doc]) -> int:
    return sum(len(nlp(doc)) for doc in docs)


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


def make_cnn(nlp: Language, docs: list[Doc]) -> Language:
    """spaCy's tok2vec as its default configs have it: 96 wide, 4 deep."""
    other = Language(nlp.vocab)
    other.batch_size = nlp.batch_size
    other.add_pipe("tok2vec")
    other.initialize(lambda: [Example(doc, doc) for doc in docs[:10]])
    assert other("x").tensor.shape == (1, 96)
    return other


if __name__ == "__main__":
    typer.run(main)
