"""`python -m spacy rnn init OUT.cfg --task TASK --lang LANG`."""

from enum import StrEnum
from pathlib import Path

import typer
from typer import Argument, Option

from .._compat.spacy_cli import parse_config_overrides
from ..errors import Errors
from ..messages import inform
from ..training.quickstart.config_file import write_config
from ..training.quickstart.requests import ConfigRequest, make_config, steps_in
from ..training.quickstart.sizes import STEPS, Budget
from ..validation import check_size
from . import rnn
from .options import Task
from .plain_errors import plain_errors, show_config_errors


class Size(StrEnum):
    """How large the network is."""

    small = "small"
    medium = "medium"
    large = "large"


class Reading(StrEnum):
    """How a language model reads its text."""

    lines = "lines"
    streams = "streams"


@rnn.command("init", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
@plain_errors
def init_cli(
    ctx: typer.Context,
    output: Path = Argument(
        help="The config to write; settings can be given as --block.name value"
    ),
    task: Task = Option(Task.lm, help="lm, encoder, or the component that shall listen"),
    lang: str | None = Option(None, help="The language, such as zh; that of --source or --base"),
    segmenter: str | None = Option(
        None, help="What cuts Chinese into words: jieba, rjieba, pkuseg or char"
    ),
    source: str | None = Option(None, help="A trained pipeline to start from: folder or name"),
    base: Path | None = Option(
        None, exists=True, dir_okay=False, help="A config whose tok2vec is swapped"
    ),
    size: Size = Option(Size.medium, help="How large the network is, where there is no source"),
    reading: Reading = Option(
        Reading.lines, help="How an lm reads: lines, or long documents in streams"
    ),
    steps: int | None = Option(None, help="How many steps it trains"),
    minutes: float | None = Option(
        None, help="How many minutes it trains on this machine, about; a few steps are tried"
    ),
    overwrite: bool = Option(False, "--overwrite", help="Write over a file that is there"),
) -> None:
    """Write a whole config for `spacy train` and `rnn train`, in which all numbers fit."""
    if output.exists() and not overwrite:
        raise ValueError(Errors.R640.format(path=output))
    if steps is not None and minutes is not None:
        raise ValueError(Errors.R641)
    if steps is not None:
        check_size("steps", steps, least=1)
    request = ConfigRequest(
        task.value,
        lang,
        segmenter,
        source,
        base,
        size.value,
        reading.value,
        overrides=parse_config_overrides(ctx.args, env_var=None),
    )
    with show_config_errors(hint_fill=False):
        if minutes is not None:
            steps = steps_in(minutes, request)
        if steps is not None or base is None:
            request.budget = Budget.of(steps or STEPS[task.value])
        config, changes = make_config(request)
    write_config(config, output)
    for change in changes:
        inform(change)
    inform(f"Wrote {output}: {_next_command(task.value, output)}")


def _next_command(task: str, output: Path) -> str:
    if task in ("lm", "encoder"):
        data = "--paths.train train.txt --paths.dev dev.txt"
    else:
        data = "--paths.train train.spacy --paths.dev dev.spacy"
    return f"python -m spacy train {output} --output training {data}"
