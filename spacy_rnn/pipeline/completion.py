"""A half-typed word → the words that it can become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from spacy.tokens import Doc

from ..errors import Errors
from ..layers.continuing import read_on
from ..layers.finite import check_finite
from ..network.recurrent import State
from ..network.softmax import stable_top_k
from ..validation import check_size
from ..vocabulary import BOUNDARY_ROW, UNKNOWN_ROW
from .detokenization import Detokenizer
from .typed_words import Found, TypedWords

# A half-typed word may be cut anywhere: it can begin before any of so many last tokens.
LAST_TOKENS = 4


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
    hidden (Tensor): float32 (1, width), the state after these tokens.
    next_log_probs (Tensor): float32 (words,), natural log-probability of every word there.
    """

    start: int
    log_prob: float
    hidden: torch.Tensor
    next_log_probs: torch.Tensor


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
    detokenizer = before.copy()
    detokenizer.read(doc)
    return complete_at(lm, _borders(lm, state, doc), doc.text, k, accept, detokenizer)


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
    found: list[Completion] = []
    total: list[float] = []
    for border in within:
        beginning = text[border.start :]
        words = typed.pick(border.hidden, border.next_log_probs, beginning, longer=True)
        words = _accepted(words, accept)
        log_probs = words.log_probs + border.log_prob
        total += log_probs.tolist()
        for place in np.argsort(-log_probs, kind="stable")[:k].tolist():
            word = words.words[place]
            rest = typed.rest(word, beginning)
            found.append(Completion(word, border.start, rest, float(log_probs[place])))
    words, mass = _next_words(lm, typed, end, k, accept)
    total.append(mass + end.log_prob)
    for word, log_prob in zip(words.words, words.log_probs.tolist(), strict=True):
        rest = detokenizer.space_before(word) + word
        found.append(Completion(word, end.start, rest, log_prob + end.log_prob))
    check_finite(lm.name, np.array([log_prob for log_prob in total if log_prob != -np.inf]))
    everything = float(np.logaddexp.reduce(total))
    # of equal ones the longer beginning first
    best = sorted(found, key=lambda c: (-c.probability, c.start))[:k]
    return [c._replace(probability=float(np.exp(c.probability - everything))) for c in best]


def _borders(lm: Any, state: State, doc: Doc) -> list[Border]:
    """RETURNS (List[Border]): Those of a Doc that is read on from a state."""
    (made,) = read_on(lm.model, [doc], state)
    read = lm.vocabulary.forms_of([doc]).read
    kept = [token for token in doc if read is None or read[token.i]]
    log_probs = np.concatenate([[0.0], np.cumsum(made.log_probs[:-1], dtype=np.float64)])
    first = sum(token.i < len(doc) - LAST_TOKENS for token in kept)
    places = [*(token.idx for token in kept[first:]), len(doc.text)]
    log_probs = log_probs[first:] - log_probs[first]
    with torch.no_grad():  # one product: it reads all weights once
        next_log_probs = lm.network.softmax.log_distribution(made.hidden[first:])
    return [
        Border(place, float(log_prob), hidden[None], row)
        for place, log_prob, hidden, row in zip(
            places, log_probs, made.hidden[first:], next_log_probs, strict=True
        )
    ]


def _accepted(found: Found, accept: Callable[[str], bool] | None) -> Found:
    if accept is None:
        return found
    kept = [place for place, word in enumerate(found.words) if accept(word)]
    return Found([found.words[place] for place in kept], found.log_probs[kept])


def _next_words(
    lm: Any,
    typed: TypedWords,
    end: Border,
    k: int,
    accept: Callable[[str], bool] | None,
) -> tuple[Found, float]:
    """RETURNS (Tuple[Found, float]): The best whole words, and log p of all words together; neither
    `<unk>` nor `</s>` is a word to type."""
    if accept is not None:
        words = typed.pick(end.hidden, end.next_log_probs, "", longer=False)
        words = _accepted(words, accept)
        order = np.argsort(-words.log_probs, kind="stable")[:k]
        ranked = Found([words.words[place] for place in order.tolist()], words.log_probs[order])
        return ranked, float(np.logaddexp.reduce(words.log_probs, initial=-np.inf))
    own, special = typed.own, [UNKNOWN_ROW, BOUNDARY_ROW]
    known = end.next_log_probs.clone()
    known[special] = -torch.inf
    values, rows = stable_top_k(known[None], min(k, len(known) - len(special)))
    pairs = zip(rows[0].tolist(), values[0].tolist(), strict=True)
    best = [(lm.vocabulary.words[row], value) for row, value in pairs]
    spelling = own.spell(typed.network, end.hidden, np.arange(len(own.words)))
    own_log_probs = float(end.next_log_probs[UNKNOWN_ROW]) + spelling
    best += zip(own.words, own_log_probs.tolist(), strict=True)
    best = sorted(best, key=lambda pair: -pair[1])[:k]
    everything = np.append(own_log_probs, float(torch.logsumexp(known.double(), 0)))
    mass = float(np.logaddexp.reduce(everything))
    return Found([word for word, _ in best], np.array([value for _, value in best])), mass
