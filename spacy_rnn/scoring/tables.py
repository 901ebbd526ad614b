"""The kinds of tables that engines send to their workers, without importing any engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import Errors


class TableAdapter(NamedTuple):
    """What is done with a batch of any kind.

    names (Sequence[str]): Its columns.
    read (Callable[[str], Sequence]): The values of one.
    extend (Callable[[Dict[str, ndarray]], Any]): The batch with more columns.
    """

    names: Sequence[str]
    read: Callable[[str], Sequence[Any]]
    extend: Callable[[dict[str, np.ndarray]], Any]


def open_table(batch: Any) -> TableAdapter:
    """RETURNS (TableAdapter): How to read and extend a batch.
    RAISES (TypeError): For a batch of another kind.
    RAISES (ValueError): If a dict has a value that isn't a column, or columns of several lengths.
    """
    # by what they can do: neither pandas nor pyarrow has to be installed
    if isinstance(batch, Mapping):
        _check_columns(batch)
        return TableAdapter(
            list(batch), lambda name: list(batch[name]), lambda new: {**batch, **new}
        )
    if hasattr(batch, "append_column"):
        names = batch.schema.names
        return TableAdapter(
            names, lambda name: batch.column(name).to_pylist(), lambda new: _append(batch, new)
        )
    if hasattr(batch, "assign"):
        return TableAdapter(
            list(batch.columns), lambda name: list(batch[name]), lambda new: batch.assign(**new)
        )
    raise TypeError(Errors.R522.format(type=type(batch).__name__))


def _check_columns(batch: Mapping[str, Any]) -> None:
    first, length = "", -1
    for name, column in batch.items():
        # an array of no dimensions has a length too, which raises
        sized = hasattr(column, "__len__") and getattr(column, "ndim", 1) > 0
        if not sized or isinstance(column, str | bytes):
            raise ValueError(Errors.R527.format(name=name, type=type(column).__name__))
        if length < 0:
            first, length = name, len(column)
        if len(column) != length:
            message = {"name": first, "length": length, "other": name, "others": len(column)}
            raise ValueError(Errors.R529.format(**message))


def _append(table: Any, columns: dict[str, np.ndarray]) -> Any:
    import pyarrow

    for name, values in columns.items():
        # NaN becomes null
        table = table.append_column(name, pyarrow.array(values, from_pandas=True))
    return table
