"""`python -m spacy rnn compare MODEL… --text FILE`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer import Argument, Option

from ..messages import answer, inform, warn
from ..scoring.corpus_scores import CorpusScores, score_corpus
from ..scoring.outputs import check_writable, write_report
from ..vocabulary import Vocabulary
from . import rnn
from .options import Code, Component, Document, DocumentKind, GpuId, LineEnd, TextKey, Tokenized
from .pipelines import check_different, load_language_model
from .plain_errors import plain_errors
from .text_table import show_number, text_table
from .unknown_words import tell_unknown_share

_COLUMNS = {
    "model": "Model",
    "bits_per_char": "Bits/char",
    "perplexity": "Perplexity",
    "unknown": "Unknown",
    "tokens": "Tokens",
    "tokens_per_second": "Tokens/s",
}


@dataclass
class Compared:
    """A model and what it makes of the text.

    model (str): Its folder or name.
    vocabulary (Vocabulary): Its words.
    result (CorpusScores): Its scores, under the names of the default scorer.
    """

    model: str
    vocabulary: Vocabulary
    result: CorpusScores

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): A row of the table."""
        return {
            "model": self.model,
            "bits_per_char": self.result.scores["lm_bits_per_char"],
            "perplexity": self.result.scores["lm_perplexity"],
            "unknown": self.result.unknown,
            "tokens": self.result.tokens,
            "tokens_per_second": round(self.result.speed),
        }


@rnn.command("compare")
@plain_errors
def compare_cli(
    models: list[str] = Argument(help="Trained pipelines: their folders or names"),
    text: Path = Option(..., "--text", help="Text: a file or a folder (.txt, .jsonl, .spacy, .gz)"),
    output: Path | None = Option(None, "--output", "-o", help="A JSON file for the table"),
    document: Document = DocumentKind.line,
    tokenized: Tokenized = False,
    line_end: LineEnd = None,
    text_key: TextKey = "text",
    component: Component = None,
    gpu_id: GpuId = -1,
    code: Code = None,
) -> None:
    """Compare language models on one text, each with its own tokenizer."""
    options = {
        "document": document.value,
        "tokenized": tokenized,
        "line_end": line_end,
        "text_key": text_key,
    }
    check_writable(output)
    compared = []
    check_different(models)
    for model in models:
        nlp, lm = load_language_model(model, component, gpu_id=gpu_id, code=code)
        result = score_corpus(nlp, lm, text, options, plain_names=True)
        compared.append(Compared(model, lm.vocabulary, result))
    rows = [one.to_dict() for one in compared]
    if all(row["bits_per_char"] is not None for row in rows):
        rows.sort(key=lambda row: row["bits_per_char"])
    cells = [[show_number(row[name]) for name in _COLUMNS] for row in rows]
    notes = find_notes(compared)
    if output is not None:  # first: whoever reads the table may close it
        write_report(output, {"models": rows, "notes": notes})
        inform(f"the table is in {output}")
    answer(text_table(cells, list(_COLUMNS.values())))
    for note in notes:
        warn(note)
    for one in compared:
        tell_unknown_share(one.result.unknown_share, one.model)


def find_notes(compared: Sequence[Compared]) -> list[str]:
    """RETURNS (List[str]): Which figures of these models can't be compared, and why."""
    notes = []
    first = compared[0]
    forms = {_form_of(one.vocabulary) for one in compared}
    if len(forms) > 1:
        notes.append(
            "Neither perplexities nor bits per character can be compared: the models predict other "
            f"forms of the words ({', '.join(sorted(forms))})."
        )
    elif any(one.result.digest != first.result.digest for one in compared):
        notes.append("Perplexities can't be compared: the models read different tokens.")
    elif any(one.result.unknown for one in compared) and any(
        _differ(one.vocabulary, first.vocabulary) for one in compared
    ):
        notes.append(
            "Perplexities can't be compared: the vocabularies differ, and all unknown words of a "
            "model count as one word."
        )
    missing = [one.model for one in compared if one.result.scores["lm_bits_per_char"] is None]
    if missing:
        notes.append(
            "No bits per character, because words are unknown and there is no speller: "
            + ", ".join(missing)
        )
    if any(one.result.characters != first.result.characters for one in compared):
        notes.append("Bits per character are over texts of different lengths.")
    return notes


def _form_of(vocabulary: Vocabulary) -> str:
    if vocabulary.normalize == "none":
        return vocabulary.attr
    return f"{vocabulary.attr} after normalize = {vocabulary.normalize!r}"


def _differ(one: Vocabulary, other: Vocabulary) -> bool:
    return set(one.forms) != set(other.forms)
