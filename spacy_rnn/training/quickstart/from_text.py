"""A training for what a user has: raw text, or labelled Docs and a trained encoder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy import util
from spacy.tokens import DocBin
from thinc.api import Config

from ...corpus.docbins import read_docbin
from ...corpus.text_files import find_files, get_format
from ...errors import Errors, counted
from .requests import ConfigRequest, make_config, steps_in
from .sizes import STEPS, Budget
from .source_settings import read_source
from .text_parts import part_of, split_text
from .text_recipe import text_config

_LEAST_DOCS = 20


@dataclass
class TextRequest:
    """What is to be trained.

    text (Path): Raw text for a language model or an encoder (.txt, .jsonl), annotated Docs for the
        other tasks (.spacy); a file or a folder.
    task (str): See `ConfigRequest`.
    lang (Optional[str]): The language; that of the source if None.
    segmenter (Optional[str]): What cuts Chinese into words.
    source (Optional[str]): A trained pipeline whose language model the component listens to.
    minutes (float): How long it may take.
    overrides (Dict[str, Any]): Settings by dotted names.
    """

    text: Path
    task: str = "lm"
    lang: str | None = None
    segmenter: str | None = None
    source: str | None = None
    minutes: float = 10.0
    overrides: dict[str, Any] = field(default_factory=dict)


def plan_training(request: TextRequest, folder: Path) -> tuple[Config, list[str]]:
    """Split the text, and choose a training for it.

    request (TextRequest): What is to be trained.
    folder (Path): Gets the parts of the text.
    RETURNS (Tuple[Config, List[str]]): The config, and what was chosen, a line each.
    RAISES (ValueError): Without a language; for text that can't be used; for a source where none
        can be used.
    """
    lang = request.lang
    if lang is None and request.source is not None:
        lang = read_source(request.source).lang
    if lang is None:
        raise ValueError(Errors.R639)
    if not request.text.exists():
        raise ValueError(Errors.R202.format(path=request.text))
    if request.task in ("lm", "encoder"):
        if request.source is not None:
            raise ValueError(Errors.R647)
        return text_config(
            split_text(request.text, folder),
            folder,
            lang=lang,
            task=request.task,
            segmenter=request.segmenter,
            minutes=request.minutes,
            overrides=request.overrides,
        )
    return _component_config(request, lang, folder)


def _component_config(request: TextRequest, lang: str, folder: Path) -> tuple[Config, list[str]]:
    counts = split_docs(request.text, lang, folder)
    asked = ConfigRequest(request.task, lang, request.segmenter, request.source)
    steps = min(STEPS[request.task], steps_in(request.minutes, asked))
    asked.budget = Budget.of(steps)
    paths = {f"paths.{part}": str(folder / f"{part}.spacy") for part in ("train", "dev")}
    asked.overrides = {**paths, **request.overrides}
    config, _ = make_config(asked)
    documents = counted(counts["train"], "document")
    chosen = f"{documents} to learn from, {counted(asked.budget.steps, 'step')}"
    return config, [chosen]


def split_docs(text: Path, lang: str, folder: Path) -> dict[str, int]:
    """Write annotated Docs to train.spacy, dev.spacy and test.spacy, as `split_text` does.

    text (Path): A .spacy file or a folder of them.
    lang (str): Their language.
    folder (Path): Where the files go.
    RETURNS (Dict[str, int]): How many Docs each part has.
    RAISES (ValueError): If the files can't be read, are others, or hold fewer than twenty Docs.
    """
    files = find_files([text])
    formats = {str(get_format(file)) for file in files}
    if formats != {".spacy"}:
        raise ValueError(Errors.R648.format(path=text, found=", ".join(sorted(formats))))
    vocab = util.get_lang_class(lang)().vocab
    parts = {part: DocBin(store_user_data=True) for part in ("train", "dev", "test")}
    docs = (doc for file in files for doc in read_docbin(file, vocab))
    for number, doc in enumerate(docs):
        parts[part_of(number, 10)].add(doc)
    count = sum(map(len, parts.values()))
    if count < _LEAST_DOCS:
        raise ValueError(Errors.R643.format(path=text, count=count, least=_LEAST_DOCS))
    folder.mkdir(parents=True, exist_ok=True)
    for part, docbin in parts.items():
        docbin.to_disk(folder / f"{part}.spacy")
    return {part: len(docbin) for part, docbin in parts.items()}
