"""WikiText-2 as other text is written: what a language model or an encoder of English learns from.

python scripts/wikitext.py path/to/wikitext-2 corpus/wikitext --document line

WikiText separates all tokens by spaces and has signs of its own (`10 @,@ 000`, `well @-@ known`,
`didn 't`). A model that learned them as they are finds none of them in the text of others.

`line` and `article`: the text is written as before it was separated (`10,000`, `well-known`,
`didn't`), and spaCy's English tokenizer reads it. So the tokens of training are those of any text
that the model reads later. A document is a paragraph, or an article, its paragraphs joined by
newlines. Written as `.spacy` files, which keep where spaces stand.

`sentence`: a sentence a line, tokens separated by spaces, for an encoder whose taggers read
sentences of a treebank: hyphens stand alone, contractions are split as in the Penn Treebank. With
`--tokens spacy` they are Docs in spaCy's tokens, as those of the other two.

`raw`: sentences as text is written, a line each, for a program that knows no missing words: those
with `<unk>` are left out.

Headings are left out. Elsewhere `<unk>`, a word that the corpus has left out, stays one token.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import groupby
from pathlib import Path

import spacy
import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from wasabi import msg

from spacy_rnn.errors import counted
from spacy_rnn.vocabulary.spacing_rules import needs_space
from spacy_rnn.vocabulary.symbols import UNKNOWN

PARTS = {"train": "train", "dev": "valid", "test": "test"}
_END = re.compile(r"(?<= [.!?]) (?=[A-Z\"“'<])")
# A word that is nowhere in the text stands for <unk> in it: spaCy would split the sign.
_PLACEHOLDER = "Xunkx"


class Document(StrEnum):
    """What a document is."""

    sentence = "sentence"
    line = "line"
    article = "article"
    raw = "raw"


class Tokens(StrEnum):
    """Whose tokens sentences have."""

    treebank = "treebank"
    spacy = "spacy"


def main(
    folder: Path = typer.Argument(help="WikiText-2: train.txt, valid.txt and, if there, test.txt"),
    output: Path = typer.Argument(help="Gets train, dev and test: .spacy, or .txt for sentences"),
    document: Document = typer.Option(Document.sentence, help="What a document is"),
    tokens: Tokens = typer.Option(Tokens.treebank, help="Whose tokens sentences have"),
) -> None:
    """Write the parts."""
    output.mkdir(parents=True, exist_ok=True)
    nlp = spacy.blank("en")
    for name, source in PARTS.items():
        path = folder / f"{source}.txt"
        if source == "test" and not path.exists():
            continue
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        treebank = document is Document.sentence and tokens is Tokens.treebank
        if treebank or document is Document.raw:
            split = sentences if treebank else raw_sentences
            found = [sentence for line in lines for sentence in split(line)]
            (output / f"{name}.txt").write_text("\n".join(found) + "\n", encoding="utf8")
            msg.good(f"{output / name}.txt: {counted(len(found), 'sentence')}")
            continue
        docs = list(make_docs(nlp, lines, document))
        DocBin(docs=docs).to_disk(output / f"{name}.spacy")
        size = counted(sum(map(len, docs)), "token")
        msg.good(f"{output / name}.spacy: {counted(len(docs), 'document')}, {size}")


def sentences(line: str) -> Iterator[str]:
    """The sentences of a paragraph, tokens separated by spaces."""
    for sentence in _split(line):
        yield _undo_signs(sentence).replace("@-@", "-")


def raw_sentences(line: str) -> Iterator[str]:
    """The sentences of a paragraph that lack no word, as text is written."""
    return (plain_text(sentence) for sentence in _split(line) if UNKNOWN not in sentence)


def _split(line: str) -> Iterator[str]:
    line = line.strip()
    if not line.startswith("= "):
        yield from (part for part in _END.split(line) if part)


def plain_text(line: str) -> str:
    """RETURNS (str): A paragraph as it was before its tokens were separated by spaces."""
    text = ""
    for word in re.sub(r" @-@ ", "-", _undo_signs(line)).split():
        text += " " * needs_space(text, word) + word
    return text


def make_docs(nlp: Language, lines: Iterable[str], document: Document) -> Iterator[Doc]:
    """Yield the documents, in the tokens of the pipeline's tokenizer.

    nlp (Language): Its tokenizer reads the plain text.
    lines (Iterable[str]): The lines of a file of WikiText.
    document (Document): `line`, `article` or `sentence`.
    YIELDS (Doc): Paragraphs; articles, a token "\\n" between paragraphs; or sentences.
    """
    if document is Document.sentence:
        lines = (sentence for line in lines for sentence in _split(line))
    by_line = document is not Document.article
    for _, group in groupby(_paragraphs(lines), key=lambda item: item[by_line]):
        words: list[str] = []
        spaces: list[bool] = []
        for _, _, paragraph in group:
            if words:
                words.append("\n")
                spaces.append(False)
            # A token with the placeholder in it, such as "1,Xunkx", is as unknown as <unk> itself.
            for token in nlp.tokenizer(plain_text(paragraph).replace(UNKNOWN, _PLACEHOLDER)):
                words.append(UNKNOWN if _PLACEHOLDER in token.text else token.text)
                spaces.append(bool(token.whitespace_))
        yield Doc(nlp.vocab, words=words, spaces=spaces)


def _paragraphs(lines: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the number of its article, its own number, and the text of each paragraph."""
    article = 0
    for number, line in enumerate(map(str.strip, lines)):
        if line.startswith("= "):
            article += not line.startswith("= =")
        elif line:
            yield article, number, line


def _undo_signs(line: str) -> str:
    line = re.sub(r" @([.,])@ ", r"\1", line)
    return re.sub(r"(\w+)n 't\b", r"\1 n't", line)


if __name__ == "__main__":
    typer.run(main)
