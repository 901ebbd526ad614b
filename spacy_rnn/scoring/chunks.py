"""Take so many documents of a stream at once that arrays are worthwhile and memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

# A chunk ends after so many characters: some tens of megabytes of Docs.
_CHARACTERS = 250_000


class Chunks(Generic[T]):
    """A stream of documents that is taken chunk by chunk, up to its end or its first error.

    stream (Iterator[T]): The documents. It goes on only while a chunk is taken, so that the Docs
        it makes belong to the memory zone that the caller is in then.
    most (int): The most documents of a chunk.
    characters (Callable[[T], int]): How many a document has.
    """

    def __init__(self, stream: Iterator[T], most: int, characters: Callable[[T], int]) -> None:
        self.stream = stream
        self.most = most
        self.characters = characters
        self.exhausted = False
        self._error: ValueError | None = None

    def take(self) -> list[T]:
        """RETURNS (List[T]): The next documents. None are left if `exhausted`, also if the stream
        raised a ValueError: what came before it is for the caller to use."""
        chunk: list[T] = []
        room = _CHARACTERS
        try:
            while len(chunk) < self.most and room > 0:
                chunk.append(next(self.stream))
                room -= self.characters(chunk[-1])
        except StopIteration:
            self.exhausted = True
        except ValueError as error:
            self.exhausted, self._error = True, error
        return chunk

    def finish(self) -> None:
        """RAISES (ValueError): The error that ended the stream."""
        if self._error is not None:
            raise self._error
