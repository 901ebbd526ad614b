"""Where the labels of points go, so that none covers another."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# Beside the point, then around it, then farther off; in heights of a line.
_AROUND = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_RINGS = (0.35, 0.8, 1.3)
_WIDE, _SLIM = set("mwMW@%…—"), set("iljtfrI1.,;:'|!()[] ")


class Box(NamedTuple):
    """A rectangle, from top to bottom as on a screen."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """RETURNS (bool): Whether the two overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def is_inside(self, other: Box) -> bool:
        """RETURNS (bool): Whether it lies in the other one."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def text_width(text: str, size: float) -> float:
    """RETURNS (float): How wide a text is at most in a usual bold font of that size."""
    return size * sum(map(_character_width, text))


def _character_width(character: str) -> float:
    """In widths of a Chinese character."""
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF" or character in _WIDE:
        return 1.05
    if character in _SLIM:
        return 0.42
    return 0.82 if character.isupper() else 0.72


def label_places(
    points: np.ndarray, widths: Sequence[float], size: float, area: Box
) -> list[Box | None]:
    """Put a label beside each point; the first ones choose first.

    points (ndarray): float64 (n, 2), x to the right and y downwards.
    widths (Sequence[float]): How wide each label is.
    size (float): How high a line is.
    area (Box): Where labels may lie.
    RETURNS (List[Optional[Box]]): A place for each label that meets no other label and no point;
        None where there is no room.
    """
    dots = [Box(x - 4, y - 4, x + 4, y + 4) for x, y in points.tolist()]
    placed: list[Box] = []
    found: list[Box | None] = []
    for (x, y), width in zip(points.tolist(), widths, strict=True):
        box = next(
            (
                box
                for box in _candidates(x, y, width, size)
                if box.is_inside(area) and not any(map(box.meets, dots + placed))
            ),
            None,
        )
        found.append(box)
        if box is not None:
            placed.append(box)
    return found


def _candidates(x: float, y: float, width: float, size: float) -> list[Box]:
    height = 1.15 * size
    boxes = []
    for ring in _RINGS:
        for right, down in _AROUND:
            middle_x = x + right * (width / 2 + ring * size)
            middle_y = y + down * (height / 2 + ring * size)
            boxes.append(
                Box(
                    middle_x - width / 2,
                    middle_y - height / 2,
                    middle_x + width / 2,
                    middle_y + height / 2,
                )
            )
    return boxes
