"""From Docs to their annotations: what the network says, shared out among the documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model

from ..layers.finite import check_finite
from ..layers.network_outputs import predict_sequences
from ..layers.neural_cache import predict_with_cache
from ..layers.one_document import read_document
from ..layers.open_vocabulary import spell_readings
from ..layers.sequences import sequences_from_docs
from ..layers.skipping import doc_lengths, predictions_to_docs, to_docs
from ..network.cache import CacheSettings
from ..network.inference import Prediction, Wanted
from .annotations import (
    DocAnnotations,
    add_cached,
    annotate_states,
    set_directions,
    set_skipped,
    set_unknown,
    split_predictions,
    wanted_for,
)
from .position_batches import by_positions

if TYPE_CHECKING:
    from ..layers.shim import RNNShim
    from ..vocabulary import Vocabulary


class Computing:
    """The methods of the component that compute annotations, whichever they are."""

    name: str
    model: Model
    top_k: int
    cache: CacheSettings
    shim: RNNShim
    vocabulary: Vocabulary

    def _compute(self, docs: list[Doc], annotations: set[str]) -> list[DocAnnotations]:
        wanted = wanted_for(annotations, self.top_k)
        if len(docs) == 1 and wanted.only_hidden:
            states = read_document(self.model, docs[0])
            if states is not None:
                check_finite(self.name, states)
                directions = self.shim.network.directions
                return [annotate_states(docs[0], states, directions, annotations)]
        batches = ((batch, None) for batch in by_positions(docs))
        return self._compute_batches(batches, annotations, wanted, self.cache.window > 0)

    def _compute_batches(
        self,
        batches: Iterable[tuple[list[Doc], Sequence[int] | None]],
        annotations: set[str],
        wanted: Wanted,
        looks_back: bool,
    ) -> list[DocAnnotations]:
        """batches (Iterable[Tuple[List[Doc], Optional[Sequence[int]]]]): Documents, and the chains
        that they make: see `predict_sequences`."""
        looks_back = looks_back and wanted.log_probs
        wanted.hidden |= looks_back
        result = []
        for batch, chains in batches:
            readings = sequences_from_docs(self.model, batch)
            predictions = predict_sequences(self.model, readings, wanted, chains=chains)
            spelling = None
            if wanted.log_probs:
                spelling = spell_readings(self.model, readings, predictions)
            self._check_finite(predictions, spelling or [])
            words = self.vocabulary.words
            lengths, tokens = doc_lengths(readings[0]), readings[0].tokens
            made = split_predictions(
                batch,
                lengths,
                [to_docs(*pair) for pair in zip(readings, predictions, strict=True)],
                words,
                annotations,
                None if spelling is None else [tokens.spread(part) for part in spelling],
            )
            set_directions(made, self.shim.network.directions)
            set_skipped(made, tokens)
            if wanted.log_probs:
                set_unknown(made, tokens, readings[0].rows)
            if looks_back:
                own = None if spelling is None else spelling[0]
                given = readings[0], predictions[0], own
                cached = predict_with_cache(self.model, *given, self.cache)
                opened = cached.closed if cached.opened is None else cached.opened
                add_cached(made, lengths, predictions_to_docs(readings[0], opened))
            result += made
        return result

    def _check_finite(self, predictions: list[Prediction], spelling: list[np.ndarray]) -> None:
        check_finite(self.name, *spelling)
        for made in predictions:
            state = None if made.state is None else made.state.h
            outputs = (made.hidden, made.log_probs, made.top_log_probs, state)
            check_finite(self.name, *outputs, *made.measures.values())
