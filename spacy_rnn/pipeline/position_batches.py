"""How many documents are worked on at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from spacy.tokens import Doc

# Positions whose numbers are held at once beside the Docs' own.
_BATCH_POSITIONS = 1 << 17


def by_positions(docs: Iterable[Doc]) -> Iterator[list[Doc]]:
    """Batches of Docs with a bounded number of positions; a longer Doc is a batch of its own."""
    batch: list[Doc] = []
    positions = 0
    for doc in docs:
        if batch and positions + len(doc) + 1 > _BATCH_POSITIONS:
            yield batch
            batch, positions = [], 0
        batch.append(doc)
        positions += len(doc) + 1
    if batch:
        yield batch


def by_chains(chains: Iterable[Sequence[Doc]]) -> Iterator[tuple[list[Doc], list[int]]]:
    """Batches of Docs that keep chains whole; a longer chain is a batch of its own.

    chains (Iterable[Sequence[Doc]]): Documents that are read one after another.
    YIELDS (Tuple[List[Doc], List[int]]): The documents, and how many of them each chain has.
    """
    batch: list[Doc] = []
    lengths: list[int] = []
    positions = 0
    for chain in chains:
        own = sum(len(doc) + 1 for doc in chain)
        if lengths and positions + own > _BATCH_POSITIONS:
            yield batch, lengths
            batch, lengths, positions = [], [], 0
        batch.extend(chain)
        lengths += [len(chain)] * bool(chain)
        positions += own
    if lengths:
        yield batch, lengths
