"""White space, the way spaCy keeps it: on the word before it, or as tokens of its own."""

import re
from collections.abc import Callable

# One group, so that `split` gives text and white space in turns.
_WHITE_SPACE = re.compile(r"(\s+)")


def words_and_spaces(text: str, cut: Callable[[str], list[str]]) -> tuple[list[str], list[bool]]:
    """Divide a text so that a `Doc` made of the parts has the same text again.

    White space is divided as spaCy's own tokenizer does it: one space (U+0020) right after a
    word belongs to that word (`whitespace_`), and whatever white space follows is one token, be
    it spaces, tabs, line ends or U+3000. So is white space at the beginning of the text.

    text (str): Any text.
    cut (Callable[[str], List[str]]): Divides text without white space into words.
    RETURNS (Tuple[List[str], List[bool]]): The tokens, and for each whether a space follows.

    EXAMPLE:
        >>> words_and_spaces("我  爱\\n你", list)
        (['我', ' ', '爱', '\\n', '你'], [True, False, False, False, False])
    """
    words: list[str] = []
    before_space: list[int] = []
    for number, piece in enumerate(_WHITE_SPACE.split(text)):
        if number % 2:
            if piece[0] == " " and words:
                before_space.append(len(words) - 1)
                piece = piece[1:]
            if piece:
                words.append(piece)
        elif piece:
            words += cut(piece)
    spaces = [False] * len(words)
    for index in before_space:
        spaces[index] = True
    return words, spaces
