"""The columns of a table and their types, for formats that want to know them beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..formats import to_json_value

# The types of pyarrow, by those of Python.
ARROW_NAMES = {str: "string", int: "int64", float: "float64", bool: "bool_"}
# Whole numbers that are the same as float64, and those that int64 holds.
_EXACT, _LARGEST = 1 << 53, 1 << 63


@dataclass
class ColumnTypes:
    """Columns in order, each with a type: str, int, float or bool; a type of pyarrow, or its name;
    dict for values of several types, which are kept as text of JSON; or object for the same with
    strings as they are.

    kinds (Dict[str, Any]): The types by name.
    """

    kinds: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """RETURNS (List[str]): The columns."""
        return list(self.kinds)

    @classmethod
    def of_names(cls, names: Sequence[str]) -> ColumnTypes:
        """RETURNS (ColumnTypes): Columns of text."""
        return cls(dict.fromkeys(names, str))

    @classmethod
    def of_schema(cls, schema: Any) -> ColumnTypes:
        """RETURNS (ColumnTypes): Those of a schema of pyarrow."""
        return cls(dict(zip(schema.names, schema.types, strict=True)))

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Any]]) -> ColumnTypes:
        """RETURNS (ColumnTypes): All columns that rows have, in the order in which they first come,
        each with the type that holds all of its values."""
        found: dict[str, _ValuesSeen] = {}
        for row in rows:
            for name, value in row.items():
                found.setdefault(name, _ValuesSeen()).add(value)
        return cls({name: seen.kind for name, seen in found.items()})

    @classmethod
    def of_several(cls, tables: Iterable[ColumnTypes]) -> ColumnTypes:
        """RETURNS (ColumnTypes): All columns of several tables, in the order in which they first
        come. Where tables differ, a column has values of several types."""
        kinds: dict[str, Any] = {}
        for table in tables:
            for name, kind in table.kinds.items():
                same = kinds.setdefault(name, kind) == kind
                if not same and to_arrow_type(kinds[name]) != to_arrow_type(kind):
                    kinds[name] = dict
        return cls(kinds)


@dataclass
class _ValuesSeen:
    kinds: set[type] = field(default_factory=set)
    largest: int = 0

    def add(self, value: Any) -> None:
        if value is not None:
            kind = type(value) if type(value) in ARROW_NAMES else dict
            self.kinds.add(kind)
            if kind is int:
                # -2 ** 63 fits, 2 ** 63 doesn't
                self.largest = max(self.largest, value + 1 if value >= 0 else -value)

    @property
    def kind(self) -> type:
        if not self.kinds:
            return str
        if self.kinds == {int, float}:
            return float if self.largest <= _EXACT else dict
        if len(self.kinds) > 1 or self.largest > _LARGEST:
            return dict
        return next(iter(self.kinds))


def to_arrow_type(kind: Any) -> Any:
    """RETURNS (DataType): The type of pyarrow that a column has."""
    import pyarrow

    if isinstance(kind, pyarrow.DataType):
        return kind
    if isinstance(kind, str):
        return getattr(pyarrow, kind)()
    return getattr(pyarrow, ARROW_NAMES.get(kind, "string"))()


def to_typed(value: Any, kind: Any) -> Any:
    """RETURNS (Any): A value as a column of this type holds it."""
    if value is None:
        return None
    if kind is dict or (kind is object and not isinstance(value, str)):
        return json.dumps(to_json_value(value), ensure_ascii=False)
    return float(value) if kind is float else value
