"""One text in three parts: what is learned from, what picks the best model, what tells how good it
is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...corpus.text_files import TextDocument, find_files, get_format, read_jsonl, read_text
from ...errors import Errors

# A text that is read in blocks has at least so many, each of some lines.
_LEAST_DOCUMENTS = 20
_LINES_A_BLOCK = 1.5
# Every so manieth document is for dev, and as many for test; fewer of a longer text.
_SHARES = ((2_000_000, 10), (20_000_000, 20))
_SMALLEST_SHARE = 50


@dataclass
class TextParts:
    """The files of a text's parts.

    train, dev, test (Path): The files. Every document is in one of them.
    document (str): What a document of a .txt file is: "line" or "block".
    documents (int): How many there are.
    """

    train: Path
    dev: Path
    test: Path
    document: str
    documents: int


def split_text(text: Path, folder: Path, *, text_key: str = "text") -> TextParts:
    """Write the documents of a text to three files, in their order: of ten (of twenty or fifty, if
    the text is long) one goes to dev and one to test.

    text (Path): A .txt or .jsonl file, gzipped or not, or a folder of one kind of them. If a .txt
        file has empty lines between blocks of lines, a document is a block, otherwise a line.
    folder (Path): Where the files go: train.txt, dev.txt, test.txt, or .jsonl.
    text_key (str): The key of the text in .jsonl files.
    RETURNS (TextParts): The files.
    RAISES (ValueError): If the text can't be read, is of several kinds, or has fewer than twenty
        documents.
    """
    files = find_files([text])
    formats = {get_format(file) for file in files}
    if formats not in ({".txt"}, {".jsonl"}):
        raise ValueError(Errors.R642.format(path=text, found=", ".join(sorted(map(str, formats)))))
    (suffix,) = formats
    document = "line" if suffix == ".jsonl" else _choose_document(files)
    size = sum(file.stat().st_size for file in files)
    every = next((share for limit, share in _SHARES if size < limit), _SMALLEST_SHARE)
    count = sum(1 for _ in _documents(files, document, text_key))
    if count < _LEAST_DOCUMENTS:
        raise ValueError(Errors.R643.format(path=text, count=count, least=_LEAST_DOCUMENTS))
    folder.mkdir(parents=True, exist_ok=True)
    paths = {part: folder / f"{part}{suffix}" for part in ("train", "dev", "test")}
    handles = {part: path.open("w", encoding="utf8") for part, path in paths.items()}
    try:
        for number, lines in enumerate(_documents(files, document, text_key)):
            handles[part_of(number, every)].write(_encode(lines, suffix, document))
    finally:
        for handle in handles.values():
            handle.close()
    return TextParts(paths["train"], paths["dev"], paths["test"], document, count)


def part_of(number: int, every: int) -> str:
    """RETURNS (str): The part of a document: of each `every` one is "dev" and one "test"."""
    return {every // 2 - 1: "dev", every - 1: "test"}.get(number % every, "train")


def _choose_document(files: Iterable[Path]) -> str:
    blocks = lines = 0
    for file in files:
        for block in read_text(file, "block"):
            blocks += 1
            lines += sum(1 for _ in block.lines)
    is_blocks = blocks >= _LEAST_DOCUMENTS and lines >= _LINES_A_BLOCK * blocks
    return "block" if is_blocks else "line"


def _documents(files: Iterable[Path], document: str, text_key: str) -> Iterator[list[str]]:
    for file in files:
        raw: Iterator[TextDocument]
        if get_format(file) == ".jsonl":
            raw = read_jsonl(file, text_key)
        else:
            raw = read_text(file, document)
        yield from (list(found.lines) for found in raw)


def _encode(lines: list[str], suffix: str | None, document: str) -> str:
    text = "\n".join(lines)
    if suffix == ".jsonl":
        return json.dumps({"text": text}, ensure_ascii=False) + "\n"
    return text + ("\n\n" if document == "block" else "\n")
