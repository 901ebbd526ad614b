"""What is drawn: the tokens of a Doc or a Span with the numbers of its document."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spacy.tokens import Doc, Span, Token

from ..errors import Errors
from ..pipeline.extensions import get_output, get_output_of
from ..pipeline.output import LMOutput
from ..validation import check_number, check_size
from .text import visible

DIRECTIONS = ("forward", "backward")
# So much of a text tells a reader which one it is.
_QUOTED = 30


@dataclass(frozen=True)
class RenderOptions:
    """The arguments of `render` that a style needs; see there."""

    component: str
    marks: Callable[[Token], str] | None
    max_tokens: int | None
    scale: float
    backward: bool

    def check(self, direction: str) -> None:
        if direction not in DIRECTIONS:
            known = ", ".join(map(repr, DIRECTIONS))
            raise ValueError(Errors.R008.format(option="direction", value=direction, known=known))
        if self.max_tokens is not None:
            check_size("max_tokens", self.max_tokens, least=1)
        check_number("scale", self.scale, lambda bits: bits > 0, "above 0")

    def mark(self, token: Token) -> str:
        return "" if self.marks is None else visible(self.marks(token))


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

    def skips(self, place: int) -> bool:
        """RETURNS (bool): Whether the token wasn't read."""
        return self.output.skipped is not None and bool(self.output.skipped[place])

    @property
    def drawn(self) -> list[Token]:
        return [self.doc[i] for i in range(self.start, self.stop)]

    @property
    def whole(self) -> bool:
        return self.start == 0 and self.end == len(self.doc)

    def note(self) -> str:
        """RETURNS (str): What isn't drawn, as text."""
        left, total = self.end - self.stop, self.end - self.start
        if not left:
            return ""
        return f"Cut here; not shown: {left:,} of {total:,} tokens."


def select(chosen: Doc | Span, options: RenderOptions) -> Part:
    """RETURNS (Part): What there is to draw of a Doc or a Span."""
    if not isinstance(chosen, (Doc, Span)):
        raise TypeError(Errors.R403.format(type=type(chosen).__name__))
    if isinstance(chosen, Doc):
        doc, start, end = chosen, 0, len(chosen)
    else:
        doc, start, end = chosen.doc, chosen.start, chosen.end
    name = options.component
    output = get_output(doc, name) if isinstance(chosen, Doc) else get_output_of(chosen, name)
    if output is None:
        text = doc.text if len(doc.text) <= _QUOTED else doc.text[:_QUOTED] + "…"
        raise ValueError(Errors.R402.format(name=options.component, text=text))
    if options.backward and output.backward is not None:
        output = output.backward
    if output.reverse != options.backward:
        found, asked = ("backward", "forward") if output.reverse else ("forward", "backward")
        raise ValueError(Errors.R404.format(name=options.component, found=found, asked=asked))
    stop = end if options.max_tokens is None else min(end, start + options.max_tokens)
    return Part(doc, start, end, stop, output)


def kept(value: Any, annotation: str, options: RenderOptions) -> Any:
    """RETURNS (Any): The value, which the component has to have kept."""
    if value is None:
        raise ValueError(Errors.R307.format(name=options.component, annotation=annotation))
    return value


def decimal(value: float, digits: int = 1) -> str:
    """RETURNS (str): Rounded; no thing such as "-0.0" or "inf"."""
    if math.isinf(value):
        return "∞"
    return f"{round(value, digits) + 0.0:,.{digits}f}"
