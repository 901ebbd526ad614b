"""Notices while a training runs that evaluation has tokens which components made, and training
none."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from spacy.attrs import ORTH
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Warnings
from .output import LMOutput

# So many documents are looked at in an evaluation.
_MOST = 500
# Training has none by chance with a probability below e^-10, if it should have had so many.
_EXPECTED = 10.0


class TokenWatch:
    """Compares the tokens that a language model sees with those of the corpus.

    It looks at training up to the first evaluation, and further on only if components change tokens
    in evaluation: then until enough was seen to tell.

    warned (bool): Whether it was said already that they do, so that nothing is left to say.
    """

    def __init__(self, *, warned: bool = False) -> None:
        self._looking = True
        self._decided = warned
        self._seen = 0
        self._changed = 0

    def see_training(
        self, examples: Sequence[Example], tokenizer: Callable[[str], Doc] | None
    ) -> None:
        """Look at a batch that is trained on.

        examples (Sequence[Example]): The batch.
        tokenizer (Optional[Callable[[str], Doc]]): That of the pipeline.
        """
        if self._looking and not self._decided:
            self._seen += len(examples)
            # one is enough
            self._changed = self._changed or _count_changed(examples, tokenizer, "")

    def see_evaluation(
        self, examples: Sequence[Example], tokenizer: Callable[[str], Doc] | None, name: str
    ) -> None:
        """Look at documents that are evaluated, and warn if training has other tokens.

        examples (Sequence[Example]): The documents.
        tokenizer (Optional[Callable[[str], Doc]]): That of the pipeline.
        name (str): The language model, which has annotated them.
        """
        if self._decided or not self._seen:
            return
        part = [*islice(examples, _MOST)]
        share = _count_changed(part, tokenizer, name) / max(1, len(part))
        if not share:
            self._looking = False
        elif not self._looking:  # something began to change tokens, once it was trained
            self._looking, self._seen, self._changed = True, 0, 0
        elif self._changed or self._seen * share >= _EXPECTED:
            self._decided = True
            if not self._changed:
                warnings.warn(Warnings.W314.format(name=name), stacklevel=3)


def _count_changed(
    examples: Sequence[Example], tokenizer: Callable[[str], Doc] | None, name: str
) -> int:
    """RETURNS (int): How many of the documents have tokens that neither stand in the corpus nor are
    those of the tokenizer."""
    changed = 0
    for example in examples:
        found = _words_seen(example.predicted, name)
        if _are_other_words(found, example.reference):
            # annotated text can have tokens of its own
            text = example.reference.text
            changed += tokenizer is None or _are_other_words(found, tokenizer(text))
    return changed


def _words_seen(doc: Doc, name: str) -> np.ndarray:
    """The words that the component had: later ones may have retokenized the Doc."""
    kept: dict[Any, Any] = doc.user_data
    output = kept.get(("._.", name, None, None)) if name else None
    if isinstance(output, LMOutput) and output.word_hashes is not None:
        return output.word_hashes
    return doc.to_array(ORTH).astype(np.uint32)


def _are_other_words(words: np.ndarray, doc: Doc) -> bool:
    return not np.array_equal(words, doc.to_array(ORTH).astype(np.uint32))
