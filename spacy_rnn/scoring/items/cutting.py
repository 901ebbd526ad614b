"""Which tokens a region has, and what happens where its edge is within one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc, Token

from ...errors import Errors, shorten
from ..rows.row_places import Row
from .regions import Region

NOT_CUT, INCLUDED, SPLIT = "no", "include", "split"


class TokenSpan(NamedTuple):
    """The tokens of a region.

    start, end (int): The first one and the one after the last.
    cut (str): "no", or what was done because an edge of the region was within a token.
    """

    start: int
    end: int
    cut: str = NOT_CUT


def cut_at_regions(
    doc: Doc, regions: Sequence[Region], rows: Sequence[Row], *, cut: str
) -> list[TokenSpan]:
    """Find the tokens of each region.

    doc (Doc): The text, with the tokens that the language model reads; retokenized for "split".
    regions (Sequence[Region]): The regions.
    rows (Sequence[Row]): Whose they are, for messages.
    cut (str): What happens where an edge is within a token: "error"; "include", the whole token
        belongs to each region that has a part of it; "split", it becomes two.
    RETURNS (List[TokenSpan]): One for each region.
    RAISES (ValueError): For an edge within a token, if that is an error.
    """
    bounds = token_bounds(doc)
    edges = [_edges_within(bounds, region) for region in regions]
    if cut == "error":
        for region, found in zip(regions, edges, strict=True):
            if found:
                row = rows[region.row]
                token = doc[int(np.searchsorted(bounds[1], found[0], side="right"))]
                known = {"place": row.place, "token": shorten(token.text)}
                known["region"] = shorten(doc.text[region.start : region.end])
                raise ValueError(Errors.R729.format(**known))
    elif cut == SPLIT and any(edges):
        split_tokens(doc, sorted({edge for found in edges for edge in found}))
        bounds = token_bounds(doc)
    return [
        TokenSpan(*tokens_between(bounds, region.start, region.end), cut if found else NOT_CUT)
        for region, found in zip(regions, edges, strict=True)
    ]


def token_bounds(doc: Doc) -> tuple[np.ndarray, np.ndarray]:
    """RETURNS (Tuple[ndarray, ndarray]): int64 (n,) each, where tokens begin and where they end."""
    table = doc.to_array([IDX, LENGTH]).astype(np.int64)
    return table[:, 0], table[:, 0] + table[:, 1]


def tokens_between(bounds: tuple[np.ndarray, np.ndarray], start: int, end: int) -> tuple[int, int]:
    """RETURNS (Tuple[int, int]): The first token that has a character of start … end − 1, and the
    one after the last."""
    if start >= end:
        return 0, 0
    first = int(np.searchsorted(bounds[1], start, side="right"))
    last = int(np.searchsorted(bounds[0], end, side="left"))
    return first, max(first, last)


def _edges_within(bounds: tuple[np.ndarray, np.ndarray], region: Region) -> list[int]:
    first, last = tokens_between(bounds, region.start, region.end)
    if first == last:
        return []
    edges = [region.start] if bounds[0][first] < region.start else []
    return edges + [region.end] * bool(bounds[1][last - 1] > region.end)


def split_tokens(doc: Doc, places: Sequence[int]) -> None:
    """Divide tokens.

    doc (Doc): Its tokens; it keeps its text.
    places (Sequence[int]): Characters, sorted, before which a token shall end; each within one.
    """
    ends = token_bounds(doc)[1]
    inner: dict[int, list[int]] = {}
    for place in places:
        inner.setdefault(int(np.searchsorted(ends, place, side="right")), []).append(place)
    with doc.retokenize() as retokenizer:
        for number, found in inner.items():
            token = doc[number]
            cuts = [0, *(place - token.idx for place in found), len(token.text)]
            parts = [token.text[a:b] for a, b in pairwise(cuts)]
            heads: list[tuple[Token, int] | Token] = [(token, part) for part in range(len(parts))]
            retokenizer.split(token, parts, heads=heads)


def without_punctuation(doc: Doc, span: TokenSpan) -> TokenSpan:
    """RETURNS (TokenSpan): The tokens without punctuation, and white space, at their edges.

    doc (Doc): The tokens.
    span (TokenSpan): Some of them.
    """
    start, end = span.start, span.end
    while start < end and (doc[start].is_punct or doc[start].is_space):
        start += 1
    while end > start and (doc[end - 1].is_punct or doc[end - 1].is_space):
        end -= 1
    return span._replace(start=start, end=end)
