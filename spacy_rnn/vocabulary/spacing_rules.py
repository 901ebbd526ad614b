"""Where spaces go between words as long as nothing was learned: none in Chinese, the usual ones in
English."""

from __future__ import annotations

import unicodedata

from .word_classes import CLITICS

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


def needs_space(text: str, word: str) -> bool:
    """Whether a word is written apart from the text before it.

    Straight quotation marks open and close in turn. White space in the words is kept as it is.

    text (str): What stands before.
    word (str): The next word.
    RETURNS (bool): What script and punctuation call for.
    """
    if not text or not word or text[-1].isspace() or word[0].isspace():
        return False
    left, right = text[-1], word[0]
    if _unspaced(text.rstrip(_SHARED)[-1:] or left) or _unspaced(right):
        return False
    if word in CLITICS or left in _NO_SPACE_AFTER:
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
