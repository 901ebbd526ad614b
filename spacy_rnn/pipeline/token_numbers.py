"""What measures of tokens are made of: a Doc, what the component kept of it, the vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from spacy.tokens import Doc

from ..errors import Errors
from ..vocabulary import Vocabulary
from .output import LMOutput

T = TypeVar("T")

# In place of the row of a token that isn't read.
NOT_READ = -1


class TokenNumbers:
    """A Doc of n tokens with its output.

    doc (Doc): The document.
    output (LMOutput): What the component kept of it.
    name (str): The component's name, for messages.
    vocabulary (Optional[Vocabulary]): Its vocabulary; None where it isn't at hand.
    rows (Optional[ndarray]): int64 (n,), the tokens' rows in it, NOT_READ where none is read.
    """

    def __init__(
        self,
        doc: Doc,
        output: LMOutput,
        name: str,
        vocabulary: Vocabulary | None = None,
        rows: np.ndarray | None = None,
    ) -> None:
        self.doc = doc
        self.output = output
        self.name = name
        self._vocabulary = vocabulary
        self._rows = rows
        self.read = output.read
        self._made: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self.output)

    def once(self, make: Callable[[TokenNumbers], T]) -> T:
        """RETURNS (T): What `make` makes of these numbers; made once, because a loop over all words
        of a long Doc must not become quadratic."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    def kept(self, attribute: str, annotation: str | None = None) -> Any:
        """RETURNS (Any): An attribute of the output.

        annotation (Optional[str]): The annotation that it belongs to, if that has another name.
        RAISES (ValueError): If the component didn't keep it.
        """
        value = getattr(self.output, attribute)
        if value is None:
            annotation = annotation or attribute
            raise ValueError(Errors.R307.format(name=self.name, annotation=annotation))
        return value

    def log_probs(self) -> np.ndarray:
        """RETURNS (ndarray): float32 (n,), natural log p, spelling included; 0 where not read."""
        return self.kept("log_probs")

    def spelling(self) -> np.ndarray:
        """RETURNS (ndarray): float32 (n,), natural log p(spelling); 0 where nothing is spelled."""
        if self.output.spelling is None:
            return np.zeros_like(self.log_probs())
        return self.output.spelling

    @property
    def knows_words(self) -> bool:
        """RETURNS (bool): Whether the vocabulary is at hand."""
        return self._vocabulary is not None

    def needs_vocabulary(self, column: str) -> tuple[Vocabulary, np.ndarray]:
        """RETURNS (Tuple[Vocabulary, ndarray]): The vocabulary, and the tokens' rows in it.

        column (str): What needs it, for the message.
        RAISES (ValueError): If the vocabulary isn't at hand.
        """
        if self._vocabulary is None or self._rows is None:
            raise ValueError(Errors.R701.format(column=column, name=self.name))
        return self._vocabulary, self._rows
