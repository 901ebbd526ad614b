"""Training speed of a 2×200 tied LSTM: rnn_lm against a plain PyTorch loop, in one run.

python benchmarks/train_speed.py path/to/wikitext-2/train.txt

Ours is `nlp.update` as `spacy train` calls it, with the streams, the window and the dropout of the
shipped config; the plain loop (plain_loop.py) has its usual step of 20 × 35 tokens.
"""

from itertools import islice
from pathlib import Path

import spacy
import typer
from plain_loop import PlainLoop
from timing import alternate, report

from spacy_rnn.corpus.streams import batch_by_stream, create_stream_corpus
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.vocabulary import Vocabulary

WIDTH, DEPTH = 200, 2
STEPS = 4


def main(
    text: Path = typer.Argument(help="WikiText-2's train.txt"),
    rounds: int = typer.Option(5, help="Runs of each side"),
    streams: int = typer.Option(64, help="Windows of a step of ours"),
    window: int = typer.Option(70, help="Tokens of a window of ours"),
) -> None:
    """Print tokens a second of both sides and their ratio."""
    nlp = spacy.blank("en")
    pieces = create_text_corpus(
        text, tokenized=True, document="file", line_end="<eos>", max_length=10_000
    )
    docs = [example.predicted for example in pieces(nlp)]
    model = {"@architectures": "spacy-rnn.RNNLM.v1", "width": WIDTH, "depth": DEPTH}
    lm = nlp.add_pipe("rnn_lm", config={"model": model})
    corpus = create_stream_corpus(pieces, streams=streams, window=window)
    labels = Vocabulary.from_docs(docs).labels
    nlp.config["initialize"]["components"]["rnn_lm"] = {"labels": labels}
    optimizer = nlp.initialize(lambda: islice(corpus(nlp), 1))
    batches = batch_by_stream(corpus(nlp))

    def ours() -> int:
        losses: dict[str, float] = {}
        for batch in islice(batches, STEPS):
            nlp.update(batch, sgd=optimizer, drop=0.3, losses=losses)
        return int(losses["rnn_lm_tokens"])

    rows, _ = lm.vocabulary.rows(docs)
    plain = PlainLoop(rows, len(lm.vocabulary), width=WIDTH, depth=DEPTH)

    def baseline() -> int:
        return sum(plain.step() for _ in range(STEPS))

    report(*alternate(ours, baseline, rounds), unit="tokens/s")


if __name__ == "__main__":
    typer.run(main)
