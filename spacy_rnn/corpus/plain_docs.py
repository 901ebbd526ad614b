"""The bare words of a Doc: cheap to keep, to slice and to make a fresh Doc of."""

from __future__ import annotations

from typing import NamedTuple

from spacy.tokens import Doc
from spacy.vocab import Vocab

_TOKEN_ANNOTATIONS = ("TAG", "POS", "MORPH", "LEMMA", "DEP", "ENT_IOB", "ENT_KB_ID", "ENT_ID")


class PlainDoc(NamedTuple):
    """Words, spaces and norms of a Doc: what a tokenizer makes, and what doc.text needs.

    It depends on no vocabulary: 9 bytes a token if equal words are one string.

    words (Tuple[str, ...]): The text of every token.
    spaces (bytes): 1 for a token that a space follows, else 0.
    norms (Tuple[Tuple[int, str], ...]): Position and norm of the tokens whose norm is their own
        and not their word's, as the tokenizer's exceptions have it ("n't" → "not").
    has_unknown_spaces (bool): Whether the spaces are made up, those of ready-made words.
    """

    words: tuple[str, ...]
    spaces: bytes
    norms: tuple[tuple[int, str], ...] = ()
    has_unknown_spaces: bool = False

    @classmethod
    def from_doc(cls, doc: Doc) -> PlainDoc:
        """Take the words, spaces and norms of a Doc.

        doc (Doc): Any Doc. Its annotations are left behind.
        RETURNS (PlainDoc): The bare words.
        """
        spaces = bytes(bool(t.whitespace_) for t in doc)
        norms = tuple((t.i, t.norm_) for t in doc if t.norm != t.lex.norm)
        return cls(tuple(t.text for t in doc), spaces, norms, doc.has_unknown_spaces)

    def to_doc(self, vocab: Vocab) -> Doc:
        """Make a new Doc.

        vocab (Vocab): The vocabulary of the pipeline that will use it.
        RETURNS (Doc): A Doc that nobody else holds.
        """
        # spaCy's type hints ask for lists; any sequence will do.
        doc = Doc(vocab, words=self.words, spaces=self.spaces)  # type: ignore[arg-type]
        doc.has_unknown_spaces = self.has_unknown_spaces
        for i, norm in self.norms:
            doc[i].norm_ = norm
        return doc

    def share_words(self, known: dict[str, str]) -> PlainDoc:
        """Use one string for equal words.

        known (Dict[str, str]): The strings by themselves; new ones are added.
        RETURNS (PlainDoc): The same words.
        """
        return self._replace(words=tuple(known.setdefault(word, word) for word in self.words))

    def count_characters(self) -> int:
        """RETURNS (int): The length of the text, without a space after the last token."""
        return sum(map(len, self.words)) + sum(self.spaces[:-1])

    def slice(self, start: int, end: int) -> PlainDoc:
        """Take the tokens from start up to end.

        start (int): The first token.
        end (int): The token after the last one; may lie beyond the end.
        RETURNS (PlainDoc): Those tokens.
        """
        return PlainDoc(
            self.words[start:end],
            self.spaces[start:end],
            tuple((i - start, norm) for i, norm in self.norms if start <= i < end),
            self.has_unknown_spaces,
        )


def is_annotated(doc: Doc) -> bool:
    """Whether a Doc holds more than a PlainDoc keeps, its user data aside.

    doc (Doc): Any Doc.
    RETURNS (bool): True if any token, span or the document has an annotation.
    """
    if doc.cats or doc.spans or doc.tensor.size:
        return True
    # spaCy calls every attribute of an empty Doc annotated, and the sentence of a single token.
    attributes = _TOKEN_ANNOTATIONS + ("SENT_START",) * (len(doc) > 1)
    return len(doc) > 0 and any(doc.has_annotation(name) for name in attributes)
