"""What kind of word stands beside a gap: its class, by script and shape."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

# They open and close: which of both a mark does depends on those before it, and differs between
# languages.
QUOTATION_MARKS = frozenset("\"'`*_~“”„‟‘’‚‛«»‹›＂＇") | {"''", "``", "**", "__", "~~"}
# Parts of English words that are joined to the word before them.
CLITICS = frozenset(
    {"n't", "'s", "'re", "'ve", "'ll", "'d", "'m", "’s", "n’t", "’re", "’ve", "’ll", "’d"}
)
# Characters that only change the one before them, by the first words of their names.
_MODIFIERS = ("COMBINING", "VARIATION", "EMOJI")
_NOTHING = ("mark", False)


class WordClasses(NamedTuple):
    """The class of a word, seen from its two ends.

    It is the kind of the character at that end: "space", the script of a letter ("LATIN",
    "HANGUL"), "digit", a punctuation mark or sign itself, the category of other symbols ("So":
    emoji). After a sign "+" says that the word has characters of other kinds too; a sign stands
    twice if the word repeats it (".."). Seen from before, an English clitic is a "clitic".

    first (str): Seen from a gap before the word.
    last (str): Seen from a gap after it.
    begins_with_sign, ends_with_sign (bool): Whether the first and the last character are
        punctuation marks or other signs.

    EXAMPLE:
        >>> classes_of("d'")
        WordClasses(first='LATIN', last="'+", begins_with_sign=False, ends_with_sign=True)
    """

    first: str
    last: str
    begins_with_sign: bool
    ends_with_sign: bool


def classes_of(word: str) -> WordClasses:
    """RETURNS (WordClasses): The classes of a word."""
    kinds = [kind for kind in map(_kind_of, word) if kind is not None] or [_NOTHING]
    (first, begins), (last, ends) = kinds[0], kinds[-1]
    if kinds.count(kinds[0]) < len(kinds):
        first, last = first + "+" * begins, last + "+" * ends
    elif len(first) == 1 < len(kinds):
        first = last = first * 2
    if word in CLITICS:
        first = "clitic"
    return WordClasses(first, last, begins, ends)


@lru_cache(maxsize=10_000)
def _kind_of(character: str) -> tuple[str, bool] | None:
    """RETURNS (Optional[Tuple[str, bool]]): The kind of a character, and whether it is a sign; None
    for one that only changes the one before it."""
    category = unicodedata.category(character)
    name = unicodedata.name(character, "").split(" ")[0]
    if category == "Cf" or name in _MODIFIERS:
        return None
    if character.isspace():
        return "space", False
    if category[0] in "LM":
        return name or category, False
    if category[0] == "N":
        return "digit" if character.isascii() else f"{name} digit", False
    own = category[0] == "P" or category in ("Sc", "Sm") or character.isascii()
    return character if own else category, category[0] in "PS"
