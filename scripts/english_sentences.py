"""Raw text for an encoder of English sentences: WikiText-2, a sentence a line.

`python scripts/english_sentences.py path/to/wikitext-2 corpus/sentences-en`

A tagger reads one sentence at a time, so the language model should learn from single sentences too.
Numbers and hyphens are written as other corpora write them (`10 @,@ 000` → `10,000`, `@-@` → `-`),
contractions are split as in the Penn Treebank (`didn 't` → `did n't`), headings are left out.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import typer

from spacy_rnn.errors import counted

PARTS = {"train": "train", "dev": "valid"}
_END = re.compile(r"(?<= [.!?]) (?=[A-Z\"“'<])")


def main(
    folder: Path = typer.Argument(help="WikiText-2: train.txt and valid.txt"),
    output: Path = typer.Argument(help="Gets train.txt and dev.txt"),
) -> None:
    """Write the two files."""
    output.mkdir(parents=True, exist_ok=True)
    for name, source in PARTS.items():
        text = (folder / f"{source}.txt").read_text(encoding="utf-8-sig")
        lines = [s for line in text.splitlines() for s in sentences(line)]
        (output / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
        print(f"{output / name}.txt: {counted(len(lines), 'sentence')}")


def sentences(line: str) -> Iterator[str]:
    """The sentences of a paragraph, tokens separated by spaces."""
    line = line.strip()
    if line.startswith("= ") or not line:
        return
    line = re.sub(r" @([.,])@ ", r"\1", line).replace(" @-@ ", " - ")
    line = re.sub(r"(\w+)n 't\b", r"\1 n't", line)
    yield from (part for part in _END.split(line) if part)


if __name__ == "__main__":
    typer.run(main)
