"""The style "surprisal": a text with a number under every token."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from spacy.tokens import Doc, Span, Token

from .decimals import decimal
from .parts import Part, RenderOptions, kept, select_all
from .text import direction_of, runs, word
from .wording import Wording

_LINE_ENDS = set("\n\r\u2028\u2029")
# In bits: what a full bar may stand for
_FULL = (16.0, 32.0, 64.0)


def draw(given: Doc | Span | Iterable[Doc | Span], options: RenderOptions) -> tuple[str, list[str]]:
    """RETURNS (Tuple[str, List[str]]): What the signs and numbers mean, and a figure for each Doc
    or Span, as HTML."""
    parts = select_all(given, options)
    scale = full_bar(parts, options)
    figures = [_annotated_text(part, scale, options) for part in parts]
    return _explain_bars(parts, scale, options), figures


def full_bar(parts: Sequence[Part], options: RenderOptions) -> float:
    """RETURNS (float): The surprisal of a full bar, in bits: as asked for, or one of a few round
    numbers, so that pictures of usual texts can be compared."""
    if options.scale is not None:
        return options.scale
    highest = max((_highest(part) for part in parts), default=0.0)
    return next((bits for bits in _FULL if highest <= bits), _FULL[-1])


def _highest(part: Part) -> float:
    found = [bits for bits in _drawn_bits(part) if math.isfinite(bits)]
    return max(found, default=0.0)


def _drawn_bits(part: Part) -> list[float]:
    return [(part.bits or {})[i] for i in range(part.start, part.stop) if part.bits is not None]


def _explain_bars(parts: Sequence[Part], scale: float, options: RenderOptions) -> str:
    wording = options.wording
    sentences = [
        wording.surprisal_below.format(side=wording.side(options.backward)),
        wording.full_bar.format(bits=scale),
    ]
    if any(bits > scale for part in parts for bits in _drawn_bits(part)):
        sentences.append(wording.gap)
    if options.marks is None and any(part.is_marked for part in parts):
        sentences.append(wording.unknown_words)
    if any(part.skips(i) for part in parts for i in range(part.start, part.stop)):
        sentences.append(wording.white_space)
    return wording.sentences(sentences)


def _annotated_text(part: Part, scale: float, options: RenderOptions) -> str:
    bits = kept(part.bits, "log_probs", options)
    tokens = part.drawn
    base = direction_of([token.text for token in tokens])
    pieces = []
    for way, groups in runs(tokens):
        inner = "".join(_group(group, part, bits, scale, options) for group in groups)
        if way != base:
            # the space after the run belongs to the text around it
            inner = f'<bdi dir="{way}">{inner.rstrip(" ")}</bdi>{" " * inner.endswith(" ")}'
        pieces.append(inner)
    wording = options.wording
    nothing = f'<span class="spacy-rnn-edge" lang="{wording.lang}">{wording.no_token}</span>'
    text = "".join(pieces) or nothing
    note = part.note(wording)
    if note:
        note = wording.sentences([note, wording.sums_of_all])
        note = f'<p class="spacy-rnn-note">{note}</p>'
    return (
        f'<p class="spacy-rnn-text" dir="{base}" lang="{_language(part)}">{text}</p>{note}'
        f'<figcaption class="spacy-rnn-sums">{sums_of(part, wording)}</figcaption>'
    )


def _language(part: Part) -> str:
    """As an attribute of HTML; "" is an unknown language there."""
    return "" if part.doc.lang_ == "xx" else escape(part.doc.lang_)


def _group(
    group: list[Token],
    part: Part,
    bits: Mapping[int, float],
    scale: float,
    options: RenderOptions,
) -> str:
    inner = "".join(
        _token(token, None if part.skips(token.i) else bits[token.i], part, scale, options)
        for token in group
    )
    last = group[-1]
    ends_line = last.is_space and not _LINE_ENDS.isdisjoint(last.text)
    after = "<br>" if ends_line else (" " if last.whitespace_ else "")
    return f'<span class="spacy-rnn-group">{inner}</span>{after}'


def _token(
    token: Token, bits: float | None, part: Part, scale: float, options: RenderOptions
) -> str:
    level, number, kind = 0.0, "", "spacy-rnn-token"
    if bits is not None:
        number = decimal(bits)
        level = 0.0 if math.isnan(bits) else 100 * min(1.0, max(0.0, bits / scale))
        if bits > scale:
            kind += " spacy-rnn-beyond"
    number += escape(part.mark(token, options))
    return (
        f'<ruby class="{kind}" style="--spacy-rnn-level:{level:.0f}%">'
        f'{word(token.text)}<rt class="spacy-rnn-number">{number}</rt></ruby>'
    )


def sums_of(part: Part, wording: Wording) -> str:
    """RETURNS (str): The sums of a Doc or Span, as text."""
    count = part.output.count_read(part.start, part.end)
    bits = part.output.surprisal_of(part.start, part.end) or 0.0
    sums = [wording.count(wording.token_count, count), wording.bits.format(bits=decimal(bits))]
    if count:
        sums.append(wording.bits_a_token.format(bits=decimal(bits / count)))
    perplexity = part.output.perplexity
    # the end of the document counts in it, so a Span has none
    if part.whole and perplexity is not None:
        sums.append(wording.perplexity.format(value=decimal(perplexity)))
    return " · ".join(sums)
