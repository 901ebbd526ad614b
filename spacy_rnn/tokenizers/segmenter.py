"""jieba's segmentation of a text, word for word, in less than half the time.

A segmenter is any object with `cut(text) -> list[str]` whose words, joined, are the text, and
`splits_after(character) -> bool`, which may say no; the tokenizer asks nothing else of it. It gets
text without white space.
"""

import re
from math import log
from typing import Protocol

from .dictionary import Dictionary
from .hmm import recognize
from .whole_words import WholeWords, is_inside_latin

# The characters that jieba joins to words; it splits at all others.
_JOINED = r"\u4e00-\u9fd5a-zA-Z0-9+#&._%\-"
BLOCKS = re.compile(rf"[{_JOINED}]+|[^{_JOINED}]")
_SPLIT_AT = re.compile(rf"[^{_JOINED}]")
_NEVER = float("-inf")
_LATIN = re.compile("[a-zA-Z0-9]")


class Segmenter(Protocol):
    """Divides text without white space into words; joined, they are the text."""

    def cut(self, text: str) -> list[str]: ...

    def splits_after(self, character: str) -> bool: ...


class _WordScores(dict[int, float]):
    """Frequency of a word → its log-probability, computed when first asked for."""

    def __init__(self, total: int) -> None:
        self._log_total = log(total)

    def __missing__(self, frequency: int) -> float:
        score = self[frequency] = log(frequency) - self._log_total
        return score


class _CharacterScores(dict[str, float]):
    """A single character → its log-probability as a word, −∞ if it isn't one."""

    def __init__(self, frequencies: dict[str, int], scores: _WordScores) -> None:
        self._frequencies = frequencies
        self._scores = scores

    def __missing__(self, character: str) -> float:
        frequency = self._frequencies.get(character)
        score = self[character] = self._scores[frequency] if frequency else _NEVER
        return score


class JiebaSegmenter:
    """Divides text as `jieba.Tokenizer.lcut(text, HMM=hmm)` does. Safe to share among threads.

    dictionary (Dictionary): Words and frequencies; must not change while this object lives.
    hmm (bool): Recognise words that are not in the dictionary with a hidden Markov model.

    EXAMPLE:
        >>> from spacy_rnn.tokenizers.dictionary import default_dictionary
        >>> JiebaSegmenter(default_dictionary()).cut("我来到北京清华大学")
        ['我', '来到', '北京', '清华大学']
    """

    def __init__(self, dictionary: Dictionary, *, hmm: bool = True) -> None:
        self.dictionary = dictionary
        self._frequency = dictionary.frequencies.get
        self._scores = _WordScores(dictionary.total)
        self._character_scores = _CharacterScores(dictionary.frequencies, self._scores)
        self._whole = WholeWords(dictionary.whole, _SPLIT_AT) if dictionary.whole else None
        self._add_words = self._add_words_hmm if hmm else self._add_words_plain

    def cut(self, text: str) -> list[str]:
        """Divide a text.

        text (str): Any text.
        RETURNS (List[str]): Its words, in order; joined, they are the text.
        """
        words: list[str] = []
        if self._whole is None:
            self._cut_blocks(text, words)
            return words
        for number, piece in enumerate(self._whole.split(text)):
            if number % 2:  # a whole word
                words.append(piece)
            else:
                self._cut_blocks(piece, words)
        return words

    def splits_after(self, character: str) -> bool:
        """RETURNS (bool): Whether a text is always divided behind this character, and what stands
        behind it doesn't change what stands before it."""
        return self._whole is None and _SPLIT_AT.match(character) is not None

    def _cut_blocks(self, text: str, words: list[str]) -> None:
        for block in BLOCKS.findall(text):
            if len(block) == 1:
                words.append(block)
            else:
                self.cut_block(block, words)

    def cut_block(self, block: str, words: list[str]) -> None:
        """Add the words of one block of characters that can be joined."""
        bounded = self.dictionary.bounded if _LATIN.search(block) else None
        self._add_words(block, self._best_ends(block, bounded), words)

    def _best_ends(self, block: str, bounded: frozenset[str] | None) -> list[int]:
        """Where the word that starts at each position ends on the most probable path.

        Words that are `bounded` don't count where they would be cut out of a longer Latin word.
        Scores are summed from the end of the block, as jieba does: rounding must be the same.
        """
        frequency, scores, character_scores = self._frequency, self._scores, self._character_scores
        seen_once = scores[1]
        length = len(block)
        # No entry has a space, so that the search for longer words stops at the end of the block.
        padded = block + " "
        ends = list(range(1, length + 1))
        totals = [0.0] * (length + 1)
        best = 0.0
        for start in range(length - 1, -1, -1):
            after = best
            best += character_scores[padded[start]]
            end = start + 2
            found = frequency(padded[start:end])
            while found is not None:
                if found and not (bounded and _is_cut_out(padded, start, end, bounded)):
                    total = scores[found] + totals[end]
                    # Of two equal ones the longer word, as in jieba.
                    if total >= best:
                        best = total
                        ends[start] = end
                end += 1
                found = frequency(padded[start:end])
            if best == _NEVER:
                # Nothing known starts here: only then is an unknown character a word.
                best = after + seen_once
            totals[start] = best
        return ends

    def _add_words_hmm(self, block: str, ends: list[int], words: list[str]) -> None:
        """Follow the path; runs of single characters get a second look by the model."""
        run_start = start = 0
        while start < len(block):
            end = ends[start]
            if end - start > 1:
                if run_start < start:
                    self._add_run(block, run_start, start, words)
                words.append(block[start:end])
                run_start = end
            start = end
        if run_start < start:
            self._add_run(block, run_start, start, words)

    def _add_run(self, block: str, start: int, end: int, words: list[str]) -> None:
        run = block[start:end]
        if len(run) == 1:
            words.append(run)
        elif self._frequency(run) and not _is_cut_out(block, start, end, self.dictionary.bounded):
            # A word that the path decided to split stays split.
            words.extend(run)
        elif not self.dictionary.never:
            words.extend(recognize(run))
        else:
            for word in recognize(run):
                words.extend(word if word in self.dictionary.never else (word,))

    def _add_words_plain(self, block: str, ends: list[int], words: list[str]) -> None:
        """Follow the path; Latin letters and digits that follow each other are one word."""
        latin = ""
        start = 0
        while start < len(block):
            word = block[start : ends[start]]
            start = ends[start]
            if len(word) == 1 and _LATIN.match(word):
                latin += word
                continue
            if latin:
                words.append(latin)
                latin = ""
            words.append(word)
        if latin:
            words.append(latin)


def _is_cut_out(text: str, start: int, end: int, bounded: frozenset[str]) -> bool:
    return text[start:end] in bounded and is_inside_latin(text, start, end)


def can_be_joined(word: str) -> bool:
    """Whether jieba can find this word at all: it always splits at most punctuation."""
    return _SPLIT_AT.search(word) is None
