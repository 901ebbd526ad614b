"""Forms of words → the forms that are looked up and spelled: variants of typing become one word.

"nfkc" is Unicode's compatibility composition (UAX #15). "typography" changes less of letters and
more of punctuation: what one keyboard, editor or input method writes and another doesn't.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from .symbols import BOUNDARY, UNKNOWN

# Marks of which a text has two for the two sides of a quotation, and keyboards have one.
QUOTES = ("'", '"')


def _table() -> dict[int, str]:
    table: dict[int, str] = {}
    for plain, variants in {
        # single quotation marks, apostrophes, primes; not «», 「」, which are no variants
        "'": "\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4",
        '"': "\u201c\u201d\u201e\u201f\u2033\u301d\u301e\u301f",
        # hyphens, the figure dash, the en dash, the minus sign
        "-": "\u2010\u2011\u2012\u2013\u2212\ufe63",
        # the em dash, the horizontal bar, two and three ems
        "--": "\u2014\u2015\u2e3a\u2e3b\ufe58",
        "..": "\u2025",
        "...": "\u2026\u22ef",
        # the ideographic full stop, and half-width marks
        ".": "\u3002\uff61",
        "\u3001": "\uff64\ufe51",
        "\u300c": "\uff62",
        "\u300d": "\uff63",
        # the middle dots of names
        "\u00b7": "\u30fb\uff65\u2027\u2022\u2219\u22c5",
        "~": "\u301c\u223c",
        # soft hyphen, zero-width space, word joiner, byte order mark
        "": "\u00ad\u200b\u2060\ufeff",
    }.items():
        table |= {ord(character): plain for character in variants}
    # full-width ASCII
    table |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    # full-width currency, small forms of punctuation, ligatures of f and s
    for first, last in ((0xFFE0, 0xFFE1), (0xFFE5, 0xFFE6), (0xFE50, 0xFE6B), (0xFB00, 0xFB06)):
        for code in range(first, last + 1):
            table.setdefault(code, unicodedata.normalize("NFKC", chr(code)))
    return table


_TABLE = _table()
# A row of dots or dashes, however many, and the quotation marks of the Penn Treebank.
_DOTS = "..."
_DASHES = "--"
_TREEBANK = {"``": '"', "''": '"'}


def _typography(form: str) -> str:
    if not form.isascii():
        # composed before, so that no composition is left to make; and after, of what became plain
        composed = unicodedata.normalize("NFC", form).translate(_TABLE)
        form = unicodedata.normalize("NFC", composed)
    if len(form) > 1:
        if not form.strip("."):
            return _DOTS
        if not form.strip("-"):
            return _DASHES
    return _TREEBANK.get(form, form)


def _nfkc(form: str) -> str:
    return unicodedata.normalize("NFKC", form)


def _unchanged(form: str) -> str:
    return form


NORMALIZATIONS: dict[str, Callable[[str], str]] = {
    "none": _unchanged,
    "nfkc": _nfkc,
    "typography": _typography,
}


def normalize_form(form: str, how: str) -> str:
    """RETURNS (str): The form that is looked up and spelled; applied once more it stays as it is.
    What isn't one of the vocabulary's two symbols, `<unk>` and `</s>`, never becomes one.

    form (str): Of a token.
    how (str): "none", "nfkc" or "typography".
    """
    normal = NORMALIZATIONS[how](form)
    # nor does one of invisible characters become nothing, or white space
    if normal in (UNKNOWN, BOUNDARY) or (not normal.strip() and form.strip()):
        return form
    return normal
