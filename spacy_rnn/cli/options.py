"""Options that several commands have."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Option


class DocumentKind(StrEnum):
    """What a document of a .txt file is."""

    line = "line"
    block = "block"
    file = "file"


class Task(StrEnum):
    """What a config is for."""

    lm = "lm"
    encoder = "encoder"
    tagger = "tagger"
    ner = "ner"
    parser = "parser"
    textcat = "textcat"
    spancat = "spancat"


Document = Annotated[DocumentKind, Option(help="What a document of a .txt file is")]
Tokenized = Annotated[
    bool, Option("--tokenized/--raw", help="Whether words are separated by spaces already")
]
LineEnd = Annotated[
    str | None, Option(help="The word for a line's end in tokenized text, such as <eos>")
]
TextKey = Annotated[str, Option(help="The key of the text in .jsonl files")]
SafeCells = Annotated[
    bool,
    Option("--safe-cells", help="Put a ' before text in .csv, .tsv that a spreadsheet would run"),
]
Component = Annotated[str | None, Option(help="The rnn_lm, if a pipeline has several")]
GpuId = Annotated[int, Option("--gpu-id", "-g", help="GPU ID or -1 for CPU")]
Code = Annotated[Path | None, Option("--code", "-c", help="Python file with registered functions")]
