"""Raw text for an encoder of Chinese sentences: text files, segmented, a sentence a line.

`python scripts/chinese_sentences.py corpus/sentences-zh path/to/zh-classics assets/zh-modern`

Writes train.txt and dev.txt, words separated by spaces, from the files of these names; test.txt too
if each folder has one.
"""

import re
from enum import StrEnum
from pathlib import Path

import spacy
import typer

from spacy_rnn.errors import counted

PARTS = ("train", "dev", "test")
# after the mark, and after what closes a quotation behind it
_END = re.compile(r"(?<=[。！？!?…])(?![。！？!?…”’」』）)])|(?<=[。！？!?…][”’」』）)])")


class Segmenter(StrEnum):
    """What cuts sentences into words."""

    jieba = "jieba"
    char = "char"


def main(
    output: Path = typer.Argument(help="Gets train.txt, dev.txt and, if there, test.txt"),
    folders: list[Path] = typer.Argument(help="Folders with train.txt and dev.txt"),
    segmenter: Segmenter = typer.Option(Segmenter.jieba, help="jieba, or a character a word"),
) -> None:
    """Write the two files."""
    output.mkdir(parents=True, exist_ok=True)
    jieba = {"nlp": {"tokenizer": {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1"}}}
    # spaCy's own tokenizer of Chinese gives characters
    nlp = spacy.blank("zh", config=jieba if segmenter is Segmenter.jieba else {})
    for name in PARTS:
        lines = []
        if name == "test" and not all((folder / "test.txt").exists() for folder in folders):
            continue
        for folder in folders:
            text = (folder / f"{name}.txt").read_text(encoding="utf-8-sig")
            for sentence in sentences(text):
                words = [token.text for token in nlp.make_doc(sentence) if not token.is_space]
                lines.append(" ".join(words))
        (output / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
        print(f"{output / name}.txt: {counted(len(lines), 'sentence')}")


def sentences(text: str) -> list[str]:
    """The sentences of all lines; those without a word are left out."""
    parts = (part.strip() for line in text.splitlines() for part in _END.split(line))
    return [part for part in parts if part]


if __name__ == "__main__":
    typer.run(main)
