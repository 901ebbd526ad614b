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
        self._had_stock_listener = False

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
        self._had_stock_listener |= not isinstance(listener, RNNListener)

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
            self._had_stock_listener = False
        return True

    def find_listeners(self, component: Any) -> None:
        """Find the layers of a later component that listen to this one, by name or by "*"."""
        model = getattr(component, "model", None)
        if isinstance(model, Model):
            for node in model.walk():
                if isinstance(node, Tok2VecListener):
                    if node.upstream_name in ("*", self.name):
                        self.add_listener(node, component.name)
                    self._notice_mixing(node, component.name)
        if isinstance(component, Tok2Vec | ListenedTo):
            self._later_upstreams.append(component.name)
            if isinstance(component, Tok2Vec):
                self._later_tok2vec = component.name

    @property
    def writes_tensor(self) -> bool:
        """RETURNS (bool): Whether `doc.tensor` is written: if asked for, and where a stock
        listener reads it, or may again: spaCy doesn't show us one that is enabled later."""
        return "tensor" in self.annotations or self._had_stock_listener

    def _notice_mixing(self, node: Tok2VecListener, component: str) -> None:
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


class GradientExchange:
    """What listeners still have to say about one batch.

    Each gets the batch's vectors and answers with their gradient; when all have answered,
    `finished` is called once with the sum. A component that is frozen or disabled never answers:
    `close` goes on without it.

    docs (Sequence[Doc]): The batch.
    vectors (Sequence[Floats2d]): (n_tokens, nO) for each.
    listeners (Sequence[Tok2VecListener]): Who is told.
    finished (Callable): Gets the summed gradients, or None if nobody answered.
    """

    def __init__(
        self,
        ops: Ops,
        docs: Sequence[Doc],
        vectors: list[Floats2d],
        listeners: Sequence[Tok2VecListener],
        finished: Callable[[list[Floats2d] | None], None],
    ) -> None:
        self.ops = ops
        self.docs = docs
        self.vectors = vectors
        self.listeners = list(listeners)
        self.finished = finished
        self._waiting = {id(listener) for listener in self.listeners}
        self._gradients: list[Floats2d] | None = None
        batch = Tok2VecListener.get_batch_id(docs)
        for listener in self.listeners:
            listener.receive(batch, vectors, self._answer_of(id(listener)))

    @property
    def answered(self) -> bool:
        """RETURNS (bool): Whether anyone has answered yet."""
        return self._gradients is not None

    def _answer_of(self, listener: int) -> Callable[[list[Floats2d]], list[Floats2d]]:
        def answer(gradients: list[Floats2d]) -> list[Floats2d]:
            if listener not in self._waiting:
                raise ValueError(Errors.R331)
            if self._gradients is None:
                self._gradients = [self.ops.alloc2f(*vector.shape) for vector in self.vectors]
            for total, gradient in zip(self._gradients, gradients, strict=True):
                total += gradient
            self._waiting.discard(listener)
            if not self._waiting:
                self.close()
            return []

        return answer

    def close(self) -> None:
        """Go on with what was answered. The listeners forget the batch."""
        for listener in self.listeners:
            listener.receive(None, None, None)  # type: ignore[arg-type]
        self.finished(self._gradients)
