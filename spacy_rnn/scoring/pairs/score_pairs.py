"""`spacy_rnn.score_pairs`: minimal pairs in, accuracies out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from spacy.language import Language

from ...corpus.text_files import raise_error
from ...pipeline.rnn_lm import RNNLM
from ...validation import check_size, check_type
from ..selecting import find_language_model
from .accuracies import PairAccuracies
from .pair_rows import BAD, GOOD, Pair, PairColumns, check_free, pairs_of
from .pair_scorer import RECORD_NAMES, PairScorer


def score_pairs(
    nlp: Language,
    rows: Iterable[Mapping[str, Any]],
    *,
    good: str = GOOD,
    bad: str = BAD,
    by: str | Sequence[str] | None = None,
    end: bool = False,
    component: str | None = None,
    batch_size: int | None = None,
    on_record: Callable[[dict[str, Any]], None] | None = None,
    on_error: Callable[[ValueError], None] = raise_error,
) -> PairAccuracies:
    """Find out how often a language model prefers the acceptable one of two sentences.

    nlp (Language): The pipeline; it is left as it is.
    rows (Iterable[Mapping[str, Any]]): The pairs. They are read as they are needed.
    good, bad (str): The keys of the acceptable sentence and of the other one.
    by (Union[str, Sequence[str], None]): The keys by which accuracies are given too; None for those
        of BLiMP and SLING that are there: "UID" (called "paradigm"), "linguistics_term",
        "phenomenon", "field".
    end (bool): Whether the closing `</s>` counts.
    component (Optional[str]): The language model, if the pipeline has several.
    batch_size (Optional[int]): The most sentences that are scored at once; the pipeline's by
        default.
    on_record (Optional[Callable[[Dict], None]]): Gets a record of each pair: the row and its
        numbers.
    on_error (Callable[[ValueError], None]): Called for what can't be read or scored, which is then
        left out; raises the error by default.
    RETURNS (PairAccuracies): Accuracies by log-probability, mean, PenLP and SLOR.
    RAISES (ValueError): For an option that can't be used, and what `on_error` raises.

    EXAMPLE:
        >>> pairs = [{"sentence_good": "The cats sleep.", "sentence_bad": "The cats sleeps."}]
        >>> spacy_rnn.score_pairs(nlp, pairs).every["lp"].every.accuracy
    """
    check_type("nlp", nlp, Language, "a pipeline")
    names = (by,) if isinstance(by, str) else by
    columns = PairColumns(good, bad, None if names is None else tuple(names))
    lm = find_language_model(nlp, f"{nlp.lang}_{nlp.meta['name']}", component)
    return tally_pairs(
        nlp,
        lm,
        pairs_of(rows, columns, on_error),
        columns,
        end=end,
        batch_size=batch_size,
        on_record=on_record,
        on_error=on_error,
    )


def tally_pairs(
    nlp: Language,
    lm: RNNLM,
    pairs: Iterable[Pair],
    columns: PairColumns,
    *,
    end: bool = False,
    batch_size: int | None = None,
    on_record: Callable[[dict[str, Any]], None] | None = None,
    on_error: Callable[[ValueError], None] = raise_error,
) -> PairAccuracies:
    """Score pairs and add up the results; see `score_pairs`.

    nlp (Language), lm (RNNLM): The pipeline and its language model.
    pairs (Iterable[Pair]): The pairs.
    columns (PairColumns): What their sentences are called.
    RETURNS (PairAccuracies): The sums.
    """
    if batch_size is not None:
        check_size("batch_size", batch_size, least=1)
    scorer = PairScorer(nlp, lm, columns, end, batch_size or nlp.batch_size, on_error)
    found = PairAccuracies(unknown_share=scorer.scored)
    if on_record is not None:
        pairs = _recordable(pairs)
    for scored in scorer.score(pairs):
        if on_record is not None:
            on_record(scored.record())
        found.add(scored)
    return found


def _recordable(pairs: Iterable[Pair]) -> Iterator[Pair]:
    for pair in pairs:
        check_free(pair.place, pair.values, RECORD_NAMES)
        yield pair
