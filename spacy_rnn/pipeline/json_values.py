"""Values of `doc._` that come from JSON.

`Doc.to_json(underscore=[…])` writes what an attribute says. `Doc.from_json` sets it, on a Doc that
has no output to compute it from.
"""

from __future__ import annotations

import zlib
from typing import Any

from spacy.attrs import IDX, ORTH
from spacy.tokens import Doc, Span, Token

from ..errors import Errors

# What the tokens were when the values were set.
_CHECKSUM = ("._.", "rnn_json_checksum", None, None)


def keep_json_value(part: Doc | Token | Span, attribute: str, value: Any) -> None:
    """Keep a value with its Doc.

    part (Union[Doc, Token, Span]): What it is a number of.
    attribute (str): The name below `._.`.
    value (Any): The value. None, which a Doc has that no component ran on, isn't kept.
    """
    if value is not None:
        data: dict[Any, Any] = part.doc.user_data
        data[_json_key(part, attribute)] = value
        data[_CHECKSUM] = _checksum_of_tokens(part.doc)


def get_json_value(part: Doc | Token | Span, attribute: str, of_docs: list[str]) -> Any:
    """RETURNS (Any): What was kept; None if the Doc has no such value of any attribute.

    part (Union[Doc, Token, Span]): What it is a number of.
    attribute (str): The name below `._.`.
    of_docs (List[str]): The attributes that `Doc.to_json` writes.
    RAISES (ValueError): If the Doc has values, but not this one, or has been retokenized since.
    """
    data: dict[Any, Any] = part.doc.user_data
    key = _json_key(part, attribute)
    if key not in data:
        if any(("._.", name, None, None) in data for name in of_docs):
            raise ValueError(Errors.R340.format(kind=type(part).__name__.lower(), name=attribute))
        return None
    # there is no checksum where the value was set before our attributes were registered
    if data.get(_CHECKSUM, _checksum_of_tokens(part.doc)) != _checksum_of_tokens(part.doc):
        raise ValueError(Errors.R341)
    value = data[key]
    return _as_pairs(part, value) if attribute == "rnn_next" else value


def _as_pairs(part: Doc | Token | Span, value: Any) -> Any:
    """JSON has lists where there were tuples."""
    if isinstance(part, Doc):
        return [[tuple(pair) for pair in row] for row in value]
    return [tuple(pair) for pair in value]


def _checksum_of_tokens(doc: Doc) -> int:
    return zlib.crc32(doc.to_array([IDX, ORTH]).tobytes())


def _json_key(part: Doc | Token | Span, attribute: str) -> Any:
    """The key that spaCy would use."""
    if isinstance(part, Span):
        return ("._.", attribute, part.start_char, part.end_char)
    return ("._.", attribute, part.idx if isinstance(part, Token) else None, None)
