"""Write the text of a model: train, dev and test, from the folders of its corpora.

python scripts/models/write_text.py zh_rnn_classics --folder classics=path/to/zh-classics

A language model of Chinese reads documents as long as they are: blocks of lines between empty
ones. An encoder reads sentences: of Chinese segmented by jieba, of English in spaCy's tokens.
English is WikiText-2 as it was before its tokens were separated (scripts/wikitext.py).
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import spacy
import typer
from commands import run
from recipes import (
    PARTS,
    Recipe,
    Text,
    find_texts,
    read_figures,
    read_recipes,
    write_figures,
)
from wasabi import msg

from spacy_rnn.cli.pipelines import load_tokenizer
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.errors import counted


def main(
    name: str = typer.Argument(help="The model"),
    folder: list[str] = typer.Option([], help="The folder of a text: luxun=PATH"),
) -> None:
    """Write the parts, and how large they are."""
    recipe = read_recipes()[name]
    found, missing = find_texts(recipe, parse_folders(folder))
    if missing:
        needed = [text.name for text in missing]
        msg.fail(f"{name} needs {', '.join(needed)}", f"--folder {needed[0]}=PATH", exits=1)
    write_text(recipe, found)


def parse_folders(values: list[str]) -> dict[str, Path | None]:
    """RETURNS (Dict[str, Optional[Path]]): Folders by the names of texts; None where empty."""
    pairs = (value.partition("=") for value in values)
    return {name: Path(path) if path else None for name, _, path in pairs}


def write_text(recipe: Recipe, found: list[tuple[Text, Path]]) -> None:
    """Write the files, unless they are there and of the same texts.

    recipe (Recipe): The model.
    found (List[Tuple[Text, Path]]): Its texts and their folders.
    """
    sources = [describe(text, folder) for text, folder in found]
    output = recipe.figures("corpus")
    files = [recipe.corpus / f"{part}{recipe.suffix}" for part in PARTS]
    same = read_figures(output).get("texts") == sources
    needed = files[:2]
    if recipe.whole_sentences is not None:
        needed = [*needed, recipe.whole_sentences / "dev.txt"]
    if same and all(path.exists() for path in needed):
        msg.info(f"{recipe.name}: the text is there")
        return
    recipe.corpus.mkdir(parents=True, exist_ok=True)
    folders = [folder for _, folder in found]
    if recipe.lang == "en":
        kind = ["sentence", "--tokens", "spacy"] if recipe.is_encoder else ["line"]
        run("scripts/wikitext.py", folders[0], recipe.corpus, "--document", *kind)
        if recipe.whole_sentences is not None:
            run("scripts/wikitext.py", folders[0], recipe.whole_sentences, "--document", "raw")
    elif recipe.is_encoder:
        run("scripts/chinese_sentences.py", recipe.corpus, *folders)
    else:
        for part, path in zip(PARTS, files, strict=True):
            blocks = [block for text, at in found for block in read_blocks(text, at, part)]
            path.write_text("\n\n".join(blocks) + "\n", encoding="utf8")
    parts = zip(PARTS, files, strict=True)
    sizes = {part: measure(recipe, path) for part, path in parts if path.exists()}
    write_figures(output, {"texts": sources, **sizes})
    tokens = ", ".join(f"{part} {counted(size['tokens'], 'token')}" for part, size in sizes.items())
    msg.good(f"{recipe.name}: {tokens}")


def describe(text: Text, folder: Path) -> dict[str, str]:
    """RETURNS (Dict[str, str]): What the card says of a text, with a fingerprint of its files."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.txt")):
        digest.update(path.read_bytes())
    known = {"name": text.name, "title": text.title, "licence": text.licence}
    return {**known, "sha256": digest.hexdigest()}


def read_blocks(text: Text, folder: Path, part: str) -> Iterator[str]:
    """Yield the documents of a part: lines without an empty one."""
    content = (folder / f"{part}.txt").read_text("utf-8-sig")
    documents = content.splitlines() if text.document == "line" else re.split(r"\n\s*\n", content)
    yield from (block for document in documents if (block := document.strip("\n")).strip())


def measure(recipe: Recipe, path: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Documents, tokens and characters, as the training reads them."""
    nlp = load_tokenizer(recipe.config, {}) if path.suffix == ".txt" else spacy.blank(recipe.lang)
    documents = tokens = characters = 0
    for example in create_text_corpus(path, cache=False, **recipe.options)(nlp):
        documents += 1
        tokens += len(example.reference)
        characters += len(example.reference.text)
    return {"documents": documents, "tokens": tokens, "characters": characters}


if __name__ == "__main__":
    typer.run(main)
