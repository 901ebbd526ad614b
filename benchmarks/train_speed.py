"""Training speed of a 2×200 tied LSTM: rnn_lm against a plain PyTorch loop, in one run.

python benchmarks/train_speed.py path/to/wikitext-2/train.txt

The plain loop is the usual word-level one: embedding, nn.LSTM, a Linear layer tied to the
embedding, cross entropy over the whole vocabulary, SGD with clipping, 20 × 35 tokens a step.
Ours is `nlp.update` as `spacy train` calls it, with the batch size of the shipped config.
"""

from pathlib import Path

import spacy
import torch
import typer
from spacy.training import Example
from timing import alternate, report
from torch import nn

from spacy_rnn.training.corpus import create_text_corpus

WIDTH, DEPTH = 200, 2


class PlainLanguageModel(nn.Module):
    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, WIDTH)
        self.lstm = nn.LSTM(WIDTH, WIDTH, DEPTH, dropout=0.2)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(WIDTH, words)
        self.output.weight = self.embedding.weight

    def forward(self, ids: torch.Tensor, state: tuple) -> tuple[torch.Tensor, tuple]:
        hidden, state = self.lstm(self.dropout(self.embedding(ids)), state)
        return self.output(self.dropout(hidden)), state


def main(
    text: Path = typer.Argument(help="WikiText-2's train.txt"),
    rounds: int = typer.Option(5, help="Runs of each side"),
    window: int = typer.Option(70, help="Tokens of a window of ours"),
    batch: int = typer.Option(64, help="Windows of a step of ours"),
) -> None:
    """Print tokens a second of both sides and their ratio."""
    nlp = spacy.blank("en")
    reader = create_text_corpus(
        text, tokenized=True, document="file", line_end="<eos>", max_length=window
    )
    examples = list(reader(nlp))
    model = {"@architectures": "spacy-rnn.RNNLM.v1", "width": WIDTH, "depth": DEPTH}
    lm = nlp.add_pipe("rnn_lm", config={"model": model})
    optimizer = nlp.initialize(lambda: examples)
    steps = iter([examples[i : i + batch] for i in range(0, len(examples) - batch, batch)])

    def ours() -> int:
        tokens = 0
        for _ in range(4):
            step: list[Example] = next(steps)
            nlp.update(step, sgd=optimizer, drop=0.2)
            tokens += sum(len(example.predicted) for example in step)
        return tokens

    rows, _ = lm.vocabulary.rows([example.predicted for example in examples[:4000]])
    columns = torch.from_numpy(rows[: len(rows) // 20 * 20]).view(20, -1).t().contiguous()
    plain = PlainLanguageModel(len(lm.vocabulary))
    sgd = torch.optim.SGD(plain.parameters(), lr=20.0)
    state = tuple(torch.zeros(DEPTH, 20, WIDTH) for _ in range(2))
    places = iter(range(0, len(columns) - 36, 35))

    def baseline() -> int:
        nonlocal state
        for _ in range(4):
            start = next(places)
            state = tuple(part.detach() for part in state)
            logits, state = plain(columns[start : start + 35], state)
            targets = columns[start + 1 : start + 36].reshape(-1)
            loss = nn.functional.cross_entropy(logits.view(len(targets), -1), targets)
            sgd.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(plain.parameters(), 0.25)
            sgd.step()
        return 4 * 20 * 35

    report(*alternate(ours, baseline, rounds), unit="tokens/s")


if __name__ == "__main__":
    typer.run(main)
