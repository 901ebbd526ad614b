"""`python -m spacy rnn import MODEL.pt VOCAB.txt OUTPUT`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import spacy
import torch
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from typer import Argument, Option

from ..errors import Errors, Warnings, counted
from ..layers.example_network import ExampleNetwork
from ..layers.torch_files import read_torch_file
from ..messages import inform, warn
from ..pipeline.rnn_lm import RNNLM
from ..regular_files import read_regular
from ..vocabulary.symbols import BOUNDARY, UNKNOWN
from . import rnn
from .plain_errors import plain_errors


class WordsOf(StrEnum):
    """Who cuts a text into words."""

    language = "language"
    spaces = "spaces"


class StoredCell(StrEnum):
    """What a state dict doesn't say."""

    rnn = "rnn"
    gru = "gru"
    lstm = "lstm"


@rnn.command("import")
@plain_errors
def import_cli(
    model: Path = Argument(
        metavar="MODEL.pt",
        help="A file of torch.save: the module of PyTorch's word language model example, or its "
        "state dict. Nothing in it is run",
    ),
    words: Path = Argument(metavar="VOCAB.txt", help="Its words, one a line, by row"),
    output: Path = Argument(help="The folder of the pipeline to write"),
    lang: str = Option(..., "--lang", "-l", help="The language, such as en"),
    tokenizer: WordsOf = Option(
        WordsOf.language, help="What cuts texts into words: the language's tokenizer, or spaces"
    ),
    lower: bool = Option(False, "--lower", help="Its words are lower case: read texts so"),
    boundary: str = Option("<eos>", help="Its word for a sentence's end, which becomes </s>"),
    unknown: str = Option("<unk>", help="Its word for words that it doesn't know"),
    cell: StoredCell | None = Option(
        None, help="rnn says that the state dict of an Elman network is one with tanh, not ReLU"
    ),
    overwrite: bool = Option(False, "--overwrite", help="Write over a folder that is there"),
) -> None:
    """Make a pipeline of a published LSTM, GRU or Elman network (tanh).

    The file has no counts of words: its softmax is a full one, and there is no unigram surprisal
    and no SLOR.
    """
    if output.exists() and not overwrite:
        raise ValueError(Errors.R917.format(path=output))
    network = ExampleNetwork.from_file(read_torch_file(model), None if cell is None else cell.value)
    rows = read_rows(words, boundary, unknown)
    if len(rows) != network.words:
        raise ValueError(Errors.R912.format(path=words, words=len(rows), rows=network.words))
    capitals = sum(word != word.lower() for word in rows) if lower else 0
    if capitals:
        warn(Warnings.W395.format(path=words, words=counted(capitals, "word")))
    nlp = build_imported(network, rows, lang, spaces=tokenizer == WordsOf.spaces, lower=lower)
    nlp.meta["description"] = f"{network.cell} language model, imported from {model.name}"
    nlp.to_disk(output)
    settings = network.settings(len(rows))
    inform(
        f"Wrote {output}: {settings.cell}, {counted(settings.depth, 'layer')}, width "
        f"{settings.width}, {counted(len(rows), 'row')}, {'tied' if settings.tied else 'not tied'}"
    )
    inform(f"{boundary} became {BOUNDARY}; without counts there is no unigram surprisal, no SLOR")


def read_rows(path: Path, boundary: str, unknown: str) -> dict[str, int]:
    """Read which row each word has.

    path (Path): A UTF-8 file with a word a line.
    boundary, unknown (str): The words that become `</s>` and `<unk>`.
    RETURNS (Dict[str, int]): From the words as the pipeline has them.
    RAISES (ValueError): Without one of the two, for an empty line or a word that is there twice.
    """
    try:
        lines = read_regular(path).decode("utf-8-sig").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(Errors.R915.format(path=path, error=error)) from None
    special = {boundary: BOUNDARY, unknown: UNKNOWN}
    rows: dict[str, int] = {}
    names: list[str] = []
    for number, line in enumerate(lines, 1):
        found = line.removesuffix("\r")
        word = special.get(found, found)
        if not word:
            raise ValueError(Errors.R916.format(path=path, line=number))
        if word in rows:
            raise ValueError(
                Errors.R913.format(
                    path=path,
                    earlier=names[rows[word]],
                    first=rows[word] + 1,
                    later=found,
                    second=number,
                    word=word,
                )
            )
        rows[word] = number - 1
        names.append(found)
    for word, kept in special.items():
        if kept not in rows:
            option = "boundary" if kept == BOUNDARY else "unknown"
            raise ValueError(Errors.R914.format(path=path, word=word, option=option))
    return rows


def build_imported(
    network: ExampleNetwork, rows: dict[str, int], lang: str, *, spaces: bool, lower: bool
) -> Language:
    """Build a pipeline around the weights of a network.

    network (ExampleNetwork): The weights.
    rows (Dict[str, int]): The row of each word in them, `<unk>` and `</s>` included.
    lang (str): The language.
    spaces (bool): Whether words are what spaces separate, instead of the language's tokens.
    lower (bool): Whether words are looked up in lower case.
    RETURNS (Language): With `rnn_lm`.
    """
    nlp = spacy.blank(lang)
    if spaces:
        nlp.tokenizer = Tokenizer(nlp.vocab)
    shape = network.settings(len(rows))
    settings: dict[str, Any] = {
        "@architectures": "spacy-rnn.RNNLM.v1",
        "cell": shape.cell,
        "width": shape.width,
        "embedding_width": shape.embedding_width,
        "depth": shape.depth,
        "tied": shape.tied,
        "direction": "forward",
        "subword_rows": 0,
        "speller_width": 0,
        "cutoffs": None,
        "attr": "LOWER" if lower else "ORTH",
    }
    lm: RNNLM = nlp.add_pipe("rnn_lm", config={"model": settings})  # type: ignore[assignment]
    lm.initialize(lambda: iter(()), labels=[[word, 0] for word in rows], nlp=nlp)
    places = torch.tensor([rows[word] for word in lm.vocabulary.words])
    network.copy_into(lm.network, places)
    return nlp
