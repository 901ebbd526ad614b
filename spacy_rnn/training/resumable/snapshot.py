"""All that a training is between two steps, in a checkpoint's folder."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from spacy.language import Language

from ...errors import Errors
from .loop import Loop
from .optimizer_state import get_optimizer_state, set_optimizer_state, trained_models
from .progress import TrainingProgress
from .random_states import get_random_states, set_random_states
from .state_file import StateFile, above, below

_PIPELINE = "pipeline"
_CONFIG = "config.json"
_TRAINING = "training.safetensors"
_PROCESS = "process-{rank}.safetensors"


def take_snapshot(loop: Loop) -> list[bytes]:
    """RETURNS (List[bytes]): What belongs to each process alone: its random states, its place in
    the corpus, its losses and the states that components carry. All of them in the first
    process."""
    tensors, place = loop.batches.get_state()
    random_states = get_random_states(loop.progress.steps)
    tensors = above("batches", tensors) | above("random", random_states)
    losses = {name: float(loss) for name, loss in loop.progress.losses.items()}
    for name, pipe in loop.nlp.pipeline:
        if hasattr(pipe, "get_training_state"):
            tensors |= above(f"carried.{name}", pipe.get_training_state())
    return loop.processes.gather(StateFile(tensors, {"place": place, "losses": losses}).to_bytes())


def checksum_of_weights(nlp: Language) -> int:
    """RETURNS (int): CRC-32 of the weights of all components."""
    checksum = 0
    for _, model in trained_models(nlp):
        checksum = zlib.crc32(model.to_bytes(), checksum)
    return checksum


def write_snapshot(folder: Path, loop: Loop, parts: list[bytes], config: dict[str, Any]) -> None:
    """Write a checkpoint's files.

    folder (Path): An empty folder.
    loop (Loop): The training.
    parts (List[bytes]): What `take_snapshot` returned.
    config (Dict): The config that it was started with.
    """
    loop.nlp.to_disk(folder / _PIPELINE)
    tensors, values = get_optimizer_state(loop.recipe.optimizer, loop.nlp)
    state = StateFile(tensors, {"optimizer": values, "progress": loop.progress.to_values()})
    state.to_disk(folder / _TRAINING)
    for rank, part in enumerate(parts):
        (folder / _PROCESS.format(rank=rank)).write_bytes(part)
    # not with srsly, which gives 0.3 back as 0.30000000000000004
    (folder / _CONFIG).write_text(json.dumps(config), encoding="utf-8")


def read_snapshot(folder: Path, count: int) -> tuple[bytes, list[bytes]]:
    """RETURNS (Tuple[bytes, List[bytes]]): What all processes have in common, beside the pipeline,
    and what each has alone.

    folder (Path): The checkpoint.
    count (int): How many processes go on.
    RAISES (ValueError): If there were more or fewer of them.
    """
    paths = sorted(folder.glob(_PROCESS.format(rank="*")))
    if len(paths) != count:
        raise ValueError(Errors.R603.format(before=len(paths), now=count))
    parts = [(folder / _PROCESS.format(rank=rank)).read_bytes() for rank in range(count)]
    return (folder / _TRAINING).read_bytes(), parts


def restore_snapshot(loop: Loop, common: bytes, part: bytes) -> None:
    """Go on from a checkpoint, whose pipeline is loaded already.

    loop (Loop): The training, before its first step.
    common, part (bytes): What `read_snapshot` returned, for this process.
    RAISES (ValueError): If the corpus or the schedules aren't those of the checkpoint.
    """
    state, own = StateFile.from_bytes(common), StateFile.from_bytes(part)
    loop.progress = TrainingProgress.from_values(state.values["progress"])
    loop.progress.losses = own.values["losses"]
    steps = loop.progress.steps
    optimizer = loop.recipe.optimizer
    set_optimizer_state(optimizer, loop.nlp, state.tensors, state.values["optimizer"], steps)
    loop.batches.set_state(below("batches", own.tensors), own.values["place"])
    for name, pipe in loop.nlp.pipeline:
        if hasattr(pipe, "set_training_state"):
            pipe.set_training_state(below(f"carried.{name}", own.tensors))
    # last, because reading the corpus may draw
    set_random_states(below("random", own.tensors))


def check_config(
    folder: Path,
    now: dict[str, Any],
    changeable: Collection[str],
    fill: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Let a training go on with the settings that it began with.

    folder (Path): The checkpoint.
    now (Dict): The config with its variables.
    changeable (Collection[str]): The settings, or blocks of them, that may differ:
        "training.max_steps".
    fill (Callable[[Dict], Dict]): Gives a config its defaults: settings that a later version has
        more are as they were without them.
    RAISES (ValueError): If others differ.
    """
    saved = json.loads((folder / _CONFIG).read_bytes())
    old, new = _flatten(saved), _flatten(now)
    if new.keys() - old.keys():
        old = _flatten(fill(saved))
    streamed = "training.max_epochs"
    if (old[streamed] < 0) != (new[streamed] < 0):
        changeable = [name for name in changeable if name != streamed]
    differ = sorted(k for k in old.keys() | new.keys() if old.get(k) != new.get(k))
    fixed = [k for k in differ if not any(k == c or k.startswith(c + ".") for c in changeable)]
    if fixed:
        lines = (f"{k}: {old.get(k)!r} then, {new.get(k)!r} now" for k in fixed[:5])
        raise ValueError(Errors.R602.format(differ="; ".join(lines)))


def _flatten(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict) and value:
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def load_pipeline(nlp: Language, folder: Path) -> Language:
    """RETURNS (Language): The pipeline with a checkpoint's weights and its own config."""
    return nlp.from_disk(folder / _PIPELINE, exclude=["config"])
