"""Scores of whole sentences that make up for their length and for the frequency of their words."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc, Span

from ..errors import Errors
from ..vocabulary import BOUNDARY_ROW, Vocabulary
from ..vocabulary.unigrams import unigram_log_probs
from .extensions import get_output, get_output_of

_LN2 = math.log(2.0)
_PENALTY = 0.8


class SentenceScores(NamedTuple):
    """The measures of Lau, Clark & Lappin (2017, 2020), of n tokens, all that are read, with
    logarithms to base 2. Higher is more acceptable. A closing `</s>`, if it counts, is one more
    token.

    lp (float): log2 p, in bits: minus the surprisal.
    mean_lp (float): LP / n, bits a token.
    pen_lp (float): LP / ((5 + n) / 6)^0.8.
    norm_lp (float): −LP / log2 p_u, with the unigram probability p_u.
    slor (float): (LP − log2 p_u) / n, the syntactic log-odds ratio, bits a token.
    """

    lp: float
    mean_lp: float
    pen_lp: float
    norm_lp: float
    slor: float


def sentence_scores(
    text: Doc | Span, vocabulary: Vocabulary, name: str, *, end: bool = False
) -> SentenceScores | None:
    """The scores of a document or a span that the component has annotated with "log_probs".

    The unigram probability of a word is its share of the training text, half an occurrence added to
    each; an unknown word has that of `<unk>`, and is spelled if there is a speller.

    text (Union[Doc, Span]): Its words before it are the context of a span.
    vocabulary (Vocabulary): Of the component.
    name (str): The component's name.
    end (bool): Whether the closing `</s>` counts.
    RETURNS (Optional[SentenceScores]): None for no tokens that are read.
    RAISES (ValueError): If the component didn't run on the Doc, or didn't keep "log_probs"; if the
        closing `</s>` shall count and a Span isn't the end of its Doc.
    RAISES (TypeError): For anything else than a Doc or a Span.
    """
    if not isinstance(text, Doc | Span):
        raise TypeError(Errors.R335.format(name=name, type=type(text).__name__))
    doc = text.doc
    output = get_output(doc, name) if isinstance(text, Doc) else get_output_of(text, name)
    if output is None:
        raise ValueError(Errors.R332.format(name=name))
    if output.log_probs is None:
        raise ValueError(Errors.R307.format(name=name, annotation="log_probs"))
    first, last = (text.start, text.end) if isinstance(text, Span) else (0, len(doc))
    if end and last != len(doc):
        raise ValueError(Errors.R740.format(name=name))
    # not the whole Doc's: a loop over its sentences must not become quadratic
    tokens = vocabulary.forms_of([doc[first:last]])
    n = len(tokens.keys)
    if not n:
        return None
    unigram = unigram_log_probs(vocabulary, vocabulary.rows_of_keys(tokens.keys))
    if output.spelling is not None:
        spelling = output.spelling[first:last]
        unigram = unigram + (spelling if tokens.read is None else spelling[tokens.read])
    lp = float(output.log_probs[first:last].sum(dtype=np.float64))
    lu = float(unigram.sum())
    if end:
        assert output.end_log_prob is not None  # it comes with "log_probs"
        lp += output.end_log_prob
        lu += float(unigram_log_probs(vocabulary, np.array([BOUNDARY_ROW]))[0])
        n += 1
    lp, lu = lp / _LN2, lu / _LN2
    return SentenceScores(lp, lp / n, lp / ((5 + n) / 6) ** _PENALTY, -lp / lu, (lp - lu) / n)
