"""Looking inside: the network itself, and what it does at every step of a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from spacy.tokens import Doc
from thinc.api import Model

from ..errors import Errors
from ..layers.finite import check_finite
from ..layers.traced_steps import TracedSteps, trace_doc
from ..network.language_model import RNNLanguageModel
from ..validation import check_size
from ..vocabulary import Vocabulary
from .trace import LayerTrace, Trace

if TYPE_CHECKING:
    from ..layers.shim import RNNShim

# A trace keeps every gate of every step: about 100 MB for so many with two LSTM layers of 256.
MOST_TOKENS = 10_000


class Tracing:
    """The members of the component that show its inside."""

    name: str
    model: Model
    top_k: int
    vocabulary: Vocabulary
    shim: RNNShim
    finish_pending_step: Callable[[], None]
    _as_doc: Callable[[str | Doc], Doc]

    @property
    def network(self) -> RNNLanguageModel:
        """The torch module, with the weights that predictions are made with.

        `embedding` is a Parameter (words, embedding_width), a row for each word; `stack()` holds in
        `.layers` a torch.nn.RNN, GRU or LSTM of one layer each; `softmax` has `weight` and `bias`,
        and `log_distribution(hidden)`. `settings` says the sizes. A word's row is
        `lm.vocabulary.row(word)`. With `subword_rows` the first layer reads
        `word_vectors(rows, features)`: the embedding and what the spelling adds. A model that reads
        from right to left has `stack(reverse=True)`.

        RETURNS (RNNLanguageModel): The network; no copy.
        RAISES (ValueError): If the model is not initialized.
        """
        self.finish_pending_step()
        return self.shim.network

    def trace(
        self, text: str | Doc, *, k: int | None = None, direction: str | None = None
    ) -> Trace:
        """What the network does while it reads a text, step by step: what is read, its embedding,
        the gates and states of every layer, the most probable next words, and what came.

        The numbers are those of `doc._.<name>`, but always in float32, whatever
        `prediction_precision` is, and without the neural cache.

        text (Union[str, Doc]): What to read, 10,000 tokens at most.
        k (Optional[int]): How many next words; None for `top_k`.
        direction (Optional[str]): "forward" or "backward", of a model that has both; None for the
            model's first one.
        RETURNS (Trace): See there; its steps are in the order of reading.
        RAISES (ValueError): If k is out of range, if the model doesn't read in this direction, if
            the text is too long, or if a number isn't finite.
        RAISES (TypeError): For anything else than text or Doc.

        EXAMPLE:
            >>> trace = lm.trace("我爱")
            >>> print(trace.table())
            >>> trace.layers[0].gates["forget"].shape
            (3, 256)
        """
        network = self.network
        reverse = self._direction(direction, network.directions)
        most = len(self.vocabulary) - 1
        k = min(self.top_k, most) if k is None else check_size("k", k, least=1)
        if k > most:
            raise ValueError(Errors.R308.format(k=k, words=most))
        doc = self._as_doc(text)
        if len(doc) > MOST_TOKENS:
            raise ValueError(Errors.R791.format(tokens=len(doc), most=MOST_TOKENS))
        steps = trace_doc(self.model, doc, k, reverse=reverse)
        check_finite(
            self.name, steps.log_probs, steps.top_log_probs, *(layer.h for layer in steps.layers)
        )
        return self._make_trace(doc, steps, reverse)

    def _direction(self, direction: str | None, directions: tuple[bool, ...]) -> bool:
        if direction is None:
            return directions[0]
        names = {False: "forward", True: "backward"}
        found = [reverse for reverse in directions if names[reverse] == direction]
        if not found:
            known = ", ".join(repr(names[reverse]) for reverse in directions)
            raise ValueError(Errors.R790.format(name=self.name, asked=direction, known=known))
        return found[0]

    def _make_trace(self, doc: Doc, steps: TracedSteps, reverse: bool) -> Trace:
        words = self.vocabulary.words

        def named(places: list[int], rows: list[int]) -> list[str]:
            pairs = zip(places, rows, strict=True)
            return [doc[place].text if place >= 0 else words[row] for place, row in pairs]

        return Trace(
            cell=self.network.settings.cell,
            direction="backward" if reverse else "forward",
            words=named(steps.places.tolist(), steps.rows.tolist()),
            places=steps.places,
            rows=steps.rows,
            embedding=steps.embedding,
            subwords=steps.subwords,
            layers=[
                LayerTrace(
                    layer.h.numpy(),
                    None if layer.c is None else layer.c.numpy(),
                    {name: gate.numpy() for name, gate in layer.gates.items()},
                )
                for layer in steps.layers
            ],
            top_words=[[words[row] for row in rows] for rows in steps.top_rows.tolist()],
            top_rows=steps.top_rows,
            top_log_probs=steps.top_log_probs,
            top_logits=steps.top_logits,
            came=named(steps.next_places.tolist(), steps.targets.tolist()),
            came_rows=steps.targets,
            log_probs=steps.log_probs,
            ranks=steps.ranks,
            lang=doc.lang_,
        )
