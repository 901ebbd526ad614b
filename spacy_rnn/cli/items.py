"""`python -m spacy rnn items MODEL ITEMS OUTPUT`."""

import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

from tqdm import tqdm
from typer import Argument, Option

from ..corpus.text_files import STDIN
from ..errors import Errors, Warnings, counted
from ..messages import inform, warn
from ..pipeline.measure_table import MEASURES
from ..scoring.items.data_dictionary import describe_table
from ..scoring.items.item_options import DEFAULT_COLUMNS, UNSPACED, ItemOptions
from ..scoring.items.item_scorer import ItemScorer
from ..scoring.items.table_run import LeftOutRows, TableRun, TableTarget
from ..scoring.rows.row_reader import RowReader
from ..scoring.run import BadDocument, stop_cleanly
from ..scoring.selecting import prepare
from ..validation import check_size
from . import rnn
from .options import Code, Component, GpuId, SafeCells
from .pipelines import load_language_model
from .plain_errors import plain_errors
from .score import OnBadLines
from .unknown_words import tell_unknown_share


class RowKind(StrEnum):
    texts = "texts"
    words = "words"


class Cut(StrEnum):
    error = "error"
    include = "include"
    in_two = "split"  # `split` is what strings can do


class Context(StrEnum):
    reset = "reset"
    carry = "carry"


class TableFormat(StrEnum):
    csv = "csv"
    tsv = "tsv"
    jsonl = "jsonl"


@rnn.command("items")
@plain_errors
def items_cli(
    model: str = Argument(help="A trained pipeline: its folder or its name"),
    source: Path = Argument(
        metavar="ITEMS",
        help="A table (.csv, .tsv, .jsonl, .gz of them, .parquet), or - for the standard input",
    ),
    target: Path = Argument(
        Path("-"),
        metavar="OUTPUT",
        help="The file to write, of the same formats, or - for the standard output",
    ),
    rows: RowKind = Option(
        RowKind.texts, help="What a row is: a text, or a word of the text that its group makes"
    ),
    text: str | None = Option(
        None, help="The column of the text, or of the word; by default text, or word"
    ),
    region: str | None = Option(None, help="The column of the part of the text to measure"),
    occurrence: str | None = Option(
        None, help="Which one, where the region is there several times: a number, or its column"
    ),
    start: str | None = Option(None, help="The column of the region's first character, from 0"),
    end: str | None = Option(None, help="The column of the character after its last one"),
    delimiter: str | None = Option(
        None, help="What separates regions in the text, such as |: a row for each"
    ),
    group: str | None = Option(
        None, help="The column by which adjacent rows belong together; several by commas"
    ),
    order: str | None = Option(None, help="The column of a word's place in its group"),
    id_column: str | None = Option(
        None, "--id", help="A column in which no value may be there twice"
    ),
    join: str | None = Option(
        None, help="What stands between two words; a space by default, in Chinese nothing"
    ),
    cut: Cut = Option(Cut.error, help="What happens where a region's edge is within a token"),
    bare: bool = Option(False, "--bare", help="Leave punctuation at a region's edges out"),
    context: Context = Option(
        Context.reset, help="Whether a text is read after those before it in its group"
    ),
    columns: str = Option(
        ",".join(DEFAULT_COLUMNS), help="Numbers, by commas: " + ", ".join(MEASURES)
    ),
    er_lagged: bool = Option(
        False, "--er-lagged", help="entropy_reduction is that of neural-complexity, a word later"
    ),
    lags: int = Option(0, help="The same numbers of so many words before"),
    prefix: str = Option("", help="What the names of the new columns begin with"),
    input_format: TableFormat | None = Option(
        None, "--format", help="What the standard input holds; csv by default"
    ),
    output_format: TableFormat | None = Option(
        None, help="What the standard output gets; csv by default"
    ),
    resume: bool = Option(False, "--resume", help="Go on where OUTPUT ends"),
    overwrite: bool = Option(False, "--overwrite", help="Replace OUTPUT"),
    bad_lines: OnBadLines = Option(
        OnBadLines.stop, help="What to do about a row that can't be read or scored"
    ),
    safe_cells: SafeCells = False,
    component: Component = None,
    batch_size: int | None = Option(
        None, help="The most groups scored at once; the pipeline's batch_size by default"
    ),
    gpu_id: GpuId = -1,
    code: Code = None,
    progress: bool | None = Option(
        None, "--progress/--no-progress", help="A progress bar; on a terminal by default"
    ),
) -> None:
    """Give a table of experimental items the numbers of a language model.

    Writes the same table with more columns and, beside it, OUTPUT.columns.json, which says what
    they are. A run that was killed goes on with --resume and the same options.
    """
    for name, given, path in (
        ("format", input_format, source),
        ("output-format", output_format, target),
    ):
        if given is not None and path != STDIN:
            what = "the standard input holds" if path is source else "the standard output gets"
            raise ValueError(Errors.R518.format(option=name, what=what, path=path))
    if batch_size is not None:
        check_size("batch_size", batch_size, least=1)
    settings: dict[str, Any] = {
        "rows": rows.value,
        "text": text,
        "region": region,
        "occurrence": int(occurrence) if occurrence and occurrence.isdecimal() else occurrence,
        "start": start,
        "end": end,
        "delimiter": delimiter,
        "group": tuple(split_names(group or "")),
        "order": order,
        "id": id_column,
        "join": join,
        "cut": cut.value,
        "bare": bare,
        "context": context.value,
        "columns": tuple(_choose_columns(columns, er_lagged)),
        "lags": lags,
        "prefix": prefix,
    }
    options = ItemOptions(**settings)
    reader = RowReader(source, options.needed, piped=input_format.value if input_format else "csv")
    options.new_columns(reader.columns)
    nlp, lm = load_language_model(model, component, gpu_id=gpu_id, code=code)
    options = ItemOptions(**settings, unspaced=nlp.lang in UNSPACED)
    prepare(nlp, lm, options.columns)
    left_out = LeftOutRows(skip=bad_lines is OnBadLines.skip)
    disable = None if progress is None else not progress
    wanted = TableTarget(
        target,
        piped=output_format.value if output_format else "csv",
        resume=resume,
        overwrite=overwrite,
        safe_cells=safe_cells,
    )
    description = describe_table(nlp, lm, options, reader.columns, str(source))
    with tqdm(
        total=reader.size, unit="B", unit_scale=True, disable=disable, file=sys.stderr
    ) as bar:
        scorer = ItemScorer(nlp, lm, options, left_out.add, batch_size or nlp.batch_size)
        run = TableRun(scorer, reader, wanted, description, bar.update)
        with stop_cleanly():
            _run_table(run, target)
    if left_out.rows:
        warn(Warnings.W544.format(rows=counted(left_out.rows, "row")))
    tell_unknown_share(scorer.scored)


def split_names(names: str) -> list[str]:
    """RETURNS (List[str]): Names that are separated by commas, each once."""
    return list(dict.fromkeys(filter(None, map(str.strip, names.split(",")))))


def _choose_columns(columns: str, er_lagged: bool) -> list[str]:
    names = split_names(columns)
    if er_lagged:
        if not any(name.startswith("entropy_reduction") for name in names):
            raise ValueError(Errors.R885.format(columns=columns))
        names = ["entropy_reduction_lagged" if n == "entropy_reduction" else n for n in names]
    return list(dict.fromkeys(names))


def _run_table(run: TableRun, target: Path) -> None:
    """Score, and say what came of it."""
    try:
        run.write()
    except BadDocument as error:
        message = Errors.R732 if target == STDIN else Errors.R731
        written = counted(run.written, "record")
        found = str(error).rstrip(".") + "."
        raise ValueError(message.format(written=written, error=found)) from error
    except BaseException:
        if target != STDIN and run.opened:
            with suppress(OSError):
                warn(f"stopped: {target} holds what was scored; --resume goes on from there")
        raise
    name = "standard output" if target == STDIN else str(target)
    inform(f"{name}: {counted(run.written, 'record')}")
