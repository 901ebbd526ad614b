"""Documents that are read in the context of those before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from spacy.tokens import Doc

from ..errors import Errors
from ..network.inference import Wanted
from .annotations import DocAnnotations, wanted_for
from .position_batches import by_chains

if TYPE_CHECKING:
    from ..layers.shim import RNNShim


class ChainedReading:
    """The method of the component that carries its state from document to document."""

    name: str
    shim: RNNShim
    top_k: int
    finish_pending_step: Callable[..., None]
    _compute_batches: Callable[
        [Iterable[tuple[list[Doc], Sequence[int] | None]], set[str], Wanted, bool],
        list[DocAnnotations],
    ]

    def predict_chained(
        self, chains: Iterable[Sequence[Doc]], annotations: Iterable[str]
    ) -> list[DocAnnotations]:
        """Compute annotations of documents that follow each other: each is read from the state
        after the last token of the one before, `</s>` between them. p(w_i) is then p(w_i | all
        documents of the chain before this one, w_1 … w_{i−1}); what is said of a document's end is
        the probability of `</s>` there.

        chains (Iterable[Sequence[Doc]]): The documents of each chain, in the order of reading. A
            chain is held in memory as a whole.
        annotations (Iterable[str]): What to compute, see `RNNLM`; no "final_state", and nothing of
            a neural cache. With `direction = "both"` the backward direction doesn't carry anything.
        RETURNS (List[DocAnnotations]): One for each Doc, chain after chain, for `set_annotations`.
        RAISES (ValueError): If a chain has several documents and the model reads from right to left
            only, or if a number isn't finite.
        """
        chains = [list(chain) for chain in chains]
        if self.shim.network.directions == (True,) and any(len(chain) > 1 for chain in chains):
            raise ValueError(Errors.R324.format(name=self.name, action="carry its state on"))
        kept = set(annotations) - {"final_state"}
        self.finish_pending_step()
        return self._compute_batches(by_chains(chains), kept, wanted_for(kept, self.top_k), False)
