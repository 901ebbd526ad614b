"""`python -m spacy rnn score MODEL INPUT [OUTPUT]`."""

import sys
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from tqdm import tqdm
from typer import Argument, Option

from ..corpus.text_files import STDIN
from ..errors import Errors, Warnings, counted
from ..messages import inform, warn
from ..pipeline.measure_table import MEASURES as TOKEN_MEASURES
from ..regular_files import is_special
from ..scoring.document_scores import MEASURES
from ..scoring.formats import Csv, Format, JsonLines
from ..scoring.inputs import Input
from ..scoring.keeping import choose_kept, join_types
from ..scoring.outputs import FORMATS, get_output_format
from ..scoring.records import DocumentRecords, TokenRecords
from ..scoring.rows.column_types import ColumnTypes
from ..scoring.rows.parquet_rows import import_pyarrow
from ..scoring.run import BadDocument, LeftOut, ScoringRun, stop_cleanly
from ..scoring.selecting import prepare
from ..scoring.targets import PartsTarget, Target, TextTarget
from ..validation import check_size
from . import rnn
from .options import Code, Component, Document, DocumentKind, GpuId, SafeCells, Tokenized
from .pipelines import load_language_model
from .plain_errors import plain_errors
from .unknown_words import tell_unknown_share


class InputFormat(StrEnum):
    txt = "txt"
    jsonl = "jsonl"
    csv = "csv"
    tsv = "tsv"


class OutputFormat(StrEnum):
    jsonl = "jsonl"
    csv = "csv"
    tsv = "tsv"


class OnBadLines(StrEnum):
    stop = "stop"
    skip = "skip"


@rnn.command("score")
@plain_errors
def score_cli(
    model: str = Argument(help="A trained pipeline: its folder or its name"),
    source: Path = Argument(
        metavar="INPUT",
        help="Text: a file or a folder (.txt, .jsonl, .csv, .tsv, .parquet, .spacy, .gz), or - for "
        "the standard input",
    ),
    target: Path = Argument(
        Path("-"),
        metavar="OUTPUT",
        help="The file to write (.jsonl, .csv, .tsv, .gz; .parquet is a folder of parts), or - for "
        "the standard output",
    ),
    tokens: bool = Option(False, "--tokens", help="A record for each token, not each document"),
    measures: str = Option(
        "",
        help=f"More columns, separated by commas: {', '.join(MEASURES)}; with --tokens also "
        + ", ".join(name for name in TOKEN_MEASURES if name not in MEASURES),
    ),
    end: bool = Option(
        False, "--end", help="With --tokens, a record for the closing </s> of each document too"
    ),
    keep: str = Option(
        "",
        help="Columns or keys of the input to copy, separated by commas, or all: of .jsonl, .csv, "
        ".tsv and .parquet",
    ),
    safe_cells: SafeCells = False,
    document: Document = DocumentKind.line,
    text_key: str = Option("text", help="The key or column of the text in .jsonl files and tables"),
    id_key: str = Option("id", help="The key or column of the id, which is copied"),
    tokenized: Tokenized = False,
    input_format: InputFormat | None = Option(
        None, "--format", help="What the standard input holds: txt (default), jsonl, csv or tsv"
    ),
    output_format: OutputFormat | None = Option(
        None, help="What the standard output gets: jsonl (default), csv or tsv"
    ),
    resume: bool = Option(False, "--resume", help="Go on where OUTPUT ends"),
    overwrite: bool = Option(False, "--overwrite", help="Replace OUTPUT"),
    bad_lines: OnBadLines = Option(
        OnBadLines.stop, help="What to do about a line that can't be read or scored"
    ),
    keep_empty: bool = Option(
        False, "--keep-empty", help="A record for empty lines and documents too"
    ),
    component: Component = None,
    batch_size: int | None = Option(
        None, help="The most documents scored at once; the pipeline's batch_size by default"
    ),
    gpu_id: GpuId = -1,
    code: Code = None,
    progress: bool | None = Option(
        None, "--progress/--no-progress", help="A progress bar; on a terminal by default"
    ),
) -> None:
    """Score documents with a language model: surprisal in bits, perplexity, unknown words.

    Writes a record for each document or, with --tokens, for each token. A run that was killed goes
    on with --resume and the same options.
    """
    path = None if target == STDIN else target
    form = _choose_form(path, output_format, safe_cells)
    if source != STDIN and input_format is not None:
        what = "the standard input holds"
        raise ValueError(Errors.R518.format(option="format", what=what, path=source))
    _check_target(path, resume, overwrite)
    if tokens and keep_empty and not end:
        raise ValueError(Errors.R550)
    if end and not tokens:
        raise ValueError(Errors.R781)
    chosen = _split_measures(measures, TOKEN_MEASURES if tokens else MEASURES)
    given = Input(
        source,
        piped=input_format.value if input_format else "txt",
        document=document.value,
        tokenized=tokenized,
        text_key=text_key,
        id_key=id_key,
        keep_empty=keep_empty,
        output=path,
    )
    if batch_size is not None:
        check_size("batch_size", batch_size, least=1)
    nlp, lm = load_language_model(model, component, gpu_id=gpu_id, code=code)
    prepare(nlp, lm, chosen)
    options = {
        "names": given.has_names,
        "ids": given.has_ids,
        "fill": not isinstance(form, JsonLines),
    }
    records: TokenRecords | DocumentRecords
    if tokens:
        records = TokenRecords(lm, chosen, end=end, **options)
    else:
        records = DocumentRecords(lm, chosen, **options)
    form = _keep(keep, given, records, form)
    disable = None if progress is None else not progress
    left_out = LeftOut(skip=bad_lines is OnBadLines.skip)
    with (
        tqdm(total=given.size, unit="B", unit_scale=True, disable=disable, file=sys.stderr) as bar,
        closing(_open_target(path, form, records, resume, overwrite)) as opened,
    ):
        run = ScoringRun(
            nlp=nlp,
            lm=lm,
            source=given,
            records=records,
            form=opened.encoder,
            left_out=left_out,
            batch_size=batch_size or nlp.batch_size,
            bar=bar,
        )
        _execute(run, path, opened, resume)
    if given.keeping is not None and run.documents:
        missing = [name for name in given.keeping.columns if name not in given.keeping.seen]
        if missing:
            warn(Warnings.W550.format(names=", ".join(map(repr, missing))))
    if left_out.empty:
        found = counted(left_out.empty, "empty document")
        inform(f"left out: {found} (--keep-empty writes a record for each)")
    if left_out.bad:
        found = counted(left_out.bad, "document")
        warn(f"left out: {found} that can't be read or scored (see above)")
    tell_unknown_share(run.scored)


def _check_target(path: Path | None, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise ValueError(Errors.R511)
    if path is None and (resume or overwrite):
        raise ValueError(Errors.R510)
    # what a folder of parts holds is looked at when it is opened
    is_folder = path is not None and path.suffix.lower() == ".parquet" and path.is_dir()
    if path is not None and path.exists() and not (is_folder or resume or overwrite):
        raise ValueError(Errors.R504.format(path=path))
    if resume and path is not None and is_special(path):
        raise ValueError(Errors.R560.format(path=path))


def _choose_form(
    path: Path | None, output_format: OutputFormat | None, safe_cells: bool
) -> Format | None:
    """RETURNS (Optional[Format]): How records are written; None for Parquet."""
    form: Format | None = None
    if path is None:
        form = FORMATS[output_format.value if output_format else "jsonl"]
    elif path.suffix.lower() == ".parquet":
        import_pyarrow()
    else:
        form = get_output_format(path)
    if path is not None and output_format is not None and FORMATS[output_format.value] is not form:
        what = "the standard output gets"
        raise ValueError(Errors.R518.format(option="output-format", what=what, path=path))
    if safe_cells:
        if not isinstance(form, Csv):
            raise ValueError(Errors.R775.format(path=path or "the standard output"))
        form = replace(form, safe=True)
    return form


def _keep(
    keep: str,
    given: Input,
    records: TokenRecords | DocumentRecords,
    form: Format | None,
) -> Format | None:
    """RETURNS (Optional[Format]): The form of records with what is kept of the input."""
    readers = given.open_records() if keep.strip() or form is None else []
    if form is None and given.has_ids and STDIN not in given.files:
        kind = join_types(readers, given.path).kinds.get(given.id_key, str)
        records.id_type = object if kind is dict else kind
    if not keep.strip():
        return form
    left_out = [given.id_key]
    if any(reader.format in (".jsonl", ".parquet") for reader in readers):
        left_out.append("tokens")  # words instead of a text
    if records.per_token:
        left_out.append(given.text_key)
    given.keeping = choose_kept(
        keep,
        readers,
        records.columns,
        path=given.path,
        left_out=left_out,
        fill=not isinstance(form, JsonLines),
        typed=form is None,
    )
    if given.keeping.is_open:
        return replace(form, further=True) if isinstance(form, JsonLines) else form
    records.kept = given.keeping.types or ColumnTypes.of_names(given.keeping.columns)
    return form


def _open_target(
    path: Path | None,
    form: Format | None,
    records: TokenRecords | DocumentRecords,
    resume: bool,
    overwrite: bool,
) -> Target:
    if form is None:
        assert path is not None
        return PartsTarget(path, records.types, resume=resume, overwrite=overwrite)
    return TextTarget(path, form, records.types, may_exist=resume or overwrite)


def _split_measures(measures: str, known: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(filter(None, map(str.strip, measures.split(",")))))
    for name in names:
        if name not in known:
            raise ValueError(Errors.R513.format(name=name, known=", ".join(known)))
    return names


def _execute(run: ScoringRun, path: Path | None, target: Target, resume: bool) -> None:
    """Score, and say what came of it."""
    reached = None
    if resume and path is not None:
        reached = target.find_progress()
    if reached is not None and path is not None:
        for changed in run.source.changed_since(target.changed_at(), reached.start):
            warn(Warnings.W530.format(input=changed, output=path, number=reached.number))
    keep, head = run.begin(reached)
    output = target.go_on(keep, run.kept)
    with stop_cleanly(), output as out:
        try:
            if head:
                out.write(head, run.documents)
            run.write_to(out)
            out.flush()
        except BadDocument as error:
            out.flush()
            message = Errors.R552 if path is None else Errors.R551
            written = counted(out.documents, "document")
            found = str(error).rstrip(".") + "."
            raise ValueError(message.format(written=written, error=found)) from error
        except BaseException:
            if path is not None:
                with suppress(OSError):  # what ended the run may be that it can't be written
                    out.flush()
                held = f"{path} holds {counted(out.documents, 'document')}"
                warn(f"stopped: {held}; --resume goes on from there")
            raise
        finally:
            for changed in run.source.changed_meanwhile():
                warn(Warnings.W531.format(input=changed))
    name = path or "standard output"
    documents, tokens = counted(run.documents, "document"), counted(run.scored.tokens, "token")
    if reached is not None and not head and not run.documents:
        inform(f"{name}: complete already, with {counted(reached.number, 'document')}")
    else:
        inform(f"{name}: {documents}, {tokens}")
