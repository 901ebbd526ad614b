"""Texts that clients go on typing: what a tokenizer made of their beginnings is kept."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc


class _CutText(NamedTuple):
    """Tokens, and for each whether a space follows."""

    words: list[str]
    spaces: list[bool]


class KeptCuts:
    """Cuts texts as `nlp.make_doc` does; of a text that grew, only the end. The tokenizer says how
    much of a text stays as it is (`JiebaTokenizer.settled`); others cut each text whole.

    nlp (Language): The pipeline.
    most (int): So many beginnings are kept; the one that was used longest ago goes first.
    """

    def __init__(self, nlp: Language, most: int) -> None:
        self._nlp = nlp
        self._most = most
        self._kept: OrderedDict[str, _CutText] = OrderedDict()

    def cut(self, text: str) -> Doc:
        """RETURNS (Doc): `nlp.make_doc(text)`."""
        settled = getattr(self._nlp.tokenizer, "settled", None)
        if settled is None:
            return self._nlp.make_doc(text)
        known = max((kept for kept in self._kept if _goes_on(text, kept)), key=len, default="")
        made = self._kept.get(known, _CutText([], []))
        if known:
            self._kept.move_to_end(known)
        rest = self._nlp.make_doc(text[len(known) :])
        words = [*made.words, *(token.text for token in rest)]
        spaces = [*made.spaces, *(bool(token.whitespace_) for token in rest)]
        length = len(known) + settled(text[len(known) :])
        if length > len(known):
            count = len(made.words) + sum(token.idx < length - len(known) for token in rest)
            self._kept[text[:length]] = _CutText(words[:count], spaces[:count])
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return Doc(self._nlp.vocab, words=words, spaces=spaces) if known else rest


def _goes_on(text: str, kept: str) -> bool:
    """RETURNS (bool): Whether a text begins with one that was cut, and cuts it in the same way:
    white space behind it may belong to its last token."""
    return text.startswith(kept) and not text[len(kept) : len(kept) + 1].isspace()
