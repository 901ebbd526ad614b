"""`python -m spacy rnn train CONFIG --output DIR [--resume]`."""

import logging
import os
from pathlib import Path

import torch
import typer
from spacy import util
from typer import Argument, Option

from .._compat.spacy_cli import import_code, parse_config_overrides
from ..errors import Errors, counted
from ..messages import inform, warn
from ..training.quickstart.from_text import TextRequest
from ..training.resumable.processes import Processes, end_processes, join_processes
from ..training.resumable.start import TrainOptions, start
from ..training.resumable.training_run import Messages
from ..validation import check_size
from . import rnn
from .options import Code, GpuId, Task
from .pipelines import use_gpu
from .plain_errors import plain_errors, show_config_errors
from .text_training import prepare_text_training, report_text_training


@rnn.command("train", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
@plain_errors
def train_cli(
    ctx: typer.Context,
    config: str | None = Argument(
        None, help="The config; its settings can be given as --block.name value"
    ),
    output: Path = Option(
        ..., "--output", "--output-path", "-o", help="The folder for models and checkpoints"
    ),
    resume: bool = Option(
        False, "--resume", help="Go on from the last checkpoint; begin if there is none"
    ),
    overwrite: bool = Option(False, "--overwrite", help="Drop the training in the folder"),
    every: int | None = Option(
        None, "--checkpoint-every", help="Steps between checkpoints; eval_frequency by default"
    ),
    text: Path | None = Option(
        None,
        help="Instead of a config: what to choose a training for, raw text (.txt, .jsonl) or, "
        "for components, annotated Docs (.spacy)",
    ),
    task: Task = Option(Task.lm, help="What --text trains: lm, encoder, or a component"),
    source: str | None = Option(None, help="The trained encoder that the component listens to"),
    lang: str | None = Option(None, help="The language of --text, such as zh"),
    segmenter: str | None = Option(
        None, help="What cuts the Chinese of --text: jieba, rjieba, pkuseg or char"
    ),
    minutes: float = Option(10.0, help="How long the training of --text may take"),
    gpu_id: GpuId = -1,
    code: Code = None,
    verbose: bool = Option(False, "--verbose", "-V", "-VV", help="Display more information"),
) -> None:
    """Train as `spacy train` does, with checkpoints that a stopped training goes on from.

    It can be killed at any moment; --resume gives the weights that it would have had. SIGTERM and
    Ctrl-C end it after the step that is under way. Started by torchrun, processes train together.
    With --text there needn't be a config: the text is split, the vocabulary, the network and the
    steps are chosen by its size and --minutes, and the config that was used is kept.
    """
    if resume and overwrite:
        raise ValueError(Errors.R511)
    if every is not None:
        check_size("checkpoint_every", every, least=1)
    path, arguments = split_arguments([*([config] if config is not None else []), *ctx.args])
    if (path is None) == (text is None):
        raise ValueError(Errors.R644)
    if path is not None and str(path) != "-" and (not path.exists() or path.is_dir()):
        raise ValueError(Errors.R613.format(path=path))
    if verbose:
        util.logger.setLevel(logging.DEBUG)
    overrides = parse_config_overrides(arguments)
    import_code(code)
    processes = _join_processes(gpu_id)
    messages = Messages(inform, warn) if processes.first else Messages(_ignore, _ignore)
    options = TrainOptions(output, resume, overwrite, every, gpu_id)
    if text is not None:
        asked = TextRequest(text, task.value, lang, segmenter, source, minutes, overrides)
        loaded = processes.from_first(
            lambda: prepare_text_training(asked, output, resume=resume, overwrite=overwrite)
        )
    else:
        assert path is not None
        with show_config_errors(path):
            loaded = util.load_config(path, overrides=overrides, interpolate=False)
    with show_config_errors(path, hint_fill=False):
        run = start(loaded, options, processes, messages)
    signal = run.execute()
    if signal:
        steps = counted(run.loop.progress.steps, "step")
        messages.say(f"Stopped after {steps}; --resume goes on after {run.kept or 0:,}")
    else:
        messages.say(f"Saved to {output}")
        if text is not None and processes.first:
            report_text_training(task.value, output)
    exit_code = 128 + signal if signal else 0
    end_processes(exit_code)
    raise typer.Exit(exit_code)


def split_arguments(arguments: list[str]) -> tuple[Path | None, list[str]]:
    """Tell the config from the settings, which both come without an option of their own.

    arguments (List[str]): `--block.name value`, `--block.name=value`, and the path of a config.
    RETURNS (Tuple[Optional[Path], List[str]]): The path, if there is one, and the rest.
    RAISES (ValueError): For a second path.
    """
    paths, settings = [], []
    waiting = False  # whether the last setting may take the next argument as its value
    for argument in arguments:
        is_name = argument.startswith("--")
        if is_name or waiting:
            settings.append(argument)
        else:
            paths.append(argument)
        waiting = is_name and "=" not in argument
    if len(paths) > 1:
        raise ValueError(Errors.R645.format(arguments=" ".join(paths)))
    return (Path(paths[0]) if paths else None), settings


def _join_processes(gpu_id: int) -> Processes:
    """The processes that torchrun started, each with its own GPU if one was asked for."""
    if gpu_id >= 0:
        local, here = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
        if local and local >= here:
            count = os.environ.get("LOCAL_WORLD_SIZE", local + 1)
            raise ValueError(Errors.R609.format(count=count, gpus=here))
        use_gpu(gpu_id + local)
    return join_processes(gpu_id >= 0)


def _ignore(text: str) -> None:
    return None
