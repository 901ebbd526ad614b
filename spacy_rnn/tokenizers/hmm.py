"""Words that no dictionary has: jieba's hidden Markov model over the characters of a run.

Every character begins a word (B), is inside one (M), ends one (E) or is a word of its own (S).
The probabilities are those that come with jieba; the most probable path is found in time
proportional to the length of the run, where `jieba.finalseg` needs its square.
"""

import re
import warnings
from functools import lru_cache
from typing import NamedTuple

# What jieba adds for a character or a step that it never saw.
_NEVER = -3.14e100

# Chinese runs go through the model, numbers and Latin words are kept, what is left is one piece.
_PIECES = re.compile(r"[\u4e00-\u9fd5]+|[a-zA-Z0-9]+(?:\.[0-9]+)?%?|[^\u4e00-\u9fd5a-zA-Z0-9]+")

# The two that end a word come last.
_B, _M, _E, _S = range(4)
_Scores = tuple[float, float, float, float]


class _Tables(NamedTuple):
    """Log-probabilities: of the first state, of each step that is possible, of each character."""

    start: _Scores
    step: dict[str, float]
    emit: dict[str, _Scores]


def recognize(run: str) -> list[str]:
    """Divide a run of characters that the dictionary left single.

    run (str): Text without white space, as jieba's blocks have it.
    RETURNS (List[str]): Its words; joined, they are the run.

    EXAMPLE:
        >>> recognize("杭研")
        ['杭研']
    """
    words: list[str] = []
    for piece in _PIECES.findall(run):
        if "\u4e00" <= piece[0] <= "\u9fd5":
            words += _divide(piece)
        else:
            words.append(piece)
    return words


def _divide(characters: str) -> list[str]:
    """Cut after every character that ends a word on the most probable path."""
    words: list[str] = []
    begin = 0
    for position, state in enumerate(_best_path(characters), 1):
        if state >= _E:
            words.append(characters[begin:position])
            begin = position
    return words


def _best_path(characters: str) -> list[int]:
    """The most probable states. Sums are taken in jieba's order, equal ones as jieba does."""
    start, step, emit = _tables()
    be, bm, me, mm = step["BE"], step["BM"], step["ME"], step["MM"]
    eb, es, sb, ss = step["EB"], step["ES"], step["SB"], step["SS"]
    unseen = (_NEVER, _NEVER, _NEVER, _NEVER)
    b, m, e, s = map(sum, zip(start, emit.get(characters[0], unseen), strict=True))
    came_from: list[tuple[int, int, int, int]] = []
    for character in characters[1:]:
        to_b, to_m, to_e, to_s = emit.get(character, unseen)
        b_after_e, b_after_s = e + eb + to_b, s + sb + to_b
        m_after_b, m_after_m = b + bm + to_m, m + mm + to_m
        e_after_b, e_after_m = b + be + to_e, m + me + to_e
        s_after_e, s_after_s = e + es + to_s, s + ss + to_s
        # A tie goes to the state that is later in the alphabet.
        b, from_b = (b_after_s, _S) if b_after_s >= b_after_e else (b_after_e, _E)
        m, from_m = (m_after_m, _M) if m_after_m >= m_after_b else (m_after_b, _B)
        e, from_e = (e_after_m, _M) if e_after_m >= e_after_b else (e_after_b, _B)
        s, from_s = (s_after_s, _S) if s_after_s >= s_after_e else (s_after_e, _E)
        came_from.append((from_b, from_m, from_e, from_s))
    state = _S if s >= e else _E
    path = [state]
    for origins in reversed(came_from):
        state = origins[state]
        path.append(state)
    path.reverse()
    return path


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    with warnings.catch_warnings():
        # jieba's modules warn about their own syntax and about pkg_resources.
        warnings.simplefilter("ignore")
        from jieba import finalseg
    start_b, start_m, start_e, start_s = (finalseg.start_P[state] for state in "BMES")
    step = {
        origin + state: score
        for origin, scores in finalseg.trans_P.items()
        for state, score in scores.items()
    }
    b, m, e, s = (finalseg.emit_P[state] for state in "BMES")
    emit = {
        character: (
            b.get(character, _NEVER),
            m.get(character, _NEVER),
            e.get(character, _NEVER),
            s.get(character, _NEVER),
        )
        for character in {*b, *m, *e, *s}
    }
    return _Tables((start_b, start_m, start_e, start_s), step, emit)
