"""Two words of a text that stand together, as if they were one that the vocabulary doesn't have.

Of a language without spaces many unknown words are such: where a segmenter draws the line is
partly chance. So a speller learns from the text itself what follows what.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from spacy.attrs import SPACY
from spacy.tokens import Doc

from ..vocabulary.token_forms import TokenForms

# Longer ones (of characters) are no words.
_LONGEST = 20


class Neighbours(NamedTuple):
    """Pairs of words that stand together.

    words (List[str]): The two forms as one.
    first (ndarray): int64 (n,), the first token of each, counted through those of the batch that
        are read; the second one follows.
    """

    words: list[str]
    first: np.ndarray


def join_neighbours(docs: Sequence[Doc], tokens: TokenForms, number: int) -> Neighbours:
    """Draw pairs of words of letters without a space between them.

    docs (Sequence[Doc]): A batch.
    tokens (TokenForms): Of the batch.
    number (int): How many are drawn; fewer are found where signs stand beside words.
    """
    together = _stand_together(docs, tokens)
    if not len(together):
        return Neighbours([], together)
    drawn = together[np.random.randint(0, len(together), size=number)]
    before, after = (tokens.strings(tokens.keys[drawn + side].tolist()) for side in (0, 1))
    pairs = [one + other for one, other in zip(before, after, strict=True)]
    kept = [
        place
        for place, (one, other) in enumerate(zip(before, after, strict=True))
        if one.isalpha() and other.isalpha() and len(pairs[place]) <= _LONGEST
    ]
    return Neighbours([pairs[place] for place in kept], drawn[np.array(kept, dtype=np.int64)])


def _stand_together(docs: Sequence[Doc], tokens: TokenForms) -> np.ndarray:
    """RETURNS (ndarray): int64 (n,), tokens that are read after which another one is, without a
    space, in the same document."""
    of_docs: list[np.ndarray] = [doc.to_array([SPACY]).reshape(-1) == 0 for doc in docs]
    joined = np.concatenate(of_docs) if of_docs else np.zeros(0, dtype=bool)
    stops = np.cumsum(tokens.tokens)
    joined[stops[tokens.tokens > 0] - 1] = False
    read = np.ones(len(joined), dtype=bool) if tokens.read is None else tokens.read
    follows = joined[:-1] & read[:-1] & read[1:]
    return (np.cumsum(read) - 1)[:-1][follows]
