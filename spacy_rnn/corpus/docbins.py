"""Read .spacy files. The format has no parts: a file is read as a whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from spacy.attrs import ENT_TYPE, ORTH
from spacy.strings import get_string_id
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..errors import Errors, reason
from ..packing import same_garbage_collection
from .open_files import open_binary

# A file may be so many bytes when it is decompressed, or so many times its own size. That of text
# takes 16 to 18 times as much, that of one sentence repeated 145 times, a bomb 1,000 times.
_SMALL = 1 << 28
_TIMES = 200
# Compressed bytes that are decompressed at once; each becomes 1,032 at most.
_PIECE = 1 << 14


def read_docbin(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Read the Docs of a .spacy file.

    path (Path): The file, gzipped or not.
    vocab (Vocab): The vocabulary of the Docs.
    YIELDS (Doc): The Docs with all annotations that the file holds.
    RAISES (ValueError): If the file isn't a DocBin, or one that would fill the memory.
    """
    with open_binary(path) as file:
        limit = max(_SMALL, _TIMES * path.stat().st_size)
        data = file.read(limit + 1)
    try:
        if len(data) <= limit and _inflated_size(data, limit) <= limit:
            with same_garbage_collection():
                docs = DocBin().from_bytes(data)
            _check_words(docs, vocab)
            yield from docs.get_docs(vocab)
            return
    except Exception as error:  # zlib, msgpack and numpy all have their own
        first = reason(error).partition("\n")[0]
        raise ValueError(Errors.R212.format(path=path, error=first)) from error
    raise ValueError(Errors.R228.format(path=path, limit=limit, times=_TIMES))


def _inflated_size(data: bytes, limit: int) -> int:
    """RETURNS (int): The size of what zlib would make of the data, or one above the limit."""
    inflater, size = zlib.decompressobj(), 0
    view = memoryview(data)
    for start in range(0, len(data), _PIECE):
        size += len(inflater.decompress(view[start : start + _PIECE]))
        if size > limit:
            break
    return size


def _check_words(docs: DocBin, vocab: Vocab) -> None:
    """spaCy would only notice a missing word, or a missing label, when somebody asks for it."""
    known = {get_string_id(string) for string in docs.strings} | {0}
    for attribute in (ORTH, ENT_TYPE):
        if attribute not in docs.attrs or not docs.tokens:
            continue
        column = docs.attrs.index(attribute)
        used = np.unique(np.concatenate([tokens[:, column] for tokens in docs.tokens]))
        missing = [key for key in used.tolist() if key not in known and key not in vocab.strings]
        if missing:
            raise ValueError(f"it doesn't hold the string with the hash {missing[0]}")
