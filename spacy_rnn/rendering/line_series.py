"""What the style "line" draws: a line for each text and model, smoothed where it is long."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..errors import Errors
from .parts import Part, RenderOptions, as_list, kept, quoted, select

# More lines in one picture can't be told apart.
MOST_LINES = 6
# Up to so many tokens every one has its point; of more, a mean over some is drawn.
ALL_POINTS = 100
# A smoothed line shows about so many independent means.
_MEANS = 50


@dataclass(frozen=True)
class Line:
    """The numbers of a text by one component.

    name (str): What the picture calls it.
    part (Part): The text.
    tokens (List[Token]): Its tokens that were read.
    bits (ndarray): float64 (n,), the surprisal of each, which may be infinite.
    unknown (ndarray): bool (n,), which of them are no words of the vocabulary.
    """

    name: str
    part: Part
    tokens: list[Token]
    bits: np.ndarray
    unknown: np.ndarray

    def mean(self, start: int, stop: int) -> float:
        """RETURNS (float): The mean surprisal of tokens start … stop − 1; NaN of none."""
        bits = self.bits[start:stop]
        return float(bits.mean()) if len(bits) else math.nan

    def peak(self, start: int, stop: int) -> int:
        """RETURNS (int): The most surprising of tokens start … stop − 1."""
        return start + int(np.nan_to_num(self.bits[start:stop], nan=-1.0).argmax())

    def number_mark(self, place: int, options: RenderOptions) -> str:
        """RETURNS (str): What stands after a token's number."""
        return self.part.mark(self.tokens[place], options)


def make_lines(
    given: Doc | Span | Iterable[Doc | Span],
    options: RenderOptions,
    components: Sequence[str] | None,
    names: Sequence[str] | None,
) -> list[Line]:
    """RETURNS (List[Line]): One for each text and component, the components of a text together.
    RAISES (ValueError): If there are other names than lines, or more lines than can be told apart.
    """
    docs = as_list(given)
    readers = (options.component,) if components is None else components
    parts = [(select(doc, options, name), name) for doc in docs for name in readers]
    if len(parts) > MOST_LINES:
        raise ValueError(Errors.R811.format(lines=len(parts), most=MOST_LINES))
    if names is None:
        names = _default_names(parts, len(docs), len(readers))
    if len(names) != len(parts):
        raise ValueError(Errors.R810.format(names=len(names), lines=len(parts)))
    pairs = zip(names, parts, strict=True)
    return [_line(name, part, options) for name, (part, _) in pairs]


def _default_names(parts: Sequence[tuple[Part, str]], docs: int, readers: int) -> list[str]:
    """What tells the lines apart: the component, the text, or both."""
    found = []
    for number, (part, component) in enumerate(parts):
        text = f"{number // readers + 1}. {quoted(part.doc)}"
        named = [text] * (docs > 1 or readers == 1) + [component] * (readers > 1)
        found.append(" · ".join(named) if docs > 1 or readers > 1 else quoted(part.doc))
    return found


def _line(name: str, part: Part, options: RenderOptions) -> Line:
    bits = kept(part.bits, "log_probs", options)
    places = [i for i in range(part.start, part.stop) if not part.skips(i)]
    values = np.array([bits[i] for i in places], dtype=np.float64)
    marked = np.array([bool(part.unknown[i]) for i in places], dtype=bool)
    return Line(name, part, [part.doc[i] for i in places], values, marked)


def window_for(lines: Sequence[Line], smooth: int | None) -> int:
    """RETURNS (int): Over how many tokens each point of the lines is a mean; an odd number."""
    if smooth is not None:
        return smooth + (smooth % 2 == 0)
    longest = max((len(line.tokens) for line in lines), default=0)
    return 1 if longest <= ALL_POINTS else 2 * (longest // _MEANS // 2) + 1


def smoothed(values: np.ndarray, window: int) -> np.ndarray:
    """RETURNS (ndarray): float64 (n,), for each place the mean of the finite values of the window
    around it, which is cut at the ends; NaN where there is none."""
    if window == 1 or not len(values):
        return values
    finite = np.isfinite(values)
    sums = np.append(0.0, np.cumsum(np.where(finite, values, 0.0)))
    counts = np.append(0, np.cumsum(finite))
    places, half = np.arange(len(values)), window // 2
    low, high = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(
            counts[high] > counts[low],
            (sums[high] - sums[low]) / (counts[high] - counts[low]),
            np.nan,
        )


def same_words(lines: Sequence[Line]) -> bool:
    """RETURNS (bool): Whether all lines are of the same tokens."""
    words = [[token.text for token in line.tokens] for line in lines]
    return all(other == words[0] for other in words[1:])


def by_character(lines: Sequence[Line]) -> bool:
    """RETURNS (bool): Whether the lines are of one text that is divided into different tokens, so
    that only the place in the text compares them."""
    texts = {line.part.doc.text for line in lines}
    return len(texts) == 1 and not same_words(lines)


def axis_steps(top: float, most: int) -> list[float]:
    """RETURNS (List[float]): Round numbers from 0 to at least `top`, in at most so many steps."""
    if not (math.isfinite(top) and top > 0):
        top = 1.0
    size = 10.0 ** math.floor(math.log10(top / most))
    step = next(size * k for k in (1, 2, 5, 10, 20) if size * k * most >= top)
    return [step * i for i in range(math.ceil(top / step - 1e-9) + 1)]


def stretches(length: int, most: int) -> list[tuple[int, int]]:
    """RETURNS (List[Tuple[int, int]]): Starts and ends of at most so many equal pieces."""
    size = max(1, math.ceil(length / most))
    return [(start, min(start + size, length)) for start in range(0, length, size)]
