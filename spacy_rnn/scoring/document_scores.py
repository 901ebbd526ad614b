"""The numbers of whole documents that `rnn score` and `BatchScorer` give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc

from ..errors import Errors
from ..network.measures import NETWORK_MEASURES
from ..pipeline.extensions import get_output
from ..pipeline.output import LMOutput
from ..pipeline.rnn_lm import RNNLM
from ..pipeline.scored_words import see_scored
from ..vocabulary import UNKNOWN_ROW

# Annotations that are an array with a number for each token.
MEASURES = (*NETWORK_MEASURES,)
# The numbers of every document, and their types. Those of float may be None.
NUMBERS: dict[str, type] = {
    "tokens": int,
    "unknown": int,
    "characters": int,
    "surprisal": float,
    "end_surprisal": float,
    "perplexity": float,
    "bits_per_char": float,
    "surprisal_unk": float,
    "spelling": float,
    "surprisal_known": float,
}
# What the mean of a measure is called.
MEAN_NAME = "mean_{}"
_LN2 = math.log(2.0)


def unknown_tokens(lm: RNNLM, docs: Sequence[Doc]) -> list[np.ndarray]:
    """RETURNS (List[ndarray]): For each Doc, bool (n,): which tokens the vocabulary lacks; white
    space that isn't read is not one of them."""
    tokens = lm.vocabulary.forms_of(docs)
    see_scored(lm.vocabulary, tokens.keys, lm.name)
    unknown = tokens.spread(lm.vocabulary.rows_of_keys(tokens.keys) == UNKNOWN_ROW)
    return np.split(unknown, np.cumsum(tokens.tokens))[:-1]


def finite_output(lm: RNNLM, doc: Doc, place: object) -> LMOutput:
    """RETURNS (LMOutput): What `lm` annotated, log-probabilities among it.

    place (object): Where the document comes from, for the message.
    RAISES (ValueError): If its surprisal isn't finite.
    """
    output = get_output(doc, lm.name)
    assert output is not None  # it was computed just now
    total = output.surprisal_of(0, len(doc))
    if total is None or not math.isfinite(total + (output.end_log_prob or 0.0)):
        raise ValueError(Errors.R515.format(place=place, name=lm.name))
    return output


def measure_of(lm: RNNLM, output: LMOutput, measure: str) -> np.ma.MaskedArray:
    """RETURNS (MaskedArray): (n,), a number for each token; masked where there is none, as the rank
        of an unknown word, and where white space isn't read.
    RAISES (ValueError): If it wasn't computed.
    """
    values = getattr(output, measure, None)
    if values is None:
        raise ValueError(Errors.R514.format(name=lm.name, measure=measure))
    missing = ~output.read
    none = NETWORK_MEASURES[measure].missing
    if none is not None:
        missing |= values == none
    return np.ma.masked_array(values, missing)


def scores_of_text(doc: Doc, output: LMOutput) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Those of NUMBERS that don't depend on which words are known.

    doc (Doc): The document.
    output (LMOutput): What a component kept of it, log-probabilities among it.
    """
    surprisal, perplexity = output.surprisal_of(0, len(doc)), output.perplexity
    assert surprisal is not None and perplexity is not None and output.end_log_prob is not None
    return {
        "tokens": output.count_read(0, len(doc)),
        "characters": len(doc.text),
        "surprisal": surprisal,
        "end_surprisal": (0.0 - output.end_log_prob) / _LN2,
        "perplexity": perplexity if math.isfinite(perplexity) else None,  # JSON has no infinity
        "surprisal_unk": _bits_or(surprisal, output.closed_log_probs),
        "spelling": _bits_or(0.0, output.spelling),
    }


def known_surprisal(output: LMOutput, unknown: np.ndarray) -> float | None:
    """RETURNS (Optional[float]): The sum of the surprisals of known words, in bits; None if there
        is none.

    output (LMOutput): What a component kept of a document, log-probabilities among it.
    unknown (ndarray): bool (n,), which tokens are unknown.
    """
    known = output.read & ~unknown
    assert output.log_probs is not None
    return _sum_in_bits(output.log_probs[known]) if known.any() else None


def _bits_or(without: float, log_probs: np.ndarray | None) -> float:
    """RETURNS (float): The bits of log-probabilities; `without` where there is no speller."""
    return without if log_probs is None else _sum_in_bits(log_probs)


def _sum_in_bits(log_probs: np.ndarray) -> float:
    # 0.0 - x: the surprisal of no token is 0.0, not -0.0
    return (0.0 - float(log_probs.sum(dtype=np.float64))) / _LN2


def document_scores(
    lm: RNNLM, doc: Doc, output: LMOutput, unknown: np.ndarray, measures: Sequence[str]
) -> dict[str, Any]:
    """Sum up a document: sums in bits, the perplexity, and means of the measures.

    lm (RNNLM): The component that annotated it.
    doc (Doc): The document.
    output (LMOutput): See `finite_output`.
    unknown (ndarray): See `unknown_tokens`.
    measures (Sequence[str]): Some of MEASURES.
    RETURNS (Dict[str, Any]): NUMBERS and a mean for each measure, over the tokens that have it;
        None if none has. The perplexity is None where it is beyond all numbers, as that of a
        spelled word of 5,000 letters. Bits per character are None if an unknown word isn't spelled:
        without a speller, and for the text `<unk>`. The sum over known words is None without one.
    RAISES (ValueError): If a measure wasn't computed.
    """
    of_text = scores_of_text(doc, output)
    characters = of_text["characters"]
    # an unknown word's probability is that of its characters only if it was spelled
    vocabulary = lm.vocabulary
    spelled = not unknown.any()
    if lm.spells and not spelled:
        spelled = not vocabulary.missing(vocabulary.forms_of([doc]).keys).any()
    bits = of_text["surprisal"] + of_text["end_surprisal"]
    per_char = bits / characters if characters and spelled else None
    values = {**of_text, "unknown": int(unknown.sum()), "bits_per_char": per_char}
    values["surprisal_known"] = known_surprisal(output, unknown)
    scores: dict[str, Any] = {name: values[name] for name in NUMBERS}
    for measure in measures:
        array = measure_of(lm, output, measure).compressed()
        mean = float(array.mean(dtype=np.float64)) if len(array) else None
        scores[MEAN_NAME.format(measure)] = mean
    return scores
