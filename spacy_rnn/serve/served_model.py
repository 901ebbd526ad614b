"""A model and the questions that it is asked, one after another."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors
from ..layers.finite import check_finite
from ..pipeline.completion import LAST_TOKENS, Border, complete_at
from ..pipeline.rnn_lm import RNNLM
from ..pipeline.session import Session
from ..pipeline.trace import Trace
from ..rendering import render
from ..scoring.releasing import memory_zone
from ..scoring.selecting import keep_only, run_before, runs_components_before
from ..vocabulary import UNKNOWN_ROW
from .kept_cuts import KeptCuts
from .limits import ServeLimits
from .read_texts import KeptTexts
from .refusal import Refused, refusal_of
from .turns import NoTurn, Turns

T = TypeVar("T")

# So many words that were new are kept before all of them are forgotten: some megabytes.
MOST_NEW_WORDS = 20_000


class ServedModel:
    """One model. Its methods but `turn` are called within a turn: they take the text, which is cut
    anew, and what is kept of the session.

    name (str): How clients call it.
    nlp (Language): The pipeline; from now on only what decides about its tokens runs in it.
    lm (RNNLM): Its language model.
    limits (ServeLimits): What is allowed.
    RAISES (ValueError): If the model reads from right to left only: it can't write.
    """

    def __init__(self, name: str, nlp: Language, lm: RNNLM, limits: ServeLimits) -> None:
        if lm.network.directions == (True,):
            raise ValueError(Errors.R852.format(name=name))
        keep_only(nlp, lm)
        self.name = name
        self.nlp = nlp
        self.lm = lm
        self.limits = limits
        self.texts = KeptTexts(lm, limits.sessions, limits.session_seconds)
        self._cuts = KeptCuts(nlp, limits.sessions)
        self._turns = Turns(limits.wait_seconds)
        self._docs: OrderedDict[str, Doc] = OrderedDict()
        self._zone = ExitStack()
        self._forget_words()

    async def turn(self, function: Callable[..., T], *args: Any) -> T:
        """Call a function on the model's thread: turns go by arrival.

        function (Callable): What is to be done; whoever makes a long text takes a turn a word.
        RETURNS (Any): Its result.
        RAISES (Refused): If the turn doesn't come in time, or for a mistake of the client.
        """
        try:
            return await self._turns.take(self._call, function, *args)
        except NoTurn:
            seconds = round(self.limits.wait_seconds)
            raise Refused(503, Errors.R847.format(name=self.name, seconds=seconds)) from None
        except Exception as error:
            refused = refusal_of(error)
            if refused is None:
                raise
            raise refused from error

    def _call(self, function: Callable[..., T], *args: Any) -> T:
        if len(self.nlp.vocab) - self._words_before > MOST_NEW_WORDS:
            self._forget_words()
        return function(*args)

    def _forget_words(self) -> None:
        """Free the words of all requests so far, which would pile up. A zone for each request would
        make most of its words anew."""
        self._docs.clear()
        self._zone.close()
        self._zone.enter_context(memory_zone(self.nlp))
        self._words_before = len(self.nlp.vocab)

    def warm_up(self) -> None:
        """Make what the first question needs, such as a dictionary, before it is asked."""
        self.complete("", None, 1)

    def close(self) -> None:
        """Forget what was served; the model isn't asked any more."""
        self._turns.close()
        self._docs.clear()
        self._zone.close()

    def describe(self) -> dict[str, Any]:
        """RETURNS (Dict): What clients are told of the model."""
        settings = self.lm.network.settings
        return {
            "name": self.name,
            "component": self.lm.name,
            "lang": self.nlp.lang,
            "cell": settings.cell,
            "depth": settings.depth,
            "width": settings.width,
            "words": len(self.lm.vocabulary),
            "spells": self.lm.network.speller is not None,
        }

    def score(self, text: str, session: str | None, last: int | None) -> dict[str, Any]:
        """RETURNS (Dict): The last tokens, or all, with their surprisal, and the sums."""
        doc = self._doc(text)
        read = self.texts.get(session).follow(doc)
        bits = -read.log_probs.astype(np.float64) / math.log(2)
        vocabulary = self.lm.vocabulary
        forms = vocabulary.forms_of([doc])
        mask = np.ones(len(doc), dtype=bool) if forms.read is None else forms.read
        surprisal, known = np.zeros(len(doc)), np.zeros(len(doc), dtype=bool)
        surprisal[mask] = bits
        known[mask] = vocabulary.rows_of_keys(forms.keys) != UNKNOWN_ROW
        tokens = [
            {
                "text": token.text,
                "start": token.idx,
                "end": token.idx + len(token),
                "surprisal": float(surprisal[token.i]),
                "known": bool(known[token.i]) if mask[token.i] else None,
            }
            for token in (doc if last is None else doc[max(0, len(doc) - last) :])
        ]
        end = -read.end_log_prob / math.log(2)
        total = float(bits.sum())
        return {
            "model": self.name,
            "tokens": tokens,
            "count": len(doc),
            "surprisal": total,
            "end_surprisal": end,
            "perplexity": 2.0 ** min(1000.0, (total + end) / (len(bits) + 1)),
            "bits_per_character": (total + end) / len(text) if text else None,
        }

    def next(self, text: str, session: str | None, prefix: str, k: int) -> dict[str, Any]:
        """RETURNS (Dict): The next words, with what is to be appended for each."""
        read = self.texts.get(session).follow(self._doc(text))
        found = read.next(prefix, k) if prefix else self._likeliest(read, k)
        spaces = read.feeds[-1].text.space_before
        words = [
            {"word": word, "insert": spaces(word) + word, "probability": probability}
            for word, probability in found
        ]
        return {"model": self.name, "next": words}

    def _likeliest(self, read: Session, k: int) -> list[tuple[str, float]]:
        """RETURNS (List[Tuple[str, float]]): What `read.next(k=k)` returns, of the softmax that
        completing makes, too."""
        words = self.lm.vocabulary.words
        if k >= len(words):
            raise ValueError(Errors.R308.format(k=k, words=len(words) - 1))
        log_probs, rows = read.feeds[-1].read.softmax.top_k(k, UNKNOWN_ROW)
        check_finite(self.lm.name, np.array(log_probs))
        pairs = zip(rows, log_probs, strict=True)
        return [(words[row], math.exp(log_prob)) for row, log_prob in pairs]

    def complete(self, text: str, session: str | None, k: int) -> dict[str, Any]:
        """RETURNS (Dict): What the text may go on with; see `RNNLM.complete`."""
        doc = self._doc(text)
        read = self.texts.get(session).follow(doc)
        last = min(LAST_TOKENS, len(doc))
        borders, total = [], 0.0
        feeds, tokens = read.feeds[-1 - last :], doc[len(doc) - last :]
        for token, start, fed in zip(tokens, feeds, feeds[1:], strict=False):
            if len(fed.log_probs):  # white space may not be read
                borders.append(Border(token.idx, total, start.read.softmax))
                total += float(fed.log_probs[0])
        borders.append(Border(len(text), total, feeds[-1].read.softmax))
        found = complete_at(self.lm, borders, text, k, None, read.feeds[-1].text)
        return {"model": self.name, "completions": [each._asdict() for each in found]}

    def start_writing(self, text: str, options: dict[str, Any]) -> tuple[Iterator[str], str | None]:
        """RETURNS (Tuple[Iterator, Optional[str]]): The words, and the first of them, if any."""
        words = self.lm.stream(self._doc(text), **options)
        return words, self.write_on(words)  # later ones don't need the Doc any more

    def write_on(self, words: Iterator[str]) -> str | None:
        """RETURNS (Optional[str]): The next word; None at the end."""
        return next(words, None)

    def trace(self, text: str, k: int | None) -> Trace:
        """RETURNS (Trace): Every step of reading the text."""
        doc = self._doc(text)
        if len(doc) > self.limits.trace_tokens:
            most = self.limits.trace_tokens
            raise Refused(413, Errors.R855.format(tokens=len(doc), most=most))
        return self.lm.trace(doc, k=k)

    def draw(self, text: str, style: str, lang: str | None) -> str:
        """RETURNS (str): A whole page with the picture of a trace: "states" or "steps"."""
        trace = self.trace(text, None)
        return render(trace, style, page=True, jupyter=False, lang=lang) or ""

    def _doc(self, text: str) -> Doc:
        """RETURNS (Doc): The tokens of a text. Clients ask several questions about each."""
        doc = self._docs.get(text)
        if doc is None:
            doc = self._cuts.cut(text)
            if runs_components_before(self.nlp):
                (doc,) = run_before(self.nlp, self.lm, [doc])
            self._docs[text] = doc
            if len(self._docs) > self.limits.sessions:
                self._docs.popitem(last=False)
        return doc
