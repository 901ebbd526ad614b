"""Truncated backpropagation through time: documents as parallel streams of consecutive windows.

A stream reads one document after another, window after window. A batch holds the next window of
every stream, and the component carries each stream's state to its next window, without gradient
(Williams & Peng 1990; Mikolov et al. 2010).
"""

# No postponed annotations here: spaCy checks a config's values against those of registered
# functions, and can only read them as objects.
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import TypeVar

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from ..config_errors import checks_settings
from ..errors import Errors
from ..validation import check_size
from .plain_docs import PlainDoc, is_annotated
from .shards import take_shard
from .windows import Window, places, read_mark, split_document, write_mark

T = TypeVar("T")
Reader = Callable[[Language], Iterable[Example]]


@registry.readers("spacy-rnn.StreamCorpus.v1")
@checks_settings
def create_stream_corpus(
    corpus: Reader, *, streams: int = 32, window: int = 70, shuffle: int = 0, reset: bool = True
) -> Reader:
    """Create a reader that lays the documents of another reader out as parallel streams.

    Each stream takes the next document when its last one is read; at the corpus's end a stream
    without one takes the second half of the longest rest. So every token is read once an epoch,
    batches stay full, and no more than `streams + shuffle` documents are held: those of text as
    bare words, those of `.spacy` files, whose annotations are kept, as two Docs a window.
    For [training] max_epochs = -1, which keeps the order, with the batcher
    "spacy-rnn.batch_by_stream.v1". With max_epochs = -1 the vocabulary has to be given
    (`python -m spacy rnn vocab`).

    corpus (Callable[[Language], Iterable[Example]]): The reader of whole documents. Where a
        document fills a file, let it cut the document (`max_length = 10000`): each piece is then
        dealt to a stream as a document is, and only its beginning misses the state before it.
    streams (int): How many documents are read in parallel; the windows of a batch. Defaults to 32.
    window (int): The most tokens of a window: how far the gradient reaches back. Defaults to 70.
    shuffle (int): Take the next document at random from so many read ahead. Defaults to 0.
    reset (bool): Whether a document starts from the zero state, as it does in prediction. If
        false, the state is carried on from the stream's last document. Defaults to True.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (ValueError): For a size out of range. The reader raises it for an example whose
        predicted and reference Doc have different tokens.

    CONFIG:
        [corpora.train]
        @readers = "spacy-rnn.StreamCorpus.v1"
        streams = 32
        window = 70

        [corpora.train.corpus]
        @readers = "spacy-rnn.TextCorpus.v1"
        path = ${paths.train}
        document = "block"
    """
    return StreamCorpus(corpus, streams=streams, window=window, shuffle=shuffle, reset=reset)


class StreamCorpus:
    """Read windows in streams. The arguments are those of `create_stream_corpus`."""

    def __init__(
        self,
        corpus: Reader,
        *,
        streams: int = 32,
        window: int = 70,
        shuffle: int = 0,
        reset: bool = True,
    ) -> None:
        self.corpus = corpus
        self.streams = check_size("streams", streams, least=1)
        self.window = check_size("window", window, least=1)
        self.shuffle = check_size("shuffle", shuffle)
        self.reset = reset

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Read the corpus once.

        nlp (Language): The pipeline whose tokenizer makes the Docs.
        YIELDS (Example): The next window of the first stream, of the second, … and so on in turn,
            each marked with its stream.
        """
        documents = (self._cut(example) for example in self.corpus(nlp))
        for turn, stream, begins, part in deal(read_ahead(documents, self.shuffle), self.streams):
            example, place = part.make(nlp)
            carried = turn > 0 and not (begins and self.reset)
            write_mark(
                example.predicted,
                place._replace(stream=stream, turn=turn, carried=carried),
            )
            yield example

    def shard(self, rank: int, count: int) -> "StreamCorpus":
        """RETURNS (StreamCorpus): The same number of streams, of every `count`-th document."""
        part = copy(self)
        part.corpus = take_shard(self.corpus, rank, count)
        return part

    def _cut(self, example: Example) -> list["_Part"]:
        predicted, reference = example.predicted, example.reference
        if predicted is reference and not is_annotated(predicted):
            whole = PlainDoc.from_doc(predicted)
            marks = places(predicted, self.window)
            starts = range(0, len(predicted), self.window)
            return [
                _Part(place, words=whole.slice(start, start + self.window))
                for place, start in zip(marks, starts, strict=True)
            ]
        if [token.text for token in predicted] != [token.text for token in reference]:
            raise ValueError(Errors.R222.format(text=predicted.text[:80]))
        if not len(predicted):
            return []
        pairs = zip(
            places(predicted, self.window),
            split_document(predicted, self.window),
            split_document(reference, self.window),
            strict=True,
        )
        # what is short enough comes back uncut: the reader's own Doc stays without a mark
        return [
            _Part(place, example=Example(x.copy() if x is predicted else x, y))
            for place, x, y in pairs
        ]


class _Part:
    """A window that waits for its turn: bare words, or an annotated example."""

    __slots__ = ("example", "place", "words")

    def __init__(
        self, place: Window, words: PlainDoc | None = None, example: Example | None = None
    ) -> None:
        self.place = place
        self.words = words
        self.example = example

    def make(self, nlp: Language) -> tuple[Example, Window]:
        if self.example is not None:
            return self.example, self.place
        assert self.words is not None
        doc: Doc = self.words.to_doc(nlp.vocab)
        return Example(doc, doc), self.place


def read_ahead(items: Iterable[T], count: int) -> Iterator[T]:
    """Shuffle with a buffer of `count` items; spaCy's seed rules. 0 keeps the order."""
    waiting: list[T] = []
    for item in items:
        waiting.append(item)
        if len(waiting) > count:
            yield _draw(waiting)
    while waiting:
        yield _draw(waiting)


def _draw(waiting: list[T]) -> T:
    place = random.randrange(len(waiting))
    waiting[place], waiting[-1] = waiting[-1], waiting[place]
    return waiting.pop()


def deal(documents: Iterable[list[T]], streams: int) -> Iterator[tuple[int, int, bool, T]]:
    """Deal documents, lists of their parts, to streams that advance in step.

    documents (Iterable[List[T]]): The documents; those without parts are skipped.
    streams (int): How many streams.
    YIELDS (Tuple[int, int, bool, T]): The turn, the stream, whether the part doesn't follow the
        stream's last one in its document, and the part.
    """
    source = iter(filter(None, documents))
    lanes: list[deque[T]] = [deque() for _ in range(streams)]
    turn = 0
    while True:
        idle = 0
        for stream, lane in enumerate(lanes):
            begins = not lane
            if begins:
                lane.extend(next(source, []) or _second_half(lanes))
            if not lane:
                idle += 1
                continue
            yield turn, stream, begins, lane.popleft()
        if idle == streams:
            return
        turn += 1


def _second_half(lanes: list[deque[T]]) -> list[T]:
    """Take it from the lane with the most parts; its owner keeps the larger half."""
    longest = max(lanes, key=len)
    taken = [longest.pop() for _ in range(len(longest) // 2)]
    return taken[::-1]


@registry.batchers("spacy-rnn.batch_by_stream.v1")
@checks_settings
def create_stream_batcher() -> Callable[[Iterable[Example]], Iterator[list[Example]]]:
    """Create a batcher for "spacy-rnn.StreamCorpus.v1": the next window of every stream.

    RETURNS (Callable): From windows to batches in which no stream occurs twice.
    RAISES (ValueError): By the batcher, for an example that is no window of a stream.
    """
    return batch_by_stream


def batch_by_stream(examples: Iterable[Example]) -> Iterator[list[Example]]:
    """See `create_stream_batcher`."""
    batch: list[Example] = []
    turn: int | None = None
    for example in examples:
        mark = read_mark(example.predicted)
        if mark is None or mark.stream is None:
            raise ValueError(Errors.R223.format(text=example.predicted.text[:80]))
        if batch and mark.turn != turn:
            yield batch
            batch = []
        turn = mark.turn
        batch.append(example)
    if batch:
        yield batch
