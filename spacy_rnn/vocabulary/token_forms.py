"""From the tokens of a batch to the hashes of the forms that a language model reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from spacy.attrs import IS_SPACE, LOWER, NORM, ORTH
from spacy.strings import StringStore, get_string_id
from spacy.tokens import Doc, Span

from ..corpus.windows import read_mark
from ..errors import Errors
from .normalization import normalize_form

ATTRIBUTES = {"ORTH": ORTH, "LOWER": LOWER, "NORM": NORM}
# Hashes whose normalized forms are remembered; a corpus has ever new ones.
_MOST_KEPT = 200_000
# Documents whose words are counted together: enough to make numpy worthwhile, little to hold.
_COUNT_CHUNK = 512


class TokenForms(NamedTuple):
    """The tokens of a batch that are read: all of them, or all but white space.

    keys (ndarray): uint64 (n,), hashes of their forms, document after document.
    lengths (ndarray): int64 (documents,), how many of each are read.
    tokens (ndarray): int64 (documents,), how many each has.
    read (Optional[ndarray]): bool (tokens,), which tokens these are; None if all.
    stores (List[StringStore]): Each form is in one of them, or in `normal`.
    normal (Dict[int, str]): Forms that tokens have only when they are normalized.
    """

    keys: np.ndarray
    lengths: np.ndarray
    tokens: np.ndarray
    read: np.ndarray | None
    stores: list[Any]
    normal: dict[int, str]

    def strings(self, keys: Iterable[int]) -> list[str]:
        """RETURNS (List[str]): The forms that some of the hashes stand for."""
        return [
            self.normal[key] if key in self.normal else find_string(key, self.stores)
            for key in keys
        ]

    def spread(self, values: np.ndarray, fill: Any = 0) -> np.ndarray:
        """RETURNS (ndarray): (tokens,), a value for each token of the batch.

        values (ndarray): (n,), one for each token that is read.
        fill (Any): That of the others.
        """
        if self.read is None:
            return values
        result = np.full(len(self.read), fill, dtype=values.dtype)
        result[self.read] = values
        return result


class Forms(NamedTuple):
    """Different forms of tokens that are read.

    words (List[str]): Each once.
    numbers (ndarray): int64 (n,), which of them a token has.
    places (ndarray): int64 (n,), which of these tokens have them, counted through the batch.
    """

    words: list[str]
    numbers: np.ndarray
    places: np.ndarray


def find_forms(tokens: TokenForms, wanted: np.ndarray) -> Forms:
    """RETURNS (Forms): The forms of some of the tokens that are read.

    wanted (ndarray): bool (tokens,). An empty form, which a Doc made by hand can have, never is.
    """
    places = np.flatnonzero(wanted & (tokens.keys != 0))
    different, numbers = np.unique(tokens.keys[places], return_inverse=True)
    return Forms(tokens.strings(different.tolist()), numbers.reshape(-1), places)


class NormalKeys:
    """Hashes of forms → hashes of their normalized forms.

    how (str): See `normalize_form`.
    """

    def __init__(self, how: str) -> None:
        self.how = how
        # None: the form stays. Threads may share it: each entry is written once, whole.
        self._known: dict[int, str | None] = {}

    def map(self, keys: np.ndarray, stores: Sequence[Any]) -> tuple[np.ndarray, dict[int, str]]:
        """RETURNS (Tuple[ndarray, Dict[int, str]]): uint64 (n,) hashes, and what those stand for
        that the normalization made.

        keys (ndarray): uint64 (n,).
        stores (Sequence[StringStore]): Each form is in one of them.
        """
        if self.how == "none":
            return keys, {}
        known = self._known
        if len(known) > _MOST_KEPT:
            known = self._known = {}
        different, places = np.unique(keys, return_inverse=True)
        changed: dict[int, str] = {}
        for place, key in enumerate(different.tolist()):
            if key in known:
                normal = known[key]
            else:
                form = find_string(key, stores)
                normal = normalize_form(form, self.how)
                normal = known[key] = None if normal == form else normal
            if normal is not None:
                different[place] = get_string_id(normal)
                changed[int(different[place])] = normal
        return different[places.reshape(-1)], changed


def read_forms(
    texts: Sequence[Doc | Span], attr: str, *, skip_space: bool, normal: NormalKeys
) -> TokenForms:
    """Look at all tokens of a batch in one vectorised step.

    texts (Sequence[Union[Doc, Span]]): The batch.
    attr (str): One of ATTRIBUTES.
    skip_space (bool): Whether tokens of white space are left out.
    normal (NormalKeys): Of the vocabulary.
    """
    tokens = np.array([len(text) for text in texts], dtype=np.int64)
    keys, read = _token_keys(texts, attr, skip_space)
    lengths = tokens
    if read is not None:
        keys = keys[read]
        before = np.concatenate([[0], np.cumsum(read)])
        stops = np.cumsum(tokens)
        lengths = before[stops] - before[stops - tokens]
    stores = list({id(text.vocab): text.vocab.strings for text in texts}.values())
    normalized, made = normal.map(keys, stores)
    return TokenForms(normalized, lengths, tokens, read, stores, made)


def _token_keys(
    texts: Sequence[Doc | Span], attr: str, skip_space: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """RETURNS (Tuple[ndarray, Optional[ndarray]]): uint64 (tokens,) hashes of all tokens, and bool
    (tokens,), which of them are read; None if all."""
    attributes = [ATTRIBUTES[attr], IS_SPACE] if skip_space else [ATTRIBUTES[attr]]
    of_tokens: Any = texts  # spaCy's type hints know no lists
    arrays = [text.to_array(attributes).reshape(-1, len(attributes)) for text in of_tokens]
    table = np.concatenate(arrays) if arrays else np.zeros((0, len(attributes)), dtype=np.uint64)
    if skip_space and table[:, 1].any():
        return table[:, 0], table[:, 1] == 0
    return table[:, 0], None


def find_string(key: int, stores: Collection[StringStore]) -> str:
    """RETURNS (str): What a hash stands for, which is in one of the StringStores."""
    return next(store[key] for store in stores if key in store)  # type: ignore[operator]


def count_words(
    docs: Iterable[Doc], attr: str, *, skip_space: bool = False
) -> tuple[dict[str, int], int]:
    """Count the forms of tokens, before they are normalized.

    docs (Iterable[Doc]): The documents; read once, a few hundred at a time.
    attr (str): "ORTH", "LOWER" or "NORM".
    skip_space (bool): Whether tokens of white space are left out.
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
        keys, read = _token_keys([doc], attr, skip_space)
        chunk.append(keys if read is None else keys[read])
        if len(chunk) >= _COUNT_CHUNK:
            flush()
    if chunk:
        flush()
    # An empty string is the LOWER or NORM of no real token, but a hand-made Doc can hold one.
    counts = {key: count for key, count in totals.items() if key}
    words = [find_string(key, stores.values()) for key in counts]
    return dict(zip(words, counts.values(), strict=True)), documents
