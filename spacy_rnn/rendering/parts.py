"""What is drawn: the tokens of a Doc or a Span with the numbers of its document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..errors import Errors, shorten
from ..pipeline.extensions import get_output, get_output_of
from ..pipeline.output import LMOutput
from ..validation import check_number, check_size
from .english import ENGLISH
from .text import visible
from .wording import Wording

DIRECTIONS = ("forward", "backward")
# So much of a text tells a reader which one it is.
_QUOTED = 30
# After the number of a word that the model doesn't know
UNKNOWN_MARK = "?"


@dataclass(frozen=True)
class RenderOptions:
    """The arguments of `render` that a style needs; see there."""

    component: str
    wording: Wording = ENGLISH
    marks: Callable[[Token], str] | None = None
    max_tokens: int | None = None
    scale: float | None = None
    backward: bool = False
    components: Sequence[str] | None = None
    names: Sequence[str] | None = None
    smooth: int | None = None
    words: Sequence[str] | None = None
    neighbours: int = 3

    def check(self, direction: str) -> None:
        if direction not in DIRECTIONS:
            known = ", ".join(map(repr, DIRECTIONS))
            raise ValueError(Errors.R008.format(option="direction", value=direction, known=known))
        if self.max_tokens is not None:
            check_size("max_tokens", self.max_tokens, least=1)
        if self.scale is not None:
            check_number("scale", self.scale, lambda bits: bits > 0, "above 0")
        if self.smooth is not None:
            check_size("smooth", self.smooth, least=1)
        check_size("neighbours", self.neighbours, least=0)
        for option in ("components", "names", "words"):
            _check_strings(option, getattr(self, option))


def _check_strings(option: str, value: Any) -> None:
    if value is None:
        return
    listed = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    if not (listed and all(isinstance(item, str) for item in value)):
        raise TypeError(Errors.R814.format(option=option, value=shorten(value)))


@dataclass(frozen=True)
class Part:
    """Tokens `start` … `end` − 1 of a document, of which those before `stop` are drawn."""

    doc: Doc
    start: int
    end: int
    stop: int
    output: LMOutput

    @cached_property
    def bits(self) -> dict[int, float] | None:
        """The surprisal of the tokens that are drawn, and of one beside them, by their places,
        if it was kept."""
        if self.output.surprisal is None:
            return None
        places = range(max(0, self.start - 1), min(self.stop + 1, len(self.doc)))
        values = self.output.surprisal[places.start : places.stop].tolist()
        return dict(zip(places, values, strict=True))

    @cached_property
    def unknown(self) -> np.ndarray:
        """Which tokens of the document are known to be no words of the vocabulary: bool (n,)."""
        return unknown_words(self.output)

    def mark(self, token: Token, options: RenderOptions) -> str:
        """RETURNS (str): What stands after a token's number."""
        if options.marks is not None:
            return visible(options.marks(token))
        return UNKNOWN_MARK if self.unknown[token.i] else ""

    @property
    def is_marked(self) -> bool:
        """Whether a token that is drawn is unknown."""
        return bool(self.unknown[self.start : self.stop].any())

    def skips(self, place: int) -> bool:
        """RETURNS (bool): Whether the token wasn't read."""
        return self.output.skipped is not None and bool(self.output.skipped[place])

    @property
    def drawn(self) -> list[Token]:
        return [self.doc[i] for i in range(self.start, self.stop)]

    @property
    def whole(self) -> bool:
        return self.start == 0 and self.end == len(self.doc)

    def note(self, wording: Wording) -> str:
        """RETURNS (str): What isn't drawn, as text."""
        left, total = self.end - self.stop, self.end - self.start
        return wording.cut.format(left=left, total=total) if left else ""


def unknown_words(output: LMOutput) -> np.ndarray:
    """RETURNS (ndarray): bool (n,), the tokens that are no words of the vocabulary. An output that
    was saved without them tells it only by its other numbers: a spelling, no rank."""
    if output.unknown is not None:
        return output.unknown
    unknown = np.zeros(len(output), dtype=bool)
    if output.spelling is not None:
        unknown |= output.spelling != 0
    if output.rank is not None:
        unknown |= (output.rank < 0) & output.read
    return unknown


def as_list(given: Doc | Span | Iterable[Doc | Span]) -> list[Doc | Span]:
    """RETURNS (List[Union[Doc, Span]]): What was given, be it one or several.
    RAISES (TypeError): If it is something else.
    """
    # a Doc and a Span are iterables too
    if isinstance(given, (Doc, Span)):
        return [given]
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(Errors.R403.format(type=type(given).__name__))
    return list(given)


def select_all(given: Doc | Span | Iterable[Doc | Span], options: RenderOptions) -> list[Part]:
    """RETURNS (List[Part]): What there is to draw of each Doc and Span.
    RAISES (TypeError): If something else is given.
    """
    return [select(each, options) for each in as_list(given)]


def select(chosen: Doc | Span, options: RenderOptions, component: str | None = None) -> Part:
    """RETURNS (Part): What there is to draw of a Doc or a Span, by the component of the options or
    by another."""
    if not isinstance(chosen, (Doc, Span)):
        raise TypeError(Errors.R403.format(type=type(chosen).__name__))
    if isinstance(chosen, Doc):
        doc, start, end = chosen, 0, len(chosen)
    else:
        doc, start, end = chosen.doc, chosen.start, chosen.end
    name = options.component if component is None else component
    output = get_output(doc, name) if isinstance(chosen, Doc) else get_output_of(chosen, name)
    if output is None:
        raise ValueError(Errors.R402.format(name=name, text=quoted(doc)))
    if options.backward and output.backward is not None:
        output = output.backward
    if output.reverse != options.backward:
        found, asked = ("backward", "forward") if output.reverse else ("forward", "backward")
        raise ValueError(Errors.R404.format(name=name, found=found, asked=asked))
    stop = end if options.max_tokens is None else min(end, start + options.max_tokens)
    return Part(doc, start, end, stop, output)


def kept(value: Any, annotation: str, options: RenderOptions) -> Any:
    """RETURNS (Any): The value, which the component has to have kept."""
    if value is None:
        raise ValueError(Errors.R307.format(name=options.component, annotation=annotation))
    return value


def quoted(doc: Doc) -> str:
    """RETURNS (str): Enough of its text to tell which one it is."""
    return doc.text if len(doc.text) <= _QUOTED else doc.text[:_QUOTED] + "…"
