"""A half-typed word → the words that it can become."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from spacy.tokens import Doc

from ..errors import Errors
from ..layers.continuing import ReadOn, read_on
from ..layers.finite import check_finite
from ..network.recurrent import State
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


class _Border(NamedTuple):
    """A place in a text where the next word may begin.

    start (int): Its character.
    log_prob (float): Natural log p(tokens before it), from the first border on.
    hidden (Tensor): float32 (1, width), the state after these tokens.
    """

    start: int
    log_prob: float
    hidden: torch.Tensor


def complete_text(
    lm: Any,
    state: State,
    doc: Doc,
    k: int,
    accept: Callable[[str], bool] | None,
    before: Detokenizer,
) -> list[Completion]:
    """See `RNNLM.complete`.

    lm (RNNLM): The component.
    state (State): After what was read before the Doc.
    doc (Doc): The text; a word may begin at its end and before each of its last four tokens.
    k (int): How many completions.
    accept (Optional[Callable[[str], bool]]): Which words may come.
    before (Detokenizer): What was read before the Doc, which says where spaces go; stays as it is.
    """
    k = check_size("k", k, least=1)
    if accept is not None and not callable(accept):
        raise TypeError(Errors.R833.format(type=type(accept).__name__))
    typed = TypedWords(lm)
    borders, made = _borders(lm, state, doc)
    text = doc.text
    *within, end = borders
    found: list[Completion] = []
    total: list[float] = []
    for border in within:
        beginning = text[border.start :]
        words = _accepted(typed.find(border.hidden, beginning, longer=True), accept)
        log_probs = words.log_probs + border.log_prob
        total += log_probs.tolist()
        for place in np.argsort(-log_probs, kind="stable")[:k].tolist():
            word = words.words[place]
            rest = typed.rest(word, beginning)
            found.append(Completion(word, border.start, rest, float(log_probs[place])))
    words, mass = _next_words(lm, typed, made.hidden[-1:], k, accept)
    total.append(mass + end.log_prob)
    detokenizer = before.copy()
    detokenizer.read(doc)
    for word, log_prob in zip(words.words, words.log_probs.tolist(), strict=True):
        rest = detokenizer.space_before(word) + word
        found.append(Completion(word, end.start, rest, log_prob + end.log_prob))
    check_finite(lm.name, np.array([log_prob for log_prob in total if log_prob != -np.inf]))
    everything = float(np.logaddexp.reduce(total))
    # of equal ones the longer beginning first
    best = sorted(found, key=lambda c: (-c.probability, c.start))[:k]
    return [c._replace(probability=float(np.exp(c.probability - everything))) for c in best]


def _borders(lm: Any, state: State, doc: Doc) -> tuple[list[_Border], ReadOn]:
    """RETURNS (Tuple[List[_Border], ReadOn]): The borders, the end of the text last, and what
    reading the text gave."""
    (made,) = read_on(lm.model, [doc], state)
    read = lm.vocabulary.forms_of([doc]).read
    kept = [token for token in doc if read is None or read[token.i]]
    starts = [token.idx for token in kept]
    log_probs = np.concatenate([[0.0], np.cumsum(made.log_probs[:-1], dtype=np.float64)])
    first = sum(token.i < len(doc) - LAST_TOKENS for token in kept)
    places = [*starts, len(doc.text)]
    borders = [
        _Border(places[i], float(log_probs[i] - log_probs[first]), made.hidden[i : i + 1])
        for i in range(first, len(places))
    ]
    return borders, made


def _accepted(found: Found, accept: Callable[[str], bool] | None) -> Found:
    if accept is None:
        return found
    kept = [place for place, word in enumerate(found.words) if accept(word)]
    return Found([found.words[place] for place in kept], found.log_probs[kept])


def _next_words(
    lm: Any,
    typed: TypedWords,
    hidden: torch.Tensor,
    k: int,
    accept: Callable[[str], bool] | None,
) -> tuple[Found, float]:
    """RETURNS (Tuple[Found, float]): The best whole words, and log p of all words together; neither
    `<unk>` nor `</s>` is a word to type."""
    if accept is not None:
        words = _accepted(typed.find(hidden, "", longer=False), accept)
        order = np.argsort(-words.log_probs, kind="stable")[:k]
        ranked = Found([words.words[place] for place in order.tolist()], words.log_probs[order])
        return ranked, float(np.logaddexp.reduce(words.log_probs, initial=-np.inf))
    softmax, own = typed.network.softmax, typed.own
    with torch.no_grad():
        special = torch.tensor([UNKNOWN_ROW, BOUNDARY_ROW], device=hidden.device)
        symbols = softmax.row_log_probs(hidden, special).cpu().double().numpy()
        count = min(k + 1, len(lm.vocabulary) - 1)
        values, rows = softmax.top_k(hidden, count, UNKNOWN_ROW)
    pairs = zip(rows[0].tolist(), values[0].tolist(), strict=True)
    best = [(lm.vocabulary.words[row], value) for row, value in pairs if row != BOUNDARY_ROW]
    spelling = own.spell(typed.network, hidden, np.arange(len(own.words)))
    own_log_probs = symbols[0] + spelling
    best += zip(own.words, own_log_probs.tolist(), strict=True)
    best = sorted(best, key=lambda pair: -pair[1])[:k]
    rest = 1.0 - float(np.exp(symbols).sum())
    known = math.log(rest) if rest > 0 else -math.inf
    if not known > _LEAST:  # of 1 − p nearly nothing would be left in float32
        with torch.no_grad():
            log_probs = softmax.log_distribution(hidden)[0].double()
            log_probs[special] = -torch.inf
            known = float(torch.logsumexp(log_probs, 0))
    mass = float(np.logaddexp.reduce(np.append(own_log_probs, known)))
    return Found([word for word, _ in best], np.array([value for _, value in best])), mass
