"""A half-typed word → the words that it can become."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from spacy.tokens import Doc

from ..errors import Errors
from ..layers.finite import check_finite
from ..layers.read_states import MOST_STEPS, ReadState, read_at_once, read_steps
from ..network.state_softmax import StateSoftmax
from ..validation import check_size
from ..vocabulary import BOUNDARY_ROW, UNKNOWN_ROW
from .detokenization import Detokenizer
from .typed_words import Found, TypedWords

# A half-typed word may be cut anywhere: it can begin before any of so many last tokens.
LAST_TOKENS = 4
# Natural logarithm of the least p(no symbol) that is a difference: half of all digits are left.
_LEAST = -6.0


class Completion(NamedTuple):
    """A word that the text may go on with.

    word (str): The word.
    start (int): The character of the text where it begins.
    rest (str): What is still to be typed; a space before a new word where one belongs.
    probability (float): Of this word there, of all words at all borders.
    """

    word: str
    start: int
    rest: str
    probability: float


class Border(NamedTuple):
    """A place in a text where the next word may begin.

    start (int): Its character.
    log_prob (float): Natural log p(tokens before it), from the first border on.
    softmax (StateSoftmax): After these tokens.
    """

    start: int
    log_prob: float
    softmax: StateSoftmax


def complete_text(
    lm: Any,
    read: ReadState,
    doc: Doc,
    k: int,
    accept: Callable[[str], bool] | None,
    before: Detokenizer,
) -> list[Completion]:
    """See `RNNLM.complete`.

    lm (RNNLM): The component.
    read (ReadState): After what was read before the Doc.
    doc (Doc): The text; a word may begin at its end and before each of its last four tokens.
    k (int): How many completions.
    accept (Optional[Callable[[str], bool]]): Which words may come.
    before (Detokenizer): What was read before the Doc, which says where spaces go; stays as it is.
    """
    k = check_size("k", k, least=1)
    if accept is not None and not callable(accept):
        raise TypeError(Errors.R833.format(type=type(accept).__name__))
    detokenizer = before.copy()
    detokenizer.read(doc)
    return complete_at(lm, _borders(lm, read, doc), doc.text, k, accept, detokenizer)


def complete_at(
    lm: Any,
    borders: Sequence[Border],
    text: str,
    k: int,
    accept: Callable[[str], bool] | None,
    detokenizer: Detokenizer,
) -> list[Completion]:
    """Complete a text whose borders are known.

    lm (RNNLM): The component.
    borders (Sequence[Border]): Where a word may begin; the end of the text is the last of them.
    text (str): What the borders' places count in.
    k (int): How many completions.
    accept (Optional[Callable[[str], bool]]): Which words may come.
    detokenizer (Detokenizer): What was read to the end of the text; stays as it is.
    RETURNS (List[Completion]): Falling.
    """
    typed = TypedWords(lm)
    *within, end = borders
    # at the next key it will be asked for the words that begin with a letter, which are everywhere
    end.softmax.log_distribution()
    found: list[Completion] = []
    total: list[float] = []
    for border in within:
        beginning = text[border.start :]
        words = _accepted(typed.find(border.softmax, beginning, longer=True), accept)
        log_probs = words.log_probs + border.log_prob
        total += log_probs.tolist()
        for place in np.argsort(-log_probs, kind="stable")[:k].tolist():
            word = words.words[place]
            rest = typed.rest(word, beginning)
            found.append(Completion(word, border.start, rest, float(log_probs[place])))
    words, mass = _next_words(lm, typed, end.softmax, k, accept)
    total.append(mass + end.log_prob)
    check_finite(lm.name, words.log_probs[words.log_probs != -np.inf])
    for word, log_prob in zip(words.words, words.log_probs.tolist(), strict=True):
        rest = detokenizer.space_before(word) + word
        found.append(Completion(word, end.start, rest, log_prob + end.log_prob))
    check_finite(lm.name, np.array([log_prob for log_prob in total if log_prob != -np.inf]))
    everything = float(np.logaddexp.reduce(total))
    # of equal ones the longer beginning first
    best = sorted(found, key=lambda c: (-c.probability, c.start))[:k]
    return [c._replace(probability=float(np.exp(c.probability - everything))) for c in best]


def _borders(lm: Any, read: ReadState, doc: Doc) -> list[Border]:
    """RETURNS (List[Border]): The borders, the end of the text last."""
    start = len(doc) - LAST_TOKENS if len(doc) > MOST_STEPS else 0
    part = doc
    if start:
        _, read = read_at_once(lm.model, doc[:start].as_doc(), read)
        part = doc[start:].as_doc()
    steps = read_steps(lm.model, part, read)
    is_read = lm.vocabulary.forms_of([part]).read
    kept = [doc[start + i] for i in range(len(part)) if is_read is None or is_read[i]]
    first = sum(token.i < len(doc) - LAST_TOKENS for token in kept)
    places = [*(token.idx for token in kept), len(doc.text)]
    states = [read, *(step.state for step in steps)]
    log_prob, borders = 0.0, []
    for number in range(first, len(places)):
        borders.append(Border(places[number], log_prob, states[number].softmax))
        if number < len(steps):
            log_prob += steps[number].log_prob
    return borders


def _accepted(found: Found, accept: Callable[[str], bool] | None) -> Found:
    if accept is None:
        return found
    kept = [place for place, word in enumerate(found.words) if accept(word)]
    return Found([found.words[place] for place in kept], found.log_probs[kept])


def _next_words(
    lm: Any,
    typed: TypedWords,
    softmax: StateSoftmax,
    k: int,
    accept: Callable[[str], bool] | None,
) -> tuple[Found, float]:
    """RETURNS (Tuple[Found, float]): The best whole words, and log p of all words together; neither
    `<unk>` nor `</s>` is a word to type."""
    if accept is not None:
        words = _accepted(typed.find(softmax, "", longer=False), accept)
        order = np.argsort(-words.log_probs, kind="stable")[:k]
        ranked = Found([words.words[place] for place in order.tolist()], words.log_probs[order])
        return ranked, float(np.logaddexp.reduce(words.log_probs, initial=-np.inf))
    own = typed.own
    special = torch.tensor([UNKNOWN_ROW, BOUNDARY_ROW], device=typed.network.device)
    symbols = softmax.row_log_probs(special).cpu().double().numpy()
    count = min(k + 1, len(lm.vocabulary) - 1)
    values, rows = softmax.top_k(count, UNKNOWN_ROW)
    pairs = zip(rows, values, strict=True)
    best = [(lm.vocabulary.words[row], value) for row, value in pairs if row != BOUNDARY_ROW]
    spelling = own.spell(typed.network, softmax, np.arange(len(own.words)))
    own_log_probs = symbols[0] + spelling
    best += zip(own.words, own_log_probs.tolist(), strict=True)
    best = sorted(best, key=lambda pair: -pair[1])[:k]
    rest = 1.0 - float(np.exp(symbols).sum())
    known = math.log(rest) if rest > 0 else -math.inf
    if not known > _LEAST:  # of 1 − p nearly nothing would be left in float32
        log_probs = softmax.log_distribution().double()
        log_probs[special] = -torch.inf
        known = float(torch.logsumexp(log_probs, 0))
    mass = float(np.logaddexp.reduce(np.append(own_log_probs, known)))
    return Found([word for word, _ in best], np.array([value for _, value in best])), mass
