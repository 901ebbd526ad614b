"""Score minimal pairs: two documents for the pipeline, four measures for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from ...errors import Errors, reason
from ...pipeline.extensions import get_output
from ...pipeline.preceding import deciding_components, run_components
from ...pipeline.rnn_lm import RNNLM
from ...pipeline.sentence_scores import SentenceScores
from ..chunks import Chunks
from ..document_scores import finite_output, unknown_tokens
from ..releasing import memory_zone
from ..unknown_share import UnknownShare
from .pair_rows import PARADIGM, Pair, PairColumns

# Those of SentenceScores by which pairs are judged.
PAIR_MEASURES = ("lp", "mean_lp", "pen_lp", "slor")
# What a record has beside the columns of its row.
RECORD_NAMES = (
    "row",
    *(f"{name}_{side}" for name in ("tokens", "unknown") for side in ("good", "bad")),
    *(name + end for name in PAIR_MEASURES for end in ("_good", "_bad", "")),
)
CORRECT, WRONG, TIE, MISSING = "correct", "wrong", "tie", "missing"
# As far as numbers are the same in any batch: what differs by less is not known to differ.
_SAME = 1e-5


class SentenceNumbers(NamedTuple):
    """What is known of a sentence.

    tokens, unknown (int): Tokens that are read, and those that the vocabulary lacks.
    scores (SentenceScores): Its measures.
    """

    tokens: int
    unknown: int
    scores: SentenceScores


class ScoredPair(NamedTuple):
    """A pair and its numbers.

    pair (Pair): The pair.
    good, bad (SentenceNumbers): Of the acceptable sentence and of the other one.
    """

    pair: Pair
    good: SentenceNumbers
    bad: SentenceNumbers

    @property
    def equal_unknown(self) -> bool:
        """RETURNS (bool): Whether both have as many unknown words."""
        return self.good.unknown == self.bad.unknown

    def result(self, measure: str) -> str:
        """RETURNS (str): Whether the acceptable sentence has the higher score: CORRECT, WRONG, or
        TIE where the two differ by no more than rounding does; MISSING without a score, such as
        SLOR of a model without counts of words.

        measure (str): One of PAIR_MEASURES.
        """
        good, bad = getattr(self.good.scores, measure), getattr(self.bad.scores, measure)
        if math.isnan(good) or math.isnan(bad):
            return MISSING
        if abs(good - bad) <= _SAME * max(1.0, abs(good), abs(bad)):
            return TIE
        return CORRECT if good > bad else WRONG

    def record(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The row, its paradigm unless it has a column of this name, and
        its numbers: RECORD_NAMES, which no column may have."""
        paradigm = {PARADIGM: self.pair.groups[PARADIGM]} if PARADIGM in self.pair.groups else {}
        numbers: dict[str, Any] = {"row": self.pair.place.number}
        for name in ("tokens", "unknown"):
            numbers[f"{name}_good"] = getattr(self.good, name)
            numbers[f"{name}_bad"] = getattr(self.bad, name)
        for name in PAIR_MEASURES:
            numbers[f"{name}_good"] = getattr(self.good.scores, name)
            numbers[f"{name}_bad"] = getattr(self.bad.scores, name)
            numbers[name] = self.result(name)
        return {**paradigm, **self.pair.values, **numbers}


@dataclass
class PairScorer:
    """Scores pairs in memory that their number doesn't change.

    nlp (Language): The pipeline. It is left as it is.
    lm (RNNLM): Its language model.
    columns (PairColumns): What the sentences are called, for messages.
    end (bool): Whether the closing `</s>` counts.
    batch_size (int): The most sentences that are scored at once.
    on_error (Callable[[ValueError], None]): Told about each pair that can't be scored; it may raise
        the error.
    scored (UnknownShare): The sentences of all pairs that were scored.
    """

    nlp: Language
    lm: RNNLM
    columns: PairColumns
    end: bool
    batch_size: int
    on_error: Callable[[ValueError], None]
    scored: UnknownShare = field(default_factory=UnknownShare)

    def score(self, pairs: Iterable[Pair]) -> Iterator[ScoredPair]:
        """YIELDS (ScoredPair): The pairs in their order."""
        most = max(1, self.batch_size // 2)
        chunks = Chunks(iter(pairs), most, lambda pair: len(pair.good) + len(pair.bad))
        while not chunks.exhausted:
            for found in self._score_chunk(chunks.take()):
                if isinstance(found, str):
                    self.on_error(ValueError(found))
                else:
                    yield found
        chunks.finish()

    def _score_chunk(self, pairs: list[Pair]) -> list[ScoredPair | str]:
        """RETURNS (List[Union[ScoredPair, str]]): Each pair, or what is wrong with it: a message
        only, since errors keep the Docs that their functions had."""
        # in a caller's zone, what is made here lives as long as that one
        vocab: Any = self.nlp.vocab
        with memory_zone(self.nlp, not vocab.in_memory_zone):
            return list(self._score_pairs(pairs))

    def _score_pairs(self, pairs: list[Pair]) -> Iterator[ScoredPair | str]:
        if not pairs:
            return
        try:
            docs = self._read(pairs)
        except ValueError as error:
            if len(pairs) == 1:
                yield _at(pairs[0], error)
                return
            for pair in pairs:  # one of them is to blame
                yield from self._score_pairs([pair])
            return
        unknown = [int(mask.sum()) for mask in unknown_tokens(self.lm, docs)]
        for number, pair in enumerate(pairs):
            first, second = 2 * number, 2 * number + 1
            try:
                good = self._sum_up(pair, self.columns.good, docs[first], unknown[first])
                bad = self._sum_up(pair, self.columns.bad, docs[second], unknown[second])
            except ValueError as error:
                yield _at(pair, error)
            else:
                for doc in docs[first : second + 1]:
                    output = get_output(doc, self.lm.name)
                    assert output is not None  # it was summed up
                    self.scored.add(output)
                yield ScoredPair(pair, good, bad)

    def _read(self, pairs: list[Pair]) -> list[Doc]:
        texts = [text for pair in pairs for text in (pair.good, pair.bad)]
        made = [self.nlp.make_doc(text) for text in texts]
        docs = list(run_components(self.nlp, deciding_components(self.nlp, self.lm), made))
        self.lm.annotate_log_probs(docs)
        return docs

    def _sum_up(self, pair: Pair, column: str, doc: Doc, unknown: int) -> SentenceNumbers:
        output = finite_output(self.lm, doc, pair.place.at(column))
        scores = self.lm.sentence_scores(doc, end=self.end)
        if scores is None:
            raise ValueError(Errors.R744.format(place=pair.place.at(column)))
        return SentenceNumbers(output.count_read(0, len(output)), unknown, scores)


def _at(pair: Pair, error: ValueError) -> str:
    place = str(pair.place)
    return reason(error) if place in str(error) else f"{place}: {reason(error)}"
