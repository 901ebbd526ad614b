"""Rows that are scored together: one by one, or the adjacent rows of a group."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...errors import Errors, counted
from ..rows.row_places import Row
from .item_options import ItemOptions
from .regions import ItemText, find_regions, join_words

# Told about an error, the first row that it takes away, and how many rows these are.
OnBad = Callable[[ValueError, int, int], None]


@dataclass
class RowGroup:
    """Rows that are scored and written together.

    rows (List[Row]): In the order of the table.
    texts (List[ItemText]): What is read for them, in the order of reading.
    """

    rows: list[Row] = field(default_factory=list)
    texts: list[ItemText] = field(default_factory=list)

    @property
    def characters(self) -> int:
        """RETURNS (int): The length of all texts."""
        return sum(len(text.text) for text in self.texts)


class RowGroups:
    """Divides a table into groups, and leaves out those that can't be scored.

    options (ItemOptions): Say what a group is.
    on_bad (OnBad): Told about what can't be scored; it may raise the error.
    """

    def __init__(self, options: ItemOptions, on_bad: OnBad) -> None:
        self.options = options
        self.on_bad = on_bad
        self._number = 0
        self._groups = _Seen()
        self._returned: int | None = None
        self._orders: dict[float, int] = {}
        self._ids = _Seen()
        self._gap = False

    def leave_out(self, error: ValueError) -> None:
        """What the reader calls at a row that it can't read: it may have belonged to the group
        before or to the one after it.

        error (ValueError): What is wrong with it.
        """
        self._gap = True
        self._number += 1
        self.on_bad(error, self._number, 1)

    def divide(self, rows: Iterable[Row]) -> Iterator[RowGroup]:
        """YIELDS (RowGroup): The groups, in the order of the table.

        rows (Iterable[Row]): The rows; what is wrong with others is told to `leave_out`.
        """
        options = self.options
        current: list[Row] = []
        key: Any = None
        error: ValueError | None = None
        for row in rows:
            self._number = row.number
            gap, self._gap = self._gap, False
            wrong = self._check_id(row)
            own = tuple(_cell_key(row.values.get(name)) for name in options.group)
            new = not current or not options.group or own != key
            if not options.together:
                if options.group:
                    found = self._check_group(row, own, own != key)
                    wrong = wrong or found
                    key = own
                yield from self._make([row], wrong)
                continue
            if new:
                error = error or self._gap_error(current, gap)
                yield from self._make(current, error)
                current, key, error = [], own, None
            found = self._check_group(row, own, new)  # called for bad rows too: it keeps count
            error = error or self._gap_error([row], gap) or wrong or found
            current.append(row)
        if options.together:
            yield from self._make(current, error or self._gap_error(current, self._gap))

    def _gap_error(self, rows: list[Row], gap: bool) -> ValueError | None:
        if not gap or not rows:
            return None
        names = ", ".join(self.options.group)
        return ValueError(Errors.R723.format(place=rows[0].place, names=names))

    def _check_id(self, row: Row) -> ValueError | None:
        name = self.options.id
        if name is None:
            return None
        before = self._ids.add(_cell_key(row.values.get(name)), row.number)
        if before is None:
            return None
        known = {"place": row.place.at(name), "value": row.values.get(name), "row": before}
        return ValueError(Errors.R724.format(**known))

    def _check_group(self, row: Row, key: tuple[Any, ...], new: bool) -> ValueError | None:
        """A group that was there before, or a place in it that was."""
        names = ", ".join(self.options.group)
        if new:
            self._orders = {}
            self._returned = self._groups.add(key, row.number)
        if self._returned is not None:
            known = {"place": row.place.at(names), "value": _show(key), "row": self._returned}
            return ValueError(Errors.R725.format(**known))
        order = self.options.order
        if order is None:
            return None
        try:
            number = _order_of(row, order)
        except ValueError as error:
            return error
        before = self._orders.setdefault(number, row.number)
        if before == row.number:
            return None
        known = {"place": row.place.at(order), "value": row.values.get(order), "row": before}
        return ValueError(Errors.R726.format(group=_show(key), **known))

    def _make(self, rows: list[Row], error: ValueError | None) -> Iterator[RowGroup]:
        if not rows:
            return
        texts = []
        if error is None:
            try:
                texts = self._read(rows)
            except ValueError as found:
                error = found
        if error is None:
            yield RowGroup(rows, texts)
        else:
            self.on_bad(in_group(error, rows), rows[0].number, len(rows))

    def _read(self, rows: list[Row]) -> list[ItemText]:
        numbered = list(enumerate(rows))
        order = self.options.order
        if order is not None and self.options.together:
            numbered.sort(key=lambda pair: _order_of(pair[1], order))
        if self.options.rows == "words":
            return [join_words(numbered, self.options)]
        return [find_regions(number, row, self.options) for number, row in numbered]


def in_group(error: ValueError, rows: list[Row]) -> ValueError:
    """RETURNS (ValueError): The error, with what else it takes away.

    error (ValueError): What is wrong with one of the rows.
    rows (List[Row]): Those that can't be scored without it.
    """
    if len(rows) < 2:
        return error
    return ValueError(Errors.R727.format(error=error, rows=counted(len(rows), "row")))


class _Seen:
    """Where values came first. Their hashes are kept: 64 bits, of which two of a million values are
    equal once in 40 million tables."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}

    def add(self, key: Hashable, row: int) -> int | None:
        """RETURNS (Optional[int]): The row that had it before."""
        first = self._first.setdefault(hash(key), row)
        return None if first == row else first


def _cell_key(value: Any) -> Hashable:
    """Numbers, lists and objects of JSON by their text: -1 and -2 have the same hash."""
    return value if isinstance(value, str) else (repr(value),)


def _show(key: tuple[Any, ...]) -> str:
    return ", ".join(str(part if isinstance(part, str) else part[0]) for part in key)


def _order_of(row: Row, column: str) -> float:
    value = row.values.get(column)
    try:
        if isinstance(value, bool) or value is None:
            raise ValueError
        number = float(value)
        if number != number:
            raise ValueError
    except (ValueError, TypeError):
        raise ValueError(Errors.R728.format(place=row.place.at(column), value=value)) from None
    return number
