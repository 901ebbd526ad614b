"""Words ↔ rows of the embedding table."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import srsly
from spacy.strings import get_string_id

from ..defaults import COMPONENT, MODEL
from ..errors import Errors, shorten
from ..packing import unpack
from ..regular_files import read_regular
from ..validation import check_size, check_type
from .entries import by_count, join_variants, validated
from .normalization import NORMALIZATIONS, normalize_form
from .symbols import BOUNDARY, BOUNDARY_ROW, UNKNOWN, UNKNOWN_ROW
from .text_fit import find_sentence, warn_of_cuts
from .token_forms import ATTRIBUTES, NormalKeys, TokenForms, count_words, read_forms

if TYPE_CHECKING:
    from spacy.lexeme import Lexeme
    from spacy.tokens import Doc, Span, Token

T = TypeVar("T")

WHITE_SPACE = ("read", "skip")
_UNKNOWN_KEY = get_string_id(UNKNOWN)


class Vocabulary:
    """The closed vocabulary of a language model: row 0 is ``<unk>``, row 1 ``</s>``, then the
    words by falling count (ties by code point).

    entries (Sequence[Tuple[str, int]]): Words with their counts, in any order. ``<unk>`` and
        ``</s>`` may be among them with the counts of unknown words and of documents.
    attr (str): The token attribute that is looked up: "ORTH", "LOWER" or "NORM". With "LOWER" or
        "NORM" every probability is that of the normalised form.
    white_space (str): "read", or "skip": tokens of white space aren't read, so no word is one.
    normalize (str): What is done to that form before it is looked up or spelled: "none", "nfkc" or
        "typography", see `normalization.py`. Words that become one are one word with the sum of
        their counts. It is shown as the most frequent of them (ties by code point), but quotation
        marks as the straight ones, since the two sides of a quotation are one word then.
    RAISES (ValueError): For an unknown option, an empty word, a word given twice or a count that
        isn't a number >= 0.

    EXAMPLE:
        >>> Vocabulary([("我", 3), ("爱", 2)]).words
        ['<unk>', '</s>', '我', '爱']
    """

    def __init__(
        self,
        entries: Iterable[Sequence[Any]] = (),
        *,
        attr: str = MODEL.attr,
        white_space: str = MODEL.white_space,
        normalize: str = MODEL.normalize,
    ) -> None:
        _check_options(attr, white_space, normalize)
        self.attr, self.white_space, self.normalize = attr, white_space, normalize
        counts = validated(entries)
        special = [(UNKNOWN, counts.pop(UNKNOWN, 0)), (BOUNDARY, counts.pop(BOUNDARY, 0))]
        counts = join_variants(counts, skip_space=self.skips_space, normalize=normalize)
        ordered = special + sorted(counts.items(), key=by_count)
        self.words: list[str] = [word for word, _ in ordered]
        self.forms: list[str] = [normalize_form(word, normalize) for word in self.words]
        self.counts = np.array([count for _, count in ordered], dtype=np.int64)
        self._derived: dict[Hashable, Any] = {}
        self._normal_keys = NormalKeys(normalize)
        self._rows = {form: row for row, form in enumerate(self.forms)}
        try:
            keys = np.array([get_string_id(form) for form in self.forms[2:]], dtype=np.uint64)
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
        min_count: int = COMPONENT.min_count,
        max_size: int | None = COMPONENT.max_size,
        **options: str,
    ) -> Vocabulary:
        """Count the words of documents.

        docs (Iterable[Doc]): The documents; read once, a few hundred at a time.
        min_count (int): Rarer words are unknown.
        max_size (Optional[int]): Keep only so many words, `<unk>` and `</s>` not counted.
        options (str): `attr`, `white_space` and `normalize`, see the class.
        RETURNS (Vocabulary): With the count of dropped words on ``<unk>`` and the number of
            documents on ``</s>``.
        RAISES (ValueError): If there is no word at all, or no word is frequent enough; for sizes
            below 1.
        """
        empty = cls(**options)
        words, documents = count_words(docs, empty.attr, skip_space=empty.skips_space)
        return cls.from_counts(
            words,
            tokens=sum(words.values()),
            documents=documents,
            min_count=min_count,
            max_size=max_size,
            **options,
        )

    @classmethod
    def from_counts(
        cls,
        words: Mapping[str, int],
        *,
        tokens: int,
        documents: int,
        min_count: int = COMPONENT.min_count,
        max_size: int | None = COMPONENT.max_size,
        **options: str,
    ) -> Vocabulary:
        """Choose the words from counts that were made elsewhere. Warns where these are no words.

        words (Mapping[str, int]): How often each word occurs.
        tokens (int): All tokens that are read; those of words that aren't kept count as ``<unk>``.
        documents (int): The count of ``</s>``.
        min_count, max_size, options: See `from_docs`.
        RAISES (ValueError): If there is no word at all, or no word is frequent enough; for sizes
            below 1.
        """
        check_size("min_count", min_count, least=1)
        if max_size is not None:
            check_size("max_size", max_size, least=1)
        if not tokens:
            raise ValueError(Errors.R002)
        empty = cls(**options)
        joined = join_variants(
            words, skip_space=empty.skips_space, normalize=empty.normalize
        ).items()
        chosen = (e for e in joined if e[1] >= min_count and e[0] not in (UNKNOWN, BOUNDARY))
        kept = sorted(chosen, key=by_count)[:max_size]
        if not kept:
            sentence = find_sentence(words, documents)
            if sentence is not None:
                raise ValueError(Errors.R050.format(min_count=min_count, example=sentence))
            raise ValueError(Errors.R003.format(min_count=min_count, max_size=max_size))
        warn_of_cuts(words, documents)
        unknown = tokens - sum(count for _, count in kept)
        return cls([(UNKNOWN, unknown), (BOUNDARY, documents), *kept], **options)

    @classmethod
    def from_file(cls, path: str | Path, **options: str) -> Vocabulary:
        """Read the JSON file that `spacy init labels` writes: ``[[word, count], …]``.

        options (str): See `from_docs`.
        RAISES (ValueError): If the file can't be read or has another shape.
        """
        try:
            entries = srsly.json_loads(read_regular(Path(path)).decode("utf8"))
        except (OSError, ValueError) as error:
            raise ValueError(Errors.R004.format(path=path, error=error)) from None
        return cls.from_labels(entries, **options)

    @classmethod
    def from_labels(cls, labels: Any, **options: str) -> Vocabulary:
        """Take ``[[word, count], …]``, as in `[initialize.components.rnn_lm.labels]`.

        options (str): See `from_docs`.
        RAISES (ValueError): If it has another shape or holds no word.
        """
        if not isinstance(labels, list | tuple):
            raise ValueError(Errors.R005.format(entry=shorten(labels)))
        vocabulary = cls(labels, **options)
        if not vocabulary:
            raise ValueError(Errors.R002)
        return vocabulary

    @property
    def options(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): What it was made with: see `from_docs`."""
        names = ("attr", "white_space", "normalize")
        return {name: getattr(self, name) for name in names}

    @property
    def skips_space(self) -> bool:
        """RETURNS (bool): Whether tokens of white space aren't read."""
        return self.white_space == "skip"

    @property
    def labels(self) -> list[list[Any]]:
        """RETURNS (List[List]): ``[[word, count], …]`` by row; JSON-able."""
        return [[w, int(c)] for w, c in zip(self.words, self.counts, strict=True)]

    def __len__(self) -> int:
        return len(self.words)

    def __bool__(self) -> bool:
        return len(self.words) > 2

    def __contains__(self, word: str) -> bool:
        return self.row(word) > BOUNDARY_ROW

    def row(self, word: str) -> int:
        """RETURNS (int): The word's row; row 0 for an unknown word, the text "</s>" included."""
        form = self.form(word)
        return UNKNOWN_ROW if form == BOUNDARY else self._rows.get(form, UNKNOWN_ROW)

    def form(self, word: str) -> str:
        """RETURNS (str): The form of a word that is looked up and spelled."""
        return normalize_form(word, self.normalize)

    def rows_of_words(self, words: Sequence[str]) -> np.ndarray:
        """RETURNS (ndarray): int64 (n,), the rows of another vocabulary's words by row: `<unk>` and
        `</s>` stand for themselves there."""
        rows = [self.row(word) for word in words]
        rows[BOUNDARY_ROW] = BOUNDARY_ROW
        return np.array(rows, dtype=np.int64)

    def joined_with(self, other: Vocabulary) -> Vocabulary:
        """RETURNS (Vocabulary): The words of both, for the other's options. Known words keep
        their counts, so that they keep their order, and stay in their softmax clusters if the new
        words are rarer."""
        known = {other.form(word) for word in self.words}
        new = [entry for entry in other.labels if other.form(entry[0]) not in known]
        return Vocabulary([*self.labels, *new], **other.options)

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
        """Look up all tokens of a batch that are read in one vectorised step.

        RETURNS (Tuple[ndarray, ndarray]): int64 rows of these tokens, document after document,
            and the int64 number of them in each document.
        """
        tokens = self.forms_of(docs)
        return self.rows_of_keys(tokens.keys), tokens.lengths

    def forms_of(self, texts: Sequence[Doc | Span]) -> TokenForms:
        """RETURNS (TokenForms): The forms of all tokens of a batch that are read."""
        return read_forms(texts, self.attr, skip_space=self.skips_space, normal=self._normal_keys)

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
        return srsly.msgpack_dumps({**message, **self._chosen()})

    def _chosen(self) -> dict[str, str]:
        """What isn't as in every vocabulary of before."""
        defaults = {"attr": self.attr, "white_space": "read", "normalize": "none"}
        return dict(self.options.items() - defaults.items())

    def _checksum(self) -> int:
        text = "\n".join([self.attr, *sorted(self._chosen().values()), *self.words])
        return zlib.crc32(self.counts.astype("<i8").tobytes(), zlib.crc32(text.encode()))

    @classmethod
    def from_bytes(cls, data: bytes) -> Vocabulary:
        try:
            message = unpack(data)
            chosen = {"white_space", "normalize"} & message.keys()
            options = {name: message[name] for name in ("attr", *sorted(chosen))}
            vocabulary = cls(message["labels"], **options)
            if message.keys() - chosen - {"checksum"} != {"attr", "labels"}:
                raise ValueError("it has entries that are unknown")
            checksum = vocabulary._checksum()
            if message.get("checksum", checksum) != checksum:  # there may be none
                raise ValueError("its words don't have their checksum")
            return vocabulary
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            detail = f"the vocabulary is damaged ({error})"
            raise ValueError(Errors.R011.format(error=detail)) from None


def _check_options(attr: str, white_space: str, normalize: str) -> None:
    if attr not in ATTRIBUTES:
        raise ValueError(Errors.R001.format(attr=attr, known=", ".join(ATTRIBUTES)))
    choices: dict[str, tuple[str, Iterable[str]]] = {
        "white_space": (white_space, WHITE_SPACE),
        "normalize": (normalize, NORMALIZATIONS),
    }
    for option, (value, known) in choices.items():
        if value not in known:
            message = Errors.R008.format(option=option, value=value, known=", ".join(known))
            raise ValueError(message)
