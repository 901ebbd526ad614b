"""A batch that comes in parts, as `accumulate_gradient` divides it, gets the step of the whole.

The language model's own loss is a mean over the symbols that the batch predicts, for each direction
apart, and no part knows how many all have. What listeners send are sums. So the gradients of the
own loss are kept apart, weighted with each part's symbols, until the step divides them by all.

A batch that comes at once has one backward pass for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spacy.training import Example
from thinc.api import Model, Optimizer
from torch import Tensor

from .._compat.torch import add_all_, scale_all_
from ..layers.network_outputs import Outputs
from ..layers.shim import RNNShim

_SPELLER = "speller."
_NONE = Outputs(None, None)


class OwnGradients:
    """The gradients of the own losses of the parts that are done.

    losses (int): How many losses there are: of each direction, and of the speller.
    """

    def __init__(self, losses: int) -> None:
        self._symbols = [0] * losses
        # of each loss, Σ symbols · gradient of the mean over them
        self._sums: list[dict[str, Tensor]] = [{} for _ in range(losses)]

    def count(self, symbols: Sequence[int]) -> None:
        """Count the symbols of a part, for each loss."""
        self._symbols = [a + b for a, b in zip(self._symbols, symbols, strict=True)]

    def add(self, loss: int, gradients: dict[str, Tensor], symbols: int) -> None:
        """Add gradients of a mean over `symbols`. The tensors are this object's from now on."""
        sums = self._sums[loss]
        _scale(gradients, symbols)
        known = [name for name in gradients if name in sums]
        if known:
            add_all_([sums[name] for name in known], [gradients[name] for name in known], 1.0)
        sums.update((name, value) for name, value in gradients.items() if name not in known)

    def means(self) -> list[dict[str, Tensor]]:
        """RETURNS (List[Dict[str, Tensor]]): For each loss, the gradients of the mean over all
        symbols. Nothing can be added any more."""
        for symbols, sums in zip(self._symbols, self._sums, strict=True):
            _scale(sums, 1.0 / max(1, symbols))
        return self._sums


def _scale(gradients: dict[str, Tensor], factor: float) -> None:
    if gradients:
        scale_all_(list(gradients.values()), factor)


class BatchPart:
    """A batch, or a part of one, after its forward pass.

    shim (RNNShim): Holds the weights. The speller's gradients are with them already.
    symbols (Sequence[int]): How many each direction's mean loss is over, and then the speller's.
    own (Sequence[Outputs]): For each direction, the gradient of the mean loss by its
        log-probabilities, if it is learned.
    backprop (Callable[[List[Outputs]], Any]): The backward pass of the network.
    listened (bool): Whether listeners may send gradients too.
    """

    def __init__(
        self,
        shim: RNNShim,
        symbols: Sequence[int],
        own: Sequence[Outputs],
        backprop: Callable[[list[Outputs]], Any],
        *,
        listened: bool,
    ) -> None:
        self.symbols = symbols
        # what listeners sent, of each direction
        self.d_read: list[Outputs] = [_NONE] * len(own)
        self._shim = shim
        self._own = own
        self._backprop: Callable[[list[Outputs]], Any] | None = backprop
        self._listened = listened
        self._learned = [i for i, output in enumerate(own) if output.log_probs is not None]

    @property
    def needs_passes(self) -> bool:
        """RETURNS (bool): Whether one backward pass would mix gradients that have to be weighted
        differently beside other parts."""
        return bool(self._learned) and (self._listened or len(self._own) > 1)

    @property
    def was_cleared(self) -> bool:
        """RETURNS (bool): Whether somebody took its gradients away, as torch's `zero_grad` does."""
        ran_alone = self._backprop is None and bool(self._learned) and not self._listened
        return ran_alone and not self._shim.has_gradients()

    def run(self) -> None:
        """Add all gradients to the weights', in one backward pass; once."""
        backprop, self._backprop = self._backprop, None
        if backprop is not None and (self._learned or self._answered):
            pairs = zip(self.d_read, self._own, strict=True)
            backprop([replace(d, log_probs=own.log_probs) for d, own in pairs])

    def move_into(self, total: OwnGradients) -> None:
        """Put the gradients of the own losses into a total. Those of listeners are sums and stay
        with the weights."""
        total.add(-1, self._shim.take_gradients(_SPELLER), self.symbols[-1])
        if self._backprop is not None:
            self._run_apart(total)
        elif not self._listened:  # `run` has left nothing else
            total.add(0, self._shim.take_gradients(), self.symbols[0])
        total.count(self.symbols)

    @property
    def _answered(self) -> bool:
        return any(d.hidden is not None for d in self.d_read)

    def _run_apart(self, total: OwnGradients) -> None:
        """One backward pass for each direction's own loss, and one for what listeners sent."""
        assert self._backprop is not None
        backprop, self._backprop = self._backprop, None
        for direction in self._learned:
            only = [own if i == direction else _NONE for i, own in enumerate(self._own)]
            another = self._answered or direction != self._learned[-1]
            with self._shim.gradients_apart(keep_graph=another) as gradients:
                backprop(only)
            total.add(direction, gradients, self.symbols[direction])
        if self._answered:
            backprop(self.d_read)


@dataclass
class EmptyPart:
    """Documents without a token. They count if other parts of the batch have tokens.

    examples (List[Example]): The documents.
    loss_scales (Optional[List[float]]): See `TrainingHooks`.
    losses (Dict[str, float]): Where their loss is added.
    """

    examples: list[Example]
    loss_scales: list[float] | None
    losses: dict[str, float]


class PartialBatch:
    """What has come of a batch since the last step. Copies and pickles have nothing of it."""

    def __init__(self) -> None:
        self.empty: list[EmptyPart] = []
        self._last: BatchPart | None = None
        self._before: OwnGradients | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return PartialBatch, ()

    def add(self, part: BatchPart) -> None:
        """Add a part, after `put_aside`. Its backward pass runs at the next call that needs it."""
        self._last = part

    def run_early(self) -> None:
        """Don't let the graph of the first part wait where its gradients can be weighted later."""
        if self._last is not None and self._before is None and not self._last.needs_passes:
            self._last.run()

    def put_aside(self) -> None:
        """Move what the last part has into the total, since another part follows."""
        part, self._last = self._last, None
        if part is not None and not part.was_cleared:
            self._before = self._before or OwnGradients(len(part.symbols))
            part.move_into(self._before)

    def complete(self, shim: RNNShim, learn_empty: Callable[[EmptyPart], BatchPart]) -> None:
        """Give the weights the gradients of the whole batch.

        shim (RNNShim): Holds the weights.
        learn_empty (Callable[[EmptyPart], BatchPart]): The forward pass of documents without a
            token.
        """
        if self._before is None and not self.empty:
            if self._last is not None:
                self._last.run()
            return
        self.put_aside()
        if self._before is None:  # there are only empty documents
            return
        for empty in self.empty:
            learn_empty(empty).move_into(self._before)
        for gradients in self._before.means():
            shim.add_gradients(gradients)


@dataclass
class PostponedStep:
    """An optimizer's step that is taken later, at the rates of now."""

    optimizer: Optimizer
    learn_rate: float
    rates: dict[str, float]

    def take(self, model: Model, shim: RNNShim) -> None:
        now = self.optimizer.learn_rate, shim.rates
        self.optimizer.learn_rate, shim.rates = self.learn_rate, self.rates
        try:
            model.finish_update(self.optimizer)
        finally:
            self.optimizer.learn_rate, shim.rates = now
