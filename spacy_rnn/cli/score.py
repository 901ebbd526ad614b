"""`python -m spacy rnn score MODEL INPUT [OUTPUT]`."""

import sys
from contextlib import ExitStack, suppress
from enum import StrEnum
from pathlib import Path
from typing import IO

from tqdm import tqdm
from typer import Argument, Option

from ..corpus.text_files import STDIN
from ..errors import Errors, Warnings, counted
from ..messages import inform, warn
from ..regular_files import is_special
from ..scoring.document_scores import MEASURES
from ..scoring.formats import Csv
from ..scoring.inputs import Input
from ..scoring.outputs import (
    FORMATS,
    continue_file,
    get_output_format,
    open_file,
    open_stdout,
)
from ..scoring.reached import find_progress
from ..scoring.records import DocumentRecords, TokenRecords
from ..scoring.run import BadDocument, LeftOut, ScoringRun, stop_cleanly
from ..scoring.selecting import prepare
from ..validation import check_size
from . import rnn
from .options import Code, Component, Document, DocumentKind, GpuId, TextKey, Tokenized
from .pipelines import load_language_model
from .plain_errors import plain_errors


class InputFormat(StrEnum):
    txt = "txt"
    jsonl = "jsonl"


class OutputFormat(StrEnum):
    jsonl = "jsonl"
    csv = "csv"


class OnBadLines(StrEnum):
    stop = "stop"
    skip = "skip"


@rnn.command("score")
@plain_errors
def score_cli(
    model: str = Argument(help="A trained pipeline: its folder or its name"),
    source: Path = Argument(
        metavar="INPUT",
        help="Text: a file or a folder (.txt, .jsonl, .spacy, .gz), or - for the standard input",
    ),
    target: Path = Argument(
        Path("-"),
        metavar="OUTPUT",
        help="The file to write (.jsonl, .csv, .gz), or - for the standard output",
    ),
    tokens: bool = Option(False, "--tokens", help="A record for each token, not each document"),
    measures: str = Option("", help="More columns, separated by commas: " + ", ".join(MEASURES)),
    document: Document = DocumentKind.line,
    text_key: TextKey = "text",
    id_key: str = Option("id", help="The key of the id in .jsonl files, which is copied"),
    tokenized: Tokenized = False,
    input_format: InputFormat | None = Option(
        None, "--format", help="What the standard input holds: txt (default) or jsonl"
    ),
    output_format: OutputFormat | None = Option(
        None, help="What the standard output gets: jsonl (default) or csv"
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
    if path is None:
        form = FORMATS[output_format.value if output_format else "jsonl"]
    else:
        form = get_output_format(path)
        if output_format is not None and FORMATS[output_format.value] is not form:
            what = "the standard output gets"
            raise ValueError(Errors.R518.format(option="output-format", what=what, path=path))
    if source != STDIN and input_format is not None:
        what = "the standard input holds"
        raise ValueError(Errors.R518.format(option="format", what=what, path=source))
    _check_target(path, resume, overwrite)
    if tokens and keep_empty:
        raise ValueError(Errors.R550)
    chosen = _split_measures(measures)
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
    kind = TokenRecords if tokens else DocumentRecords
    ids = ".jsonl" in given.formats
    records = kind(lm, chosen, names=given.has_names, ids=ids, fill=isinstance(form, Csv))
    disable = None if progress is None else not progress
    left_out = LeftOut(skip=bad_lines is OnBadLines.skip)
    with tqdm(total=given.size, unit="B", unit_scale=True, disable=disable, file=sys.stderr) as bar:
        run = ScoringRun(
            nlp=nlp,
            lm=lm,
            source=given,
            records=records,
            form=form,
            left_out=left_out,
            batch_size=batch_size or nlp.batch_size,
            bar=bar,
        )
        with ExitStack() as stack:
            file = None
            if path is not None:
                file = stack.enter_context(open_file(path, may_exist=resume or overwrite))
            _execute(run, path, file, resume)
    if left_out.empty:
        found = counted(left_out.empty, "empty document")
        inform(f"left out: {found} (--keep-empty writes a record for each)")
    if left_out.bad:
        found = counted(left_out.bad, "document")
        warn(f"left out: {found} that can't be read or scored (see above)")


def _check_target(path: Path | None, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise ValueError(Errors.R511)
    if path is None and (resume or overwrite):
        raise ValueError(Errors.R510)
    if path is not None and path.exists() and not (resume or overwrite):
        raise ValueError(Errors.R504.format(path=path))
    if resume and path is not None and is_special(path):
        raise ValueError(Errors.R560.format(path=path))


def _split_measures(measures: str) -> list[str]:
    names = list(dict.fromkeys(filter(None, map(str.strip, measures.split(",")))))
    for name in names:
        if name not in MEASURES:
            raise ValueError(Errors.R513.format(name=name, known=", ".join(MEASURES)))
    return names


def _execute(run: ScoringRun, path: Path | None, file: IO[bytes] | None, resume: bool) -> None:
    """Score, and say what came of it."""
    reached = None
    if resume and path is not None:
        reached = find_progress(path, run.form, run.records.columns)
    if reached is not None and path is not None:
        for changed in run.source.changed_since(path.stat().st_mtime_ns, reached.start):
            warn(Warnings.W530.format(input=changed, output=path, number=reached.number))
    keep, head = run.begin(reached)
    if path is None or file is None:
        output = open_stdout()
    else:
        output = continue_file(file, path, keep, run.kept)
    with stop_cleanly(), output:
        try:
            if head:
                output.write(head, run.documents)
            run.write_to(output)
            output.flush()
        except BadDocument as error:
            output.flush()
            message = Errors.R552 if path is None else Errors.R551
            written = counted(output.documents, "document")
            found = str(error).rstrip(".") + "."
            raise ValueError(message.format(written=written, error=found)) from error
        except BaseException:
            if path is not None:
                with suppress(OSError):  # what ended the run may be that it can't be written
                    output.flush()
                held = f"{path} holds {counted(output.documents, 'document')}"
                warn(f"stopped: {held}; --resume goes on from there")
            raise
        finally:
            for changed in run.source.changed_meanwhile():
                warn(Warnings.W531.format(input=changed))
    name = path or "standard output"
    documents, tokens = counted(run.documents, "document"), counted(run.tokens, "token")
    if reached is not None and not head and not run.documents:
        inform(f"{name}: complete already, with {counted(reached.number, 'document')}")
    else:
        inform(f"{name}: {documents}, {tokens}")
