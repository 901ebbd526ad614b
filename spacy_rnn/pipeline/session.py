"""A text that grows while somebody types: what was read is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc
from torch import Tensor

from ..errors import Errors
from ..layers.finite import check_finite
from ..layers.read_states import MOST_STEPS, ReadState, read_at_once, read_steps
from ..validation import check_size, check_type
from ..vocabulary import UNKNOWN_ROW
from .completion import Completion, complete_text
from .detokenization import Detokenizer
from .typed_words import TypedWords

# Older feeds can't be taken back: each keeps a state.
_KEPT = 1000
# So many last characters say where a space goes.
_SEEN = 64
# So many last feeds keep what was computed of their states.
_WARM = 8


@dataclass(frozen=True)
class _Fed:
    """What one feed added, and the state after it.

    words (Tuple[str, …]): The tokens.
    rows (Tuple[int, …]): Their rows of the vocabulary.
    log_probs (ndarray): float32, natural log-probabilities of those that were read.
    read (ReadState): The state after it.
    text (Detokenizer): The end of the text so far.
    """

    words: tuple[str, ...]
    rows: tuple[int, ...]
    log_probs: np.ndarray
    read: ReadState
    text: Detokenizer

    @property
    def hidden(self) -> Tensor:
        """RETURNS (Tensor): float32 (1, width), the state of the last layer."""
        return self.read.state.h[-1]


class Session:
    """Reads a text piece by piece: each piece costs its own tokens, however long the text is. What
    was computed of the last few states is kept, so further letters of a word cost next to nothing.

    The numbers are those of a Doc of all tokens that were fed (1e-5). Tokens that were fed aren't
    cut again. One thread at a time may use a session; a session doesn't notice that its model is
    trained on.

    lm (RNNLM): The component.
    RAISES (ValueError): If it is an encoder, which has no probabilities.

    EXAMPLE:
        >>> s = lm.session()
        >>> s.feed("我在")
        >>> s.next(prefix="图", k=5)
    """

    def __init__(self, lm: Any) -> None:
        if not lm.shim.network.settings.softmax:
            raise ValueError(Errors.R923)
        self._lm = lm
        start = lm._read(Doc(lm.vocab))
        text = Detokenizer(lm.spacing, normalize=lm.vocabulary.normalize)
        read = ReadState(lm.shim.network, start)
        self._fed = [_Fed((), (), np.zeros(0, np.float32), read, text)]
        # whether letters of a word were ever asked about, so that the whole softmax will be needed
        self._letters = False

    @property
    def words(self) -> list[str]:
        """RETURNS (List[str]): The tokens that were fed."""
        return [word for fed in self._fed for word in fed.words]

    @property
    def feeds(self) -> Sequence[_Fed]:
        """RETURNS (Sequence[_Fed]): What each feed added, the beginning of the document first."""
        return self._fed

    @property
    def log_probs(self) -> np.ndarray:
        """RETURNS (ndarray): float32 (tokens,), natural log-probabilities of the tokens that were
        read (all but white space that the model skips), as `doc._.rnn_lm.log_probs`."""
        return np.concatenate([fed.log_probs for fed in self._fed])

    @property
    def end_log_prob(self) -> float:
        """RETURNS (float): Natural log p(`</s>` | what was fed), as `doc._.rnn_lm.end_log_prob`."""
        end = self._fed[-1].read.end_log_prob
        check_finite(self._lm.name, np.array([end]))
        return end

    def feed(self, text: str | Doc | Sequence[str]) -> list[str]:
        """Read on.

        text (Union[str, Doc, Sequence[str]]): Text, which is tokenized by itself; a Doc; or words,
            between which spaces stand where raw text would have them.
        RETURNS (List[str]): Its tokens.
        """
        doc = self._as_doc(text)
        self._lm.finish_pending_step()
        log_probs, read = self._read_on(doc)
        written = self._fed[-1].text.copy()
        written.read(doc)
        written.text = written.text[-_SEEN:]
        fed = _Fed(
            tuple(token.text for token in doc),
            tuple(self._lm.vocabulary.rows([doc])[0].tolist()),
            log_probs,
            read,
            written,
        )
        self._fed.append(fed)
        if len(self._fed) > _WARM:
            self._fed[-_WARM - 1].read.forget()
        if len(self._fed) > _KEPT:
            self._fed[:2] = [_merge_feeds(*self._fed[:2])]
        return list(fed.words)

    def _read_on(self, doc: Doc) -> tuple[np.ndarray, ReadState]:
        """RETURNS (Tuple[ndarray, ReadState]): Log-probabilities of the tokens that are read, and
        the state after them."""
        model, last = self._lm.model, self._fed[-1].read
        if len(doc) <= MOST_STEPS:
            steps = read_steps(model, doc, last)
            log_probs = np.array([step.log_prob for step in steps], dtype=np.float32)
            return log_probs, steps[-1].state if steps else last
        return read_at_once(model, doc, last)

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
        other._lm, other._fed, other._letters = self._lm, list(self._fed), self._letters
        return other

    def next(self, prefix: str = "", k: int = 5) -> list[tuple[str, float]]:
        """The most probable next words that begin with some letters.

        prefix (str): What was typed of the word. "" gives what `predict_next` gives.
        k (int): At most so many words.
        RETURNS (List[Tuple[str, float]]): Words and p(word | context, the word begins with prefix),
            falling: over the vocabulary and the tokenizer's user words, which are spelled.
        """
        k = check_size("k", k, least=1)
        check_type("prefix", prefix, str, "a string")
        read = self._fed[-1].read
        if not prefix:
            return self._next_words(read, k)
        self._letters = True
        found = TypedWords(self._lm).find(read.softmax, prefix, longer=False, relative=True)
        if not found.words:
            return []
        check_finite(self._lm.name, found.log_probs)
        total = float(np.logaddexp.reduce(found.log_probs))
        best = np.argsort(-found.log_probs, kind="stable")[:k].tolist()
        return [(found.words[i], math.exp(found.log_probs[i] - total)) for i in best]

    def _next_words(self, read: ReadState, k: int) -> list[tuple[str, float]]:
        words = self._lm.vocabulary.words
        if not self._letters or k >= len(words):
            return self._lm.next_words(read.state, k)
        check_finite(self._lm.name, read.softmax.log_distribution())
        log_probs, rows = read.softmax.top_k(k, UNKNOWN_ROW)
        pairs = zip(rows, log_probs, strict=True)
        return [(words[row], math.exp(log_prob)) for row, log_prob in pairs]

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
        last = self._fed[-1]
        return complete_text(self._lm, last.read, doc, k, accept, last.text)

    def stream(self, **options: Any) -> Iterator[str]:
        """Write on; nothing is fed.

        options: Those of `RNNLM.stream`, without the prompt.
        YIELDS (str): A word, with a space before it where one belongs.
        """
        rows = [row for fed in self._fed for row in fed.rows]
        last = self._fed[-1]
        return self._lm.stream_from(last.read.state, last.text.copy(), rows, **options)

    def _as_doc(self, text: Any) -> Doc:
        if isinstance(text, str | Doc | bytes) or not isinstance(text, Sequence):
            return self._lm._as_doc(text)
        for word in text:
            if not isinstance(word, str):
                raise TypeError(Errors.R316.format(type=f"a list with {type(word).__name__}"))
        written = self._fed[-1].text.copy()
        spaces = [written.add(word).startswith(" ") for word in text]
        return Doc(self._lm.vocab, words=list(text), spaces=[*spaces[1:], False][: len(text)])


def _merge_feeds(first: _Fed, second: _Fed) -> _Fed:
    return _Fed(
        first.words + second.words,
        first.rows + second.rows,
        np.concatenate([first.log_probs, second.log_probs]),
        second.read,
        second.text,
    )
