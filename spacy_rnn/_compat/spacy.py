"""Names of spaCy's Docs that its documentation doesn't promise."""

from __future__ import annotations

from typing import Any

from spacy.tokens import Doc


def array_attributes(doc: Doc) -> Any:
    """RETURNS (Sequence[int]): The attributes that `Span.as_doc` copies, so that one array serves
    all spans. Where spaCy doesn't say which, None: `as_doc` then makes its own each time."""
    attributes = getattr(doc, "_get_array_attrs", None)
    return None if attributes is None else attributes()
