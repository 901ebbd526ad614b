"""Code in Markdown files: fenced blocks, and commands within lines."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from ..helpers import ROOT

FILES = [
    ROOT / "README.md",
    ROOT / "README.zh.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / folder / "README.md" for folder in ("benchmarks", "configs")),
]
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_IS_COMMAND = re.compile(r"(python3? |pip install |torchrun )")
_IS_BENCHMARK = re.compile(r"\w+\.py( |$)")


@dataclass
class Code:
    """A piece of code.

    path (Path): The file.
    line (int): Where it begins.
    language (str): What the fence says; "bash" for commands in the text.
    text (str): The code.
    """

    path: Path
    line: int
    language: str
    text: str

    def __str__(self):
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks(path, *languages):
    """The fenced blocks of a file in these languages."""
    text = path.read_text("utf8")
    for found in _FENCE.finditer(text):
        if found[2] in languages:
            line = text.count("\n", 0, found.start()) + 2
            yield Code(path, line, found[2], dedent(found[3]))


def spans(path):
    """The commands that stand in a line of text or of a table."""
    text = path.read_text("utf8")
    text = _FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)
    for found in _SPAN.finditer(text):
        code = " ".join(found[1].split())
        if path.parent.name == "benchmarks" and _IS_BENCHMARK.match(code):
            code = f"python benchmarks/{code}"
        if _IS_COMMAND.match(code):
            yield Code(path, text.count("\n", 0, found.start()) + 1, "bash", code)


def commands(code):
    """The commands of shell code: lists of words, without comments."""
    for line in code.text.replace("\\\n", " ").splitlines():
        for part in line.split("&&"):
            words = shlex.split(part, comments=True)
            if words:
                yield words
