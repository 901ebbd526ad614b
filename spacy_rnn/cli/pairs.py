"""`python -m spacy rnn pairs MODEL [MODEL …] PAIRS`."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tqdm import tqdm
from typer import Argument, Option

from ..about import __version__
from ..errors import Errors, Warnings, counted
from ..messages import answer, inform, warn
from ..scoring.formats import JsonLines
from ..scoring.outputs import check_writable, continue_file, open_file, write_report
from ..scoring.pairs.pair_rows import BAD, GOOD, PARADIGM, PairColumns, PairTables
from ..scoring.pairs.pair_scorer import RECORD_NAMES
from ..scoring.pairs.published import Published, read_published
from ..scoring.pairs.score_pairs import tally_pairs
from ..scoring.run import stop_cleanly
from ..validation import check_size
from . import rnn
from .options import Code, Component, GpuId
from .pairs_table import ComparedPairs, pairs_table
from .pipelines import check_different, load_language_model
from .plain_errors import plain_errors
from .score import OnBadLines
from .unknown_words import tell_unknown_share

MODEL = "model"  # the key under which a record names its model


class PairsFormat(StrEnum):
    jsonl = "jsonl"
    csv = "csv"
    tsv = "tsv"


class PairMeasure(StrEnum):
    lp = "lp"
    mean_lp = "mean_lp"
    pen_lp = "pen_lp"
    slor = "slor"


@dataclass
class _Asked:
    """What the command's user wants of every model.

    columns (PairColumns), tables (PairTables): The pairs.
    end, component, batch_size: See `score_pairs`.
    skip (bool): Whether pairs that can't be scored are left out.
    left_out (int): How many were.
    """

    columns: PairColumns
    tables: PairTables
    end: bool
    component: str | None
    batch_size: int | None
    skip: bool
    left_out: int = 0

    def add_bad(self, error: ValueError) -> None:
        if not self.skip:
            raise error
        self.left_out += 1
        warn(f"left out: {error}")


@rnn.command("pairs")
@plain_errors
def pairs_cli(
    models: list[str] = Argument(
        metavar="MODEL...", help="Trained pipelines: their folders or names"
    ),
    pairs: Path = Argument(
        metavar="PAIRS",
        help="Minimal pairs: a file or a folder (.jsonl, .csv, .tsv, .gz, .parquet), or - for the "
        "standard input",
    ),
    good: str = Option(GOOD, help="The column of the acceptable sentence"),
    bad: str = Option(BAD, help="The column of the other sentence"),
    by: str = Option(
        "",
        help="The columns by which accuracies are given, separated by commas; by default UID or "
        "the file's name (called paradigm), linguistics_term, phenomenon and field",
    ),
    end: bool = Option(False, "--end/--no-end", help="Whether the closing </s> counts"),
    measure: PairMeasure = Option(
        PairMeasure.lp, help="The measure whose intervals, ties and unknown words the table shows"
    ),
    published: str = Option(
        "", help="A table of published accuracies: paradigm, and a column for each model"
    ),
    output: Path | None = Option(None, "--output", "-o", help="A JSON file for all figures"),
    records: Path | None = Option(
        None, help="A .jsonl file for the scores of each pair; an existing one is replaced"
    ),
    pairs_format: PairsFormat = Option(
        PairsFormat.jsonl, "--format", help="What the standard input holds"
    ),
    bad_lines: OnBadLines = Option(
        OnBadLines.stop, help="What to do about a pair that can't be read or scored"
    ),
    component: Component = None,
    batch_size: int | None = Option(
        None, help="The most sentences scored at once; the pipeline's batch_size by default"
    ),
    gpu_id: GpuId = -1,
    code: Code = None,
    progress: bool | None = Option(
        None, "--progress/--no-progress", help="A progress bar; on a terminal by default"
    ),
) -> None:
    """Count how often language models prefer the acceptable one of two sentences.

    Accuracy by paradigm and field with intervals of 95% (Wilson), by log-probability, its mean a
    token, PenLP and SLOR; ties; pairs with different numbers of unknown words apart.
    """
    check_different(models)
    if batch_size is not None:
        check_size("batch_size", batch_size, least=1)
    check_writable(output)
    if records is not None and not records.name.lower().removesuffix(".gz").endswith(".jsonl"):
        raise ValueError(Errors.R746.format(path=records))
    names = tuple(filter(None, map(str.strip, by.split(","))))
    columns = PairColumns(good, bad, names or None)
    tables = PairTables(pairs, columns, piped=pairs_format.value)
    if records is not None:
        tables.check_free((MODEL, *RECORD_NAMES))
    known = read_published(Path(published)) if published else None
    skip = bad_lines is OnBadLines.skip
    asked = _Asked(columns, tables, end, component, batch_size, skip)
    if measure is PairMeasure.slor:
        for model in models:  # all of them before hours of scoring; a load takes seconds
            _check_counts(model, component, gpu_id, code)
    compared = []
    with ExitStack() as stack:
        write = _open_records(stack, records)
        for model in models:
            asked.left_out = 0
            compared.append(_score_model(model, asked, write, gpu_id, code, progress))
    notes = _find_notes(compared, known, published)
    if output is not None:  # first: whoever reads the table may close it
        options: dict[str, Any] = {"pairs": str(pairs), "good": good, "bad": bad}
        options |= {"by": list(names) or None, "end": end, "bad_lines": bad_lines.value}
        write_report(output, _report(compared, options, known, notes))
        inform(f"all figures are in {output}")
    answer(pairs_table(compared, known, measure.value))
    for note in notes:
        warn(note)
    for one in compared:
        name = one.model if len(compared) > 1 else ""
        tell_unknown_share(one.result.unknown_share, name)


def _check_counts(model: str, component: str | None, gpu_id: int, code: Path | None) -> None:
    _, lm = load_language_model(model, component, gpu_id=gpu_id, code=code)
    if not lm.vocabulary.counts.any():
        raise ValueError(Errors.R918.format(model=model))


def _open_records(stack: ExitStack, path: Path | None) -> Callable[[dict[str, Any]], None] | None:
    if path is None:
        return None
    target = stack.enter_context(continue_file(open_file(path, may_exist=True), path))
    stack.enter_context(stop_cleanly())
    lines = JsonLines()
    return lambda record: target.write(lines.encode_row(record, [*record]))


def _score_model(
    model: str,
    asked: _Asked,
    write: Callable[[dict[str, Any]], None] | None,
    gpu_id: int,
    code: Path | None,
    progress: bool | None,
) -> ComparedPairs:
    nlp, lm = load_language_model(model, asked.component, gpu_id=gpu_id, code=code)
    on_record = None if write is None else lambda record: write({MODEL: model, **record})
    disable = None if progress is None else not progress
    total = asked.tables.size
    with tqdm(total=total, unit="B", unit_scale=True, disable=disable, file=sys.stderr) as bar:
        found = tally_pairs(
            nlp,
            lm,
            asked.tables.read(asked.add_bad, bar.update),
            asked.columns,
            end=asked.end,
            batch_size=asked.batch_size,
            on_record=on_record,
            on_error=asked.add_bad,
        )
    if not found.every.pairs:
        raise ValueError(Errors.R747.format(model=model))
    described = {"name": f"{nlp.lang}_{nlp.meta['name']}", "version": nlp.meta["version"]}
    return ComparedPairs(model, {**described, "component": lm.name}, found, asked.left_out)


def _find_notes(compared: list[ComparedPairs], known: Published | None, path: str) -> list[str]:
    notes = []
    first = compared[0]
    if first.left_out:
        notes.append(f"left out: {counted(first.left_out, 'pair')} (see above)")
    if first.result.equal_sentences:
        pairs = counted(first.result.equal_sentences, "pair")
        notes.append(Warnings.W548.format(pairs=pairs))
    paradigms = [*first.result.groups.get(PARADIGM, {})]
    if known is not None and not any(name in known.shares for name in paradigms):
        named = ", ".join(paradigms[:3]) or "none"
        notes.append(Warnings.W547.format(path=path, paradigms=named))
    return notes


def _report(
    compared: list[ComparedPairs],
    options: dict[str, Any],
    known: Published | None,
    notes: list[str],
) -> dict[str, Any]:
    models = [
        {"model": one.model, **one.described, "left_out": one.left_out, **one.result.to_dict()}
        for one in compared
    ]
    report = {"spacy_rnn": __version__, "options": options, "models": models, "notes": notes}
    if known is not None:
        report["published"] = known.shares
    return report
