"""The table of measures: every column that tokens have, and how it adds up over several of them.

One more measure is a function and an entry here. What the network has to compute has its entry in
`network/measures.py`, and comes here by itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import Errors
from ..network.measures import NETWORK_MEASURES, NetworkMeasure
from . import surprisal_measures as by_surprisal
from . import text_measures as by_text
from .adding_up import Measure
from .token_numbers import TokenNumbers


def _from_network(measure: NetworkMeasure) -> Measure:
    return Measure(
        measure.name,
        title=measure.title,
        formula=measure.formula,
        of_tokens=lambda numbers: numbers.kept(measure.name),
        unit=measure.unit,
        dtype=measure.dtype,
        adds=measure.adds,
        at_end=lambda numbers: getattr(numbers.output, measure.end_name),
        annotations=(measure.name,),
        if_skipped="missing",
        missing=measure.missing,
        cost=measure.cost,
    )


def _zero(numbers: TokenNumbers) -> float:
    return 0.0


_TEXT = (
    Measure(
        "i",
        title="number",
        formula="place of the token in the document, from 0",
        dtype="int32",
        adds="first",
        of_tokens=by_text.token_indices,
    ),
    Measure(
        "token",
        title="text",
        formula="the token's text",
        dtype="str",
        adds="text",
        of_tokens=by_text.token_texts,
        of_span=by_text.text_of_span,
    ),
    Measure(
        "start",
        title="where it begins",
        formula="characters of the document before it",
        unit="characters",
        dtype="int32",
        adds="first",
        of_tokens=by_text.start_offsets,
    ),
    Measure(
        "end",
        title="where it ends",
        formula="start + length",
        unit="characters",
        dtype="int32",
        adds="last",
        of_tokens=by_text.end_offsets,
    ),
    Measure(
        "whitespace_",
        title="white space",
        formula="a space, if one follows that the token carries",
        dtype="str",
        adds="last",
        of_tokens=by_text.white_space_after,
    ),
    Measure(
        "length",
        title="length",
        formula="characters of its text",
        unit="characters",
        dtype="int32",
        adds="text",
        of_tokens=by_text.token_lengths,
        of_span=by_text.length_of_span,
    ),
    Measure(
        "tokens",
        title="tokens",
        formula="1; 0 for white space that isn't read",
        unit="tokens",
        dtype="int32",
        of_tokens=by_text.read_tokens,
    ),
    Measure(
        "known",
        title="known",
        formula="whether the vocabulary has it",
        dtype="bool",
        adds="all",
        of_tokens=by_text.known_flags,
        annotations=("log_probs",),
        if_skipped="missing",
    ),
    Measure(
        "unknown",
        title="unknown",
        formula="whether the vocabulary lacks it; white space that isn't read is not unknown",
        dtype="bool",
        adds="count",
        of_tokens=by_text.unknown_flags,
        annotations=("log_probs",),
    ),
)

_SURPRISAL = (
    Measure(
        "log_prob",
        title="log-probability",
        formula="ln p(w_i | w_1 … w_{i−1})",
        unit="nats",
        of_tokens=by_surprisal.log_probs,
        at_end=by_surprisal.end_log_prob,
        annotations=("log_probs",),
    ),
    Measure(
        "surprisal",
        title="surprisal (Hale 2001, Levy 2008)",
        formula="−log2 p(w_i | w_1 … w_{i−1}); of a word that is spelled, its spelling included",
        unit="bits",
        of_tokens=by_surprisal.surprisal,
        at_end=by_surprisal.end_surprisal,
        annotations=("log_probs",),
    ),
    Measure(
        "spelling",
        title="surprisal of the spelling",
        formula="−log2 p(spelling) of an unknown word, 0 for known ones and without a speller",
        unit="bits",
        of_tokens=by_surprisal.spelling,
        at_end=_zero,
        annotations=("log_probs",),
    ),
    Measure(
        "surprisal_unk",
        title="surprisal without the spelling",
        formula="`surprisal` − `spelling`: of an unknown word −log2 p(`<unk>` | w_1 … w_{i−1})",
        unit="bits",
        of_tokens=by_surprisal.surprisal_unk,
        at_end=by_surprisal.end_surprisal,
        annotations=("log_probs",),
    ),
    Measure(
        "surprisal_known",
        title="surprisal of known words",
        formula="`surprisal` of a known word; an unknown one has none",
        unit="bits",
        adds="some",
        of_tokens=by_surprisal.surprisal_known,
        at_end=by_surprisal.end_surprisal,
        annotations=("log_probs",),
    ),
    Measure(
        "unigram_surprisal",
        title="unigram surprisal",
        formula="−log2 ((count + ½) / Σ (counts + ½)) in the training text; an unknown word has "
        "the count of all unknown words, and where words are spelled `spelling` is added",
        unit="bits",
        of_tokens=by_text.unigram_surprisal,
        at_end=by_text.end_unigram_surprisal,
        annotations=("log_probs",),
        needs_vocabulary=True,
        if_skipped="missing",
    ),
)

_REDUCTIONS = (
    Measure(
        "entropy_reduction",
        title="entropy reduction (Hale 2006)",
        formula="max(0, H before it − H after it), with the entropy H of the next word; after the "
        "last token, that with which `</s>` is predicted",
        unit="bits",
        adds="own",
        of_tokens=by_surprisal.entropy_reduction,
        of_span=by_surprisal.entropy_reduction_of_span,
        annotations=("entropy",),
        if_skipped="missing",
        cost="the whole softmax",
    ),
    Measure(
        "entropy_reduction_lagged",
        title="entropy reduction, one token later (van Schijndel & Linzen 2018)",
        formula="max(0, H before the token before it − H before it); 0 for the first token",
        unit="bits",
        adds="own",
        of_tokens=by_surprisal.entropy_reduction_lagged,
        of_span=by_surprisal.lagged_reduction_of_span,
        at_end=by_surprisal.end_entropy_reduction_lagged,
        annotations=("entropy",),
        if_skipped="missing",
        cost="the whole softmax",
    ),
)

_ALL = (*_TEXT, *_SURPRISAL, *map(_from_network, NETWORK_MEASURES.values()), *_REDUCTIONS)
MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}


def check_measures(names: Iterable[str]) -> list[str]:
    """RETURNS (List[str]): The names, each once.
    RAISES (ValueError): For a name that isn't in MEASURES.
    """
    checked = list(dict.fromkeys(names))
    for name in checked:
        if name not in MEASURES:
            raise ValueError(Errors.R700.format(name=name, known=", ".join(MEASURES)))
    return checked


def annotations_for(names: Iterable[str]) -> tuple[str, ...]:
    """RETURNS (Tuple[str]): The annotations that a component has to keep for some columns.

    names (Iterable[str]): Of MEASURES.
    RAISES (ValueError): For a name that isn't in MEASURES.
    """
    needed = (MEASURES[name].annotations for name in check_measures(names))
    return tuple(dict.fromkeys(annotation for each in needed for annotation in each))
