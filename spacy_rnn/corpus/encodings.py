"""Tell UTF-16 and UTF-32 from UTF-8 by a file's first bytes."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # before that of UTF-16, with which it begins
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# Fewer bytes tell nothing (of Chinese text, which has no zeros, even twice as many), more aren't
# needed.
_LEAST, _MOST = 8, 4096
_ASCII_OR_CHINESE = re.compile("[\t\n\r -~\u2010-\u2027\u3000-\u303f\u4e00-\u9fff\uff00-\uff65]")


def guess_wide_encoding(head: bytes) -> str | None:
    """Guess whether text has two or four bytes for every character.

    head (bytes): How the file begins.
    RETURNS (Optional[str]): The encoding's name, with a byte order if there is no mark that tells
        it; None if nothing speaks for one. UTF-8 is never taken for another: only text in which
        every other byte is 0 would be.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    head = head[: min(_MOST, len(head) // 4 * 4)]
    if len(head) < _LEAST:
        return None
    # the share of zeros among the first, second, third and fourth bytes of every four
    zeros = [head[i::4].count(0) * 4 / len(head) for i in range(4)]
    if min(zeros[2:]) > 0.9 and zeros[0] < 0.1:
        return "UTF-32LE"
    if min(zeros[:2]) > 0.9 and zeros[3] < 0.1:
        return "UTF-32BE"
    first, second = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    if max(first, second) > 0.5 and min(first, second) < 0.1:
        return "UTF-16LE" if second > first else "UTF-16BE"
    return None if _is_utf8(head) else _guess_chinese(head)


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # which may end within a character
    except UnicodeDecodeError:
        return False
    return True


def _guess_chinese(head: bytes) -> str | None:
    """Other bytes than those of Chinese text are hardly ever Chinese in these encodings."""
    if len(head) < 2 * _LEAST:
        return None
    for name in ("UTF-16LE", "UTF-16BE"):
        text = head.decode(name, "replace")
        if len(_ASCII_OR_CHINESE.findall(text)) > 0.9 * len(text):
            return name
    return None
