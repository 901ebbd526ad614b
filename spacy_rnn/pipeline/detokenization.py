"""Where spaces go between generated words: none in Chinese, the usual ones in English."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# Scripts that are written without spaces between words.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x9FFF),  # CJK radicals to unified ideographs, kana and CJK punctuation among them
    (0xF900, 0xFAFF),  # compatibility ideographs
    (0xFE30, 0xFE4F),  # vertical forms
    (0xFF00, 0xFFEF),  # full-width and half-width forms
    (0x20000, 0x3FFFF),  # the planes of further ideographs
)
_NO_SPACE_BEFORE = set(".,;:!?%)]}…»”’")
_NO_SPACE_AFTER = set("([{«“‘$€£#")
# Chinese has them in common with Latin: they follow the script before them.
_SHARED = "“”‘’—…·"
_CLITICS = {"n't", "'s", "'re", "'ve", "'ll", "'d", "'m", "’s", "n’t", "’re", "’ve", "’ll", "’d"}


def detokenize(text: str, words: Iterable[str]) -> str:
    """Append words to a text with the spacing that their scripts and punctuation call for.

    Straight quotation marks open and close in turn. White space in the words is kept as it is.
    """
    for word in words:
        text += (" " if _needs_space(text, word) else "") + word
    return text


def _needs_space(text: str, word: str) -> bool:
    if not text or not word or text[-1].isspace() or word[0].isspace():
        return False
    left, right = text[-1], word[0]
    if _unspaced(text.rstrip(_SHARED)[-1:] or left) or _unspaced(right):
        return False
    if word in _CLITICS or left in _NO_SPACE_AFTER:
        return False
    if right == '"':
        return text.count('"') % 2 == 0
    if left == '"' and text.count('"') % 2:
        return False
    return right not in _NO_SPACE_BEFORE


def _unspaced(character: str) -> bool:
    code = ord(character)
    if any(low <= code <= high for low, high in _UNSPACED):
        return True
    return unicodedata.east_asian_width(character) in "WF"
