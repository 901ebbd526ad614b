"""Words that are taken whole wherever they stand: what a text costs doesn't grow with the list."""

import re
from collections.abc import Iterable, Iterator

_LATIN = re.compile("[a-zA-Z0-9]")


def touches_latin(word: str) -> bool:
    """RETURNS (bool): Whether the word begins or ends with a Latin letter or a digit."""
    return bool(_LATIN.match(word[0]) or _LATIN.match(word[-1]))


def is_inside_latin(text: str, start: int, end: int) -> bool:
    """RETURNS (bool): Whether `text[start:end]` cuts a run of Latin letters and digits: `I/O` is
    inside one in `API/OSS`, `arn` in `learning`."""
    is_latin = _LATIN.match
    return bool(
        (start and is_latin(text, start) and is_latin(text, start - 1))
        or (is_latin(text, end - 1) and is_latin(text, end))
    )


class WholeWords:
    """Finds words that have a sign in them, the leftmost first and of those the longest.

    Signs are rare in a text. So a word is looked up at each sign that can be the first of one: by
    what stands before this sign, then by the lengths that words with this beginning have.

    words (Iterable[str]): The words; each has a sign.
    sign (Pattern[str]): What a sign is: one character.

    EXAMPLE:
        >>> WholeWords(["I/O", "列夫·托尔斯泰"], re.compile("[/·]")).split("用I/O读")
        ['用', 'I/O', '读']
    """

    def __init__(self, words: Iterable[str], sign: re.Pattern[str]) -> None:
        self._words = frozenset(words)
        lengths: dict[str, set[int]] = {}
        for word in self._words:
            found = sign.search(word)
            assert found is not None
            lengths.setdefault(word[: found.end()], set()).add(len(word))
        # by the word up to its first sign
        self._lengths = {head: sorted(some, reverse=True) for head, some in lengths.items()}
        self._longest_head = max(map(len, lengths), default=0)
        signs = "".join(sorted({head[-1] for head in lengths}))
        self._signs = re.compile(f"[{re.escape(signs)}]") if signs else None

    def split(self, text: str) -> list[str]:
        """RETURNS (List[str]): The text in pieces: every second one is a word; the others, which
        may be empty, are what stands between."""
        pieces: list[str] = []
        position = 0
        for start, end in self._find(text):
            pieces += (text[position:start], text[start:end])
            position = end
        pieces.append(text[position:])
        return pieces

    def _find(self, text: str) -> Iterator[tuple[int, int]]:
        """YIELDS (Tuple[int, int]): Where each word begins and ends."""
        position = 0  # no word that begins before it is still to be found
        for found in self._signs.finditer(text) if self._signs else ():
            after = found.end()
            for start in range(max(position, after - self._longest_head), after):
                lengths = self._lengths.get(text[start:after])
                end = lengths and self._find_end(text, start, lengths)
                if end:
                    yield start, end
                    position = end
                    break
            else:
                position = max(position, after)

    def _find_end(self, text: str, start: int, lengths: list[int]) -> int:
        """RETURNS (int): Where the longest word ends that begins here; 0 without one."""
        for length in lengths:
            end = start + length
            if text[start:end] in self._words and not is_inside_latin(text, start, end):
                return end
        return 0
