"""The attributes below `doc._`, `token._` and `span._`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.attrs import IDX
from spacy.tokens import Doc, Span, Token

from ..errors import Errors
from ..validation import check_type
from .output import LMOutput

if TYPE_CHECKING:
    from numpy import ndarray

# The component whose output the `rnn_*` attributes read.
DEFAULT_NAME = "rnn_lm"
# Up to so many tokens, the offsets of all are compared at every access: a few microseconds.
_SHORT = 256


def register_extensions(name: str = DEFAULT_NAME) -> None:
    """Register `doc._.<name>` and the `rnn_*` attributes, unless somebody did before.

    A component does it when it is made; Docs that are read from a DocBin without a pipeline need
    this call.

    name (str): The component that wrote the output.
    RAISES (ValueError): For the name of one of the attributes.
    """
    check_type("name", name, str, "a string")
    if name in _GETTERS[Doc]:
        raise ValueError(Errors.R334.format(name=name))
    _register(Doc, name, partial(get_output, name=name))
    for kind, getters in _GETTERS.items():
        for attribute, getter in getters.items():
            _register(kind, attribute, getter)


def _register(kind: Any, attribute: str, getter: Any) -> None:
    if kind.has_extension(attribute):
        return
    try:
        kind.set_extension(attribute, getter=getter)
    except ValueError:  # spaCy refuses to set one twice; another thread may have been faster
        if not kind.has_extension(attribute):
            raise


def set_output(doc: Doc, name: str, output: LMOutput) -> None:
    """Keep the output with the Doc, under the key that spaCy would use."""
    doc.user_data[_key(name)] = output


def get_output(doc: Doc, name: str = DEFAULT_NAME) -> LMOutput | None:
    """RETURNS (Optional[LMOutput]): The output of the component `name`; None if it didn't run.
    RAISES (ValueError): If the Doc was retokenized since.
    """
    output = doc.user_data.get(_key(name))
    if output is None:
        return None
    if not isinstance(output, LMOutput):  # from a file that was forged
        raise ValueError(Errors.R330.format(error=type(output).__name__))
    # IDX comes as uint64
    if len(output) != len(doc) or not np.array_equal(output.offsets, doc.to_array(IDX)):
        raise ValueError(Errors.R306.format(name=name))
    return output


def _key(name: str) -> Any:
    return ("._.", name, None, None)


def get_output_of(part: Token | Span, name: str = DEFAULT_NAME) -> LMOutput | None:
    """RETURNS (Optional[LMOutput]): The output for the whole Doc; in a long one checked around this
    part only, so that a loop over all parts doesn't become quadratic.
    RAISES (ValueError): If the Doc was retokenized since.
    """
    doc = part.doc
    output = doc.user_data.get(_key(name))
    if not isinstance(output, LMOutput) or len(doc) <= _SHORT:
        return get_output(doc, name)
    start, end = (part.start, part.end) if isinstance(part, Span) else (part.i, part.i + 1)
    around = doc[max(0, start - 1) : end + 1]
    offsets = [token.idx for token in around]
    if len(output) != len(doc) or offsets != output.offsets[around.start : around.end].tolist():
        raise ValueError(Errors.R306.format(name=name))
    return output


def _kept(value: Any, annotation: str) -> Any:
    if value is None:
        raise ValueError(Errors.R307.format(name=DEFAULT_NAME, annotation=annotation))
    return value


def doc_next(doc: Doc) -> list[list[tuple[str, float]]] | None:
    output = get_output(doc)
    return None if output is None else _kept(output.next, "next")


def doc_surprisal(doc: Doc) -> float | None:
    output = get_output(doc)
    return None if output is None else _kept(output.surprisal_of(0, len(doc)), "log_probs")


def doc_perplexity(doc: Doc) -> float | None:
    output = get_output(doc)
    return None if output is None else _kept(output.perplexity, "log_probs")


def doc_mean_surprisal(doc: Doc) -> float | None:
    total = doc_surprisal(doc)
    return None if total is None else total / max(1, len(doc))


def token_hidden(token: Token) -> ndarray | None:
    output = get_output_of(token)
    return None if output is None else _kept(output.hidden, "hidden")[token.i]


def token_next(token: Token) -> list[tuple[str, float]] | None:
    output = get_output_of(token)
    return None if output is None else _kept(output.next_words, "next").at(token.i + 1)


def token_surprisal(token: Token) -> float | None:
    output = get_output_of(token)
    if output is None:
        return None
    return _kept(output.surprisal_of(token.i, token.i + 1), "log_probs")


def token_entropy(token: Token) -> float | None:
    output = get_output_of(token)
    return None if output is None else float(_kept(output.entropy, "entropy")[token.i])


def token_rank(token: Token) -> int | None:
    output = get_output_of(token)
    rank = -1 if output is None else int(_kept(output.rank, "rank")[token.i])
    return None if rank < 0 else rank


def span_mean_surprisal(span: Span) -> float | None:
    total = span_surprisal(span)
    return None if total is None else total / max(1, len(span))


def span_surprisal(span: Span) -> float | None:
    output = get_output_of(span)
    return None if output is None else _kept(output.surprisal_of(span.start, span.end), "log_probs")


_GETTERS: dict[Any, dict[str, Any]] = {
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
        "rnn_entropy": token_entropy,
        "rnn_rank": token_rank,
    },
    Span: {"rnn_surprisal": span_surprisal, "rnn_mean_surprisal": span_mean_surprisal},
}
