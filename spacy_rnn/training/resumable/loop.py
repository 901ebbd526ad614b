"""The training loop: the steps of `spacy train`, which can be stopped and continued."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from spacy.language import Language
from spacy.training import Example
from thinc.api import Model

from ..._compat.spacy_loop import create_evaluation_callback, subdivide_batch
from ...corpus.shards import take_shard
from .batch_stream import Batches
from .dev_text import DevText
from .guard import check_finite_weights, check_gradients, check_losses
from .optimizer_state import trained_models
from .processes import Processes
from .progress import TrainingProgress
from .random_states import PythonRandom
from .recipe import Recipe

_NO_EPOCH = float("inf")


class Loop:
    """A training between two steps.

    nlp (Language): The initialized pipeline.
    recipe (Recipe): What its config says.
    processes (Processes): Those that train together.
    """

    def __init__(self, nlp: Language, recipe: Recipe, processes: Processes) -> None:
        settings = recipe.settings
        self.nlp = nlp
        self.recipe = recipe
        self.processes = processes
        self.progress = TrainingProgress()
        # where a reader draws, all have to draw the same, or their parts wouldn't make up the whole
        shared = processes.from_first(PythonRandom.now)
        self.batches = Batches(
            nlp,
            take_shard(recipe.train_corpus, processes.rank, processes.count),
            recipe.batcher,
            settings["max_epochs"],
            repeats=recipe.batches_repeat,
            start=shared,
        )
        self._dev_text = DevText(recipe.dev_corpus)
        self._frozen: list[str] = settings["frozen_components"]
        self._learning: list[tuple[str, Model, Any]] = [
            (name, model, nlp.get_pipe(name))
            for name, model in trained_models(nlp)
            if name not in self._frozen and getattr(nlp.get_pipe(name), "is_trainable", False)
        ]
        weights = settings["score_weights"].items()
        self.progress.weights = {name: weight for name, weight in weights if weight is not None}
        if processes.count > 1:
            self._share_gradients()

    def is_over(self) -> bool:
        """RETURNS (bool): Whether [training] max_steps or patience says that it was the last
        step."""
        settings = self.recipe.settings
        return self.progress.is_over(settings["max_steps"], settings["patience"])

    def next_epoch(self) -> int | None:
        """RETURNS (Optional[int]): The epoch of the next step; None if all are over."""
        with self.processes.together():
            mine = self.batches.peek()
        # processes with shorter epochs wait for the others
        epoch = self.processes.smallest([_NO_EPOCH if mine is None else mine])[0]
        return None if epoch == _NO_EPOCH else int(epoch)

    def step(self) -> bool:
        """Take a step: the batches of all processes, and one update of the weights.

        RETURNS (bool): False if all epochs are over; nothing was done then.
        RAISES (ValueError): If a loss, a gradient or a weight is not finite.
        """
        start = perf_counter()
        epoch = self.next_epoch()
        if epoch is None:
            return False
        self.progress.complete = False
        batch = self.batches.take() if self.batches.peek() == epoch else []
        parts = list(subdivide_batch(batch, self.recipe.settings["accumulate_gradient"]))
        scales = self._loss_scales(batch)
        with self.processes.together():
            self._learn(parts, scales, epoch)
        self._finish()
        self.recipe.optimizer.step_schedules()
        self.progress.steps += 1
        self.progress.epoch = epoch
        words = self.processes.total([sum(len(example) for example in batch)])
        self.progress.words += int(words[0])
        self.progress.seconds += perf_counter() - start
        return True

    def evaluate(self) -> dict[str, Any]:
        """Score the pipeline on the development corpus, with the optimizer's averages if it keeps
        any. The first process does it, all get the result.

        RETURNS (Dict[str, Any]): All scores.
        """
        start = perf_counter()
        score, scores, checksum = self.processes.from_first(self._score)
        self.progress.note_dev_text(checksum)
        self.progress.results.append((score, self.progress.steps - 1))
        self.progress.seconds += perf_counter() - start
        return scores

    def check_dev_text(self) -> None:
        """RAISES (ValueError): If the development corpus isn't the one that it was evaluated on."""
        self.processes.from_first(lambda: self._dev_text.check(self.nlp, self.progress))

    def _score(self) -> tuple[float, dict[str, Any], int | None]:
        weights = self.progress.weights
        evaluate = create_evaluation_callback(self.nlp, self._dev_text, weights)
        with self.nlp.use_params(self.recipe.optimizer.averages or {}):
            score, scores = evaluate()
        self.progress.weights = {name: w for name, w in weights.items() if name in scores}
        return score, scores, self._dev_text.checksum

    def _learn(
        self, parts: list[list[Example]], scales: dict[str, list[float]], epoch: int
    ) -> None:
        """Add up the gradients of a batch in parts."""
        settings = self.recipe.settings
        if settings["before_update"] is not None:
            settings["before_update"](self.nlp, {"step": self.progress.steps, "epoch": epoch})
        self._scale_losses(scales)
        for part in parts:
            self.nlp.update(
                part,
                drop=settings["dropout"],
                losses=self.progress.losses,
                sgd=False,  # type: ignore[arg-type]
                exclude=self._frozen,
                annotates=settings["annotating_components"],
            )
            check_losses(self.progress.losses)
        self._scale_losses({})

    def _scale_losses(self, scales: dict[str, list[float]]) -> None:
        for name, _, pipe in self._learning:
            if hasattr(pipe, "loss_scales"):
                pipe.loss_scales = scales.get(name)

    def _loss_scales(self, batch: Sequence[Example]) -> dict[str, list[float]]:
        """RETURNS (Dict[str, List[float]]): For each language model and its directions, what makes
        the mean over processes of their mean losses that over all symbols."""
        if self.processes.count == 1:
            return {}
        docs = [example.predicted for example in batch]
        counts = {
            name: pipe.count_predictions(docs)
            for name, _, pipe in self._learning
            if hasattr(pipe, "count_predictions")
        }
        totals = iter(self.processes.total([n for each in counts.values() for n in each]))
        return {
            name: [self.processes.count * n / max(1.0, next(totals)) for n in each]
            for name, each in counts.items()
        }

    def _finish(self) -> None:
        """Let the optimizer step."""
        for _, model, pipe in self._learning:
            # where listeners don't answer the step would wait for the next batch
            if hasattr(pipe, "finish_pending_step"):
                pipe.finish_pending_step()
            self.processes.average_model(model)
        for name, model, _ in self._learning:
            check_gradients(name, model)
        for _, _, pipe in self._learning:
            pipe.finish_update(self.recipe.optimizer)
        for name, model, _ in self._learning:
            check_finite_weights(name, model)

    def _share_gradients(self) -> None:
        for _, model, _ in self._learning:
            for node in model.walk():
                for shim in node.shims:
                    if hasattr(shim, "average_gradients"):
                        shim.average_gradients = self.processes.average_gradients
