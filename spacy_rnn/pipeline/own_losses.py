"""The losses of the language model itself: of the words that it predicts, and of their spelling."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats1d
from thinc.util import xp2torch

from ..errors import Errors
from ..layers.learned_spelling import learn_spelling
from ..layers.network_outputs import Outputs
from ..layers.sequences import Sequences
from .training_hooks import TrainingHooks


class OwnLosses(TrainingHooks):
    """The methods of the component that say how wrong it was, and what follows for its outputs."""

    name: str
    model: Model
    lm_weight: float

    def get_loss(self, examples: Iterable[Example], scores: Floats1d) -> tuple[float, Floats1d]:
        """The negative log-likelihood of the batch in one direction; those of both are added.

        examples (Iterable[Example]): The batch.
        scores (Floats1d): float32, natural log p of every symbol that the batch's Docs predict, in
            the order of reading: for each Doc its tokens, then `</s>` where a document ends.
        RETURNS (Tuple[float, Floats1d]): Its sum in nats, and the gradient of its mean with
            respect to the scores.
        """
        loss = -float(self.model.ops.xp.sum(scores))
        gradient = self.model.ops.alloc1f(len(scores))
        gradient += self.model.ops.xp.float32(-1.0 / max(1, len(scores)))
        return loss, gradient

    def _learn(
        self,
        examples: list[Example],
        readings: list[Sequences],
        outputs: list[Outputs],
        losses: dict[str, float],
        loss_scales: list[float] | None,
    ) -> list[Floats1d | None]:
        """RETURNS (List[Optional[Floats1d]]): For each reading the gradient of the weighted loss
        with respect to its log-probabilities."""
        if not self.lm_weight:
            return [None] * len(readings)
        masks = [self.model.ops.xp.asarray(mask) for mask in self._masks(readings)]
        scales = (loss_scales or [1.0] * len(readings))[: len(readings)]
        result: list[Floats1d | None] = []
        for output, mask, scale in zip(outputs, masks, scales, strict=True):
            log_probs: Any = output.log_probs
            loss, gradient = self.get_loss(examples, log_probs[mask])
            if not np.isfinite(loss):
                raise ValueError(Errors.R303.format(name=self.name, loss=loss))
            losses[self.name] += loss
            losses[f"{self.name}_tokens"] += len(gradient)
            part = self.model.ops.alloc1f(len(mask))
            part[mask] = gradient * (self.lm_weight * scale)
            result.append(part)
        return result

    def _masks(self, readings: list[Sequences]) -> list[np.ndarray]:
        """RETURNS (List[ndarray]): For each reading bool (positions,), which predict something. The
        last one of a window in the middle of a document doesn't, where it is read at all."""
        if self.listeners:
            return [reading.scored for reading in readings]
        return [np.ones(len(reading.ids), dtype=bool) for reading in readings]

    def _learn_spelling(
        self,
        docs: Sequence[Doc],
        readings: list[Sequences],
        outputs: list[Outputs],
        dropout: float,
        losses: dict[str, float],
    ) -> Callable[[], None]:
        """outputs (List[Outputs]): Of the readings; none for a speller that knows no context.
        RETURNS (Callable): Adds the speller's loss and gradients. A word's spelling weighs as much
        as any other symbol that the batch predicts."""
        if self.shim.network.speller is None:
            return _nothing
        hidden = [xp2torch(out.hidden) for out in outputs if out.hidden is not None]
        loss, words, backprop = learn_spelling(self.model, docs, readings, hidden or None, dropout)
        if not np.isfinite(loss):
            raise ValueError(Errors.R303.format(name=self.name, loss=loss))
        predictions = spelling_symbols(readings)
        scale = self.loss_scales[-1] if self.loss_scales else 1.0

        def learn() -> None:
            losses[f"{self.name}_spelling"] += loss
            losses[f"{self.name}_spelled"] += words
            backprop(scale / predictions)

        return learn


def _nothing() -> None:
    return None


def spelling_symbols(readings: list[Sequences]) -> int:
    """RETURNS (int): What the speller's loss is divided by."""
    return max(1, int(readings[0].scored.sum()))
