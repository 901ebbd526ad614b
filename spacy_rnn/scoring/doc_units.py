"""What several tokens of a Doc make together: words between white space, and spans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from spacy.tokens import Doc

from ..errors import Errors


class Unit(NamedTuple):
    """Tokens start … end − 1 of a Doc.

    previous (Optional[int]): The token with which the unit that was read before begins, in the
        order of reading; None if there is none.
    label (str): Of a span; empty if it has none.
    """

    start: int
    end: int
    previous: int | None = None
    label: str = ""


def words_in(doc: Doc, reverse: bool = False) -> list[Unit]:
    """RETURNS (List[Unit]): The words between white space. Tokens of white space end a word and
    belong to none.

    doc (Doc): The document.
    reverse (bool): Whether it was read from right to left.
    """
    return _with_previous(list(_find_words(doc)), reverse)


def _find_words(doc: Doc) -> Iterator[Unit]:
    start = None
    for token in doc:
        if token.text.isspace():  # a Vocab without a language knows no `is_space`
            if start is not None:
                yield Unit(start, token.i)
            start = None
            continue
        if start is None:
            start = token.i
        if token.whitespace_:
            yield Unit(start, token.i + 1)
            start = None
    if start is not None:
        yield Unit(start, len(doc))


def spans_in(doc: Doc, spans: str | None, reverse: bool = False) -> list[Unit]:
    """RETURNS (List[Unit]): The spans of a kind, in their order.

    doc (Doc): The document.
    spans (Optional[str]): "sents", which is the default, "ents", or a key of `doc.spans`.
    reverse (bool): Whether it was read from right to left.
    RAISES (ValueError): If the Doc has no such spans.
    """
    if spans in (None, "sents"):
        if len(doc) and not doc.has_annotation("SENT_START"):
            raise ValueError(Errors.R703)
        units = [Unit(sent.start, sent.end, label=sent.label_) for sent in doc.sents]
        return _with_previous(units, reverse)
    if spans == "ents":
        found: Iterable = doc.ents
    elif spans in doc.spans:
        found = doc.spans[spans]
    else:
        keys = ", ".join(map(repr, doc.spans)) or "none"
        raise ValueError(Errors.R704.format(key=spans, keys=keys))
    return [Unit(span.start, span.end, label=span.label_) for span in found]


def _with_previous(units: list[Unit], reverse: bool) -> list[Unit]:
    """Where units follow each other."""
    if reverse:
        firsts = [*(unit.end - 1 for unit in units[1:]), None]
    else:
        firsts = [None, *(unit.start for unit in units[:-1])]
    pairs = zip(units, firsts, strict=False)  # of no units there is no first one
    return [unit._replace(previous=first) for unit, first in pairs]
