"""The scores of a language model on a corpus."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.training import Example
from spacy.util import registry

from ..config_errors import checks_settings
from ..errors import Errors

if TYPE_CHECKING:
    from .counting import Counts
    from .rnn_lm import RNNLM


_LARGEST_LOG = math.log(np.finfo(np.float64).max)


@registry.scorers("spacy-rnn.lm_scorer.v1")
@checks_settings
def make_lm_scorer(prefix: str = "lm") -> Callable[..., dict[str, Any]]:
    """Create the scorer of a component.

    prefix (str): Of the scores' names: `<prefix>_finite_perplexity`. Where a pipeline has several
        language models, give each its own.
    RETURNS (Callable): `score_language_model`.
    """
    return partial(score_language_model, prefix=prefix)


def score_language_model(
    examples: Iterable[Example], *, lm: RNNLM, prefix: str = "lm", **_: Any
) -> dict[str, Any]:
    """Score the predicted Docs of examples.

    lm_perplexity: exp(−mean natural log p) over all tokens and closing `</s>`; `<unk>` is a word.
    lm_perplexity_open: The same with p(`<unk>`) · p(spelling) for unknown words; the text `<unk>`,
        a missing word, has p(`<unk>`). None without a speller if any other token is unknown, or
        where it is beyond all numbers.
    lm_bits_per_char: −Σ log2 p over the characters of the texts, spelling included; a figure for
        this segmentation, an upper bound on the text's. None as well, and if a word is missing:
        the bits are then not those of the characters.
    lm_acc: Share of predictions whose most probable word is right; `<unk>` is never predicted.
    lm_oov: Share of tokens that are `<unk>`.
    lm_prob: 1 / lm_perplexity, the geometric mean of p; higher is better, so it picks the best.
    lm_cache_perplexity, lm_cache_perplexity_open: With a neural cache, the perplexities with it.
    lm_backward_perplexity: With both directions, the perplexity from right to left; the other
        scores are those from left to right.

    examples (Iterable[Example]): The examples.
    lm (RNNLM): The component that predicts.
    prefix (str): What stands in the names for "lm".
    RETURNS (Dict[str, Optional[float]]): The scores; all None where nothing was predicted.
    RAISES (ValueError): If the perplexity is not finite: no comparison and no JSON could hold it.
    """
    docs = [example.predicted for example in examples]
    scores = scores_from_counts(lm.count(docs), lm)
    if len(lm.shim.network.directions) > 1:
        counts, backward = lm.count(docs, direction=1), None
        if counts.predictions:
            backward = _finite_perplexity(counts.log_prob, counts.predictions, lm.name)
        scores["backward_perplexity"] = backward
    return {f"{prefix}_{name}": value for name, value in scores.items()}


def scores_from_counts(counts: Counts, lm: RNNLM) -> dict[str, Any]:
    """RETURNS (Dict[str, Optional[float]]): The scores without a prefix, from sums over any
    number of documents; see `score_language_model`."""
    name = lm.name
    if not counts.predictions:
        names = ["perplexity", "perplexity_open", "bits_per_char", "acc", "oov", "prob"]
        if lm.cache.window:
            names += ["cache_perplexity", *["cache_perplexity_open"][: int(lm.spells)]]
        return dict.fromkeys(names)
    perplexity = _finite_perplexity(counts.log_prob, counts.predictions, name)
    opened, bits = None, None
    if lm.spells or counts.unknown == counts.missing:
        log_prob = counts.log_prob + counts.spelling
        opened = _open_perplexity(log_prob, counts.predictions, name)
        if counts.characters and not counts.missing:
            bits = -log_prob / math.log(2.0) / counts.characters
    scores = {
        "perplexity": perplexity,
        "perplexity_open": opened,
        "bits_per_char": bits,
        "acc": counts.hits / counts.predictions,
        "oov": counts.unknown / counts.tokens if counts.tokens else 0.0,
        "prob": 1 / perplexity,
    }
    if lm.cache.window:
        scores["cache_perplexity"] = _finite_perplexity(
            counts.cache_log_prob, counts.predictions, name
        )
        if lm.spells:
            log_prob = counts.cache_log_prob_open
            opened = _open_perplexity(log_prob, counts.predictions, name)
            scores["cache_perplexity_open"] = opened
    return scores


def _open_perplexity(log_prob: float, predictions: int, name: str) -> float | None:
    """One word can have more letters than a perplexity can hold."""
    if math.isfinite(log_prob) and -log_prob / predictions > _LARGEST_LOG:
        return None
    return _finite_perplexity(log_prob, predictions, name)


def _finite_perplexity(log_prob: float, predictions: int, name: str) -> float:
    with np.errstate(over="ignore"):
        perplexity = float(np.exp(-log_prob / predictions))
    if not math.isfinite(perplexity):
        raise ValueError(Errors.R315.format(name=name, perplexity=perplexity))
    return perplexity
