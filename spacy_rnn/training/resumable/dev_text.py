"""The development corpus, and whether it is still the one that a training began with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from spacy.language import Language
from spacy.training import Example

from ...errors import Errors
from .batch_stream import checksum_of
from .progress import TrainingProgress
from .random_states import PythonRandom


class DevText:
    """A reader that knows what it read.

    read (Callable[[Language], Iterable[Example]]): The reader of the development corpus.
    checksum (Optional[int]): Of the examples that were read last, in any order: their words,
        annotations and categories.
    """

    def __init__(self, read: Callable[[Language], Iterable[Example]]) -> None:
        self.read = read
        self.checksum: int | None = None

    def __call__(self, nlp: Language) -> Iterator[Example]:
        total = 0
        for example in self.read(nlp):
            total = (total + checksum_of([example])) % (1 << 32)
            yield example
        self.checksum = total

    def check(self, nlp: Language, progress: TrainingProgress) -> None:
        """Read it, without drawing random numbers.

        progress (TrainingProgress): That of a training that goes on.
        RAISES (ValueError): If the training was evaluated on other text.
        """
        if progress.dev_checksum is None or progress.dev_varies:
            return
        outside = PythonRandom.now()
        try:
            found = self._sum_up(nlp)
            if found == progress.dev_checksum:
                return
            # a reader may draw other documents each time
            progress.dev_varies = self._sum_up(nlp) != found
        finally:
            outside.use()
        if not progress.dev_varies:
            raise ValueError(Errors.R620)

    def _sum_up(self, nlp: Language) -> int | None:
        for _ in self(nlp):
            pass
        return self.checksum
