"""Tokenizing speed: JiebaTokenizer against spaCy's ChineseTokenizer with jieba, in one run.

python benchmarks/tokenize_speed.py path/to/zh-classics/dev.txt

Every round takes the next lines of the text, so that neither side meets a text twice.
"""

from pathlib import Path

import spacy
import typer
from timing import alternate, report


def main(
    text: Path = typer.Argument(help="Chinese text, a document a line"),
    rounds: int = typer.Option(7, help="Runs of each side"),
) -> None:
    """Print characters a second of both sides and their ratio."""
    ours = spacy.blank("zh", config=tokenizer({"@tokenizers": "spacy-rnn.JiebaTokenizer.v1"}))
    stock = {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "jieba"}
    baseline = spacy.blank("zh", config=tokenizer(stock))
    lines = [line for line in text.read_text("utf8").splitlines() if line]
    size = len(lines) // (rounds + 1)
    slices = [lines[i * size : (i + 1) * size] for i in range(rounds + 1)]
    streams = {id(nlp): iter(slices) for nlp in (ours, baseline)}

    def run(nlp: spacy.Language) -> int:
        batch = next(streams[id(nlp)])
        for line in batch:
            nlp.make_doc(line)
        return sum(map(len, batch))

    report(*alternate(lambda: run(ours), lambda: run(baseline), rounds), unit="characters/s")


def tokenizer(config: dict) -> dict:
    return {"nlp": {"tokenizer": config}}


if __name__ == "__main__":
    typer.run(main)
