"""Signs that a text wasn't cut into words as it should be, in the counts of its words."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Callable, Mapping

from ..errors import Errors, Warnings, shorten

# What closes a sentence or a part of it. In text that is cut into words few words end in it.
_CLOSING = frozenset(".,;:!?。，、；：！？…")
_MOST_ATTACHED = 0.03
# Words of Chinese and Japanese have one to four characters, those of Thai, Lao, Khmer and Burmese
# up to twenty or so; sentences have more.
_LONGEST = {"CJK UNIFIED": 9, "HIRAGANA": 9, "KATAKANA": 15}
_LONGEST |= dict.fromkeys(("THAI", "LAO", "KHMER", "MYANMAR"), 30)
_MOST_LONG = 0.1
# Whole documents that are one word each: so many documents, of so many characters on average.
_LEAST_DOCUMENTS = 20
_LONG_DOCUMENT = 12
_ONE = 1.05
# The parts of a cut `<unk>`, and the least share of tokens that are more than a mention of it.
CUT_NAMES = ("unk", "UNK")
MENTIONED = 0.002


def warn_of_cuts(words: Mapping[str, int], documents: int) -> None:
    """Warn where the words of a training text are none.

    words (Mapping[str, int]): How often each occurs.
    documents (int): How many documents there are.
    """
    total = sum(words.values())
    if not total:
        return
    attached = _share_of(words, _ends_in_punctuation)
    sentence = find_sentence(words, documents)
    if sentence is not None:
        _warn_of(Warnings.W336.format(example=sentence))
    elif attached >= _MOST_ATTACHED and attached > 2 * _share_of(words, _is_punctuation):
        example = _most_frequent(words, _ends_in_punctuation)
        _warn_of(Warnings.W335.format(share=f"{attached:.0%}", example=example))
    cut = sum(words.get(name, 0) for name in CUT_NAMES)
    if cut >= MENTIONED * total and min(words.get("<", 0), words.get(">", 0)) >= cut:
        _warn_of(Warnings.W337.format(count=f"{cut:,}"))


def check_line_end(line_end: str | None, knows: Callable[[str], bool]) -> None:
    """Refuse a word for line ends that a model doesn't know.

    line_end (Optional[str]): The word; None for none.
    knows (Callable[[str], bool]): Whether the model knows a word.
    RAISES (ValueError): If it doesn't know that one: it would be spelled at each line's end.
    """
    if line_end is not None and not knows(line_end):
        raise ValueError(Errors.R919.format(word=line_end))


def find_sentence(words: Mapping[str, int], documents: int) -> str | None:
    """RETURNS (Optional[str]): A word that is a whole sentence, for messages, where there are many
    such words.

    words (Mapping[str, int]): How often each occurs.
    documents (int): How many documents there are.
    """
    if words and _share_of(words, _is_sentence) >= _MOST_LONG:
        return _most_frequent(words, _is_sentence)
    total = sum(words.values())
    characters = sum(len(word) * count for word, count in words.items())
    are_words = documents >= _LEAST_DOCUMENTS and total <= documents * _ONE
    if are_words and characters >= _LONG_DOCUMENT * total:
        return shorten(max(words, key=len))
    return None


def _share_of(words: Mapping[str, int], chosen: Callable[[str], bool]) -> float:
    return sum(n for word, n in words.items() if chosen(word)) / sum(words.values())


def _most_frequent(words: Mapping[str, int], chosen: Callable[[str], bool]) -> str:
    return shorten(max(filter(chosen, words), key=lambda word: (words[word], len(word))))


def _ends_in_punctuation(word: str) -> bool:
    return word[-1:] in _CLOSING and any(map(str.isalnum, word))


def _is_punctuation(word: str) -> bool:
    return not word.isspace() and not any(map(str.isalnum, word))


def _is_sentence(word: str) -> bool:
    """Whether a word of a script without spaces is too long for one."""
    if len(word) <= min(_LONGEST.values()) or word.isascii():
        return False
    names = [unicodedata.name(character, "") for character in word]
    return any(
        sum(name.startswith(script) for name in names) > most for script, most in _LONGEST.items()
    )


def _warn_of(message: str) -> None:
    warnings.warn(message, stacklevel=4)
