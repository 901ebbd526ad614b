"""Components that listen: stock `spacy.Tok2VecListener.v1` layers, and our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from spacy.pipeline.tok2vec import Tok2Vec, Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model, Ops
from thinc.types import Floats2d

from ..errors import Errors
from .listener import RNNListener


class ListenedTo:
    """The methods of spaCy's protocol `ListenedToComponent`, as `Tok2Vec` has them.

    A stock listener reads `doc.tensor` at prediction, which several components may write: one
    that would get another upstream's vectors is noticed, and is an error before anything runs.
    """

    name: str
    annotations: tuple[str, ...]

    def __init__(self) -> None:
        self.forget_listeners()

    def forget_listeners(self) -> None:
        """Have none, and don't write `doc.tensor` for any that may come back."""
        self.listener_map = {}
        self._had_stock_listener = self._had_own_listener = self._had_mixing_listener = False

    @property
    def listener_map(self) -> dict[str, list[Tok2VecListener]]:
        """RETURNS (Dict[str, List]): The listeners by the name of their component."""
        return self._listener_map

    @listener_map.setter
    def listener_map(self, value: dict[str, list[Tok2VecListener]]) -> None:
        # spaCy empties it before it shows us all later components anew
        self._listener_map = value
        self._later_upstreams: list[str] = []
        self._later_tok2vec = ""
        self._mixed_up: tuple[str, str, str] | None = None

    @property
    def listeners(self) -> list[Tok2VecListener]:
        return [m for name in self.listening_components for m in self.listener_map[name]]

    @property
    def listening_components(self) -> list[str]:
        return list(self.listener_map)

    def add_listener(self, listener: Tok2VecListener, component_name: str) -> None:
        known = self.listener_map.setdefault(component_name, [])
        if listener not in known:
            known.append(listener)
        own = isinstance(listener, RNNListener)
        self._had_stock_listener |= not own
        self._had_own_listener |= own
        self._had_mixing_listener |= mixes(listener)

    def remove_listener(self, listener: Tok2VecListener, component_name: str) -> bool:
        """RETURNS (bool): Whether it was listening."""
        known = self.listener_map.get(component_name, [])
        if listener not in known:
            return False
        # spaCy may be going through the list
        self.listener_map[component_name] = [node for node in known if node is not listener]
        if not self.listener_map[component_name]:
            del self.listener_map[component_name]
        if not self.listener_map:
            self._had_stock_listener = self._had_own_listener = self._had_mixing_listener = False
        return True

    def find_listeners(self, component: Any) -> None:
        """Find the layers of a later component that listen to this one, by name or by "*"."""
        model = getattr(component, "model", None)
        if isinstance(model, Model):
            for node in model.walk():
                if isinstance(node, Tok2VecListener):
                    if node.upstream_name in ("*", self.name):
                        self.add_listener(node, component.name)
                    self._notice_confusion(node, component.name)
        if isinstance(component, Tok2Vec | ListenedTo):
            self._later_upstreams.append(component.name)
            if isinstance(component, Tok2Vec):
                self._later_tok2vec = component.name

    @property
    def writes_tensor(self) -> bool:
        """RETURNS (bool): Whether `doc.tensor` is written: if asked for, and where a stock
        listener reads it, or may again: spaCy doesn't show us one that is enabled later."""
        return "tensor" in self.annotations or self._had_stock_listener

    @property
    def shows_hidden(self) -> bool:
        """RETURNS (bool): Whether outputs keep hidden states for a listener of ours, or may
        again."""
        return self._had_own_listener

    @property
    def shows_layers(self) -> bool:
        """RETURNS (bool): Whether outputs keep all layers for a listener that mixes them, or may
        again."""
        return self._had_mixing_listener

    def _notice_confusion(self, node: Tok2VecListener, component: str) -> None:
        """A named stock listener gets what was written last. A later `rnn_lm` notices by itself, if
        it runs."""
        named = node.upstream_name
        if isinstance(node, RNNListener) or named == "*":
            return
        if named == self.name and self._later_tok2vec:
            self._mixed_up = (component, named, self._later_tok2vec)
        elif named != self.name and named not in self._later_upstreams:
            self._mixed_up = (component, named, self.name)

    def check_listeners(self) -> None:
        """RAISES (ValueError): If a stock listener would read another upstream's vectors."""
        if self._mixed_up is not None and self.writes_tensor:
            component, upstream, last = self._mixed_up
            known = {"component": component, "upstream": upstream, "last": last}
            raise ValueError(Errors.R320.format(**known))

    def check_widths(self, width: int) -> None:
        """RAISES (ValueError): If a listener expects vectors of another width."""
        for listener in self.listeners:
            expected = listener.get_dim("nO")
            if expected != width:
                known = {"name": self.name, "width": expected, "found": width}
                raise ValueError(Errors.R323.format(**known))


def mixes(listener: Any) -> bool:
    """RETURNS (bool): Whether a listener reads all layers."""
    return isinstance(listener, RNNListener) and listener.mixing


class GradientExchange:
    """What listeners still have to say about one batch.

    Each gets the batch's vectors, the states of the last layer, or all layers if it mixes them, and
    answers with their gradient; when all have answered, `finished` is called once with the sum. A
    component that is frozen or disabled never answers: `close` goes on without it.

    docs (Sequence[Doc]): The batch.
    layers (Sequence[List[Floats2d]]): For each what each layer reads, if anyone mixes layers, and
        (n_tokens, nO), the states of the last one.
    listeners (Sequence[Tok2VecListener]): Who is told.
    finished (Callable): Gets the summed gradients of `layers`, or None if nobody answered.
    """

    def __init__(
        self,
        ops: Ops,
        docs: Sequence[Doc],
        layers: Sequence[list[Floats2d]],
        listeners: Sequence[Tok2VecListener],
        finished: Callable[[list[list[Floats2d]] | None], None],
    ) -> None:
        self.ops = ops
        self.docs = docs
        self.layers = layers
        self.listeners = list(listeners)
        self.finished = finished
        self._waiting = {id(listener) for listener in self.listeners}
        self._gradients: list[list[Floats2d]] | None = None
        vectors = [doc[-1] for doc in layers]
        batch = Tok2VecListener.get_batch_id(docs)
        for listener in self.listeners:
            given: Any = layers if mixes(listener) else vectors
            listener.receive(batch, given, self._answer_of(listener))

    @property
    def answered(self) -> bool:
        """RETURNS (bool): Whether anyone has answered yet."""
        return self._gradients is not None

    def _answer_of(self, listener: Tok2VecListener) -> Callable[[list[Any]], list[Floats2d]]:
        def answer(gradients: list[Any]) -> list[Floats2d]:
            if id(listener) not in self._waiting:
                raise ValueError(Errors.R331)
            if self._gradients is None:
                self._gradients = [
                    [self.ops.alloc2f(*layer.shape) for layer in doc] for doc in self.layers
                ]
            for totals, gradient in zip(self._gradients, gradients, strict=True):
                if not mixes(listener):
                    totals[-1] += gradient
                    continue
                for total, part in zip(totals, gradient, strict=True):
                    total += part
            self._waiting.discard(id(listener))
            if not self._waiting:
                self.close()
            return []

        return answer

    def close(self) -> None:
        """Go on with what was answered. The listeners forget the batch."""
        for listener in self.listeners:
            listener.receive(None, None, None)  # type: ignore[arg-type]
        self.finished(self._gradients)
