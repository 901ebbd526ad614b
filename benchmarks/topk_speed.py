"""Top-5 of every token: exact clusters against full softmax + torch.topk, in one run.

python benchmarks/topk_speed.py path/to/model path/to/zh-classics/test.txt

Both sides get the hidden states of the same text and give the same words; where they differ by
more than ties within 1e-6, the program says so and fails.
"""

from pathlib import Path

import spacy
import torch
import typer
from timing import alternate, report

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.layers.network_outputs import predict_sequences
from spacy_rnn.layers.sequences import sequences_from_docs
from spacy_rnn.network.inference import Wanted
from spacy_rnn.network.linear_nll import row_blocks
from spacy_rnn.vocabulary import UNKNOWN_ROW


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    text: Path = typer.Argument(help="Text, a document a line"),
    tokens: int = typer.Option(20_000, help="How many tokens"),
    k: int = typer.Option(5, help="Words for each token"),
    rounds: int = typer.Option(5, help="Runs of each side"),
) -> None:
    """Print tokens a second of both sides and their ratio."""
    nlp = spacy.load(model)
    lm = nlp.get_pipe("rnn_lm")
    docs, count = [], 0
    for example in create_text_corpus(text, cache=False)(nlp):
        docs.append(example.predicted)
        count += len(example.predicted)
        if count >= tokens:
            break
    sequences = sequences_from_docs(lm.model, docs)[0]
    hidden = predict_sequences(lm.model, [sequences], Wanted(hidden=True))[0].hidden
    softmax = lm.shim.network.softmax
    print(f"{len(hidden):,} positions, {len(lm.vocabulary):,} words, {softmax.cutoffs}")

    @torch.no_grad()
    def clusters() -> int:
        softmax.top_k(hidden, k, UNKNOWN_ROW)
        return len(hidden)

    @torch.no_grad()
    def full() -> int:
        full_top_k(softmax, hidden, k)
        return len(hidden)

    check(softmax, hidden, k)
    report(*alternate(clusters, full, rounds), unit="tokens/s")


def full_top_k(softmax, hidden: torch.Tensor, k: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    result = []
    for block in row_blocks(len(hidden), len(softmax.weight)):
        log_probs = softmax.log_distribution(hidden[block])
        log_probs[:, UNKNOWN_ROW] = float("-inf")
        result.append(torch.topk(log_probs, k, dim=1))
    return result


@torch.no_grad()
def check(softmax, hidden: torch.Tensor, k: int) -> None:
    """The same words in the same order, ties within 1e-6 aside."""
    values, rows = softmax.top_k(hidden, k, UNKNOWN_ROW)
    parts = full_top_k(softmax, hidden, k)
    full_values = torch.cat([part[0] for part in parts])
    full_rows = torch.cat([part[1] for part in parts])
    other = rows != full_rows
    apart = (values.exp() - full_values.exp()).abs()
    print(f"{int(other.sum())} of {rows.numel()} words differ; p by {apart.max():.1e} at most")
    assert not (other & (apart > 1e-6)).any(), "the two sides give different words"


if __name__ == "__main__":
    typer.run(main)
