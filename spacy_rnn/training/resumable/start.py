"""How a training begins: anew from its config, or from a checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy import util
from spacy.language import Language
from thinc.api import Config, fix_random_seed, set_gpu_allocator

from ..._compat.spacy_loop import DIR_MODEL_BEST, DIR_MODEL_LAST, init_nlp
from ...errors import Errors, counted
from .checkpoints import Checkpoints, Lock
from .folders import restore_folder
from .loop import Loop
from .processes import Processes
from .recipe import Recipe
from .snapshot import check_config, load_pipeline, read_snapshot, restore_snapshot
from .training_run import Messages, TrainingRun

CHECKPOINTS = "checkpoint"
# when a training ends, what it prints, where its files are; not what it computes
CHANGEABLE = frozenset(
    ["training.max_steps", "training.max_epochs", "training.patience", "training.logger", "paths"]
)


@dataclass
class TrainOptions:
    """How a training is run.

    output (Path): The folder for model-best, model-last and the checkpoints.
    resume (bool): Whether to go on from the last checkpoint, if there is one.
    overwrite (bool): Whether to drop what another training left there.
    every (Optional[int]): The steps from one checkpoint to the next; [training] eval_frequency if
        None.
    use_gpu (int): The GPU, or -1.
    """

    output: Path
    resume: bool = False
    overwrite: bool = False
    every: int | None = None
    use_gpu: int = -1


def start(
    config: Config, options: TrainOptions, processes: Processes, messages: Messages
) -> TrainingRun:
    """Make the training of a config, initialized or where it was.

    config (Config): As `spacy.util.load_config` reads it, not interpolated.
    options (TrainOptions): How.
    processes (Processes): Those that train together. The first one reads and initializes, the
        others get its pipeline.
    messages (Messages): What is told.
    RETURNS (TrainingRun): The training.
    RAISES (ValueError): If the folder isn't free, no checkpoint can be used, or the config, a
        corpus or the number of processes isn't that of the checkpoint.
    """
    checkpoints = Checkpoints(options.output / CHECKPOINTS)
    models = [options.output / DIR_MODEL_BEST, options.output / DIR_MODEL_LAST]
    lock: list[Lock] = []

    def prepare() -> Path | None:
        options.output.mkdir(parents=True, exist_ok=True)
        lock.append(Lock(checkpoints.folder))
        return _find_checkpoint(checkpoints, models, options, messages)

    try:
        found = processes.from_first(prepare)
        nlp = make_pipeline(config, found, options.use_gpu, processes)
        loop = _make_loop(nlp, processes)
        if found is None:
            # only now, when the config is known to be good
            processes.from_first(lambda: checkpoints.drop(models))
        else:
            common, parts = processes.from_first(lambda: read_snapshot(found, processes.count))
            with processes.together():
                restore_snapshot(loop, common, parts[processes.rank])
            loop.check_dev_text()
            messages.say(f"Going on after {counted(loop.progress.steps, 'step')}, from {found}")
    except BaseException:
        for each in lock:
            each.release()
        raise
    every = options.every or loop.recipe.settings["eval_frequency"]
    config_now = _as_json(nlp.config)
    return TrainingRun(loop, options.output, checkpoints, every, config_now, messages, lock)


def _make_loop(nlp: Language, processes: Processes) -> Loop:
    seed = nlp.config.interpolate()["training"]["seed"]
    if seed is not None:
        fix_random_seed(seed)
    loop = Loop(nlp, Recipe.of(nlp), processes)
    if seed is not None and processes.rank:
        # the same numbers in all processes would be the same dropout
        fix_random_seed(seed + processes.rank)
    return loop


def _find_checkpoint(
    checkpoints: Checkpoints, models: list[Path], options: TrainOptions, messages: Messages
) -> Path | None:
    """RETURNS (Optional[Path]): The checkpoint to go on from."""
    checkpoints.finish_dropping(models)
    for path in models:
        restore_folder(path)
    if options.resume:
        found = checkpoints.find(messages.warn)
        if found is not None:
            return found
    there = [path for path in (*models, *checkpoints.paths()) if path.exists()]
    if there and not options.overwrite:
        names = ", ".join(path.name for path in there)
        raise ValueError(Errors.R601.format(folder=options.output, names=names))
    return None


def make_pipeline(
    config: Config, found: Path | None, use_gpu: int, processes: Processes
) -> Language:
    """RETURNS (Language): The pipeline of a config, the same in all processes.

    config (Config): Not interpolated.
    found (Optional[Path]): The checkpoint with its weights; None to initialize it.
    use_gpu (int): The GPU, or -1.
    processes (Processes): The first one makes it.
    """
    if processes.count == 1:
        return _load_pipeline(config, found, use_gpu)
    made: list[Language] = []

    def make() -> bytes:
        made.append(_load_pipeline(config, found, use_gpu))
        return made[0].to_bytes()

    data = processes.from_first(make)
    if made:
        return made[0]
    _set_allocator(config, use_gpu)
    return _load_config(config).from_bytes(data, exclude=["config"])


def _load_pipeline(config: Config, found: Path | None, use_gpu: int) -> Language:
    if found is None:
        return init_nlp(config, use_gpu=use_gpu)
    _set_allocator(config, use_gpu)
    nlp = _load_config(config)
    check_config(found, _as_json(nlp.config), CHANGEABLE, _with_defaults)
    return load_pipeline(nlp, found)


def _with_defaults(config: dict[str, Any]) -> dict[str, Any]:
    return _as_json(_load_config(Config(config)).config)


def _load_config(config: Config) -> Language:
    nlp = util.load_model_from_config(config, auto_fill=True)
    # initialization takes it out, once it has compared the vectors
    nlp.meta.pop("_sourced_vectors_hashes", None)
    return nlp


def _set_allocator(config: Config, use_gpu: int) -> None:
    allocator = config.interpolate()["training"].get("gpu_allocator")
    if use_gpu >= 0 and allocator:
        set_gpu_allocator(allocator)


def _as_json(config: Config) -> dict[str, Any]:
    """RETURNS (Dict): The config with its variables, as JSON gives it back."""
    return json.loads(json.dumps(config))
