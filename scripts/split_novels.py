"""Make the corpus zh-classics from the four novels: chapters into train, dev and test.

python scripts/split_novels.py assets/novels assets/zh-classics

Runs of white space become one space and lines are stripped; empty lines and lines with `首页|` are
dropped; in 红楼梦 `．` becomes `。`. A chapter begins at a line `第…回` or `楔子`; what stands
before the first one is dropped. Of every ten chapters of a book the fifth is dev, the tenth test.
A chapter's paragraphs are lines, chapters are separated by an empty line.
"""

import re
from pathlib import Path

import typer
from wasabi import msg

from spacy_rnn.errors import counted

BOOKS = ("红楼梦", "三国演义", "水浒传", "西游记")
HEADING = re.compile("^(第[一二三四五六七八九十百零〇○ＯO0-9]+回|楔子)( |$)")


def main(
    source: Path = typer.Argument(help="A folder with the four novels as UTF-8 .txt files"),
    target: Path = typer.Argument(help="Where train.txt, dev.txt and test.txt go"),
) -> None:
    """Split the novels by chapter."""
    missing = [book for book in BOOKS if not (source / f"{book}.txt").exists()]
    if missing:
        names = ", ".join(f"{book}.txt" for book in missing)
        msg.fail(
            f"{source} has no {names}. Run `python -m spacy project assets` where there is a "
            "network, or put the files there yourself.",
            exits=1,
        )
    parts: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    for book in BOOKS:
        text = (source / f"{book}.txt").read_text("utf-8-sig")
        for number, chapter in enumerate(chapters(book, text)):
            parts[{4: "dev", 9: "test"}.get(number % 10, "train")].append("\n".join(chapter))
    target.mkdir(parents=True, exist_ok=True)
    for part, texts in parts.items():
        (target / f"{part}.txt").write_text("\n\n".join(texts) + "\n", encoding="utf8")
        msg.good(f"{part}: {counted(len(texts), 'chapter')}, {sum(map(len, texts)):,} characters")


def chapters(book: str, text: str) -> list[list[str]]:
    """RETURNS (List[List[str]]): The lines of every chapter, its heading first."""
    found: list[list[str]] = []
    for raw in text.splitlines():
        line = re.sub(r"\s+", " ", raw).strip()
        if not line or "首页|" in line:
            continue
        if book == "红楼梦":
            line = line.replace("．", "。")
        if HEADING.match(line):
            found.append([line])
        elif found:
            found[-1].append(line)
    return found


if __name__ == "__main__":
    typer.run(main)
