"""The style "surprisal": a text with a number under every token."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from spacy.tokens import Token

from ..errors import counted
from .parts import Part, RenderOptions, decimal, kept
from .text import direction_of, runs, word

_LINE_ENDS = set("\n\r\u2028\u2029")


def legend(options: RenderOptions) -> str:
    """RETURNS (str): What the signs and numbers mean, as HTML."""
    side = "after" if options.backward else "before"
    return (
        f"Under each token its surprisal in bits: −log₂ p(token | all tokens {side} it). "
        f"The bar above it shows the same; it is full at {options.scale:g} bits. "
        "White space that isn't read has none."
    )


def draw(part: Part, options: RenderOptions) -> str:
    """RETURNS (str): The figure of a Doc or Span, as HTML."""
    bits = kept(part.bits, "log_probs", options)
    tokens = part.drawn
    base = direction_of([token.text for token in tokens])
    pieces = []
    for way, groups in runs(tokens):
        inner = "".join(_group(group, part, bits, options) for group in groups)
        if way != base:
            # the space after the run belongs to the text around it
            inner = f'<bdi dir="{way}">{inner.rstrip(" ")}</bdi>{" " * inner.endswith(" ")}'
        pieces.append(inner)
    text = "".join(pieces) or '<span class="spacy-rnn-edge">no token</span>'
    note = part.note()
    if note:
        note = f'<p class="spacy-rnn-note">{note} The sums below are those of all.</p>'
    return (
        f'<p class="spacy-rnn-text" dir="{base}" lang="{_language(part)}">{text}</p>{note}'
        f'<figcaption class="spacy-rnn-sums">{_sums(part)}</figcaption>'
    )


def _language(part: Part) -> str:
    """As an attribute of HTML; "" is an unknown language there."""
    return "" if part.doc.lang_ == "xx" else escape(part.doc.lang_)


def _group(
    group: list[Token], part: Part, bits: Mapping[int, float], options: RenderOptions
) -> str:
    given = [(token, None if part.skips(token.i) else bits[token.i]) for token in group]
    inner = "".join(_token(*pair, options) for pair in given)
    last = group[-1]
    ends_line = last.is_space and not _LINE_ENDS.isdisjoint(last.text)
    after = "<br>" if ends_line else (" " if last.whitespace_ else "")
    return f'<span class="spacy-rnn-group">{inner}</span>{after}'


def _token(token: Token, bits: float | None, options: RenderOptions) -> str:
    level, number = 0.0, ""
    if bits is not None:
        number = decimal(bits)
        level = 0.0 if math.isnan(bits) else 100 * min(1.0, max(0.0, bits / options.scale))
    number += escape(options.mark(token))
    return (
        f'<ruby class="spacy-rnn-token" style="--spacy-rnn-level:{level:.0f}%">'
        f'{word(token.text)}<rt class="spacy-rnn-number">{number}</rt></ruby>'
    )


def _sums(part: Part) -> str:
    count = part.output.count_read(part.start, part.end)
    bits = part.output.surprisal_of(part.start, part.end) or 0.0
    sums = [counted(count, "token"), f"{decimal(bits)} bits"]
    if count:
        sums.append(f"{decimal(bits / count)} bits a token")
    perplexity = part.output.perplexity
    # the end of the document counts in it, so a Span has none
    if part.whole and perplexity is not None:
        sums.append(f"perplexity {decimal(perplexity)}")
    return " · ".join(sums)
