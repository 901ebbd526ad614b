"""The language in which a picture explains itself: that of what is drawn, or one that is chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spacy.tokens import Doc, Span

from ..errors import Errors
from ..pipeline.trace import Trace
from .chinese import CHINESE
from .english import ENGLISH
from .wording import Wording

# By the codes of spaCy's languages; all others are explained in English.
WORDINGS = {wording.lang: wording for wording in (ENGLISH, CHINESE)}


def wording_for(lang: str | None, drawn: Any) -> Wording:
    """RETURNS (Wording): That of a language; None is the one language of all that is drawn, and
    English where there are several or it has no words here.

    lang (Optional[str]): "en" or "zh".
    drawn (Any): Docs, Spans, traces, one or several, or a language model.
    RAISES (ValueError): If there are no words of that language.
    """
    if lang is not None:
        if not isinstance(lang, str) or lang not in WORDINGS:
            known = ", ".join(map(repr, WORDINGS))
            raise ValueError(Errors.R008.format(option="lang", value=lang, known=known))
        return WORDINGS[lang]
    several = isinstance(drawn, Iterable) and not isinstance(drawn, Doc | Span | str | bytes)
    found = {_language_of(each) for each in (drawn if several else [drawn])}
    return WORDINGS.get(found.pop(), ENGLISH) if len(found) == 1 else ENGLISH


def _language_of(drawn: Any) -> str:
    """RETURNS (str): "" of what isn't known: the style will say what is wrong with it."""
    if isinstance(drawn, Doc | Span):
        return drawn.vocab.lang
    if isinstance(drawn, Trace):
        return drawn.lang
    return getattr(getattr(drawn, "vocab", None), "lang", "")
