"""The part of a corpus that one of several processes reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from spacy.language import Language
from spacy.training import Example

Reader = Callable[[Language], Iterable[Example]]


def take_shard(reader: Reader, rank: int, count: int) -> Reader:
    """RETURNS (Callable): A reader of every `count`-th document, from number `rank` on.

    reader (Callable[[Language], Iterable[Example]]): Reads the whole corpus. If it has a method
        `shard(rank, count)`, that makes the new one: readers of this package leave out the other
        documents before they tokenize them. Of any other one the examples are counted off.
    rank (int): The number of this process.
    count (int): How many there are.
    """
    if count == 1:
        return reader
    shard: Any = getattr(reader, "shard", None)
    if shard is not None:
        return shard(rank, count)

    def read(nlp: Language) -> Iterator[Example]:
        return islice(iter(reader(nlp)), rank, None, count)

    return read
