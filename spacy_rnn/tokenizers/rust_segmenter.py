"""jieba's segmentation by jieba-rs (the package `rjieba`), some five times as fast."""

import re
from typing import Any
from weakref import WeakKeyDictionary

from spacy_rnn.errors import Errors

from .dictionary import Dictionary
from .segmenter import BLOCKS, JiebaSegmenter
from .whole_words import is_inside_latin

# Where these stand beside letters or digits, jieba-rs joins what jieba splits.
_JOINED_OTHERWISE = re.compile(r"[+#&._%\-]")

_LATIN_RUN = re.compile("[a-zA-Z0-9]+")
_LATIN_END = re.compile("(?<=[^a-zA-Z0-9])[a-zA-Z0-9]+$")

# A word of two characters that can't be joined: no text has it.
_NOWHERE = "\ue000\ue000"

_BY_DICTIONARY: WeakKeyDictionary[Dictionary, Any] = WeakKeyDictionary()


class RustSegmenter(JiebaSegmenter):
    """Divides text as `JiebaSegmenter` does, with the same words and frequencies.

    Its hidden Markov model may decide ties otherwise: never in the novels that the tests read, but
    in strings such as 不生生生国, which mean nothing.

    Blocks of Chinese characters go to jieba-rs, the few with signs such as "-" in them, or with a
    user word inside a longer Latin word, to the segmenter in Python.

    dictionary (Dictionary): See `JiebaSegmenter`.
    hmm (bool): See `JiebaSegmenter`.
    RAISES (ImportError): If rjieba is not installed.
    """

    def __init__(self, dictionary: Dictionary, *, hmm: bool = True) -> None:
        super().__init__(dictionary, hmm=hmm)
        self._hmm = hmm
        self._cut_fast = _make_jieba(dictionary).cut
        # what stands before the Latin end of a word that begins otherwise
        ends = map(_LATIN_END.search, dictionary.bounded)
        self._before_latin = frozenset(end.string[end.start() - 1] for end in ends if end)

    def _cut_blocks(self, text: str, words: list[str]) -> None:
        never, hmm = self.dictionary.never, self._hmm
        bounded = self.dictionary.bounded and _LATIN_RUN.search(text)
        for block in BLOCKS.findall(text):
            if len(block) == 1:
                words.append(block)
            elif _JOINED_OTHERWISE.search(block) or (bounded and self._may_cut_latin(block)):
                self.cut_block(block, words)
            elif not (never and hmm):  # only the model could join them again
                words += self._cut_fast(block, hmm)
            else:
                for word in self._cut_fast(block, hmm):
                    words.extend(word if word in never else (word,))

    def _may_cut_latin(self, block: str) -> bool:
        """Whether a bounded word may stand inside a longer Latin word: never False if one does."""
        bounded, entries = self.dictionary.bounded, self.dictionary.frequencies
        for run in _LATIN_RUN.finditer(block):
            first, last = run.span()
            if first and block[first - 1] in self._before_latin:
                return True
            for start in range(first, last):
                end = start + 1
                while end <= len(block) and block[start:end] in entries:
                    if block[start:end] in bounded and is_inside_latin(block, start, end):
                        return True
                    end += 1
        return False


def _make_jieba(dictionary: Dictionary) -> Any:
    """RETURNS (rjieba.Jieba): One with the words of the dictionary; shared by its segmenters."""
    made = _BY_DICTIONARY.get(dictionary)
    if made is None:
        try:
            from rjieba import Jieba
        except ImportError:
            raise ImportError(Errors.R112) from None
        made = Jieba.empty()
        total = 0
        for word, frequency in dictionary.frequencies.items():
            if frequency:
                made.add_word(word, frequency, "")
                total += frequency
        # words that were replaced or listed twice count for the total, as in jieba
        made.add_word(_NOWHERE, dictionary.total - total, "")
        _BY_DICTIONARY[dictionary] = made
    return made
