"""The lines of a table that is text: UTF-8, or UTF-16 with its mark, as spreadsheets write it."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from ...corpus.encodings import guess_wide_encoding
from ...corpus.open_files import DamagedFile, open_binary
from ...corpus.text_files import LONGEST_LINE, SourcePosition
from ...errors import Errors

# What is looked at to tell the encoding and what ends a line; also what a long line is passed
# over in.
_HEAD = 1 << 16


def read_table_lines(
    path: Path, on_bytes: Callable[[int], None] | None = None
) -> Iterator[tuple[int, str]]:
    """Read lines with their ends.

    "\\n" and "\\r\\n" end a line. "\\r" alone does in files that begin without any "\\n".

    path (Path): The file, gzipped or not, or STDIN.
    on_bytes (Optional[Callable[[int], None]]): See `open_binary`.
    YIELDS (Tuple[int, str]): The number of the line, from 1, and the line. Bytes that can't be
        decoded are lone surrogates in it.
    RAISES (DamagedFile): If the file can't be decompressed, has another encoding, or a line that is
        longer than LONGEST_LINE.
    """
    with open_binary(path, on_bytes) as file:
        head: bytes = file.peek(_HEAD)  # type: ignore[attr-defined]
        encoding, errors = _find_encoding(path, head)
        text = io.TextIOWrapper(file, encoding, errors, newline=_find_line_end(head, encoding))
        try:
            number = 0
            while line := text.readline(LONGEST_LINE):
                number += 1
                if number == 1:
                    line = line.removeprefix("\ufeff")
                if len(line) == LONGEST_LINE:
                    place = SourcePosition(path, number)
                    raise DamagedFile(Errors.R218.format(place=place, limit=LONGEST_LINE))
                if line:
                    yield number, line
        except UnicodeError as error:  # half a character of UTF-16 at the end
            raise DamagedFile(Errors.R207.format(path=path, error=error)) from error


def _find_encoding(path: Path, head: bytes) -> tuple[str, str]:
    wide = guess_wide_encoding(head)
    if wide is None:
        return "utf-8", "surrogateescape"
    if wide != "UTF-16":  # the one that has a mark, and no other
        name = SourcePosition(path, 0)
        raise DamagedFile(Errors.R561.format(path=name, encoding=wide))
    return "utf-16", "surrogatepass"


def _find_line_end(head: bytes, encoding: str) -> str:
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    # a "\r" at the very end may be half of "\r\n"
    return "\r" if "\n" not in text and "\r" in text[:-1] else "\n"
