"""A pipeline's own words: checked, and entered into a copy of the dictionary."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from spacy_rnn.errors import Errors, shorten

from .dictionary import MAX_FREQUENCY, Dictionary, add_beginnings, check_length
from .segmenter import JiebaSegmenter, can_be_joined
from .whole_words import touches_latin

# A word alone, or a word and its frequency; None: the frequency that jieba suggests.
UserWords = dict[str, int | None]

_CHINESE = re.compile(r"[\u4e00-\u9fd5]")
_WHITE_SPACE_OR_SURROGATE = re.compile(r"[\s\ud800-\udfff]")


def check_user_words(user_words: Iterable[Any]) -> UserWords:
    """Check the user words of a config. A word that is listed twice is what its last entry says.

    user_words (Iterable[str | Tuple[str, int]] | Dict[str, int | None]): Words, or pairs of a word
        and its frequency.
    RETURNS (Dict[str, Optional[int]]): The frequency of each word, None where it had none.
    RAISES (ValueError): If an entry is neither, a word is empty, too long or has white space in it,
        or a frequency is not a whole number from 0.

    EXAMPLE:
        >>> check_user_words(["云计算", ["我爱你", 0]])
        {'云计算': None, '我爱你': 0}
    """
    if isinstance(user_words, str) or not isinstance(user_words, Iterable):
        raise ValueError(Errors.R102.format(entry=shorten(user_words)))
    if isinstance(user_words, Mapping):  # what this function returns
        pairs = user_words.items()
        user_words = [word if frequency is None else (word, frequency) for word, frequency in pairs]
    checked: UserWords = {}
    for entry in user_words:
        word, frequency = _word_and_frequency(entry)
        # The last entry decides the place as well: suggested frequencies depend on it.
        checked.pop(word, None)
        checked[word] = frequency
    return checked


def _word_and_frequency(entry: Any) -> tuple[str, int | None]:
    match entry:
        case str(word):
            frequency = None
        case [str(word), int(frequency)] if not isinstance(frequency, bool):
            if not 0 <= frequency <= MAX_FREQUENCY:
                raise ValueError(_bad_frequency(word, frequency))
        case [str(word), frequency]:
            raise ValueError(_bad_frequency(word, frequency))
        case _:
            raise ValueError(Errors.R102.format(entry=shorten(entry)))
    if not word or _WHITE_SPACE_OR_SURROGATE.search(word):
        raise ValueError(Errors.R103.format(word=shorten(word)))
    if can_be_joined(word):
        check_length(word, "`user_words`")
    return word, frequency


def _bad_frequency(word: str, frequency: Any) -> str:
    return Errors.R104.format(word=shorten(word), frequency=shorten(frequency))


def add_user_words(
    dictionary: Dictionary, user_words: UserWords, *, cut_latin: bool = False
) -> Dictionary:
    """Enter user words as `jieba.Tokenizer.add_word` would, into a copy.

    A word with frequency 0 is removed, and not put together by the hidden Markov model either.
    A word that jieba could never find, because it always splits at one of its characters (the
    dot of 列夫·托尔斯泰), is taken whole wherever it stands; its frequency is not needed then.
    No word is cut out of a longer Latin one.

    dictionary (Dictionary): The dictionary to start from; it stays as it is.
    user_words (Dict[str, Optional[int]]): Words and their frequencies, checked.
    cut_latin (bool): Cut words that jieba can find out of longer Latin ones all the same, as jieba
        does: `learning` with the user word `arni` becomes `le`, `arni`, `ng`.
    RETURNS (Dictionary): The dictionary with the words.
    """
    if not user_words:
        return dictionary
    frequencies, total = dictionary.frequencies.copy(), dictionary.total
    never, whole = set(dictionary.never), list(dictionary.whole)
    bounded = set(dictionary.bounded)
    for word, frequency in user_words.items():
        if not can_be_joined(word):
            if frequency != 0:
                whole.append(word)
            continue
        if frequency is None:
            frequency = _suggested_frequency(word, Dictionary(frequencies, total))
        elif frequency == 0 and _CHINESE.match(word):
            never.add(word)  # the model only joins Chinese characters; Latin ones stay together
        if frequency and len(word) > 1 and touches_latin(word) and not cut_latin:
            bounded.add(word)
        frequencies[word] = frequency
        total += frequency
        add_beginnings(frequencies, word)
    return Dictionary(frequencies, total, frozenset(never), tuple(whole), frozenset(bounded))


def _suggested_frequency(word: str, dictionary: Dictionary) -> int:
    """A frequency that makes the word more probable than the words it is now divided into."""
    frequency = dictionary.frequencies.get
    total = float(dictionary.total)
    probability = 1.0
    for part in JiebaSegmenter(dictionary, hmm=False).cut(word):
        probability *= frequency(part, 1) / total
    return max(int(probability * total) + 1, frequency(word, 1))
