"""Count the words of a corpus of any size in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..corpus.windows import read_mark
from ..validation import check_size
from .spacing_counts import SpacingCounts
from .token_forms import count_words
from .vocabulary import Vocabulary

# Documents counted together, whose strings and lexemes are freed before the next ones.
_BATCH = 512


class WordCounts:
    """Counts of words, kept for at most `max_types` of them.

    Exact up to that many types. Beyond, the rarer half, and all words as rare as its most frequent
    one, is forgotten again and again (lossy counting, Manku & Motwani 2002): then a count is too
    low by at most `lost`.

    max_types (int): The most words to keep.
    """

    def __init__(self, max_types: int = 2_000_000) -> None:
        self.max_types = check_size("max_types", max_types, least=2)
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

    def vocabulary(self, *, min_count: int, max_size: int | None, **options: str) -> Vocabulary:
        """See `Vocabulary.from_counts`; tokens of forgotten words count as unknown."""
        return Vocabulary.from_counts(
            self.words,
            tokens=self.tokens,
            documents=self.documents,
            min_count=min_count,
            max_size=max_size,
            **options,
        )


def count_corpus(
    nlp: Language,
    examples: Iterable[Example],
    attr: str,
    *,
    gaps: SpacingCounts | None = None,
    skip_space: bool = False,
    max_types: int = 2_000_000,
    zones: bool = True,
    cut_anywhere: bool = False,
    change: Callable[[Iterable[Doc]], Iterable[Doc]] | None = None,
) -> WordCounts:
    """Count the words of a corpus.

    nlp (Language): The pipeline whose vocab the Docs have.
    examples (Iterable[Example]): As a reader yields them, lazily.
    attr (str): The token attribute: "ORTH", "LOWER" or "NORM".
    gaps (Optional[SpacingCounts]): Counts the gaps between words meanwhile.
    skip_space (bool): Whether tokens of white space are left out.
    max_types (int): See `WordCounts`.
    zones (bool): Whether to free what some documents have left in the vocab before the next ones
        are read. Not for a reader that makes Docs before they are asked for.
    cut_anywhere (bool): Whether this can be done between two windows of a document, too.
    change (Optional[Callable[[Iterable[Doc]], Iterable[Doc]]]): What is done to Docs before they
        are counted.
    RETURNS (WordCounts): The counts.
    """
    counts = WordCounts(max_types)
    stream = iter(examples)
    done = False
    while not done:
        with nlp.memory_zone() if zones else nullcontext():
            batch = _Batch(stream, cut_anywhere)
            docs = batch if change is None else change(batch)
            docs = docs if gaps is None else gaps.watch(docs)
            counts.add(*count_words(docs, attr, skip_space=skip_space))
            done = batch.exhausted
    return counts


class _Batch:
    """The Docs of the next examples, up to the end of a document."""

    def __init__(self, examples: Iterator[Example], cut_anywhere: bool) -> None:
        self.examples = examples
        self.cut_anywhere = cut_anywhere
        self.exhausted = False

    def __iter__(self) -> Iterator[Doc]:
        for number, example in enumerate(self.examples, 1):
            doc = example.predicted
            mark = read_mark(doc)
            yield doc
            if number >= _BATCH and (self.cut_anywhere or mark is None or mark.final):
                return
        self.exhausted = True
