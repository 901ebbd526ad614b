"""The scores of a language model on a corpus."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.training import Example
from spacy.util import registry

from ..errors import Errors

if TYPE_CHECKING:
    from .rnn_lm import RNNLM


@dataclass
class Counts:
    """Sums over a corpus, from which every score follows.

    log_prob (float): Natural log-probability of all predicted symbols, closing `</s>` included.
    predictions (int): How many symbols were predicted.
    hits (int): How many of them led the list of next words (which never holds `<unk>`).
    tokens, unknown (int): Tokens, and how many are `<unk>`.
    characters (int): Of the documents' texts.
    """

    log_prob: float = 0.0
    predictions: int = 0
    hits: int = 0
    tokens: int = 0
    unknown: int = 0
    characters: int = 0


@registry.scorers("spacy-rnn.lm_scorer.v1")
def make_lm_scorer(prefix: str = "lm") -> Callable[..., dict[str, Any]]:
    """Create the scorer of a component.

    prefix (str): Of the scores' names: `<prefix>_perplexity`. Where a pipeline has several
        language models, give each its own.
    RETURNS (Callable): `score_language_model`.
    """
    return partial(score_language_model, prefix=prefix)


def score_language_model(
    examples: Iterable[Example], *, lm: RNNLM, prefix: str = "lm", **_: Any
) -> dict[str, Any]:
    """Score the predicted Docs of examples.

    lm_perplexity: exp(−mean natural log p) over all tokens and closing `</s>`; `<unk>` is a word.
    lm_bits_per_char: −Σ log2 p over the characters of the texts; a figure for this segmentation,
        an upper bound on the text's. None if any token is `<unk>`: an unknown word has no spelling.
    lm_acc: Share of predictions whose most probable word is right; `<unk>` is never predicted.
    lm_oov: Share of tokens that are `<unk>`.
    lm_prob: 1 / lm_perplexity, the geometric mean of p; higher is better, so it picks the best.
    lm_backward_perplexity: With both directions, the perplexity from right to left; the other
        scores are those from left to right.

    examples (Iterable[Example]): The examples.
    lm (RNNLM): The component that predicts.
    prefix (str): What stands in the names for "lm".
    RETURNS (Dict[str, Optional[float]]): The scores; all None where nothing was predicted.
    RAISES (ValueError): If the perplexity is not finite: no comparison and no JSON could hold it.
    """
    docs = [example.predicted for example in examples]
    scores = _scores(lm.count(docs), lm.name)
    if len(lm.shim.network.directions) > 1:
        scores["backward_perplexity"] = _perplexity(lm.count(docs, direction=1), lm.name)
    return {f"{prefix}_{name}": value for name, value in scores.items()}


def _scores(counts: Counts, name: str) -> dict[str, Any]:
    if not counts.predictions:
        return dict.fromkeys(("perplexity", "bits_per_char", "acc", "oov", "prob"))
    perplexity = _perplexity(counts, name)
    assert perplexity is not None
    bits = None
    if not counts.unknown and counts.characters:
        bits = -counts.log_prob / math.log(2.0) / counts.characters
    return {
        "perplexity": perplexity,
        "bits_per_char": bits,
        "acc": counts.hits / counts.predictions,
        "oov": counts.unknown / counts.tokens if counts.tokens else 0.0,
        "prob": 1 / perplexity,
    }


def _perplexity(counts: Counts, name: str) -> float | None:
    if not counts.predictions:
        return None
    with np.errstate(over="ignore"):
        perplexity = float(np.exp(-counts.log_prob / counts.predictions))
    if not math.isfinite(perplexity):
        raise ValueError(Errors.R315.format(name=name, perplexity=perplexity))
    return perplexity
