"""A training on one machine's disk: its models, its checkpoints and what it prints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any

from ..._compat.spacy_loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    create_before_to_disk_callback,
    update_meta,
)
from ...errors import Errors, Warnings, counted
from ..log_outputs import silence_if_closed
from ..logger import ConsoleLogger
from .checkpoints import Checkpoints, Lock
from .folders import write_folder
from .loop import Loop
from .signals import StopRequest
from .snapshot import checksum_of_weights, take_snapshot, write_snapshot


@dataclass
class Messages:
    """say, warn (Callable[[str], object]): Tell the user, in the first process only."""

    say: Callable[[str], object]
    warn: Callable[[str], object]


class TrainingRun:
    """A training that writes.

    loop (Loop): The training, at its beginning or where a checkpoint left it.
    output (Path): The folder for model-best and model-last.
    checkpoints (Checkpoints): Where it can go on from.
    every (int): The steps from one checkpoint to the next.
    config (Dict): What it was started with; kept in each checkpoint.
    messages (Messages): What it tells.
    locks (Sequence[Lock]): Released when it is over.
    """

    def __init__(
        self,
        loop: Loop,
        output: Path,
        checkpoints: Checkpoints,
        every: int,
        config: dict[str, Any],
        messages: Messages,
        locks: Sequence[Lock] = (),
    ) -> None:
        self.loop = loop
        self.output = output
        self.checkpoints = checkpoints
        self.every = every
        self.config = config
        self.messages = messages
        self._locks = locks
        self._logger_failed = False
        # the steps before the last checkpoint; None if there is none yet
        self.kept: int | None = loop.progress.steps or None
        self._before_to_disk = create_before_to_disk_callback(
            loop.recipe.settings["before_to_disk"]
        )

    def execute(self) -> int:
        """Train to the end.

        RETURNS (int): The signal that stopped it, after a checkpoint; 0 if it is complete.
        RAISES (ValueError): If a number isn't finite, or a model can't be written.
        """
        progress = self.loop.progress
        before = progress.steps
        with StopRequest() as stop:
            try:
                if self.kept is None:
                    # from the first moment on there is something to go on from
                    self._keep()
                signal = self._train(stop)
                if progress.complete and progress.steps == before:
                    self.messages.say(f"Complete already, after {counted(before, 'step')}")
                    return 0
                self._on_disk(self._write_last)
                progress.complete = not signal
                self._keep(again=progress.complete)
            except BaseException:
                self._say_what_is_left()
                raise
            finally:
                self.close()
        return signal

    def close(self) -> None:
        """Let another training have the folder."""
        for lock in self._locks:
            lock.release()

    def _train(self, stop: StopRequest) -> int:
        """RETURNS (int): The signal on which all processes end, or 0."""
        loop = self.loop
        if loop.is_over() or loop.next_epoch() is None:
            return 0
        log, end = self._start_logger()
        log_step, finalize = self._lasting(log), self._lasting(end)
        frequency = loop.recipe.settings["eval_frequency"]
        try:
            while not loop.is_over() and loop.step():
                step = loop.progress.steps - 1
                info = None if step % frequency else self._evaluate()
                with loop.processes.together():
                    log_step(info)
                if info is not None:
                    loop.progress.losses = {}
                if loop.progress.steps % self.every == 0:
                    self._keep()
                if signal := int(loop.processes.largest([stop.number])[0]):
                    return signal
            return 0
        finally:
            finalize()

    def _evaluate(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): What spaCy's loggers are told of an evaluation."""
        loop, progress = self.loop, self.loop.progress
        varied = progress.dev_varies
        scores = loop.evaluate()
        if progress.dev_varies and not varied:
            self.messages.warn(Warnings.W612)
        losses: dict[str, float] = {}
        for part in loop.processes.gather(dict(progress.losses)):
            for name, loss in part.items():
                losses[name] = losses.get(name, 0.0) + loss
        info = {
            "epoch": progress.epoch,
            "step": progress.steps - 1,
            "score": progress.results[-1][0],
            "other_scores": scores,
            "losses": losses,
            "checkpoints": progress.results,
            "seconds": int(progress.seconds),
            "words": progress.words,
            "output_path": str(self.output / DIR_MODEL_LAST),
        }
        with loop.nlp.select_pipes(disable=loop.recipe.settings["frozen_components"]):
            update_meta(loop.recipe.settings, loop.nlp, info)
        self._on_disk(self._write_models)
        return info

    def _start_logger(self) -> tuple[Callable[[Any], None], Callable[[], None]]:
        loop = self.loop
        if not loop.processes.first:
            return (lambda info: None), (lambda: None)
        settings = loop.recipe.settings
        frozen, annotating = settings["frozen_components"], settings["annotating_components"]
        self.messages.say(f"Pipeline: {', '.join(loop.nlp.pipe_names)}")
        if frozen:
            self.messages.say(f"Frozen: {', '.join(frozen)}")
        if annotating:
            self.messages.say(f"Annotating in training: {', '.join(annotating)}")
        with loop.nlp.select_pipes(disable=frozen):
            log, end = settings["logger"](loop.nlp, sys.stdout, sys.stderr)
        # spaCy's loggers learn at an evaluation how far a training is
        if isinstance(logger := getattr(log, "__self__", None), ConsoleLogger):
            logger.count_from(loop.progress.steps, loop.progress.seconds)
        return log, end

    def _lasting(self, log: Callable[..., object]) -> Callable[..., object]:
        """RETURNS (Callable): A logger's function that fails without harm where it can't write, or
        can't reach a server; it is told once."""

        def try_to_log(*info: Any) -> None:
            try:
                log(*info)
            except OSError as error:
                silence_if_closed()
                if not self._logger_failed:
                    self._logger_failed = True
                    self.messages.warn(Warnings.W611.format(error=error))

        return try_to_log

    def _write_models(self) -> None:
        self._write_last()
        if self.loop.progress.is_best():
            last = self.output / DIR_MODEL_LAST
            write_folder(
                self.output / DIR_MODEL_BEST,
                lambda folder: copytree(last, folder, dirs_exist_ok=True),
            )

    def _write_last(self) -> None:
        nlp = self.loop.nlp
        with nlp.use_params(self.loop.recipe.optimizer.averages or {}):
            write_folder(self.output / DIR_MODEL_LAST, self._before_to_disk(nlp).to_disk)

    def _on_disk(self, write: Callable[[], None]) -> None:
        def try_to_write() -> None:
            try:
                write()
            except OSError as error:
                raise ValueError(Errors.R618.format(folder=self.output, error=error)) from error

        self.loop.processes.from_first(try_to_write)

    def _keep(self, again: bool = False) -> None:
        """Write a checkpoint, unless there is one of this step.

        again (bool): Even then.
        """
        loop, steps = self.loop, self.loop.progress.steps
        if steps == self.kept and not again:
            return
        if loop.processes.count > 1:
            loop.processes.check_same(checksum_of_weights(loop.nlp))
        parts = take_snapshot(loop)

        def try_to_write() -> bool:
            try:
                self.checkpoints.write(
                    steps, lambda folder: write_snapshot(folder, loop, parts, self.config)
                )
                return True
            except OSError as error:
                # a training of days shouldn't end because a disk is full for a while
                folder = self.checkpoints.folder
                told = Warnings.W601.format(step=steps, folder=folder, error=error)
                self.messages.warn(told)
                return False

        if loop.processes.from_first(try_to_write):
            self.kept = steps

    def _say_what_is_left(self) -> None:
        if self.kept is not None:
            self.messages.warn(
                f"Stopped at step {self.loop.progress.steps:,}. --resume goes on from the "
                f"checkpoint after {counted(self.kept, 'step')}."
            )
