"""`python -m spacy rnn evaluate MODEL CORPUS`."""

from pathlib import Path
from typing import Any

from typer import Argument, Option

from ..messages import answer, inform
from ..scoring.corpus_scores import CorpusScores, score_corpus
from ..scoring.outputs import check_writable, write_report
from . import rnn
from .options import Code, Component, Document, DocumentKind, GpuId, LineEnd, TextKey, Tokenized
from .pipelines import load_language_model
from .plain_errors import plain_errors
from .text_table import show_number, text_table
from .unknown_words import tell_unknown_share

_LABELS = {
    "lm_perplexity": "Perplexity, <unk> a word",
    "lm_perplexity_open": "Perplexity, unknown words spelled",
    "lm_cache_perplexity": "Perplexity with cache, <unk> a word",
    "lm_cache_perplexity_open": "Perplexity with cache, unknown words spelled",
    "lm_backward_perplexity": "Perplexity from right to left",
    "lm_bits_per_char": "Bits per character",
    "lm_acc": "Accuracy of the first guess",
    "lm_oov": "Share of unknown words",
    "lm_prob": "1 / perplexity",
}


@rnn.command("evaluate")
@plain_errors
def evaluate_cli(
    model: str = Argument(help="A trained pipeline: its folder or its name"),
    corpus: Path = Argument(help="Text: a file or a folder (.txt, .jsonl, .spacy, .gz)"),
    output: Path | None = Option(None, "--output", "-o", help="A JSON file for the scores"),
    document: Document = DocumentKind.line,
    tokenized: Tokenized = False,
    line_end: LineEnd = None,
    text_key: TextKey = "text",
    component: Component = None,
    gpu_id: GpuId = -1,
    code: Code = None,
) -> None:
    """Score a language model on a corpus of any size: perplexity, bits per character, accuracy."""
    options = {
        "document": document.value,
        "tokenized": tokenized,
        "line_end": line_end,
        "text_key": text_key,
    }
    check_writable(output)
    nlp, lm = load_language_model(model, component, gpu_id=gpu_id, code=code)
    result = score_corpus(nlp, lm, corpus, options)
    rows = [(_LABELS.get(name, name), value) for name, value in result.scores.items()]
    for name, value in _sizes(result).items():
        rows.append((name.replace("_", " ").capitalize(), value))
    if output is not None:  # first: whoever reads the table may close it
        write_report(output, {**result.scores, **_sizes(result)})
        inform(f"scores are in {output}")
    answer(text_table([(label, show_number(value)) for label, value in rows]))
    tell_unknown_share(result.unknown_share)


def _sizes(result: CorpusScores) -> dict[str, Any]:
    return {
        "documents": result.documents,
        "tokens": result.tokens,
        "unknown_tokens": result.unknown,
        "characters": result.characters,
        "tokens_per_second": round(result.speed),
    }
