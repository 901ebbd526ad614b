"""Words with their counts, before they have rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import Errors, shorten
from .normalization import QUOTES, normalize_form


def by_count(entry: tuple[str, int]) -> tuple[int, str]:
    """RETURNS (Tuple[int, str]): The key of falling counts, and of code points among equal ones."""
    return -entry[1], entry[0]


def validated(entries: Iterable[Sequence[Any]]) -> dict[str, int]:
    """RETURNS (Dict[str, int]): The counts of words.

    entries (Iterable[Sequence]): Pairs of a word and its count.
    RAISES (ValueError): For anything else among them, and for a word given twice.
    """
    counts: dict[str, int] = {}
    for entry in entries:
        if not isinstance(entry, list | tuple) or len(entry) != 2:
            raise ValueError(Errors.R005.format(entry=shorten(entry)))
        word, count = entry
        whole = isinstance(count, int | np.integer) and not isinstance(count, bool)
        if not isinstance(word, str) or not word or not whole or not 0 <= count < 2**63:
            raise ValueError(Errors.R005.format(entry=shorten(entry)))
        if word in counts:
            raise ValueError(Errors.R006.format(word=word[:80]))
        counts[word] = int(count)
    return counts


def join_variants(counts: Mapping[str, int], *, skip_space: bool, normalize: str) -> dict[str, int]:
    """Join the words that have one normalized form, and leave out those that are never read.

    counts (Mapping[str, int]): How often each word occurs.
    skip_space (bool): Whether white space isn't read.
    normalize (str): See `normalize_form`.
    RETURNS (Dict[str, int]): The counts under the most frequent of the joined words.
    """
    read = (e for e in counts.items() if not (skip_space and e[0].isspace()))
    if normalize == "none":
        return dict(read)
    groups: dict[str, list[tuple[str, int]]] = {}
    for entry in read:
        groups.setdefault(normalize_form(entry[0], normalize), []).append(entry)
    joined: dict[str, int] = {}
    for form, group in groups.items():
        shown = form if form in QUOTES else min(group, key=by_count)[0]
        joined[shown] = sum(count for _, count in group)
    return joined
