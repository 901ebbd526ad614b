"""Proper names of a treebank as entities: labelled files for `components.py ner` where no corpus of
named entities is at hand.

python benchmarks/treebank_names.py path/to/treebank FOLDER
python benchmarks/components.py ner FOLDER/train.spacy FOLDER/test.spacy path/to/encoder/model-last

A name is a longest run of proper nouns (XPOS NNP and NNPS, in English EWT and in Chinese GSD).
The task is to find names and their ends; it has no types. The treebank's dev part becomes the
training file, its test part the test file.
"""

from pathlib import Path

import typer
from fine_tuning import write_docs
from spacy.tokens import Doc, Span
from tagging import read_part

PROPER_NOUNS = ("NNP", "NNPS")
LABEL = "NAME"


def main(
    treebank: Path = typer.Argument(help="A folder with *-ud-dev.conllu and *-ud-test.conllu"),
    folder: Path = typer.Argument(help="Gets train.spacy and test.spacy"),
) -> None:
    """Write both files, and print how many names they have."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, name in (("dev", "train"), ("test", "test")):
        docs = [with_names(doc) for doc in read_part(treebank, part)]
        write_docs(folder / f"{name}.spacy", docs)
        names = sum(len(doc.ents) for doc in docs)
        print(f"{name}: {len(docs):,} sentences, {names:,} names")


def with_names(doc: Doc) -> Doc:
    """RETURNS (Doc): The Doc, its runs of proper nouns as entities."""
    spans, start = [], None
    for i in range(len(doc) + 1):
        proper = i < len(doc) and doc[i].tag_ in PROPER_NOUNS
        if proper and start is None:
            start = i
        elif not proper and start is not None:
            spans.append(Span(doc, start, i, label=LABEL))
            start = None
    doc.set_ents(spans, default="outside")
    return doc


if __name__ == "__main__":
    typer.run(main)
