"""Texts that clients go on typing: what the network read of them is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

import numpy as np
from spacy.attrs import NORM, ORTH
from spacy.tokens import Doc

from ..pipeline.completion import LAST_TOKENS
from ..pipeline.rnn_lm import RNNLM
from ..pipeline.session import Session

# Typing changes the last tokens: they are fed one by one, so that each can be taken back.
_SINGLE = 2 * LAST_TOKENS
# What was computed of the states of all texts may have so much memory; of each text up to so many
# float32 numbers for each word of the vocabulary.
_MOST_BYTES = 2**27
_STATE_WORDS = 24 * 4
# An edit further ahead takes back at most so many tokens too many.
_PIECE = 128


class ReadText:
    """A text as far as it was read, which follows what the client makes of it.

    The tokens are those of the whole text, which is cut anew each time, since a tokenizer may cut
    it otherwise after each key. Only the tokens that changed are read by the network.

    lm (RNNLM): The language model.
    """

    def __init__(self, lm: RNNLM) -> None:
        self._lm = lm
        self._session = lm.session()
        # of each token that was read the hashes of its text and its norm
        self._tokens = np.zeros((0, 2), dtype=np.uint64)
        # how many tokens each feed had
        self._pieces: list[int] = []

    def follow(self, doc: Doc) -> Session:
        """Read on to the end of a text.

        doc (Doc): The whole text.
        RETURNS (Session): After its last token. The last tokens were fed one by one.
        """
        tokens = np.asarray(doc.to_array([ORTH, NORM]), dtype=np.uint64).reshape(len(doc), 2)
        kept, start = self._find_common(tokens)
        if not self._take_back(len(self._pieces) - kept):
            self._session, self._pieces, start = self._lm.session(), [], 0
        self._tokens = tokens
        while start < len(tokens):
            left = len(tokens) - start - _SINGLE
            stop = start + max(1, min(_PIECE, left))
            self._session.feed(doc[start:stop].as_doc())
            self._pieces.append(stop - start)
            start = stop
        return self._session

    def forget_states(self) -> None:
        """Free what was computed of the last states; it is computed again when it is wanted."""
        self._session.feeds[-1].read.forget_recent()

    def _find_common(self, tokens: np.ndarray) -> tuple[int, int]:
        """RETURNS (Tuple[int, int]): How many pieces can stay, and how many tokens they have."""
        shorter = min(len(tokens), len(self._tokens))
        changed = (tokens[:shorter] != self._tokens[:shorter]).any(axis=1)
        equal = int(changed.argmax()) if changed.any() else shorter
        kept = start = 0
        for piece in self._pieces:
            stop = start + piece
            is_early = piece == 1 or stop <= len(tokens) - _SINGLE
            if not is_early or stop > equal:
                break
            kept, start = kept + 1, stop
        return kept, start

    def _take_back(self, pieces: int) -> bool:
        """RETURNS (bool): Whether they could be taken back: a session keeps the last thousand."""
        for _ in range(pieces):
            try:
                self._session.undo()
            except ValueError:
                return False
            self._pieces.pop()
        return True


class KeptTexts:
    """The texts of a model's clients. One that is forgotten is read anew: no answer changes.

    lm (RNNLM): The language model.
    most (int): So many are kept; the one that was used longest ago goes first. Of large
        vocabularies fewer keep what was computed of their states.
    seconds (float): One that isn't used for so long is forgotten.
    clock (Callable[[], float]): Seconds.
    """

    def __init__(
        self, lm: RNNLM, most: int, seconds: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._lm = lm
        self._most = most
        self._warm = max(1, _MOST_BYTES // (_STATE_WORDS * len(lm.vocabulary)))
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, ReadText]] = OrderedDict()

    def __len__(self) -> int:
        """RETURNS (int): How many are kept."""
        self._forget_old()
        return len(self._kept)

    def get(self, session: str | None) -> ReadText:
        """RETURNS (ReadText): The text of a session; an empty one for a session that is new or
        forgotten, or for None, which isn't kept."""
        if session is None:
            return ReadText(self._lm)
        self._forget_old()
        _, text = self._kept.pop(session, (0.0, None))
        if text is None:
            text = ReadText(self._lm)
        self._kept[session] = self._clock(), text
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        if len(self._kept) > self._warm:
            _, colder = list(self._kept.values())[-1 - self._warm]
            colder.forget_states()
        return text

    def _forget_old(self) -> None:
        oldest = self._clock() - self._seconds
        while self._kept and next(iter(self._kept.values()))[0] < oldest:
            self._kept.popitem(last=False)
