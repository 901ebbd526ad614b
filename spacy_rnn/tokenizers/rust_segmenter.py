"""jieba's segmentation by jieba-rs (the package `rjieba`), some five times as fast."""

import re
from typing import Any
from weakref import WeakKeyDictionary

from spacy_rnn.errors import Errors

from .dictionary import Dictionary
from .segmenter import BLOCKS, JiebaSegmenter

# Where these stand beside letters or digits, jieba-rs joins what jieba splits.
_JOINED_OTHERWISE = re.compile(r"[+#&._%\-]")

# A word of two characters that can't be joined: no text has it.
_NOWHERE = "\ue000\ue000"

_BY_DICTIONARY: WeakKeyDictionary[Dictionary, Any] = WeakKeyDictionary()


class RustSegmenter(JiebaSegmenter):
    """Divides text as `JiebaSegmenter` does, with the same words and frequencies.

    Its hidden Markov model may decide ties otherwise: never in the novels that the tests read, but
    in strings such as 不生生生国, which mean nothing.

    Blocks of Chinese characters go to jieba-rs, the few with signs such as "-" in them to the
    segmenter in Python.

    dictionary (Dictionary): See `JiebaSegmenter`.
    hmm (bool): See `JiebaSegmenter`.
    RAISES (ImportError): If rjieba is not installed.
    """

    def __init__(self, dictionary: Dictionary, *, hmm: bool = True) -> None:
        super().__init__(dictionary, hmm=hmm)
        self._hmm = hmm
        self._cut_fast = _make_jieba(dictionary).cut

    def _cut_blocks(self, text: str, words: list[str]) -> None:
        never, hmm = self.dictionary.never, self._hmm
        for block in BLOCKS.findall(text):
            if len(block) == 1:
                words.append(block)
            elif _JOINED_OTHERWISE.search(block):
                self.cut_block(block, words)
            elif not (never and hmm):  # only the model could join them again
                words += self._cut_fast(block, hmm)
            else:
                for word in self._cut_fast(block, hmm):
                    words.extend(word if word in never else (word,))


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
