"""Words ↔ rows of the embedding table."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import srsly
from spacy.attrs import LOWER, NORM, ORTH
from spacy.strings import get_string_id

from ..corpus.windows import read_mark
from ..errors import Errors, shorten
from ..packing import unpack
from ..regular_files import read_regular
from ..validation import check_size, check_type

if TYPE_CHECKING:
    from spacy.lexeme import Lexeme
    from spacy.tokens import Doc, Token

T = TypeVar("T")

UNKNOWN = "<unk>"
BOUNDARY = "</s>"
UNKNOWN_ROW = 0
BOUNDARY_ROW = 1
ATTRIBUTES = {"ORTH": ORTH, "LOWER": LOWER, "NORM": NORM}
_UNKNOWN_KEY = get_string_id(UNKNOWN)

# Documents whose words are counted together: enough to make numpy worthwhile, little to hold.
_COUNT_CHUNK = 512


class Vocabulary:
    """The closed vocabulary of a language model: row 0 is ``<unk>``, row 1 ``</s>``, then the
    words by falling count (ties by code point).

    entries (Sequence[Tuple[str, int]]): Words with their counts, in any order. ``<unk>`` and
        ``</s>`` may be among them with the counts of unknown words and of documents.
    attr (str): The token attribute that is looked up: "ORTH", "LOWER" or "NORM". With "LOWER" or
        "NORM" every probability is that of the normalised form.
    RAISES (ValueError): For an unknown attribute, an empty word, a word given twice or a count
        that isn't a number >= 0.

    EXAMPLE:
        >>> Vocabulary([("我", 3), ("爱", 2)]).words
        ['<unk>', '</s>', '我', '爱']
    """

    def __init__(self, entries: Iterable[Sequence[Any]] = (), *, attr: str = "ORTH") -> None:
        if attr not in ATTRIBUTES:
            raise ValueError(Errors.R001.format(attr=attr, known=", ".join(ATTRIBUTES)))
        counts = _validated(entries)
        special = [(UNKNOWN, counts.pop(UNKNOWN, 0)), (BOUNDARY, counts.pop(BOUNDARY, 0))]
        ordered = special + sorted(counts.items(), key=by_count)
        self.attr = attr
        self.words: list[str] = [word for word, _ in ordered]
        self.counts = np.array([count for _, count in ordered], dtype=np.int64)
        self._derived: dict[Hashable, Any] = {}
        self._rows = {word: row for row, word in enumerate(self.words)}
        try:
            keys = np.array([get_string_id(word) for word in self.words[2:]], dtype=np.uint64)
        except UnicodeEncodeError as error:  # half a surrogate pair, which no token can hold
            raise ValueError(Errors.R005.format(entry=shorten(error.object))) from None
        order = np.argsort(keys)
        self._sorted_keys = keys[order]
        self._sorted_rows = order.astype(np.int64) + 2

    @classmethod
    def from_docs(
        cls,
        docs: Iterable[Doc],
        *,
        attr: str = "ORTH",
        min_count: int = 1,
        max_size: int | None = None,
    ) -> Vocabulary:
        """Count the words of documents.

        docs (Iterable[Doc]): The documents; read once, a few hundred at a time.
        attr (str): See the class.
        min_count (int): Rarer words are unknown.
        max_size (Optional[int]): Keep only so many words, `<unk>` and `</s>` not counted.
        RETURNS (Vocabulary): With the count of dropped words on ``<unk>`` and the number of
            documents on ``</s>``.
        RAISES (ValueError): If there is no word at all, or no word is frequent enough; for sizes
            below 1.
        """
        words, documents = count_words(docs, attr)
        return cls.from_counts(
            words,
            tokens=sum(words.values()),
            documents=documents,
            attr=attr,
            min_count=min_count,
            max_size=max_size,
        )

    @classmethod
    def from_counts(
        cls,
        words: Mapping[str, int],
        *,
        tokens: int,
        documents: int,
        attr: str = "ORTH",
        min_count: int = 1,
        max_size: int | None = None,
    ) -> Vocabulary:
        """Choose the words from counts that were made elsewhere.

        words (Mapping[str, int]): How often each word occurs.
        tokens (int): All tokens; those of words that aren't kept count as ``<unk>``.
        documents (int): The count of ``</s>``.
        attr, min_count, max_size: See `from_docs`.
        RAISES (ValueError): If there is no word at all, or no word is frequent enough; for sizes
            below 1.
        """
        check_size("min_count", min_count, least=1)
        if max_size is not None:
            check_size("max_size", max_size, least=1)
        if not tokens:
            raise ValueError(Errors.R002)
        chosen = (e for e in words.items() if e[1] >= min_count and e[0] not in (UNKNOWN, BOUNDARY))
        kept = sorted(chosen, key=by_count)[:max_size]
        if not kept:
            raise ValueError(Errors.R003.format(min_count=min_count, max_size=max_size))
        unknown = tokens - sum(count for _, count in kept)
        return cls([(UNKNOWN, unknown), (BOUNDARY, documents), *kept], attr=attr)

    @classmethod
    def from_file(cls, path: str | Path, *, attr: str = "ORTH") -> Vocabulary:
        """Read the JSON file that `spacy init labels` writes: ``[[word, count], …]``.

        RAISES (ValueError): If the file can't be read or has another shape.
        """
        try:
            entries = srsly.json_loads(read_regular(Path(path)).decode("utf8"))
        except (OSError, ValueError) as error:
            raise ValueError(Errors.R004.format(path=path, error=error)) from None
        return cls.from_labels(entries, attr=attr)

    @classmethod
    def from_labels(cls, labels: Any, *, attr: str = "ORTH") -> Vocabulary:
        """Take ``[[word, count], …]``, as in `[initialize.components.rnn_lm.labels]`.

        RAISES (ValueError): If it has another shape or holds no word.
        """
        if not isinstance(labels, list | tuple):
            raise ValueError(Errors.R005.format(entry=shorten(labels)))
        vocabulary = cls(labels, attr=attr)
        if not vocabulary:
            raise ValueError(Errors.R002)
        return vocabulary

    @property
    def labels(self) -> list[list[Any]]:
        """RETURNS (List[List]): ``[[word, count], …]`` by row; JSON-able."""
        return [[w, int(c)] for w, c in zip(self.words, self.counts, strict=True)]

    def __len__(self) -> int:
        return len(self.words)

    def __bool__(self) -> bool:
        return len(self.words) > 2

    def __contains__(self, word: str) -> bool:
        return word in self._rows and word not in (UNKNOWN, BOUNDARY)

    def row(self, word: str) -> int:
        """RETURNS (int): The word's row; row 0 for an unknown word, the text "</s>" included."""
        return UNKNOWN_ROW if word == BOUNDARY else self._rows.get(word, UNKNOWN_ROW)

    def rows_of_words(self, words: Sequence[str]) -> np.ndarray:
        """RETURNS (ndarray): int64 (n,), the rows of another vocabulary's words by row: `<unk>` and
        `</s>` stand for themselves there."""
        rows = [self.row(word) for word in words]
        rows[BOUNDARY_ROW] = BOUNDARY_ROW
        return np.array(rows, dtype=np.int64)

    def joined_with(self, other: Vocabulary) -> Vocabulary:
        """RETURNS (Vocabulary): The words of both, for the other's attribute. Known words keep
        their counts, so that they keep their order, and stay in their softmax clusters if the new
        words are rarer."""
        counts = {**dict(other.labels), **dict(self.labels)}
        return Vocabulary(counts.items(), attr=other.attr)

    def row_of(self, word: Token | Lexeme) -> int:
        """RETURNS (int): The row of a token's or a lexeme's form under `attr`.
        RAISES (TypeError): For anything else.
        """
        if not hasattr(word, "orth_"):
            check_type("word", word, (), "a Token or a Lexeme (for text: `word in vocabulary`)")
        return self.row({"ORTH": word.orth_, "LOWER": word.lower_, "NORM": word.norm_}[self.attr])

    def knows(self, token: Token | Lexeme) -> bool:
        """RETURNS (bool): Whether the token's form has a row of its own."""
        return self.row_of(token) > BOUNDARY_ROW

    def rows(self, docs: Sequence[Doc]) -> tuple[np.ndarray, np.ndarray]:
        """Look up all tokens of a batch in one vectorised step.

        RETURNS (Tuple[ndarray, ndarray]): int64 rows of all tokens, document after document,
            and the int64 number of tokens of each document.
        """
        keys, lengths = self.keys(docs)
        return self.rows_of_keys(keys), lengths

    def keys(self, docs: Sequence[Doc]) -> tuple[np.ndarray, np.ndarray]:
        """RETURNS (Tuple[ndarray, ndarray]): uint64 hashes of all tokens' forms, document after
        document, and the int64 number of tokens of each document."""
        arrays = [doc.to_array(ATTRIBUTES[self.attr]) for doc in docs]
        lengths = np.array([len(array) for array in arrays], dtype=np.int64)
        return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.uint64), lengths

    def rows_of_keys(self, keys: np.ndarray) -> np.ndarray:
        """RETURNS (ndarray): int64 (n,), the row of each form, given as its hash."""
        if not len(self._sorted_keys):
            return np.full(len(keys), UNKNOWN_ROW, dtype=np.int64)
        places = np.searchsorted(self._sorted_keys, keys)
        places[places == len(self._sorted_keys)] = 0
        found = self._sorted_keys[places] == keys
        return np.where(found, self._sorted_rows[places], UNKNOWN_ROW)

    def missing(self, keys: np.ndarray) -> np.ndarray:
        """RETURNS (ndarray): bool (n,), which forms, given as their hashes, are the text ``<unk>``:
        a word that was taken out of the text before. Nobody knows its spelling."""
        return keys == _UNKNOWN_KEY

    def derived(self, name: Hashable, make: Callable[[], T]) -> T:
        """Keep what others compute from the words with them, so that it is computed once.

        name (Hashable): What it is.
        make (Callable[[], T]): Computes it.
        RETURNS (T): What was made first under this name.
        """
        if name not in self._derived:
            self._derived[name] = make()
        return self._derived[name]

    def to_bytes(self) -> bytes:
        message = {"attr": self.attr, "labels": self.labels, "checksum": self._checksum()}
        return srsly.msgpack_dumps(message)

    def _checksum(self) -> int:
        text = "\n".join([self.attr, *self.words])
        return zlib.crc32(self.counts.astype("<i8").tobytes(), zlib.crc32(text.encode()))

    @classmethod
    def from_bytes(cls, data: bytes) -> Vocabulary:
        try:
            message = unpack(data)
            vocabulary = cls(message["labels"], attr=message["attr"])
            if message.keys() - {"checksum"} != {"attr", "labels"}:
                raise ValueError("it has entries that are unknown")
            checksum = vocabulary._checksum()
            if message.get("checksum", checksum) != checksum:  # there may be none
                raise ValueError("its words don't have their checksum")
            return vocabulary
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            detail = f"the vocabulary is damaged ({error})"
            raise ValueError(Errors.R011.format(error=detail)) from None


def by_count(entry: tuple[str, int]) -> tuple[int, str]:
    return -entry[1], entry[0]


def _validated(entries: Iterable[Sequence[Any]]) -> dict[str, int]:
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


def count_words(docs: Iterable[Doc], attr: str) -> tuple[dict[str, int], int]:
    """Count the forms of tokens.

    docs (Iterable[Doc]): The documents; read once, a few hundred at a time.
    attr (str): "ORTH", "LOWER" or "NORM".
    RETURNS (Tuple[Dict[str, int], int]): The count of each form, and the number of documents
        (of windows, those that end one).
    RAISES (ValueError): For another attribute.
    """
    if attr not in ATTRIBUTES:
        raise ValueError(Errors.R001.format(attr=attr, known=", ".join(ATTRIBUTES)))
    totals: Counter[int] = Counter()
    stores: dict[int, Any] = {}
    documents = 0
    chunk: list[np.ndarray] = []

    def flush() -> None:
        keys, counts = np.unique(np.concatenate(chunk), return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            totals[key] += count
        chunk.clear()

    for doc in docs:
        stores[id(doc.vocab.strings)] = doc.vocab.strings
        mark = read_mark(doc)
        documents += mark is None or mark.final
        chunk.append(doc.to_array(ATTRIBUTES[attr]))
        if len(chunk) >= _COUNT_CHUNK:
            flush()
    if chunk:
        flush()
    # An empty string is the LOWER or NORM of no real token, but a hand-made Doc can hold one.
    counts = {key: count for key, count in totals.items() if key}
    words = find_strings(counts, stores.values())
    return dict(zip(words, counts.values(), strict=True)), documents


def find_strings(keys: Iterable[int], stores: Collection[Any]) -> list[str]:
    """RETURNS (List[str]): What hashes stand for, each of which is in one of the StringStores."""
    return [next(store[key] for store in stores if key in store) for key in keys]
