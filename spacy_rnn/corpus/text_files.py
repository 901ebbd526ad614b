"""Stream documents of raw text from files, in bounded memory.

Nothing here knows a pipeline. A document comes as a stream of lines, so that one which fills a
whole file needs no more memory than one of a line.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ..errors import Errors
from ..regular_files import is_special
from .encodings import guess_wide_encoding
from .open_files import STDIN, DamagedFile, open_binary, reason_of

FORMATS = (".txt", ".jsonl", ".spacy")
DOCUMENTS = ("line", "block", "file")

# The longest line, in characters, that is read at all, where nothing else sets a limit.
LONGEST_LINE = 1 << 25

# The rest of a line that is too long is passed over in pieces of so many characters.
_PIECE = 1 << 16

# So many characters of empty lines at the beginning of a file are kept until a word comes.
_HEAD = 1 << 20

_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def raise_error(error: ValueError) -> NoReturn:
    """What a reader does about a bad line if nothing else is asked for."""
    raise error


class SourcePosition(NamedTuple):
    """Where a document begins, for messages.

    path (Path): The file.
    line (int): The line, counted from 1; 0 if the file has no lines.
    number (int): Its number among the documents of a file without lines, from 1; 0 if unknown.
    """

    path: Path
    line: int
    number: int = 0

    def __str__(self) -> str:
        name = "standard input" if self.path == STDIN else str(self.path)
        if self.number:
            return f"{name}, document {self.number}"
        return f"{name}, line {self.line}" if self.line else name


class TextDocument(NamedTuple):
    """A document as its file has it.

    place (SourcePosition): Where it begins.
    lines (Iterable[str]): Its lines without line ends, to be read once and before the next
        document. No lines at all if the file has only words. A bad line raises its error there,
        and the reader can go on with the next document.
    words (Optional[List[str]]): Its words, if the file has them.
    id (Any): Its id, if the file has one: any value of JSON.
    empty (bool): Whether there is nothing but white space in it.
    record (Optional[Mapping[str, Any]]): The row or the object that it comes from, if it does.
    """

    place: SourcePosition
    lines: Iterable[str]
    words: list[str] | None = None
    id: Any = None
    empty: bool = False
    record: Mapping[str, Any] | None = None

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


def get_format(path: Path, formats: Sequence[str] = FORMATS) -> str | None:
    """Tell a file's format by its name.

    path (Path): The file.
    formats (Sequence[str]): Those that can be read.
    RETURNS (Optional[str]): One of them, gzipped or not; None for any other name.
    """
    name = path.name.lower().removesuffix(".gz")
    return next((suffix for suffix in formats if name.endswith(suffix)), None)


def find_files(paths: Iterable[Path], formats: Sequence[str] = FORMATS) -> list[Path]:
    """Find the files of a corpus.

    paths (Iterable[Path]): Files, and folders that are searched with the folders in them. In a
        folder, what is hidden (its name begins with a dot) or has another format is skipped.
    formats (Sequence[str]): Those that can be read.
    RETURNS (List[Path]): The files; those of a folder sorted by name, folder by folder.
    RAISES (ValueError): If a path doesn't exist, if a file isn't of a known format, if it is a pipe
        or a device, if a folder holds no file that can be read, or can't be listed itself.
    """
    files: list[Path] = []
    for path in paths:
        try:
            files += _find_in(path, formats)
        except OSError as error:
            known = {"path": error.filename or path, "error": reason_of(error)}
            raise ValueError(Errors.R227.format(**known)) from error
    return files


def _find_in(path: Path, formats: Sequence[str]) -> list[Path]:
    if path.is_dir():
        files = list(_walk(path, set(), formats))
        if not files:
            raise ValueError(Errors.R204.format(path=path, known=", ".join(formats)))
        return files
    if not path.exists():
        raise ValueError(Errors.R202.format(path=path))
    if get_format(path, formats) is None:
        raise ValueError(Errors.R203.format(path=path, known=", ".join(formats)))
    if is_special(path):
        raise ValueError(Errors.R226.format(path=path))
    return [path]


def _walk(folder: Path, seen: set[str], formats: Sequence[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in seen:  # a link back to a folder that was searched already
        return
    seen.add(real)
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _walk(path, seen, formats)
        elif get_format(path, formats) is not None and not is_special(path):
            yield path


def read_lines(path: Path, limit: int = LONGEST_LINE, message: str = "") -> Iterator[str]:
    """Read the lines of a UTF-8 file.

    Only "\\n" and "\\r\\n" end a line: other separators, such as U+2028, are text. A byte order
    mark at the beginning is dropped.

    path (Path): The file, gzipped or not, or STDIN.
    limit (int): The most characters that a line may have.
    message (str): The error for a longer line, with `place` and `limit` to be filled in. Defaults
        to R218.
    YIELDS (str): The lines, without their ends.
    RAISES (ValueError): If the file isn't UTF-8, has a longer line, or can't be decompressed.
    """
    return _unwrap(line for _, line in read_numbered_lines(path, limit, message))


def _unwrap(lines: Iterable[str | ValueError]) -> Iterator[str]:
    for line in lines:
        if isinstance(line, ValueError):
            raise line
        yield line


def read_numbered_lines(
    path: Path,
    limit: int = LONGEST_LINE,
    message: str = "",
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, str | ValueError]]:
    """Number the lines, with an error in the place of each that is bad: a generator that raised it
    could not go on.

    path, limit, message: See `read_lines`.
    on_bytes (Optional[Callable[[int], None]]): See `open_binary`.
    YIELDS (Tuple[int, Union[str, ValueError]]): The number of a line, from 1, and the line.
    RAISES (DamagedFile): If the file can't be read any further.
    """
    message = message or Errors.R218
    with open_binary(path, on_bytes) as file:
        wide = guess_wide_encoding(file.peek(_PIECE))  # type: ignore[attr-defined]
        if wide is not None:
            name = SourcePosition(path, 0)
            raise DamagedFile(Errors.R561.format(path=name, encoding=wide))
        # Bytes that aren't UTF-8 come out as surrogates, in the line where they are: an error
        # raised by the decoder itself would only know its own buffer.
        # (Not "utf-8-sig": it takes a file of half a byte order mark for an empty one.)
        text = io.TextIOWrapper(file, "utf-8", errors="surrogateescape", newline="\n")
        number = 0
        while line := text.readline(limit + 3):
            number += 1
            if number == 1:
                line = line.removeprefix("\ufeff")
                if not line:  # a file of nothing but the mark
                    return
            whole = line.endswith("\n")
            line = line.removesuffix("\r\n" if line.endswith("\r\n") else "\n")
            if bad := _NOT_UTF8.search(line):
                place, byte = SourcePosition(path, number), ord(bad[0]) - 0xDC00
                yield number, ValueError(Errors.R206.format(place=place, byte=byte))
            elif len(line) > limit:
                place = SourcePosition(path, number)
                yield number, ValueError(message.format(place=place, limit=limit))
            else:
                yield number, line
            while not whole:
                rest = text.readline(_PIECE)
                whole = not rest or rest.endswith("\n")


def read_text(
    path: Path,
    document: str,
    limit: int = LONGEST_LINE,
    *,
    keep_empty: bool = False,
    on_error: Callable[[ValueError], None] = raise_error,
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[TextDocument]:
    """Read the documents of a .txt file.

    path (Path): The file, or STDIN.
    document (str): What a document is: "line", any line that isn't empty; "block", the lines
        between empty ones; "file", the whole file. A line of nothing but white space is empty.
    limit (int): The most characters that a line may have.
    keep_empty (bool): Yield empty lines and empty files too. Between blocks they are no documents.
    on_error (Callable[[ValueError], None]): Told about a document that can't begin, which is left
        out. Defaults to raising the error. Errors of other lines come from `TextDocument.lines`.
    on_bytes (Optional[Callable[[int], None]]): See `open_binary`.
    YIELDS (TextDocument): The documents; those that are empty only if asked for.
    RAISES (ValueError): As `read_lines` does, where `on_error` does.
    """
    message = Errors.R213 if limit < LONGEST_LINE else Errors.R218
    numbered = read_numbered_lines(path, limit, message, on_bytes)
    if document == "line":
        for number, line in numbered:
            if isinstance(line, ValueError):
                on_error(line)
            elif keep_empty or not _is_empty(line):
                yield TextDocument(SourcePosition(path, number), [line], empty=_is_empty(line))
    elif document == "block":
        for empty, block in groupby(numbered, key=lambda pair: _is_empty(pair[1])):
            if not empty:
                first, line = next(block)
                lines = _unwrap(chain([line], (x for _, x in block)))
                yield TextDocument(SourcePosition(path, first), lines)
    else:
        head: list[str | ValueError] = []
        size = 0
        for _, line in numbered:
            head.append(line)
            size += 1 if isinstance(line, ValueError) else len(line) + 1
            if not _is_empty(line) or size > _HEAD:
                lines = _unwrap(chain(head, (x for _, x in numbered)))
                yield TextDocument(SourcePosition(path, 1), lines)
                return
        if keep_empty:
            yield TextDocument(SourcePosition(path, 1), _unwrap(head), empty=True)


def read_jsonl(
    path: Path,
    text_key: str = "text",
    *,
    id_key: str | None = None,
    keep_empty: bool = False,
    on_error: Callable[[ValueError], None] = raise_error,
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[TextDocument]:
    """Read the documents of a .jsonl file: a JSON object a line, empty lines aside.

    path (Path): The file, or STDIN.
    text_key (str): The key of the text. An object may have `tokens`, a list of words, instead of
        the text or beside it; `tokens` beside a text that is anything else than a list isn't
        looked at.
    id_key (Optional[str]): The key of the documents' ids, which an object needn't have.
    keep_empty (bool): Yield documents without any text too. An empty line is none.
    on_error (Callable[[ValueError], None]): Told about each bad line, which is left out. Defaults
        to raising the error.
    on_bytes (Optional[Callable[[int], None]]): See `open_binary`.
    YIELDS (TextDocument): The documents, those that are empty only if asked for; `lines` are those
        of the text.
    RAISES (ValueError): If a line isn't a JSON object with one of these keys, if a string in it
        can't be text, and as `read_lines` does, where `on_error` does.
    """
    for number, line in read_numbered_lines(path, LONGEST_LINE, on_bytes=on_bytes):
        try:
            document = _read_object(line, SourcePosition(path, number), text_key, id_key)
        except ValueError as error:
            on_error(error)
            continue
        if document is not None and (keep_empty or not document.empty):
            yield document


def _read_object(
    line: str | ValueError, place: SourcePosition, text_key: str, id_key: str | None
) -> TextDocument | None:
    """Read the document of a line; None if the line is empty."""
    if isinstance(line, ValueError):
        raise line
    if _is_empty(line):
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(Errors.R208.format(place=place, error=error)) from error
    return make_text_document(record, place, text_key, id_key)


def make_text_document(
    record: Any, place: SourcePosition, text_key: str, id_key: str | None
) -> TextDocument:
    """Make a document of values with names.

    record (Any): An object of JSON, or a row.
    place (SourcePosition): Where it stands.
    text_key, id_key: See `read_jsonl`.
    RETURNS (TextDocument): The document.
    RAISES (ValueError): If there is no text, or one that no Doc can hold.
    """
    text, words = _read_record(record, text_key, place)
    _check_characters([*(words or ()), text or ""], place)
    empty = _is_empty(" ".join(words) if text is None and words else text or "")
    lines = text.split("\n") if text is not None else ()
    return TextDocument(place, lines, words, _read_id(record, id_key, place), empty, record)


def _read_id(record: dict[str, Any], id_key: str | None, place: SourcePosition) -> Any:
    value = None if id_key is None else record.get(id_key)
    if value is not None:
        try:
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise ValueError(Errors.R517.format(place=place, key=id_key, error=error)) from error
    return value


def _read_record(
    record: Any, text_key: str, place: SourcePosition
) -> tuple[str | None, list[str] | None]:
    record = record if isinstance(record, dict) else {}
    text, words = record.get(text_key), record.get("tokens")
    if not isinstance(text, str) or (isinstance(words, list) and words and _is_empty(text)):
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


def _check_characters(strings: Iterable[str], place: SourcePosition) -> None:
    for string in strings:
        if bad := _SURROGATE.search(string):
            raise ValueError(Errors.R211.format(place=place, code=ord(bad[0])))


def _is_empty(line: str | ValueError) -> bool:
    return not isinstance(line, ValueError) and (not line or line.isspace())
