"""The sums over documents that every score follows from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Model

from ..layers.network_outputs import predict_sequences
from ..layers.neural_cache import predict_with_cache
from ..layers.open_vocabulary import spell_tokens
from ..layers.sequences import Sequences, sequences_from_docs, states_order, targets_order
from ..layers.shim import get_shim
from ..network.cache import CacheSettings
from ..network.inference import Wanted
from ..vocabulary import BOUNDARY_ROW, UNKNOWN_ROW, Vocabulary
from .annotations import DocAnnotations, StoredPredictions, stored_predictions
from .extensions import set_output
from .position_batches import by_positions
from .scored_words import see_scored
from .sentence_scores import SentenceScores, sentence_scores
from .token_watch import TokenWatch


@dataclass
class Counts:
    """Sums over a corpus; those of several parts can be added.

    log_prob (float): Natural log-probability of all predicted symbols, closing `</s>` included; an
        unknown word is `<unk>`.
    spelling (float): Natural log-probability of the unknown words' spelling.
    unknown_log_prob, end_log_prob (float): The parts of `log_prob` that are unknown words and
        closing `</s>`.
    cache_log_prob (float): `log_prob` with the neural cache; 0 without one.
    cache_log_prob_open (float): `log_prob` and `spelling` with the neural cache, which remembers
        unknown words as themselves; 0 without a cache or a speller.
    predictions (int): How many symbols were predicted.
    hits (int): How many of them led the list of next words (which never holds `<unk>`).
    tokens, unknown (int): Tokens that are read, and how many are `<unk>`.
    missing (int): How many of these are the text `<unk>`: words that have no spelling.
    characters (int): Of the documents' texts.
    documents (int): How many there were.
    """

    log_prob: float = 0.0
    spelling: float = 0.0
    unknown_log_prob: float = 0.0
    end_log_prob: float = 0.0
    cache_log_prob: float = 0.0
    cache_log_prob_open: float = 0.0
    predictions: int = 0
    hits: int = 0
    tokens: int = 0
    unknown: int = 0
    missing: int = 0
    characters: int = 0
    documents: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))


class Counting:
    """The methods of the component that score documents."""

    name: str
    model: Model
    vocabulary: Vocabulary
    cache: CacheSettings
    scorer: Callable[..., dict[str, Any]] | None
    finish_pending_step: Callable[..., None]
    tokenizer: Callable[[str], Doc] | None
    _watch: TokenWatch
    _as_doc: Callable[[str | Doc], Doc]
    _compute: Callable[[list[Doc], set[str]], list[DocAnnotations]]

    @property
    def spells(self) -> bool:
        """RETURNS (bool): Whether unknown words are spelled, so that every string has a
        probability."""
        return get_shim(self.model).network.speller is not None

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """RETURNS (Dict): What the scorer gives; by default see `score_language_model`."""
        examples = list(examples)
        self._watch.see_evaluation(examples, self.tokenizer, self.name)
        return {} if self.scorer is None else self.scorer(examples, lm=self, **kwargs)

    def sentence_scores(
        self, text: str | Doc | Span, *, end: bool = False
    ) -> SentenceScores | None:
        """How acceptable a sentence is.

        text (Union[str, Doc, Span]): A text, which is read as a prompt is; or what this component
            annotated with "log_probs".
        end (bool): Whether the closing `</s>` counts, as one more token.
        RETURNS (Optional[SentenceScores]): See there; None for no tokens.
        RAISES (ValueError): If the component didn't run on the Doc, or didn't keep "log_probs"; for
            `end` and a Span that isn't the end of its Doc.
        RAISES (TypeError): For anything else.
        """
        if isinstance(text, str):
            text = self._as_doc(text)
            self.annotate_log_probs([text])
        return sentence_scores(text, self.vocabulary, self.name, end=end)

    def annotate_log_probs(self, docs: Sequence[Doc]) -> None:
        """Write log-probabilities and nothing else onto Docs, whatever the option `annotations` is.

        docs (Sequence[Doc]): With the tokens that the component reads in its pipeline.
        """
        self.finish_pending_step(docs)
        made = self._compute(list(docs), {"log_probs"})
        for doc, one in zip(docs, made, strict=True):
            set_output(doc, self.name, one.output)

    def count(self, docs: Iterable[Doc], *, direction: int = 0) -> Counts:
        """RETURNS (Counts): The sums over documents that every score follows from, for one of the
        model's directions.

        Docs that this component annotated with "log_probs" and "next" are counted as they are, for
        others, and for the neural cache, the network runs.
        """
        docs = list(docs)
        self.finish_pending_step(docs)
        total = Counts()
        for batch in by_positions(docs):
            reading = sequences_from_docs(self.model, batch)[direction]
            words = self.vocabulary.words
            cached = bool(self.cache.window) and not direction
            kept = None
            if not cached:
                kept = stored_predictions(batch, self.name, words, direction, spelled=self.spells)
            total += (
                self._predict(batch, reading, cached)
                if kept is None
                else self._sum(batch, reading, kept)
            )
        return total

    def _predict(self, docs: list[Doc], reading: Sequences, cached: bool) -> Counts:
        wanted = Wanted(log_probs=True, top_k=1, hidden=cached)
        made = predict_sequences(self.model, [reading], wanted)[0]
        assert made.log_probs is not None and made.top_rows is not None
        spelling = spell_tokens(self.model, reading, made.kept)
        first = made.top_rows[:, 0].cpu().numpy()
        counts = self._sum(
            docs, reading, StoredPredictions(made.log_probs.cpu().numpy(), first, spelling)
        )
        if cached:
            closed, opened = predict_with_cache(self.model, reading, made, spelling, self.cache)
            counts.cache_log_prob = _total(closed[reading.scored])
            if opened is not None:
                counts.cache_log_prob_open = _total(opened[reading.scored])
        return counts

    def _sum(self, docs: list[Doc], reading: Sequences, kept: StoredPredictions) -> Counts:
        log_probs, first = kept.log_probs, kept.first
        if reading.reverse:
            log_probs = log_probs[targets_order(reading.lengths)]
            first = first[states_order(reading.lengths)]
        scored = reading.scored
        keys = reading.tokens.keys
        see_scored(self.vocabulary, keys, self.name)
        return Counts(
            log_prob=_total(log_probs[scored]),
            spelling=0.0 if kept.spelling is None else _total(kept.spelling),
            unknown_log_prob=_total(log_probs[scored & (reading.targets == UNKNOWN_ROW)]),
            end_log_prob=_total(log_probs[scored & (reading.targets == BOUNDARY_ROW)]),
            predictions=int(scored.sum()),
            hits=int((first == reading.targets)[scored].sum()),
            tokens=len(keys),
            unknown=int((self.vocabulary.rows_of_keys(keys) == UNKNOWN_ROW).sum()),
            missing=int(self.vocabulary.missing(keys).sum()),
            characters=sum(len(doc.text) for doc in docs),
            documents=len(docs),
        )


def _total(numbers: np.ndarray) -> float:
    return float(numbers.sum(dtype=np.float64))
