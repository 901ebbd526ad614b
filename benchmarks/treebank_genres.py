"""The genres of English EWT as categories: labelled files for `components.py textcat`.

python benchmarks/treebank_genres.py path/to/ud-en-ewt FOLDER
python benchmarks/components.py textcat FOLDER/train.spacy FOLDER/test.spacy path/to/encoder

A document of the treebank is a web log, a message of a newsgroup, an email, a review or an answer:
its id begins with the genre. The treebank's dev part becomes the training file, its test part the
test file. The text is that of the documents' sentences, with a space between them.
"""

from collections.abc import Iterator
from pathlib import Path

import spacy
import typer
from fine_tuning import write_docs
from spacy.tokens import Doc

_DOCUMENT, _TEXT = "# newdoc id = ", "# text = "


def main(
    treebank: Path = typer.Argument(help="A folder with *-ud-dev.conllu and *-ud-test.conllu"),
    folder: Path = typer.Argument(help="Gets train.spacy and test.spacy"),
) -> None:
    """Write both files, and print how many documents they have."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, name in (("dev", "train"), ("test", "test")):
        (path,) = treebank.glob(f"*-ud-{part}.conllu")
        docs = with_genres(list(read_documents(path.read_text(encoding="utf8"))))
        write_docs(folder / f"{name}.spacy", docs)
        print(f"{name}: {len(docs):,} documents, {', '.join(docs[0].cats)}")


def read_documents(conllu: str) -> Iterator[tuple[str, str]]:
    """RETURNS (Iterator[Tuple[str, str]]): Genre and text of each document."""
    for document in conllu.split(_DOCUMENT)[1:]:
        lines = document.splitlines()
        sentences = [line.removeprefix(_TEXT) for line in lines if line.startswith(_TEXT)]
        yield lines[0].partition("-")[0], " ".join(sentences)


def with_genres(documents: list[tuple[str, str]]) -> list[Doc]:
    """RETURNS (List[Doc]): A Doc for each document, its genre 1.0 and all others 0.0."""
    nlp = spacy.blank("en")
    genres = sorted({genre for genre, _ in documents})
    docs = []
    for genre, text in documents:
        doc = nlp.make_doc(text)
        doc.cats = {other: float(other == genre) for other in genres}
        docs.append(doc)
    return docs


if __name__ == "__main__":
    typer.run(main)
