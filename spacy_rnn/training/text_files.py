"""Stream documents of raw text from files, in bounded memory.

Nothing here knows a pipeline. A document comes as a stream of lines, so that one which fills a
whole file needs no more memory than one of a line.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, groupby
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..errors import Errors

FORMATS = (".txt", ".jsonl", ".spacy")
DOCUMENTS = ("line", "block", "file")

# The longest line, in characters, that is read at all, where nothing else sets a limit.
LONGEST_LINE = 1 << 27

_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Place(NamedTuple):
    """Where a document begins, for messages.

    path (Path): The file.
    line (int): The line, counted from 1; 0 if the file has no lines.
    """

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}" if self.line else str(self.path)


class TextDocument(NamedTuple):
    """A document as its file has it.

    place (Place): Where it begins.
    lines (Iterable[str]): Its lines without line ends, to be read once and before the next
        document. No lines at all if the file has only words.
    words (Optional[List[str]]): Its words, if the file has them.
    """

    place: Place
    lines: Iterable[str]
    words: list[str] | None = None

    def text(self, limit: int) -> str:
        """Join the lines.

        limit (int): The most characters that a text may have.
        RETURNS (str): The text.
        RAISES (ValueError): As soon as more characters than that have been read.
        """
        lines = []
        size = -1
        for line in self.lines:
            size += len(line) + 1
            if size > limit:
                raise ValueError(Errors.R213.format(place=self.place, limit=limit))
            lines.append(line)
        return "\n".join(lines)


def get_format(path: Path) -> str | None:
    """Tell a file's format by its name.

    path (Path): The file.
    RETURNS (Optional[str]): One of FORMATS, gzipped or not; None for any other name.
    """
    name = path.name.lower().removesuffix(".gz")
    return next((suffix for suffix in FORMATS if name.endswith(suffix)), None)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Find the files of a corpus.

    paths (Iterable[Path]): Files, and folders that are searched with the folders in them. In a
        folder, what is hidden (its name begins with a dot) or has another format is skipped.
    RETURNS (List[Path]): The files; those of a folder sorted by name, folder by folder.
    RAISES (ValueError): If a path doesn't exist, if a file isn't of a known format, or if a
        folder holds no file that is.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = list(_walk(path, set()))
            if not found:
                raise ValueError(Errors.R204.format(path=path, known=", ".join(FORMATS)))
            files.extend(found)
        elif not path.exists():
            raise ValueError(Errors.R202.format(path=path))
        elif get_format(path) is None:
            raise ValueError(Errors.R203.format(path=path, known=", ".join(FORMATS)))
        else:
            files.append(path)
    return files


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in seen:  # a link back to a folder that was searched already
        return
    seen.add(real)
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _walk(path, seen)
        elif get_format(path) is not None:
            yield path


@contextmanager
def open_binary(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, through gzip if its name ends in .gz.

    path (Path): The file.
    YIELDS (IO[bytes]): The open file.
    RAISES (ValueError): While reading, if the gzip data is damaged or incomplete.
    """
    zipped = path.name.lower().endswith(".gz")
    try:
        with gzip.open(path, "rb") if zipped else path.open("rb") as file:
            yield file  # type: ignore[misc]
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(Errors.R207.format(path=path, error=error)) from error


def read_lines(path: Path, limit: int = LONGEST_LINE, message: str = "") -> Iterator[str]:
    """Read the lines of a UTF-8 file.

    Only "\\n" and "\\r\\n" end a line: other separators, such as U+2028, are text. A byte order
    mark at the beginning is dropped.

    path (Path): The file, gzipped or not.
    limit (int): The most characters that a line may have.
    message (str): The error for a longer line, with `place` and `limit` to be filled in. Defaults
        to R218.
    YIELDS (str): The lines, without their ends.
    RAISES (ValueError): If the file isn't UTF-8, has a longer line, or can't be decompressed.
    """
    with open_binary(path) as file:
        # Bytes that aren't UTF-8 come out as surrogates, in the line where they are: an error
        # raised by the decoder itself would only know its own buffer.
        text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="\n")
        number = 0
        while line := text.readline(limit + 2):
            number += 1
            line = line.removesuffix("\r\n" if line.endswith("\r\n") else "\n")
            if bad := _NOT_UTF8.search(line):
                byte = ord(bad[0]) - 0xDC00
                raise ValueError(Errors.R206.format(place=Place(path, number), byte=byte))
            if len(line) > limit:
                message = message or Errors.R218
                raise ValueError(message.format(place=Place(path, number), limit=limit))
            yield line


def read_text(path: Path, document: str, limit: int = LONGEST_LINE) -> Iterator[TextDocument]:
    """Read the documents of a .txt file.

    path (Path): The file.
    document (str): What a document is: "line", any line that isn't empty; "block", the lines
        between empty ones; "file", the whole file. A line of nothing but white space is empty.
    limit (int): The most characters that a line may have.
    YIELDS (TextDocument): The documents that aren't empty.
    RAISES (ValueError): As `read_lines` does.
    """
    message = Errors.R213 if limit < LONGEST_LINE else Errors.R218
    numbered = enumerate(read_lines(path, limit, message), 1)
    if document == "line":
        yield from (TextDocument(Place(path, i), [x]) for i, x in numbered if not _is_empty(x))
    elif document == "block":
        for empty, block in groupby(numbered, key=lambda pair: _is_empty(pair[1])):
            if not empty:
                first, line = next(block)
                yield TextDocument(Place(path, first), chain([line], (x for _, x in block)))
    else:
        blanks = []
        for _, line in numbered:
            blanks.append(line)
            if not _is_empty(line):
                yield TextDocument(Place(path, 1), chain(blanks, (x for _, x in numbered)))
                return


def read_jsonl(path: Path, text_key: str = "text") -> Iterator[TextDocument]:
    """Read the documents of a .jsonl file: a JSON object a line, empty lines aside.

    path (Path): The file.
    text_key (str): The key of the text. An object may have `tokens`, a list of words, instead of
        the text or beside it; `tokens` beside a text that is anything else than a list isn't
        looked at.
    YIELDS (TextDocument): The documents that aren't empty; `lines` are those of the text.
    RAISES (ValueError): If a line isn't a JSON object with one of these keys, if a string in it
        can't be text, and as `read_lines` does.
    """
    for number, line in enumerate(read_lines(path), 1):
        if _is_empty(line):
            continue
        place = Place(path, number)
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(Errors.R208.format(place=place, error=error)) from error
        text, words = _read_record(record, text_key, place)
        _check_characters([*(words or ()), text or ""], place)
        if not _is_empty(" ".join(words) if text is None and words else text or ""):
            yield TextDocument(place, text.split("\n") if text is not None else (), words)


def _read_record(record: Any, text_key: str, place: Place) -> tuple[str | None, list[str] | None]:
    record = record if isinstance(record, dict) else {}
    text, words = record.get(text_key), record.get("tokens")
    if not isinstance(text, str):
        text = None
    if text is None and words is None:
        raise ValueError(Errors.R209.format(place=place, key=text_key))
    if not isinstance(words, list):
        if text is None:
            raise ValueError(Errors.R210.format(place=place))
        return text, None
    if not all(isinstance(word, str) and word for word in words):
        raise ValueError(Errors.R210.format(place=place))
    return text, words or None


def _check_characters(strings: Iterable[str], place: Place) -> None:
    for string in strings:
        if bad := _SURROGATE.search(string):
            raise ValueError(Errors.R211.format(place=place, code=ord(bad[0])))


def _is_empty(line: str) -> bool:
    return not line or line.isspace()
