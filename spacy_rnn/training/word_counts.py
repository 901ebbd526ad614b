"""Count the words of a corpus of any size in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from spacy.language import Language
from spacy.training import Example

from ..errors import Errors
from ..vocabulary import Vocabulary, count_words

# Documents counted together, whose strings and lexemes are freed before the next ones.
_BATCH = 512


class WordCounts:
    """Counts of words, kept for at most `max_types` of them.

    Exact up to that many types. Beyond, the rarest half is forgotten again and again (lossy
    counting, Manku & Motwani 2002): then a count is too low by at most `lost`.

    max_types (int): The most words to keep.
    """

    def __init__(self, max_types: int = 2_000_000) -> None:
        if max_types < 2:
            raise ValueError(Errors.R009.format(option="max_types", least=2, value=max_types))
        self.max_types = max_types
        self.words: Counter[str] = Counter()
        self.tokens = 0
        self.documents = 0
        self.lost = 0

    def add(self, words: dict[str, int], documents: int) -> None:
        """Add the counts of some documents."""
        self.words.update(words)
        self.tokens += sum(words.values())
        self.documents += documents
        if len(self.words) > self.max_types:
            self._forget_rarest()

    def _forget_rarest(self) -> None:
        ordered = sorted(self.words.values(), reverse=True)
        threshold = ordered[self.max_types // 2]
        self.words = Counter({w: count for w, count in self.words.items() if count > threshold})
        self.lost += threshold

    def vocabulary(self, *, attr: str, min_count: int, max_size: int | None) -> Vocabulary:
        """See `Vocabulary.from_counts`; tokens of forgotten words count as unknown."""
        return Vocabulary.from_counts(
            self.words,
            tokens=self.tokens,
            documents=self.documents,
            attr=attr,
            min_count=min_count,
            max_size=max_size,
        )


def count_corpus(
    nlp: Language, examples: Iterable[Example], attr: str, max_types: int = 2_000_000
) -> WordCounts:
    """Count the words of a corpus, freeing what every batch of documents has left in the vocab.

    nlp (Language): The pipeline whose vocab the Docs have.
    examples (Iterable[Example]): As a reader yields them, lazily.
    attr (str): The token attribute: "ORTH", "LOWER" or "NORM".
    max_types (int): See `WordCounts`.
    RETURNS (WordCounts): The counts.
    """
    counts = WordCounts(max_types)
    stream = iter(examples)
    while True:
        with nlp.memory_zone():
            seen = 0

            def docs() -> Iterator:
                nonlocal seen
                for example in islice(stream, _BATCH):
                    seen += 1
                    yield example.predicted

            counts.add(*count_words(docs(), attr))
        if not seen:
            return counts
