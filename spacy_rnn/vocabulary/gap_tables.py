"""Counts of gaps in sorted arrays, which take a tenth of the memory that a dict of tuples would."""

from __future__ import annotations

import numpy as np

from .spacing import MARK_STATE, STRENGTH

# A gap is one number: 31 bits for its left side, 30 for its right side, 2 for its state.
_LEFT, _RIGHT = 32, 2
_SIDE = (1 << 30) - 1
# New counts are held until there are as many as in the table, and at least so many.
_WAITING = 50_000


def pack_gaps(left: np.ndarray, right: np.ndarray, state: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): int64 (n,), a number for each gap, in the order of left, right, state."""
    return (left.astype(np.int64) << _LEFT) | (right.astype(np.int64) << _RIGHT) | state


def unpack_gaps(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """RETURNS (Tuple[ndarray, ndarray, ndarray]): int64 (n,), left, right and state of gaps."""
    return keys >> _LEFT, (keys >> _RIGHT) & _SIDE, keys & 3


def mark_gaps(keys: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): int64 (n,), gaps whose states say no more than whether a mark is open."""
    return keys & ~(3 ^ MARK_STATE)


class GapTable:
    """How often each gap occurred, and how often with a space.

    Exact up to `max_gaps` different gaps. Beyond, the rarer half, and all gaps as rare as its most
    frequent one, is forgotten again and again (lossy counting, Manku & Motwani 2002).

    max_gaps (int): The most gaps to keep.
    keys, gaps, spaces (ndarray): int64 (n,), what `merge` has brought together, by key.
    """

    def __init__(self, max_gaps: int) -> None:
        self.max_gaps = max_gaps
        self.keys, self.gaps, self.spaces = (np.zeros(0, dtype=np.int64) for _ in range(3))
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._waiting = 0

    def __len__(self) -> int:
        return len(self.keys)

    def add(self, keys: np.ndarray, gaps: np.ndarray, spaces: np.ndarray) -> None:
        """Add counts; a key may come several times."""
        part = _add_up(keys, gaps, spaces)
        self._parts.append(part)
        self._waiting += len(part[0])
        if self._waiting > max(_WAITING, len(self)):
            self.merge()

    def merge(self) -> None:
        """Bring all counts together, and forget what is too much."""
        if not self._parts:
            return
        columns = zip((self.keys, self.gaps, self.spaces), *self._parts, strict=True)
        self.keys, self.gaps, self.spaces = _add_up(*map(np.concatenate, columns))
        self._parts, self._waiting = [], 0
        if len(self) > self.max_gaps:
            threshold = np.sort(self.gaps)[::-1][self.max_gaps // 2]
            self._keep(self.gaps > threshold)

    def refined(
        self, keys: np.ndarray, coarse: np.ndarray, strength: float = STRENGTH
    ) -> np.ndarray:
        """The probabilities of a space at this level; see `refine`.

        keys (ndarray): int64 (n,), the gaps.
        coarse (ndarray): float64 (…, n), their probabilities at the coarser level.
        strength (float): How many gaps these are worth.
        RETURNS (ndarray): float64 (…, n).
        """
        gaps, spaces = np.zeros(len(keys)), np.zeros(len(keys))
        if len(self):
            places = np.minimum(np.searchsorted(self.keys, keys), len(self) - 1)
            found = self.keys[places] == keys
            gaps[found], spaces[found] = self.gaps[places[found]], self.spaces[places[found]]
        return (spaces + strength * coarse) / (gaps + strength)

    def by_mark(self) -> GapTable:
        """RETURNS (GapTable): The sums over what else the states of gaps say."""
        table = GapTable(self.max_gaps)
        table.add(mark_gaps(self.keys), self.gaps, self.spaces)
        table.merge()
        return table

    def deciding(self, coarse: np.ndarray) -> GapTable:
        """RETURNS (GapTable): The gaps whose counts change a decision.

        coarse (ndarray): float64 (cases, n), the probabilities of the table's gaps at the coarser
            level, in all cases that there are.
        """
        table = GapTable(self.max_gaps)
        table.keys, table.gaps, table.spaces = self.keys, self.gaps, self.spaces
        table._keep(((self.refined(self.keys, coarse) > 0.5) != (coarse > 0.5)).any(axis=0))
        return table

    def _keep(self, chosen: np.ndarray) -> None:
        self.keys, self.gaps, self.spaces = (
            column[chosen] for column in (self.keys, self.gaps, self.spaces)
        )


def _add_up(
    keys: np.ndarray, gaps: np.ndarray, spaces: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    unique, places = np.unique(keys, return_inverse=True)
    sums = (np.bincount(places, weights=column, minlength=len(unique)) for column in (gaps, spaces))
    return (unique, *(column.astype(np.int64) for column in sums))  # type: ignore[return-value]
