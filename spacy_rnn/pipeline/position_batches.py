"""How many documents are worked on at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
