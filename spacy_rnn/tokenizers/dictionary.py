"""The dictionary that the segmenter reads: words, their frequencies and their beginnings.

It has the contents that jieba gives its own dictionary (a beginning of a word that is no word
itself has frequency 0), but is made from the text file in less time than jieba needs to load
its cache. So nothing is cached on disk: there is no file that others could read or replace.
"""

import os
import threading
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from weakref import WeakValueDictionary

from spacy_rnn.errors import Errors

# Beyond this, sums of frequencies would no longer be exact as floats.
MAX_FREQUENCY = 10**12

# Every beginning of a word is an entry, so memory grows with the square of its length.
LONGEST_WORD = 100


@dataclass(frozen=True, eq=False)
class Dictionary:
    """Words with frequencies. Shared between tokenizers and threads: never change one in place.

    frequencies (Dict[str, int]): Frequency of every word. Every beginning of a word is here
        too, with frequency 0 unless it is a word.
    total (int): Sum of the frequencies of all entries.
    never (FrozenSet[str]): Words that the hidden Markov model must not put together either.
    whole (Tuple[str, ...]): Words with characters that jieba always splits at: taken whole
        wherever they stand.
    bounded (FrozenSet[str]): User words that begin or end with a Latin letter or a digit: no part
        of a longer run of these.
    """

    frequencies: dict[str, int]
    total: int
    never: frozenset[str] = frozenset()
    whole: tuple[str, ...] = ()
    bounded: frozenset[str] = frozenset()


def read_dictionary(data: bytes, source: str) -> Dictionary:
    """Read a dictionary in jieba's format, one `word frequency [tag]` a line.

    The byte order mark, empty lines and a third column are ignored.

    data (bytes): The contents of the file, UTF-8.
    source (str): What to call the file in an error message.
    RETURNS (Dictionary): The dictionary.
    RAISES (ValueError): If it isn't UTF-8, a line is malformed, a word is too long, or there is no
        word in it.

    EXAMPLE:
        >>> read_dictionary("北京 5 ns\\n爱 3".encode(), "cities.txt").frequencies
        {'北京': 5, '爱': 3, '北': 0}
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1  # without the byte order mark
        raise ValueError(Errors.R106.format(source=source, line=line)) from None
    frequencies: dict[str, int] = {}
    total = 0
    for number, line_text in enumerate(text.split("\n"), 1):
        fields = line_text.split()
        if not fields:
            continue
        frequency = _frequency(fields)
        if frequency is None:
            shown = line_text.strip()[:50]
            raise ValueError(Errors.R107.format(source=source, line=number, text=shown))
        check_length(fields[0], f"line {number} of the dictionary {source}")
        frequencies[fields[0]] = frequency
        # A word that is listed twice counts twice, as in jieba.
        total += frequency
    if not total:
        raise ValueError(Errors.R108.format(source=source))
    for word in list(frequencies):
        add_beginnings(frequencies, word)
    return Dictionary(frequencies, total)


def _frequency(fields: list[str]) -> int | None:
    """The frequency in a line of a dictionary; None if the line is malformed."""
    try:
        frequency = int(fields[1])
    except (IndexError, ValueError):
        return None
    return frequency if 0 <= frequency <= MAX_FREQUENCY else None


def check_length(word: str, source: str) -> None:
    """RAISES (ValueError): If the word is too long to be entered."""
    if len(word) > LONGEST_WORD:
        shown, length = word[:20], len(word)
        message = Errors.R113.format(word=shown, source=source, length=length, longest=LONGEST_WORD)
        raise ValueError(message)


def add_beginnings(frequencies: dict[str, int], word: str) -> None:
    """Enter every beginning of a word with frequency 0, unless it is there already."""
    beginning = word[:-1]
    # The beginnings of an entry that was there before have been, or will be, entered with it.
    while beginning and beginning not in frequencies:
        frequencies[beginning] = 0
        beginning = beginning[:-1]


def fingerprint(data: bytes) -> str:
    """A digest that tells the contents of one dictionary file from another's."""
    return blake2b(data, digest_size=16).hexdigest()


def jieba_dictionary_data() -> bytes:
    """The contents of the dictionary file that comes with the installed jieba."""
    # Only its folder is looked up: importing jieba sets up a log handler and warns.
    package = find_spec("jieba")
    if package is None or not package.submodule_search_locations:
        raise ImportError(Errors.R111)
    return Path(package.submodule_search_locations[0], "dict.txt").read_bytes()


@lru_cache(maxsize=1)
def jieba_fingerprint() -> str:
    """The digest of the dictionary file that comes with the installed jieba."""
    return fingerprint(jieba_dictionary_data())


_LOCK = threading.Lock()
_BY_FINGERPRINT: WeakValueDictionary[str, Dictionary] = WeakValueDictionary()
# Keeps jieba's own dictionary alive: nearly every tokenizer of the process shares it.
_DEFAULT: list[Dictionary] = []


def default_dictionary() -> Dictionary:
    """jieba's own dictionary, read once for all tokenizers of the process."""
    with _LOCK:
        if not _DEFAULT:
            _DEFAULT.append(read_dictionary(jieba_dictionary_data(), "jieba's dict.txt"))
        return _DEFAULT[0]


def shared_dictionary(data: bytes, source: str) -> Dictionary:
    """Like `read_dictionary`, but tokenizers with the same contents share one object."""
    key = fingerprint(data)
    with _LOCK:
        dictionary = _BY_FINGERPRINT.get(key)
        if dictionary is None:
            dictionary = _BY_FINGERPRINT[key] = read_dictionary(data, source)
        return dictionary


def _renew_lock() -> None:
    global _LOCK
    _LOCK = threading.Lock()


# A process that is forked while another thread holds the lock would wait for it for ever.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
