"""Words → text: before each word the space that raw text would have there."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from spacy.tokens import Doc

from ..defaults import MODEL
from ..vocabulary.spacing import OpenMarks, Spacing, gap_state, spacing_form
from ..vocabulary.spacing_rules import needs_space


def detokenize(
    words: Iterable[str],
    spacing: Spacing,
    after: Doc | None = None,
    *,
    normalize: str = MODEL.normalize,
) -> str:
    """Join words to a text.

    words (Iterable[str]): The words. White space in them is kept as it is.
    spacing (Spacing): What was learned of spaces; where that is nothing, the rules decide.
    after (Optional[Doc]): What stands before them.
    normalize (str): The vocabulary's; see `spacing_form`.
    RETURNS (str): The text of the words, with a space at its beginning where it needs one.
    """
    detokenizer = Detokenizer(spacing, after, normalize=normalize)
    return "".join(map(detokenizer.add, words))


class Detokenizer:
    """Joins words to a text, one after another, each by what stands before it.

    spacing (Spacing): What was learned of spaces; where that is nothing, the rules decide.
    after (Optional[Doc]): How the text begins.
    normalize (str): The vocabulary's; see `spacing_form`.
    """

    def __init__(
        self, spacing: Spacing, after: Doc | None = None, *, normalize: str = MODEL.normalize
    ) -> None:
        self.spacing = spacing
        self.normalize = normalize
        self.text = ""
        self._last = ""
        self._before = True
        self._marks = OpenMarks()  # those before the last word
        if after is not None:
            self.read(after)

    def read(self, doc: Doc) -> None:
        """Append a Doc as it stands."""
        gap = self.text[-1:].isspace()
        for token in doc:
            self._pass(token.text, gap)
            gap = bool(token.whitespace_)
        self.text += doc.text

    def copy(self) -> Detokenizer:
        """RETURNS (Detokenizer): Another one that goes on from here."""
        other = copy.copy(self)
        other._marks = copy.deepcopy(self._marks)
        return other

    def add(self, word: str) -> str:
        """Append a word to the text.

        word (str): The word.
        RETURNS (str): The word as it was appended, with a space before it or not.
        """
        space = self.space_before(word)
        self._pass(word, bool(space) or self.text[-1:].isspace())
        appended = space + word
        self.text += appended
        return appended

    def space_before(self, word: str) -> str:
        """RETURNS (str): A space if the text needs one before the word, or nothing."""
        apart = self.text[-1:].isspace()
        return " " * (bool(self.text) and not apart and self._needs_space(word))

    def _needs_space(self, word: str) -> bool:
        rule = needs_space(self.text, word)
        if not self.spacing:
            return rule
        form = spacing_form(word, self.normalize)
        state = gap_state(self._last, form, self._before, self._marks)
        return self.spacing.probability(self._last, form, state, rule) > 0.5

    def _pass(self, word: str, gap: bool) -> None:
        """Go on to the next word, whose gap to the last one is known."""
        form = spacing_form(word, self.normalize)
        self._marks.read(self._last, self._before, gap, form)
        self._before = gap or not self._last or self._last.isspace()
        self._last = form
