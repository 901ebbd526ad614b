"""Where the regions of items are in their texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from ...errors import Errors, shorten
from ..rows.row_places import Row
from .item_options import ItemOptions

# Letters and digits of scripts with spaces between words: Thai, Lao, Tibetan, Burmese,
# Khmer, Chinese and Japanese have none.
_IN_WORD = re.compile(
    r"[^\W_\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\uabff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class Region(NamedTuple):
    """A part of a text that gets numbers of its own.

    row (int): Whose number these are: a row of the group, counted from 0 in the order of the table.
    start, end (int): Its first character and the one after its last. Equal: it is empty.
    number (Optional[int]): Which region of the text it is, from 1, where delimiters divide it.
    """

    row: int
    start: int
    end: int
    number: int | None = None


class ItemText(NamedTuple):
    """A text and its regions, in their order in it.

    text (str): The text.
    regions (List[Region]): Each has a record.
    """

    text: str
    regions: list[Region]


def join_words(rows: Sequence[tuple[int, Row]], options: ItemOptions) -> ItemText:
    """One text of the rows of a group, a word each.

    rows (Sequence[Tuple[int, Row]]): The rows in the order of reading, and their numbers in the
        group. A row without text has an empty region.
    options (ItemOptions): Name the column and what stands between words.
    RAISES (ValueError): If a row's text is no string.
    """
    pieces: list[str] = []
    regions = []
    length = 0
    for number, row in rows:
        word = row.text(options.text_column).strip()
        if word and length:
            pieces.append(options.joint)
            length += len(options.joint)
        pieces.append(word)
        regions.append(Region(number, length, length + len(word)))
        length += len(word)
    return ItemText("".join(pieces), regions)


def find_regions(number: int, row: Row, options: ItemOptions) -> ItemText:
    """The text of a row, and its regions: the one that the row names, those between delimiters, or
    the whole.

    number (int): The row's number in its group.
    row (Row): The row.
    options (ItemOptions): Say how regions are given.
    RAISES (ValueError): If the region isn't in the text, or there is no telling which part of it.
    """
    text = row.text(options.text_column)
    if options.delimiter is not None:
        return _divide_at_delimiters(number, text, options)
    start, end = 0, len(text)
    if options.region is not None:
        start, end = _find_named(row, text, options)
    elif options.start is not None and options.end is not None:
        start, end = _read_offsets(row, text, options.start, options.end)
    return ItemText(text, [Region(number, start, end)])


def _divide_at_delimiters(number: int, text: str, options: ItemOptions) -> ItemText:
    """A delimiter, with the white space around it, becomes one space if there is any white space,
    and nothing otherwise; or what words are joined by."""
    parts = text.split(options.delimiter)
    pieces: list[str] = []
    regions: list[Region] = []
    length = 0
    spaced = False
    for place, part in enumerate(parts):
        content = part.strip()
        spaced = spaced or part[:1].isspace()
        if content and length:
            joint = (" " if spaced else "") if options.join is None else options.join
            pieces.append(joint)
            length += len(joint)
        pieces.append(content)
        regions.append(Region(number, length, length + len(content), place + 1))
        length += len(content)
        spaced = part[-1:].isspace() if content else spaced or bool(part)
    return ItemText("".join(pieces), regions)


def _find_named(row: Row, text: str, options: ItemOptions) -> tuple[int, int]:
    assert options.region is not None
    if _has_nothing(row, options.region):
        return 0, 0
    region = row.text(options.region).strip()
    which = _occurrence_of(row, options)
    found = find_all(text, region)
    place = row.place.at(options.region)
    shown = {"place": place, "region": shorten(region), "text": shorten(text)}
    if not found:
        raise ValueError(Errors.R719.format(**shown))
    if which is None:
        if len(found) > 1:
            raise ValueError(Errors.R720.format(count=len(found), **shown))
        which = 1
    if not 1 <= which <= len(found):
        raise ValueError(Errors.R721.format(number=which, count=len(found), **shown))
    return found[which - 1], found[which - 1] + len(region)


def _has_nothing(row: Row, column: str) -> bool:
    """RETURNS (bool): Whether there is nothing in a cell, or what Parquet has for nothing."""
    value = row.values.get(column)
    missing = value is None or (isinstance(value, float) and value != value)
    return missing or (isinstance(value, str) and not value.strip())


def _occurrence_of(row: Row, options: ItemOptions) -> int | None:
    column = options.occurrence_column
    if column is None:
        return None if options.occurrence is None else int(options.occurrence)
    return None if _has_nothing(row, column) else row.number_of(column)


def find_all(text: str, part: str) -> list[int]:
    """RETURNS (List[int]): Where a part begins in a text, overlapping places too. One that begins
    or ends within a word, as "he" in "the", counts only if there is no other.

    text, part (str): Taken as they are: no pattern.
    """
    places = []
    place = text.find(part)
    while place >= 0:
        places.append(place)
        place = text.find(part, place + 1)
    whole = [p for p in places if not (_is_within(text, p) or _is_within(text, p + len(part)))]
    return whole or places


def _is_within(text: str, place: int) -> bool:
    if not 0 < place < len(text):
        return False
    if _is_mark(text[place]):
        return True
    before = place - 1
    while before and _is_mark(text[before]):
        before -= 1
    return bool(_IN_WORD.match(text[before]) and _IN_WORD.match(text[place]))


def _is_mark(character: str) -> bool:
    """RETURNS (bool): Whether it belongs to the character before it: an accent that is a character
    of its own, or a vowel sign."""
    return unicodedata.category(character) in ("Mn", "Mc", "Me")


def _read_offsets(row: Row, text: str, first: str, last: str) -> tuple[int, int]:
    if _has_nothing(row, first) and _has_nothing(row, last):
        return 0, 0
    start, end = row.number_of(first), row.number_of(last)
    if not 0 <= start < end <= len(text):
        wrong = first if not 0 <= start < len(text) else last
        known = {"place": row.place.at(wrong), "start": start, "end": end}
        raise ValueError(Errors.R722.format(length=len(text), **known))
    return start, end
