"""The numbers of regions: measures over their tokens, and over the units before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc

from ...pipeline.doc_measures import DocMeasures
from ...pipeline.measure_table import MEASURES
from .cutting import TokenSpan, token_bounds, tokens_between, without_punctuation
from .item_options import CUT, REGION, REGION_TEXT, ROW, ItemOptions
from .regions import ItemText, Region
from .row_groups import RowGroup

_WORD = re.compile(r"\S+")


def text_records(
    group: RowGroup,
    text: ItemText,
    doc: Doc,
    spans: Sequence[TokenSpan],
    measured: DocMeasures,
    options: ItemOptions,
) -> list[tuple[Region, dict[str, Any]]]:
    """The records of a text's regions: the cells of their rows, and the numbers.

    group (RowGroup): Whose rows these are.
    text (ItemText): The text.
    doc (Doc): Its tokens.
    spans (Sequence[TokenSpan]): Those of each region.
    measured (DocMeasures): The measures of all tokens.
    options (ItemOptions): Say which.
    RETURNS (List[Tuple[Region, Dict]]): One for each region, in the order of the text.
    """
    spans = [without_punctuation(doc, span) for span in spans] if options.bare else list(spans)
    names = options.measures()
    made = []
    before = _units_before(text, doc, spans, options)
    after: list[TokenSpan | None] = [None] * len(spans)
    if measured.output.reverse:
        after = _units_after(text, doc, spans, options)
    for region, span, earlier, later in zip(text.regions, spans, before, after, strict=True):
        row = group.rows[region.row]
        record: dict[str, Any] = dict(row.values)
        record[options.named(ROW)] = row.number
        if options.delimiter is not None:
            record[options.named(REGION)] = region.number
            record[options.named(REGION_TEXT)] = text.text[region.start : region.end]
        units = [later, span, *earlier]
        step = -1 if measured.output.reverse else 1  # to the unit that was read before
        for column, measure, lag in names:
            unit, previous = units[lag + 1], units[lag + 1 + step]
            record[column] = _value_of(measured, measure, unit, previous)
        if options.cut != "error":
            record[options.named(CUT)] = span.cut
        made.append((region, record))
    return made


def _value_of(
    measured: DocMeasures, name: str, span: TokenSpan | None, previous: TokenSpan | None
) -> Any:
    """RETURNS (Any): The measure of a unit; None if there is no unit, or no token in it to measure:
    a sum over nothing would look like a word that is certain."""
    if span is None or span.start >= span.end:
        return 0 if span is not None and name in ("tokens", "length") else None
    if MEASURES[name].annotations and not measured.output.read[span.start : span.end].any():
        return None  # white space that isn't read has a text, but no numbers
    first = None
    if previous is not None and previous.start < previous.end:
        first = previous.end - 1 if measured.output.reverse else previous.start
    return measured.over(name, span.start, span.end, previous=first)


def _units_before(
    text: ItemText, doc: Doc, spans: Sequence[TokenSpan], options: ItemOptions
) -> list[list[TokenSpan | None]]:
    """RETURNS (List[List[Optional[TokenSpan]]]): For each region the units before it, the nearest
    first, None where there is none. One more than there are lags: the entropy before the unit
    before is asked for too."""
    count = options.lags + 1
    found: list[list[TokenSpan]]
    if options.rows == "words" or options.delimiter is not None:
        found = [list(reversed(spans[max(0, i - count) : i])) for i in range(len(spans))]
    else:
        found = [_words_before(text.text, doc, region, count, options) for region in text.regions]
    return [[*units, *[None] * (count - len(units))] for units in found]


def _units_after(
    text: ItemText, doc: Doc, spans: Sequence[TokenSpan], options: ItemOptions
) -> list[TokenSpan | None]:
    """RETURNS (List[Optional[TokenSpan]]): For each region the unit after it, None where there is
    none."""
    if options.rows == "words" or options.delimiter is not None:
        return [*spans[1:], None]
    return [_word_after(text.text, doc, region, options) for region in text.regions]


def _words_before(
    text: str, doc: Doc, region: Region, count: int, options: ItemOptions
) -> list[TokenSpan]:
    """The words before the one in which a region begins. White space ends a word; in a language
    without it, every token is one."""
    bounds = token_bounds(doc)
    if not options.joint:
        first, _ = tokens_between(bounds, region.start, region.end)
        tokens = [i for i in range(first - 1, -1, -1) if not doc[i].is_space]
        return [TokenSpan(i, i + 1) for i in tokens[:count]]
    words = [word.span() for word in _WORD.finditer(text, 0, region.start)]
    if words and words[-1][1] == region.start and text[region.start : region.start + 1].strip():
        words.pop()  # the region begins within it
    found = [TokenSpan(*tokens_between(bounds, *word)) for word in words[-count:][::-1]]
    if options.bare:
        found = [without_punctuation(doc, span) for span in found]
    return found


def _word_after(text: str, doc: Doc, region: Region, options: ItemOptions) -> TokenSpan | None:
    """The word after the one in which a region ends; see `_words_before`."""
    bounds = token_bounds(doc)
    if not options.joint:
        _, last = tokens_between(bounds, region.start, region.end)
        tokens = (i for i in range(last, len(doc)) if not doc[i].is_space)
        return next((TokenSpan(i, i + 1) for i in tokens), None)
    place = region.end
    word = _WORD.search(text, place)
    if word and word.start() == place and text[place - 1 : place].strip():
        word = _WORD.search(text, word.end())  # the region ends within that one
    if word is None:
        return None
    found = TokenSpan(*tokens_between(bounds, *word.span()))
    return without_punctuation(doc, found) if options.bare else found
