"""A text that grows while somebody types: what was read is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc

from ..errors import Errors
from ..layers.continuing import read_on
from ..layers.finite import check_finite
from ..network.recurrent import State
from ..validation import check_size
from .completion import Completion, complete_text
from .typed_words import TypedWords

# Older feeds can't be taken back: each keeps a state.
_KEPT = 1000


@dataclass(frozen=True)
class _Fed:
    """What one feed added, and the state after it."""

    words: tuple[str, ...]
    spaces: tuple[bool, ...]
    log_probs: np.ndarray
    hidden: torch.Tensor
    state: State


class Session:
    """Reads a text piece by piece: each piece costs its own tokens, however long the text is.

    The numbers are those of a Doc of all tokens that were fed (1e-5). Tokens that were fed aren't
    cut again. One thread at a time may use a session; a session doesn't notice that its model is
    trained on.

    lm (RNNLM): The component.

    EXAMPLE:
        >>> s = lm.session()
        >>> s.feed("我在")
        >>> s.next(prefix="图", k=5)
    """

    def __init__(self, lm: Any) -> None:
        self._lm = lm
        start = lm._read(Doc(lm.vocab))
        self._fed = [_Fed((), (), np.zeros(0, np.float32), start.h[-1], start)]

    @property
    def words(self) -> list[str]:
        """RETURNS (List[str]): The tokens that were fed."""
        return [word for fed in self._fed for word in fed.words]

    @property
    def log_probs(self) -> np.ndarray:
        """RETURNS (ndarray): float32 (tokens,), natural log-probabilities of the tokens that were
        read (all but white space that the model skips), as `doc._.rnn_lm.log_probs`."""
        return np.concatenate([fed.log_probs for fed in self._fed])

    @property
    def end_log_prob(self) -> float:
        """RETURNS (float): Natural log p(`</s>` | what was fed), as `doc._.rnn_lm.end_log_prob`."""
        (made,) = read_on(self._lm.model, [Doc(self._lm.vocab)], self._fed[-1].state)
        return float(made.log_probs[-1])

    def feed(self, text: str | Doc | Sequence[str]) -> list[str]:
        """Read on.

        text (Union[str, Doc, Sequence[str]]): Text, which is tokenized by itself; a Doc; or words.
        RETURNS (List[str]): Its tokens.
        """
        doc = self._as_doc(text)
        self._lm.finish_pending_step()
        (made,) = read_on(self._lm.model, [doc], self._fed[-1].state)
        words = tuple(token.text for token in doc)
        spaces = tuple(bool(token.whitespace_) for token in doc)
        fed = _Fed(words, spaces, made.log_probs[:-1], made.hidden[-1:], made.state)
        self._fed.append(fed)
        if len(self._fed) > _KEPT:
            self._fed[:2] = [_merge_feeds(*self._fed[:2])]
        return list(words)

    def undo(self) -> list[str]:
        """Take the last feed back.

        RETURNS (List[str]): Its tokens.
        RAISES (ValueError): If nothing is left that can be taken back: the last thousand feeds can.
        """
        if len(self._fed) < 2:
            raise ValueError(Errors.R832)
        return list(self._fed.pop().words)

    def copy(self) -> Session:
        """RETURNS (Session): Another one that goes on from here."""
        other = object.__new__(Session)
        other._lm, other._fed = self._lm, list(self._fed)
        return other

    def next(self, prefix: str = "", k: int = 5) -> list[tuple[str, float]]:
        """The most probable next words that begin with some letters.

        prefix (str): What was typed of the word. "" gives what `predict_next` gives.
        k (int): At most so many words.
        RETURNS (List[Tuple[str, float]]): Words and p(word | context, the word begins with prefix),
            falling: over the vocabulary and the tokenizer's user words, which are spelled.
        """
        k = check_size("k", k, least=1)
        hidden = self._fed[-1].hidden
        if not prefix:
            return self._lm.next_words(self._fed[-1].state, k)
        found = TypedWords(self._lm).find(hidden, prefix, longer=False, relative=True)
        if not found.words:
            return []
        check_finite(self._lm.name, found.log_probs)
        total = float(np.logaddexp.reduce(found.log_probs))
        best = np.argsort(-found.log_probs, kind="stable")[:k].tolist()
        return [(found.words[i], math.exp(found.log_probs[i] - total)) for i in best]

    def complete(
        self, text: str | Doc = "", k: int = 5, *, accept: Callable[[str], bool] | None = None
    ) -> list[Completion]:
        """What the text that is being typed may become; see `RNNLM.complete`.

        text (Union[str, Doc]): What was typed since the last feed. It isn't fed.
        k, accept: See `RNNLM.complete`.
        RETURNS (List[Completion]): Their places are those of `text`.
        """
        doc = self._as_doc(text)
        self._lm.finish_pending_step()
        return complete_text(self._lm, self._fed[-1].state, doc, k, accept)

    def stream(self, **options: Any) -> Iterator[str]:
        """Write on; nothing is fed.

        options: Those of `RNNLM.stream`, without the prompt.
        YIELDS (str): A word, with a space before it where one belongs.
        """
        spaces = [space for fed in self._fed for space in fed.spaces]
        doc = Doc(self._lm.vocab, words=self.words, spaces=spaces)
        return self._lm.stream_from(self._fed[-1].state, doc, **options)

    def _as_doc(self, text: Any) -> Doc:
        if not isinstance(text, str | Doc) and isinstance(text, Sequence):
            return Doc(self._lm.vocab, words=list(text))
        return self._lm._as_doc(text)


def _merge_feeds(first: _Fed, second: _Fed) -> _Fed:
    return _Fed(
        first.words + second.words,
        first.spaces + second.spaces,
        np.concatenate([first.log_probs, second.log_probs]),
        second.hidden,
        second.state,
    )
