"""A character n-gram model of words with interpolated Witten–Bell smoothing: what a speller without
a network does (Witten & Bell 1991; Chen & Goodman 1999, equation 17).

p(s | h) = (c(h s) + n(h) p(s | h')) / (c(h) + n(h))

c counts how often something occurs, n(h) how many different symbols follow h, and h' is h without
its first symbol. After a history that never occurred, p(s | h) = p(s | h'). The last h' is nothing:
there all symbols are equally probable. A word begins and ends with END; its first symbols have the
shorter histories that there are.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

END = 0


class CharacterNgram:
    """The model.

    words (Sequence[Sequence[int]]): Symbols of the words it learns, from 1.
    symbols (int): How many symbols there are, END among them.
    order (int): The longest history has so many symbols less one.
    """

    def __init__(self, words: Sequence[Sequence[int]], symbols: int, order: int = 5) -> None:
        self.symbols = symbols
        self.order = order
        self._followers: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        for word in words:
            line = (END, *word, END)
            for place in range(1, len(line)):
                for start in range(max(0, place - order + 1), place + 1):
                    self._followers[line[start:place]][line[place]] += 1
        self._totals = {history: found.total() for history, found in self._followers.items()}

    def probability(self, symbol: int, history: tuple[int, ...]) -> float:
        """RETURNS (float): p(symbol | history).

        symbol (int): A symbol, or END.
        history (Tuple[int, …]): What stands before it, from the END that begins the word.
        """
        found = 1.0 / self.symbols
        for start in range(len(history), max(0, len(history) - self.order + 1) - 1, -1):
            followers = self._followers.get(history[start:])
            if followers is None:
                break  # a longer history can't have occurred either
            kinds, total = len(followers), self._totals[history[start:]]
            found = (followers[symbol] + kinds * found) / (total + kinds)
        return found

    def bits(self, word: Sequence[int]) -> float:
        """RETURNS (float): −log2 p(word), its end included; the empty word is left out, as by the
        package's speller.

        word (Sequence[int]): Its symbols.
        """
        line = (END, *word, END)
        parts = [self.probability(line[i], line[:i]) for i in range(1, len(line))]
        return float(-np.log2(parts).sum() + np.log2(1.0 - self.probability(END, (END,))))
