"""The style "next": a table of what the model expected at every place, and of what came."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from spacy.tokens import Doc, Span, Token

from ..vocabulary import BOUNDARY
from ..vocabulary.normalization import NORMALIZATIONS, normalize_form
from .decimals import decimal
from .parts import Part, RenderOptions, kept, select_all
from .text import word
from .wording import Wording

_HIT = '<strong class="spacy-rnn-hit">✓</strong> '
_HEAD = (
    '<table class="spacy-rnn-table"><thead><tr><th class="spacy-rnn-cell" scope="col">{read}</th>'
    '<th class="spacy-rnn-cell" scope="col">{expected}</th>'
    '<th class="spacy-rnn-cell" scope="col">{came}</th></tr></thead>'
)
# More rows than these are divided into pieces.
_LONG, _PIECE = 40, 25
# So many characters say what a piece is about.
_BEGINNING = 40
# A probability that was computed on another way to the same word may differ by so much.
_TOLERANCE = 0.01


def draw(given: Doc | Span | Iterable[Doc | Span], options: RenderOptions) -> tuple[str, list[str]]:
    """RETURNS (Tuple[str, List[str]]): What the signs and numbers mean, and a figure for each Doc
    or Span, as HTML."""
    parts = select_all(given, options)
    figures = [_guess_tables(part, options) for part in parts]
    return _explain_guesses(parts, options), figures


def _explain_guesses(parts: Sequence[Part], options: RenderOptions) -> str:
    wording = options.wording
    guesses = wording.previous_guesses if options.backward else wording.guesses
    sentences = [guesses.format(edge=wording.edge(begins=options.backward))]
    if options.marks is None and any(part.is_marked for part in parts):
        sentences.append(wording.unknown_words)
    if any(part.stop - part.start > _LONG for part in parts):
        sentences.append(wording.pieces.format(piece=_PIECE))
    return wording.sentences(sentences)


def _guess_tables(part: Part, options: RenderOptions) -> str:
    kept(part.output.next_words, "next", options)
    targets = [place for place in range(part.start, part.stop) if not part.skips(place)]
    if options.backward:
        targets = [*reversed(targets), part.start - 1]
    elif part.stop == part.end:
        targets.append(part.end)
    note = part.note(options.wording)
    note = note and f'<p class="spacy-rnn-note">{note}</p>'
    if len(targets) <= _LONG:
        return _guess_table(part, targets, options) + note
    pieces = [targets[i : i + _PIECE] for i in range(0, len(targets), _PIECE)]
    return (
        "".join(
            f'<details class="spacy-rnn-piece"{" open" * (not number)}>'
            f'<summary class="spacy-rnn-summary">{_summary(part, piece, options.wording)}</summary>'
            f"{_guess_table(part, piece, options)}</details>"
            for number, piece in enumerate(pieces)
        )
        + note
    )


def _guess_table(part: Part, targets: Sequence[int], options: RenderOptions) -> str:
    rows = "".join(_row(part, target, options) for target in targets)
    wording = options.wording
    titles = wording.previous_titles if options.backward else wording.next_titles
    head = _HEAD.format(read=titles[0], expected=titles[1], came=titles[2])
    return f"{head}<tbody>{rows}</tbody></table>"


def _summary(part: Part, targets: Sequence[int], wording: Wording) -> str:
    """Which tokens a piece has, how they begin, and how surprising they are."""
    inside = [target for target in targets if _inside(part, target)]
    if not inside:
        return _place(part, targets[0], wording)
    first, last = inside[0] - part.start + 1, inside[-1] - part.start + 1
    text = part.doc[min(inside) : max(inside) + 1].text
    shown = f"{first:,}–{last:,} {word(text[:_BEGINNING] + '…' * (len(text) > _BEGINNING))}"
    if part.bits is None:
        return shown
    mean = sum(part.bits[target] for target in inside) / len(inside)
    bits = wording.bits_a_token.format(bits=decimal(mean))
    return f'{shown} <span class="spacy-rnn-number">{bits}</span>'


def _row(part: Part, target: int, options: RenderOptions) -> str:
    """What was expected where `target` came; beyond the document's edge that is its end."""
    assert part.output.next_words is not None
    read = target + 1 if options.backward else target - 1
    inside = 0 <= read < len(part.doc)
    guesses = part.output.next_words.at(read + 1 if inside else 0)
    hit = _hit(part, target, guesses)
    items = "".join(
        _guess(guess, probability, guess == hit, options) for guess, probability in guesses
    )
    return (
        f'<tr><th class="spacy-rnn-cell" scope="row">{_place(part, read, options.wording)}</th>'
        f'<td class="spacy-rnn-cell"><ol class="spacy-rnn-guesses">{items}</ol></td>'
        f'<td class="spacy-rnn-cell">{_came(part, target, hit is not None, options)}</td></tr>'
    )


def _guess(guess: str, probability: float, hit: bool, options: RenderOptions) -> str:
    edge = options.wording.edge(begins=options.backward)
    name = edge if guess == BOUNDARY else word(guess)
    mark = _HIT if hit else ""
    kind = "spacy-rnn-guess spacy-rnn-right" if hit else "spacy-rnn-guess"
    return (
        f'<li class="{kind}" style="--spacy-rnn-level:{100 * probability:.1f}%">{mark}{name} '
        f'<span class="spacy-rnn-number">{decimal(probability, 3)}</span></li>'
    )


def _came(part: Part, target: int, hit: bool, options: RenderOptions) -> str:
    shown = (_HIT if hit else "") + _place(part, target, options.wording)
    if _inside(part, target):
        bits = None if part.bits is None else part.bits[target]
        mark = escape(part.mark(part.doc[target], options))
    else:
        end = part.output.end_log_prob
        bits, mark = None if end is None else -end / math.log(2), ""
    if bits is None:
        return shown + mark
    number = options.wording.bits.format(bits=f"{decimal(bits)}{mark}")
    return f'{shown} <span class="spacy-rnn-number spacy-rnn-bits">{number}</span>'


def _hit(part: Part, target: int, guesses: list[tuple[str, float]]) -> str | None:
    """The guess that was right, if one was."""
    if not _inside(part, target):
        return next((guess for guess, _ in guesses if guess == BOUNDARY), None)
    token = part.doc[target]
    # a text that spells the sign of the end is a word all the same
    exact = next((guess for guess, _ in guesses if guess == token.text != BOUNDARY), None)
    return exact or _normal_form(part, token, guesses)


def _normal_form(part: Part, token: Token, guesses: list[tuple[str, float]]) -> str | None:
    """The guess that a vocabulary of normal forms, or of variants that it takes for one word, has
    for the token: one of the same number."""
    if part.output.log_probs is None:
        return None
    probability = math.exp(part.output.log_probs[token.i])
    for guess, other in guesses:
        if guess != BOUNDARY and _may_be_shown(token, guess):
            return guess if math.isclose(other, probability, rel_tol=_TOLERANCE) else None
    return None


def _may_be_shown(token: Token, guess: str) -> bool:
    own = (token.text, token.lower_, token.norm_)
    return any(
        normalize_form(form, how) == normalize_form(guess, how)
        for how in NORMALIZATIONS
        for form in own
    )


def _place(part: Part, index: int, wording: Wording) -> str:
    """A token, or the edge of the document beyond the last."""
    if _inside(part, index):
        return word(part.doc[index].text)
    return wording.edge(begins=index < 0)


def _inside(part: Part, index: int) -> bool:
    return 0 <= index < len(part.doc)
