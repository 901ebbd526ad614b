"""The attributes below `doc._`, `token._` and `span._`."""

from __future__ import annotations

import warnings
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from spacy.attrs import IDX, ORTH
from spacy.tokens import Doc, Span, Token

from ..errors import Errors, Warnings
from ..network.measures import NETWORK_MEASURES
from ..validation import check_type
from .json_values import get_json_value, keep_json_value
from .missing_outputs import explain_missing_output, trace_key
from .output import LMOutput

if TYPE_CHECKING:
    from numpy import ndarray

# The component whose output the `rnn_*` attributes read.
DEFAULT_NAME = "rnn_lm"
# Up to so many tokens, all are compared at every access: some microseconds.
_SHORT = 256
_LOWER_HALF = 0xFFFFFFFF


def register_extensions(name: str = DEFAULT_NAME) -> None:
    """Register `doc._.<name>` and the `rnn_*` attributes. One of these names that somebody else has
    registered becomes ours, with a warning if that changes what it says.

    A component does it when it is made; Docs that are read from a DocBin without a pipeline need
    this call.

    name (str): The component that wrote the output.
    RAISES (ValueError): For the name of one of the attributes.
    """
    check_type("name", name, str, "a string")
    if name in GETTERS[Doc]:
        raise ValueError(Errors.R334.format(name=name))
    for kind, attribute, getter, setter in _extensions_of(name):
        known = kind.get_extension(attribute)
        if known is None or known[2] is not getter:
            _register(kind, attribute, getter, setter)


# Kind, attribute, getter and setter.
_Extension: TypeAlias = tuple[Any, str, partial, "partial | None"]


@cache
def _extensions_of(name: str) -> list[_Extension]:
    """RETURNS (List[Tuple]): What `register_extensions` registers; made once, since a component
    asks at each document."""
    return [(Doc, name, partial(get_output, name=name), None), *_attributes()]


@cache
def _attributes() -> list[_Extension]:
    """RETURNS (List[Tuple]): The `rnn_*` attributes."""
    made: list[_Extension] = []
    for kind, getters in GETTERS.items():
        for attribute in getters:
            names = {"kind": kind.__name__, "attribute": attribute}
            made.append(
                (kind, attribute, partial(_read, **names), partial(_set_from_json, **names))
            )
    return made


def _register(kind: Any, attribute: str, getter: Any, setter: Any = None) -> None:
    if not kind.has_extension(attribute):
        try:
            kind.set_extension(attribute, getter=getter, setter=setter)
        except ValueError:  # spaCy refuses to set one twice; another thread may have been faster
            if not kind.has_extension(attribute):
                raise
        return
    known = kind.get_extension(attribute)
    if _do_the_same(known[2], getter):
        return
    # `default=None` is what Docs from JSON need where nobody knows us; we give their values too
    if any(part is not None for part in known):
        message = Warnings.W310.format(kind=kind.__name__, attribute=attribute)
        warnings.warn(message, stacklevel=4)
    kind.set_extension(attribute, getter=getter, setter=setter, force=True)


def _do_the_same(getter: Any, other: partial) -> bool:
    """Whether both do the same; partials know only whether they are one."""
    if getter is other:
        return True
    if not isinstance(getter, partial):
        return False
    return getter.func is other.func and getter.keywords == other.keywords


def _read(part: Doc | Token | Span, kind: str, attribute: str) -> Any:
    """The getter of all attributes."""
    output = get_output(part) if isinstance(part, Doc) else get_output_of(part)
    if output is None:
        return get_json_value(part, attribute, [*GETTERS[Doc]])
    return GETTERS[_KINDS[kind]][attribute](part, output)


def _set_from_json(part: Doc | Token | Span, value: Any, kind: str, attribute: str) -> None:
    """The setter of all attributes: what `Doc.from_json` calls."""
    if _key(DEFAULT_NAME) in part.doc.user_data:
        raise ValueError(Errors.R342.format(kind=kind.lower(), attribute=attribute))
    keep_json_value(part, attribute, value)


def set_output(doc: Doc, name: str, output: LMOutput) -> None:
    """Keep the output with the Doc, under the key that spaCy would use."""
    doc.user_data[_key(name)] = output
    doc.user_data[trace_key(name)] = True


def get_output(doc: Doc, name: str = DEFAULT_NAME) -> LMOutput | None:
    """RETURNS (Optional[LMOutput]): The output of the component `name`; None if it didn't run.
    RAISES (ValueError): If the Doc has other tokens than it ran on, or was made of Docs that it ran
        on.
    """
    output = doc.user_data.get(_key(name))
    if output is None:
        explain_missing_output(doc, name)
        return None
    if not isinstance(output, LMOutput):  # from a file that was forged
        raise ValueError(Errors.R330.format(error=type(output).__name__))
    if len(output) != len(doc):
        raise ValueError(Errors.R306.format(name=name))
    offsets, word_hashes = token_identities(doc)
    same = np.array_equal(output.offsets, offsets)
    if not (same and _are_equal(output.word_hashes, word_hashes)):
        raise ValueError(Errors.R306.format(name=name))
    return output


def token_identities(doc: Doc) -> tuple[ndarray, ndarray]:
    """RETURNS (Tuple[ndarray, ndarray]): int32 (n,) where each token begins, and uint32 (n,) the
    lower half of the hash of its text: what an `LMOutput` knows its Doc by."""
    identities = doc.to_array([IDX, ORTH])
    return identities[:, 0].astype(np.int32), identities[:, 1].astype(np.uint32)


def _are_equal(known: ndarray | None, found: Any) -> bool:
    """Whether words are the same; true if they aren't known."""
    return known is None or np.array_equal(known, found)


def _key(name: str) -> Any:
    return ("._.", name, None, None)


def get_output_of(part: Token | Span, name: str = DEFAULT_NAME) -> LMOutput | None:
    """RETURNS (Optional[LMOutput]): The output for the whole Doc; in a long one checked around this
    part only, so that a loop over all parts doesn't become quadratic.
    RAISES (ValueError): See `get_output`.
    """
    doc = part.doc
    output = doc.user_data.get(_key(name))
    if not isinstance(output, LMOutput) or len(doc) <= _SHORT:
        return get_output(doc, name)
    start, end = (part.start, part.end) if isinstance(part, Span) else (part.i, part.i + 1)
    around = doc[max(0, start - 1) : end + 1]
    known = slice(around.start, around.end)
    same = len(output) == len(doc) and [t.idx for t in around] == output.offsets[known].tolist()
    if same and output.word_hashes is not None:
        same = [t.orth & _LOWER_HALF for t in around] == output.word_hashes[known].tolist()
    if not same:
        raise ValueError(Errors.R306.format(name=name))
    return output


def _kept(value: Any, annotation: str) -> Any:
    if value is None:
        raise ValueError(Errors.R307.format(name=DEFAULT_NAME, annotation=annotation))
    return value


def doc_next(doc: Doc, output: LMOutput) -> list[list[tuple[str, float]]]:
    """RETURNS (List[List[Tuple[str, float]]]): For each token the most probable next words."""
    return _kept(output.next, "next")


def doc_surprisal(doc: Doc, output: LMOutput) -> float:
    """RETURNS (float): Bits, the sum over its tokens, without the closing `</s>`."""
    return _kept(output.surprisal_of(0, len(doc)), "log_probs")


def doc_perplexity(doc: Doc, output: LMOutput) -> float:
    """RETURNS (float): exp(−(Σ log p + log p(`</s>`)) / (n + 1)) for n tokens that were read."""
    return _kept(output.perplexity, "log_probs")


def doc_mean_surprisal(doc: Doc, output: LMOutput) -> float:
    """RETURNS (float): Bits a token that was read, without the closing `</s>`."""
    return doc_surprisal(doc, output) / max(1, output.count_read(0, len(doc)))


def token_hidden(token: Token, output: LMOutput) -> ndarray:
    """RETURNS (ndarray): float32 (nO,), the last layer's state after reading the token."""
    return _kept(output.hidden, "hidden")[token.i]


def token_next(token: Token, output: LMOutput) -> list[tuple[str, float]]:
    """RETURNS (List[Tuple[str, float]]): The most probable words after it."""
    return _kept(output.next_words, "next").at(token.i + 1)


def token_surprisal(token: Token, output: LMOutput) -> float:
    """RETURNS (float): Bits, −log2 p(token | all tokens before it)."""
    return _kept(output.surprisal_of(token.i, token.i + 1), "log_probs")


def token_measure(measure: str, token: Token, output: LMOutput) -> float | int | None:
    """RETURNS (Union[float, int, None]): The token's number; None if it has none."""
    value = _kept(getattr(output, measure), measure)[token.i].item()
    return None if value == NETWORK_MEASURES[measure].missing else value


def span_measure(measure: str, span: Span, output: LMOutput) -> float | None:
    """RETURNS (Optional[float]): The mean over its tokens that have one."""
    values = _kept(getattr(output, measure), measure)[span.start : span.end]
    there = output.read[span.start : span.end] & (values != NETWORK_MEASURES[measure].missing)
    return float(values[there].mean(dtype=np.float64)) if there.any() else None


def span_surprisal(span: Span, output: LMOutput) -> float:
    """RETURNS (float): Bits, the sum over its tokens."""
    return _kept(output.surprisal_of(span.start, span.end), "log_probs")


def span_mean_surprisal(span: Span, output: LMOutput) -> float:
    """RETURNS (float): Bits a token that was read."""
    return span_surprisal(span, output) / max(1, output.count_read(span.start, span.end))


# What each kind of object has below `._`; the reference of attributes is made from it.
GETTERS: dict[Any, dict[str, Any]] = {
    Doc: {
        "rnn_next": doc_next,
        "rnn_surprisal": doc_surprisal,
        "rnn_mean_surprisal": doc_mean_surprisal,
        "rnn_perplexity": doc_perplexity,
    },
    Token: {
        "rnn_hidden": token_hidden,
        "rnn_next": token_next,
        "rnn_surprisal": token_surprisal,
        **{f"rnn_{name}": partial(token_measure, name) for name in NETWORK_MEASURES},
    },
    Span: {
        "rnn_surprisal": span_surprisal,
        "rnn_mean_surprisal": span_mean_surprisal,
        **{f"rnn_{name}": partial(span_measure, name) for name in NETWORK_MEASURES},
    },
}
_KINDS = {kind.__name__: kind for kind in GETTERS}
