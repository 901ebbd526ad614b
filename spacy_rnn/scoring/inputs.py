"""What is scored: the documents of files, of a folder or of the standard input, one by one."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from ..corpus.docbins import read_docbin
from ..corpus.open_files import STDIN, DamagedFile
from ..corpus.text_corpus import split_lines, words_to_doc
from ..corpus.text_files import (
    FORMATS,
    SourcePosition,
    TextDocument,
    find_files,
    get_format,
    read_jsonl,
    read_text,
)
from ..corpus.windows import window_words
from ..errors import Errors
from .input_tables import TABLES, open_tables, read_table
from .keeping import Keeping
from .rows.row_reader import RowReader


class Item(NamedTuple):
    """A document to score.

    file (Optional[str]): Its file in the input folder; None where the input is one file.
    place (SourcePosition): Where it begins.
    id (Any): Its id, if it has one.
    doc (Doc): Its tokens.
    kept (Mapping[str, Any]): What else of its record is copied to the output, see `Keeping`.
    """

    file: str | None
    place: SourcePosition
    id: Any
    doc: Doc
    kept: Mapping[str, Any] = MappingProxyType({})


class Start(NamedTuple):
    """The document to begin with.

    file (Optional[str]): See `Item`.
    line (Optional[int]): The line where it begins, counted from 1; the row in a .parquet file; None
        in a .spacy file.
    number (int): Its number among the documents of a .spacy file, from 1; not needed elsewhere.
    """

    file: str | None
    line: int | None
    number: int


class StartNotFound(LookupError):
    """The input has no document where the reading should begin."""


class Input:
    """The documents of an input.

    path (Path): A file or a folder, read as "spacy-rnn.TextCorpus.v1" does, and tables; or STDIN.
    piped (str): What the standard input holds: "txt", "jsonl", "csv" or "tsv".
    document (str): What a document of a .txt file is: "line", "block" or "file".
    tokenized (bool): Whether words are separated by spaces already.
    text_key, id_key (str): The keys of text and id in .jsonl files, the columns in tables.
    keep_empty (bool): Whether to yield documents of nothing but white space too.
    output (Optional[Path]): A file that isn't read, though it may lie in the folder.
    RAISES (ValueError): If there is nothing to read, or the output is the input.
    """

    def __init__(
        self,
        path: Path,
        *,
        piped: str = "txt",
        document: str = "line",
        tokenized: bool = False,
        text_key: str = "text",
        id_key: str = "id",
        keep_empty: bool = False,
        output: Path | None = None,
    ) -> None:
        self.path = path
        self.piped = piped
        self.document = document
        self.tokenized = tokenized
        self.text_key = text_key
        self.id_key = id_key
        self.keep_empty = keep_empty
        known = (*FORMATS, *TABLES)
        self.files = [STDIN] if path == STDIN else find_files([path], known)
        self.keeping: Keeping | None = None
        if output is not None and path != STDIN:
            if _is_same(path, output):
                raise ValueError(Errors.R512.format(path=output))
            self.files = [file for file in self.files if not _belongs_to(file, output)]
        self.has_names = path != STDIN and path.is_dir()
        tables = [file for file in self.files if self._format(file) in TABLES]
        self.tables = open_tables(tables, text_key, piped=piped, in_folder=self.has_names)
        self.files = [file for file in self.files if file in self.tables or file not in tables]
        if not self.files:
            raise ValueError(Errors.R204.format(path=path, known=", ".join(known)))
        self._states = {file: _state_of(file) for file in self.files}

    @property
    def formats(self) -> set[str]:
        """RETURNS (Set[str]): ".txt", ".jsonl", ".spacy", ".csv", …: what is there to read."""
        return {self._format(path) for path in self.files}

    @property
    def has_ids(self) -> bool:
        """RETURNS (bool): Whether documents may have ids."""
        in_tables = any(self.id_key in reader.columns for reader in self.tables.values())
        return ".jsonl" in self.formats or in_tables

    def open_records(self) -> list[RowReader]:
        """RETURNS (List[RowReader]): All files whose documents come from records."""
        readers = []
        for path in self.files:
            if path in self.tables:
                readers.append(self.tables[path])
            elif self._format(path) == ".jsonl":
                readers.append(RowReader(path, piped=self.piped, may_be_empty=True))
        return readers

    @property
    def size(self) -> int | None:
        """RETURNS (Optional[int]): The bytes of all files; None if that can't be known."""
        total = sum(size for size, _ in self._states.values())
        return total if total or self.path != STDIN else None

    def changed_since(self, time: int, start: Start) -> list[Path]:
        """Find files that may have been edited after an output was written.

        time (int): When that was, in nanoseconds.
        start (Start): The last document that the output has: later files don't count.
        RETURNS (List[Path]): Those that were changed later.
        """
        names = [self._name(file) for file in self.files]
        last = names.index(start.file) if start.file in names else len(names)
        return [file for file in self.files[: last + 1] if self._states[file][1] > time]

    def changed_meanwhile(self) -> list[Path]:
        """RETURNS (List[Path]): The files that were changed since this object was made."""
        return [file for file, state in self._states.items() if _state_of(file) != state]

    def read(
        self,
        nlp: Language,
        *,
        on_error: Callable[[ValueError], None],
        on_empty: Callable[[], None],
        on_bytes: Callable[[int], None],
        start: Start | None = None,
    ) -> Iterator[Item]:
        """Read the documents.

        nlp (Language): Its tokenizer makes the Docs. It makes each when it is asked for, so that
            the caller can be in a memory zone then (for .spacy files, never).
        on_error (Callable[[ValueError], None]): Told about each document that can't be read; it
            may raise the error.
        on_empty (Callable[[], None]): Called for each empty document that is left out.
        on_bytes (Callable[[int], None]): Told how many bytes of the files were read.
        start (Optional[Start]): The first document to yield.
        YIELDS (Item): The documents.
        RAISES (ValueError): If a file is damaged.
        RAISES (StartNotFound): If the start isn't there.
        """
        found = start is None
        for path in self.files:
            here = start is not None and not found and self._name(path) == start.file
            if not found and not here:
                on_bytes(path.stat().st_size)
                continue
            found = True
            part = start if here else None
            if self._format(path) == ".spacy":
                yield from self._read_docs(path, nlp, on_empty, part)
                on_bytes(path.stat().st_size)
            else:
                yield from self._read_lines(path, nlp, on_error, on_empty, on_bytes, part)
        if not found:
            raise StartNotFound(start)

    def _read_docs(
        self, path: Path, nlp: Language, on_empty: Callable[[], None], start: Start | None
    ) -> Iterator[Item]:
        before = start.number - 1 if start else 0  # those that the output has, the last one aside
        found = start is None
        for number, doc in enumerate(read_docbin(path, nlp.vocab), 1):
            if not self.keep_empty and all(token.is_space for token in doc):
                if found:
                    on_empty()
            elif before:
                before -= 1
            else:
                found = True
                place = SourcePosition(path, 0, number)
                kept = self.keeping.pick(None, place) if self.keeping else {}
                yield Item(self._name(path), place, None, doc, kept)

    def _read_lines(
        self,
        path: Path,
        nlp: Language,
        on_error: Callable[[ValueError], None],
        on_empty: Callable[[], None],
        on_bytes: Callable[[int], None],
        start: Start | None,
    ) -> Iterator[Item]:
        found = start is None

        def report(error: ValueError) -> None:
            if found:
                on_error(error)

        line = start.line if start else None
        for raw in self._read_raw(path, nlp.max_length, report, on_bytes, line):
            found = found or raw.place.line == line
            if not found:
                continue
            if raw.empty and not self.keep_empty:
                on_empty()
                continue
            try:
                doc = self._make_doc(nlp, raw)
                kept = self.keeping.pick(raw.record, raw.place) if self.keeping else {}
            except DamagedFile:
                raise
            except ValueError as error:
                report(placed(error, raw.place))
                continue
            yield Item(self._name(path), raw.place, raw.id, doc, kept)
        if not found:
            raise StartNotFound(start)

    def _read_raw(
        self,
        path: Path,
        limit: int,
        on_error: Callable[[ValueError], None],
        on_bytes: Callable[[int], None],
        start: int | None,
    ) -> Iterator[TextDocument]:
        if path in self.tables:
            return read_table(
                self.tables[path],
                self.text_key,
                id_key=self.id_key,
                on_error=on_error,
                on_bytes=on_bytes,
                start=start,
            )
        if self._format(path) == ".jsonl":
            return read_jsonl(
                path,
                self.text_key,
                id_key=self.id_key,
                keep_empty=True,  # to be counted
                on_error=on_error,
                on_bytes=on_bytes,
            )
        return read_text(
            path, self.document, limit, keep_empty=True, on_error=on_error, on_bytes=on_bytes
        )

    def _make_doc(self, nlp: Language, raw: TextDocument) -> Doc:
        text = raw.text(nlp.max_length)
        if raw.words is not None:
            return words_to_doc(raw.words, text, raw.place, nlp.vocab)
        if not self.tokenized:
            return nlp.make_doc(text)
        words = split_lines(text.split("\n"), None)
        return next(window_words(nlp.vocab, words, 0), Doc(nlp.vocab))

    def _format(self, path: Path) -> str:
        if path == STDIN:
            return f".{self.piped}"
        return get_format(path, (*FORMATS, *TABLES)) or ""

    def _name(self, path: Path) -> str | None:
        if not self.has_names:
            return None
        name = path.relative_to(self.path).as_posix()
        # one that isn't UTF-8 (from an old archive) shows its bytes as \udcNN
        return name.encode("utf8", "backslashreplace").decode()


def _state_of(path: Path) -> tuple[int, int]:
    """RETURNS (Tuple[int, int]): A file's size and the time of its last change, in nanoseconds;
    zeros for what is no file, or has gone."""
    try:
        status = os.fstat(sys.stdin.fileno()) if path == STDIN else path.stat()
    except (OSError, ValueError):  # also a standard input that is no real file
        return 0, 0
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else (0, 0)


def _is_same(path: Path, other: Path) -> bool:
    return other.exists() and path.samefile(other)


def _belongs_to(path: Path, output: Path) -> bool:
    """RETURNS (bool): Whether a file is the output, or a part of it."""
    return any(_is_same(one, output) for one in (path, path.parent))


def placed(error: ValueError, place: SourcePosition) -> ValueError:
    """RETURNS (ValueError): The error with its place, which a tokenizer does not know."""
    return error if str(place) in str(error) else ValueError(f"{place}: {error}")
