"""Accuracies that others published, to be shown beside one's own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import Errors, shorten
from ..rows.row_places import Row
from ..rows.row_reader import RowReader
from .pair_rows import PARADIGM


class Published(NamedTuple):
    """Published accuracies.

    models (List[str]): The models that they are of.
    shares (Dict[str, Dict[str, Optional[float]]]): By paradigm and model, from 0 to 1; None where
        the table has an empty cell.
    """

    models: list[str]
    shares: dict[str, dict[str, float | None]]

    def share(self, paradigm: str, model: str) -> float | None:
        """RETURNS (Optional[float]): The accuracy of a model on a paradigm, if it is known."""
        return self.shares.get(paradigm, {}).get(model)

    def mean(self, paradigms: list[str], model: str) -> float | None:
        """RETURNS (Optional[float]): The mean over paradigms, if all are known."""
        found = [self.share(name, model) for name in paradigms]
        known = [share for share in found if share is not None]
        return sum(known) / len(known) if known and len(known) == len(found) else None


def read_published(path: Path) -> Published:
    """Read a table with a row for each paradigm.

    path (Path): What `RowReader` reads: a column "paradigm", and one for each model, with shares
        from 0 to 1.
    RETURNS (Published): The table.
    RAISES (ValueError): If it can't be read, or a number is none or not in this range.
    """
    reader = RowReader(path, [PARADIGM])
    models = [name for name in reader.columns if name != PARADIGM]
    shares = {
        str(row.values[PARADIGM]): {name: _read_share(row, name) for name in models}
        for row in reader.read()
    }
    return Published(models, shares)


def _read_share(row: Row, column: str) -> float | None:
    value: Any = row.values.get(column)
    if value in (None, ""):
        return None
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = math.nan
    if not 0 <= share <= 1:
        known = {"place": row.place.at(column), "found": shorten(value)}
        raise ValueError(Errors.R745.format(**known))
    return share
