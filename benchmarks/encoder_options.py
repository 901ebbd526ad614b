"""What an option of an encoder costs in training: CPU time of a step with it and without, in turn.

python benchmarks/encoder_options.py path/to/wikitext-2/train.txt ngrams
python benchmarks/encoder_options.py path/to/wikitext-2/train.txt mixing

ngrams: a step of the language model itself, with character n-grams beside the hashed affixes or
without. mixing: a step of a tagger that listens to it and trains it on, by all layers or by the
last one. Both directions, width 256, as in configs/encoder_en.cfg; the tags are the words' lengths.
"""

import json
from itertools import islice
from pathlib import Path
from statistics import median
from time import process_time

import spacy
import typer
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

BATCH, LINES = {"ngrams": 4500, "mixing": 1000}, 4000


def main(
    text: Path = typer.Argument(help="Tokenized text, such as WikiText-2's train.txt"),
    what: str = typer.Argument(help="ngrams or mixing"),
    rows: int = typer.Option(20_000, help="Rows of the table of n-grams"),
    steps: int = typer.Option(
        6, help="Steps of each side, after as many on the same text that aren't counted"
    ),
    width: int = typer.Option(256, help="Width of a direction"),
) -> None:
    """Print CPU seconds of a step with the option and without, and their ratio."""
    with text.open(encoding="utf8") as file:
        lines = [words for line in islice(file, LINES) if (words := line.split())]
    sides = [Side(lines, what, rows if on else 0, on, width) for on in (True, False)]
    spent: list[list[float]] = [[], []]
    for side in sides:  # every word is new once
        for _ in range(steps):
            side.step()
        side.place = 0
    for _ in range(steps):
        for side, seconds in zip(sides, spent, strict=True):
            start = process_time()
            side.step()
            seconds.append(process_time() - start)
    ours, baseline = map(median, spent)
    figures = {"ratio": round(ours / baseline, 3), "ours": round(ours, 4)}
    print(json.dumps({**figures, "baseline": round(baseline, 4), "unit": "CPU s/step"}))


class Side:
    """A pipeline that trains with the option or without."""

    def __init__(self, lines: list[list[str]], what: str, rows: int, on: bool, width: int) -> None:
        self.nlp, self.size, self.optimizer = spacy.blank("xx"), BATCH[what], Adam(0.001)
        model = {
            "@architectures": "spacy-rnn.RNNLM.v1",
            "width": width,
            "direction": "both",
            "subword_rows": 10_000,
            "ngram_rows": rows if what == "ngrams" else 0,
        }
        own = {"lm_weight": 1.0 if what == "ngrams" else 0.0, "annotations": []}
        self.nlp.add_pipe("rnn_lm", config={"model": model, "min_count": 2, **own})
        if what == "mixing":
            add_tagger(self.nlp, 2 * width, on)
        fix_random_seed(0)
        docs = (Doc(self.nlp.vocab, words=line) for line in lines)
        self.examples = [tagged(doc) for doc in docs]
        self.nlp.initialize(lambda: self.examples)
        self.place = 0

    def step(self) -> None:
        batch, tokens = [], 0
        while tokens < self.size:
            batch.append(self.examples[self.place % len(self.examples)])
            tokens += len(batch[-1].reference)
            self.place += 1
        batch = [Example(example.predicted.copy(), example.reference) for example in batch]
        self.nlp.update(batch, sgd=self.optimizer, drop=0.1)


def add_tagger(nlp: Language, width: int, mixing: bool) -> None:
    listener = {"@architectures": "spacy-rnn.RNNListener.v1", "width": width, "mixing": mixing}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": model})


def tagged(doc: Doc) -> Example:
    return Example.from_dict(doc, {"tags": [str(len(token)) for token in doc]})


if __name__ == "__main__":
    typer.run(main)
