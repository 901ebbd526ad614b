"""How probable given continuations of a prompt are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model

from ..errors import Errors
from ..layers.continuing import read_on
from ..network.recurrent import State
from ..vocabulary import Vocabulary
from .position_batches import by_positions

_LN2 = math.log(2.0)


@dataclass(frozen=True)
class Continuation:
    """A candidate and its probability after the prompt.

    text (str): The candidate.
    words (List[str]): Its tokens that are read.
    log_probs (ndarray): float32 (tokens,), natural log p(token | prompt, tokens before it), and
        with `end` one more for the closing `</s>`.
    """

    text: str
    words: list[str]
    log_probs: np.ndarray

    @property
    def log_prob(self) -> float:
        """RETURNS (float): natural log p(candidate | prompt)."""
        return float(self.log_probs.sum(dtype=np.float64))

    @property
    def surprisal(self) -> float:
        """RETURNS (float): −log2 p(candidate | prompt), in bits."""
        return (0.0 - self.log_prob) / _LN2

    @property
    def mean_surprisal(self) -> float:
        """RETURNS (float): The same for each predicted symbol; 0 if there is none."""
        return self.surprisal / max(1, len(self.log_probs))


class Continuing:
    """The method of the component that compares continuations."""

    model: Model
    vocabulary: Vocabulary
    _read: Callable[[str | Doc], State]
    _as_doc: Callable[[str | Doc], Doc]

    def score_continuation(
        self, prompt: str | Doc, candidates: Sequence[str | Doc], *, end: bool = False
    ) -> list[Continuation]:
        """p(candidate | prompt) = Π p(w_i | prompt, w_1 … w_{i−1}), for each candidate.

        The prompt and every candidate are tokenized by themselves: a word that would stretch over
        the border is two. With a speller, unknown words are spelled.

        prompt (Union[str, Doc]): What was read before; read once for all candidates.
        candidates (Sequence[Union[str, Doc]]): The continuations. White space around a text is
            left out, since tokens carry it.
        end (bool): Whether the document has to end after the candidate.
        RETURNS (List[Continuation]): In the order of the candidates.
        RAISES (TypeError): For a prompt or a candidate that is neither text nor Doc, and for one
            candidate that isn't in a list.
        RAISES (ValueError): If the model reads from right to left.

        EXAMPLE:
            >>> best = min(lm.score_continuation("我爱", ["你", "北京"]), key=lambda c: c.surprisal)
        """
        if isinstance(candidates, str | Doc) or not isinstance(candidates, Iterable):
            raise TypeError(Errors.R325.format(type=type(candidates).__name__))
        state = self._read(prompt)
        docs = [self._as_doc(c.strip() if isinstance(c, str) else c) for c in candidates]
        result = []
        for batch in by_positions(docs):
            for doc, made in zip(batch, read_on(self.model, batch, state), strict=True):
                kept = made.log_probs if end else made.log_probs[:-1]
                result.append(Continuation(doc.text, self._words_read(doc), kept))
        return result

    def _words_read(self, doc: Doc) -> list[str]:
        read = self.vocabulary.forms_of([doc]).read
        return [token.text for token in doc if read is None or read[token.i]]
