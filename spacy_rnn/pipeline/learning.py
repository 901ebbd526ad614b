"""One batch of training: the language model's own loss, and the gradients of its listeners."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from thinc.api import Model, Optimizer, set_dropout_rate
from thinc.types import Floats1d, Floats2d

from ..layers.learned_spelling import expect_new_words
from ..layers.network_outputs import Outputs, one_by_one, side_by_side, with_starts, without_starts
from ..layers.sequences import Sequences, sequences_from_docs
from ..layers.skipping import doc_lengths
from ..network.inference import Wanted
from ..network.recurrent import State
from ..validation import check_number
from .batch_parts import BatchPart, EmptyPart, PartialBatch, PostponedStep
from .own_losses import OwnLosses, spelling_symbols
from .pitfalls import check_own_work
from .token_watch import TokenWatch
from .upstream import GradientExchange, mixes


class Learner(OwnLosses):
    """The methods of the component that change its weights.

    spaCy's `nlp.update` asks each component to step right after its own update, so before those
    that listen to it have answered. The step then waits for the last answer. If a listener's
    component is frozen, disabled or fails, it waits until the component is used for other Docs; it
    is then done at the learning rate of its time.

    All updates between two steps are parts of one batch, whose step is that of the undivided one,
    however long the parts are. Documents without a token count with the others, and do nothing
    where there are no others. An update that fails adds nothing; the others are the batch. Where a
    backward pass or a step fails, no gradient is left behind.
    """

    name: str
    model: Model
    lm_weight: float
    annotations: tuple[str, ...]
    tokenizer: Callable[[str], Doc] | None

    def __init__(self) -> None:
        super().__init__()
        self._exchange: GradientExchange | None = None
        self._postponed: PostponedStep | None = None
        self._batch = PartialBatch()
        # what was initialized here has been looked at then
        self._looked_at = False
        self._watch = TokenWatch()

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn to predict the tokens of a batch, and pass its vectors on to listeners.

        examples (Iterable[Example]): Their predicted Docs are read. Windows of streams (see
            "spacy-rnn.StreamCorpus.v1") start from the state that their stream is in.
        drop (float): Dropout rate.
        sgd (Optional[Optimizer]): Steps if given, at once or when all listeners have answered;
            spaCy's loop steps by itself.
        losses (Optional[Dict[str, float]]): Gets, added up under the component's name, the
            negative log-likelihood in nats of all directions, and under `<name>_tokens` the
            predicted symbols; with a speller, which learns whatever `lm_weight` is, under
            `<name>_spelling` that of the spelled words, and under `<name>_spelled` how many.
        RETURNS (Dict[str, float]): The losses.
        RAISES (ValueError): If the loss or a gradient is not finite, if windows of a stream don't
            come one by one and in order, or if a listener would get other vectors at prediction or
            expects another width; no weight is changed then.
        """
        self.finish_pending_step()
        check_number("drop", drop, lambda rate: 0 <= rate < 1, "in [0, 1)")
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        losses.setdefault(f"{self.name}_tokens", 0)
        if self.shim.network.speller is not None:
            losses.setdefault(f"{self.name}_spelling", 0.0)
            losses.setdefault(f"{self.name}_spelled", 0)
        examples = list(examples)
        validate_examples(examples, "RNNLM.update")
        self._watch.see_training(examples, self.tokenizer)
        docs = [example.predicted for example in examples]
        if any(len(doc) for doc in docs):
            readings, outputs = self._learn_part(examples, drop, losses)
        else:
            self._keep_empty(examples, losses)
            readings, outputs = [], []
        if sgd not in (None, False):
            self.finish_update(sgd)
        # a step that failed can be tried again: the streams are where they were
        self._carry_on(readings, outputs)
        return losses

    def forget_batch(self) -> None:
        """Have no gradients that wait for a step: new weights have none of the old ones'."""
        self._batch = PartialBatch()

    def finish_update(self, sgd: Optimizer) -> None:
        """Step, or put the step off until all listeners have answered.

        sgd (Optimizer): The optimizer.
        """
        if self._exchange is not None:
            if self._postponed is None and not self._exchange.answered:
                self._postponed = PostponedStep(sgd, sgd.learn_rate, dict(self.shim.rates))
                return
            self._postponed = None
            self._exchange.close()
        self._complete_gradients()
        self.model.finish_update(sgd)

    def finish_pending_step(self, docs: Sequence[Doc] = ()) -> None:
        """Take the step that waits for listeners which don't answer any more.

        docs (Sequence[Doc]): What is predicted next. Nothing is done if it is the batch itself:
            components that annotate in training do so before the next one answers.
        """
        if self._exchange is None:
            return
        waiting = {id(doc) for doc in self._exchange.docs}
        if not any(id(doc) in waiting for doc in docs):
            self._exchange.close()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copies and pickles have nothing that waits."""
        self.finish_pending_step()
        return super().__reduce_ex__(protocol)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        self.finish_pending_step()
        return super().to_bytes(exclude=exclude)  # type: ignore[misc]

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        self.finish_pending_step()
        super().to_disk(path, exclude=exclude)  # type: ignore[misc]

    def use_params(self, params: dict) -> Iterator[None]:
        """Use other weights in a block, such as an optimizer's averages; a generator."""
        self.finish_pending_step()
        self._put_aside()  # with other weights no backward pass could follow
        with self.model.use_params(params):
            yield

    def _learn_part(
        self, examples: list[Example], drop: float, losses: dict[str, float]
    ) -> tuple[list[Sequences], list[Outputs]]:
        """RETURNS (Tuple[List[Sequences], List[Outputs]]): What was read, and what the network made
        of it; both empty if it doesn't run."""
        docs = [example.predicted for example in examples]
        if self.listeners and not self._looked_at:
            check_own_work(self.name, self.lm_weight, self.annotations)
            self._looked_at = True
        self.check_listeners()
        self.check_widths(self.model.get_dim("nO"))
        self._put_aside()
        set_dropout_rate(self.model, drop)
        readings = sequences_from_docs(self.model, docs)
        if not self.listeners:
            readings = [reading.only_scored() for reading in readings]
        if not self.listeners and not self.lm_weight:
            outputs = self._read_only(readings)
            self._learn_spelling(docs, readings, outputs, drop, losses)()
            self._batch.add(self._without_network(readings))
            return (readings, outputs) if outputs else ([], [])
        if drop:
            readings = [expect_new_words(self.model, reading) for reading in readings]
        in_context = self.shim.network.spells_in_context
        # the order in which both draw their dropout
        spell = None if in_context else self._learn_spelling(docs, readings, [], drop, losses)
        self._prepare(readings)
        outputs, backprop = self.model.layers[0].begin_update(readings)
        spell = spell or self._learn_spelling(docs, readings, outputs, drop, losses)
        d_log_probs = self._learn(examples, readings, outputs, losses, self.loss_scales)
        spell()
        part = self._make_part(readings, d_log_probs, backprop)
        self._batch.add(part)
        if self.listeners:
            self._show_vectors(docs, readings, outputs, part)
        else:
            self._run_early()
        return readings, outputs

    def _keep_empty(self, examples: list[Example], losses: dict[str, float]) -> None:
        docs = [example.predicted for example in examples]
        widths = [self.model.get_dim("nO")]
        if self._layers_are_read:
            network = self.shim.network
            sides = len(network.directions)
            widths = [*(sides * width for width in network.settings.lower_widths), *widths]
        layers = [[self.model.ops.alloc2f(0, width) for width in widths] for _ in docs]
        self._start_exchange(docs, layers, lambda gradients: None)
        self._batch.empty.append(EmptyPart(examples, self.loss_scales, losses))

    def _learn_empty(self, empty: EmptyPart) -> BatchPart:
        """Learn that documents end at once. Nobody listens to their tokens."""
        docs = [example.predicted for example in empty.examples]
        readings = [reading.only_scored() for reading in sequences_from_docs(self.model, docs)]
        if not self.lm_weight:
            return self._without_network(readings)
        self._prepare(readings)
        outputs, backprop = self.model.layers[0].begin_update(readings)
        given = empty.examples, readings, outputs, empty.losses, empty.loss_scales
        return self._make_part(readings, self._learn(*given), backprop)

    def _make_part(
        self,
        readings: list[Sequences],
        d_log_probs: Sequence[Floats1d | None],
        backprop: Callable[[list[Outputs]], Any],
    ) -> BatchPart:
        own = [Outputs(None, d) for d in d_log_probs]
        symbols = [int(mask.sum()) for mask in self._masks(readings)]
        symbols.append(spelling_symbols(readings))
        return BatchPart(self.shim, symbols, own, backprop, listened=bool(self.listeners))

    def _read_only(self, readings: list[Sequences]) -> list[Outputs]:
        """RETURNS (List[Outputs]): What the network makes of a batch of which only the speller
        learns, if it knows the context."""
        if not self.shim.network.spells_in_context:
            return []
        self._prepare(readings)
        return self.model.layers[0].predict(readings)

    def _without_network(self, readings: list[Sequences]) -> BatchPart:
        """RETURNS (BatchPart): Of which only the speller learns."""
        return self._make_part(readings, [None] * len(readings), lambda gradients: None)

    @property
    def _layers_are_read(self) -> bool:
        """RETURNS (bool): Whether a listener mixes all layers."""
        return any(map(mixes, self.listeners))

    def _run_early(self) -> None:
        with self._nothing_left_of_failures():
            self._batch.run_early()

    def _put_aside(self) -> None:
        with self._nothing_left_of_failures():
            self._batch.put_aside()

    def _complete_gradients(self) -> None:
        with self._nothing_left_of_failures():
            self._batch.complete(self.shim, self._learn_empty)
        self._batch = PartialBatch()

    @contextmanager
    def _nothing_left_of_failures(self) -> Iterator[None]:
        """Backward passes that fail, for want of memory perhaps, take the batch with them."""
        try:
            yield
        except BaseException:
            self._batch = PartialBatch()
            self.shim.take_gradients()
            raise

    def _prepare(self, readings: list[Sequences]) -> None:
        """Say what the network has to compute. Streams carry the state from left to right only."""
        for reading in readings:
            if not reading.reverse:
                stack = self.shim.network.stack(False)
                reading.state = self._carried.take(stack, reading.marks)
            reading.wanted = Wanted(
                log_probs=self.lm_weight > 0,
                final_state=reading.state is not None and not self.listeners,
                layers=self._layers_are_read,
            )

    def _carry_on(self, readings: list[Sequences], outputs: list[Outputs]) -> None:
        for reading, output in zip(readings, outputs, strict=True):
            if reading.reverse:
                continue
            state = output.state
            if reading.state is not None and state is None:
                # listeners want the last position of every window too, the next window starts
                # before it
                reading = replace(reading.only_scored(), state=None)
                state = self._state_after(reading) if reading.marks else None
            if state is not None:
                self._carried.put(reading.marks, state)
            # where there was nothing to read, a stream stays in its state
            kept = self._carried.take(self.shim.network.stack(False), reading.idle)
            if kept is not None:
                self._carried.put(reading.idle, kept)

    def _state_after(self, reading: Sequences) -> State:
        reading.state = self._carried.take(self.shim.network.stack(False), reading.marks)
        reading.wanted = Wanted(final_state=True)
        state = self.model.layers[0].predict([reading])[0].state
        assert state is not None
        return state

    def _show_vectors(
        self,
        docs: Sequence[Doc],
        readings: list[Sequences],
        outputs: list[Outputs],
        part: BatchPart,
    ) -> None:
        """Show the listeners the part's vectors, and all layers to those that mix them."""

        def finish(d_docs: list[list[Floats2d]] | None) -> None:
            if d_docs is not None:
                d_layers = [
                    one_by_one(readings, with_starts(self.model, layer))
                    for layer in zip(*d_docs, strict=True)
                ]
                part.d_read = [
                    Outputs(d_hidden, None, lower=lower)
                    for *lower, d_hidden in zip(*d_layers, strict=True)
                ]
            self._run_early()

        every = zip(*([*output.lower, output.hidden] for output in outputs), strict=True)
        lengths = doc_lengths(readings[0])
        parts = [without_starts(side_by_side(readings, layer), lengths) for layer in every]
        self._start_exchange(docs, [list(doc) for doc in zip(*parts, strict=True)], finish)

    def _start_exchange(
        self,
        docs: Sequence[Doc],
        layers: list[list[Floats2d]],
        finish: Callable[[list[list[Floats2d]] | None], None],
    ) -> None:
        def finished(d_layers: list[list[Floats2d]] | None) -> None:
            # before the backward pass, which may fail: the next batch begins anew
            step, self._postponed = self._postponed, None
            self._exchange = None
            finish(d_layers)
            if step is not None:
                self._complete_gradients()
                step.take(self.model, self.shim)

        if self.listeners:
            self._exchange = GradientExchange(
                self.model.ops, docs, layers, self.listeners, finished
            )
