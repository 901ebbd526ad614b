"""Examples of bare words: a corpus that is held as a list needs no Doc for each of its documents.

spaCy's training loop lists all Examples of a corpus and shuffles the list. A Doc takes over a
hundred bytes a token, and an Example keeps all words twice more, each as a string of its own. The
words alone take nine bytes a token.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any
from weakref import ref

from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from .plain_docs import PlainDoc
from .windows import Window, read_mark, write_mark

# Docs of so many tokens are kept when nobody else holds them: those of the batch at hand, which
# spaCy asks for three times.
_RECENT = 1 << 15

# The words that are known by their text, at most.
_KNOWN = 1 << 20

_PREDICTED: Any = Example.__dict__["predicted"]
_REFERENCE: Any = Example.__dict__["reference"]


class PlainExample(Example):
    """An Example whose Doc, the predicted and the reference one, is made when it's asked for.

    As long as anybody holds the Doc it is the same one. When nobody does any more, what was
    written onto it is gone with it. A Doc that is put in its place is kept:
    `example.predicted = nlp(example.text)`.

    words (PlainDoc): The words.
    mark (Optional[Window]): Where they stand in a longer document.
    recent (RecentDocs): Those of its corpus.
    """

    __slots__ = ("_held", "_made", "_mark", "_recent", "_words")

    def __init__(self, words: PlainDoc, mark: Window | None, recent: RecentDocs) -> None:
        # for compiled code, which doesn't ask the properties below: no annotations, as in the words
        _PREDICTED.__set__(self, recent.empty)
        _REFERENCE.__set__(self, recent.empty)
        self._words = words
        self._mark = mark
        self._recent = recent
        self._made: ref[Doc] | None = None
        self._held: Example | None = None

    def __len__(self) -> int:
        return len(self._words.words) if self._held is None else len(self._held)

    @property
    def predicted(self) -> Doc:
        return self._doc() if self._held is None else self._held.predicted

    @predicted.setter
    def predicted(self, doc: Doc) -> None:
        self._held = self._whole()
        self._held.predicted = doc

    @property
    def reference(self) -> Doc:
        return self._doc() if self._held is None else self._held.reference

    @reference.setter
    def reference(self, doc: Doc) -> None:
        self._held = self._whole()
        self._held.reference = doc

    @property
    def x(self) -> Doc:  # type: ignore[override]
        return self.predicted

    @property
    def y(self) -> Doc:  # type: ignore[override]
        return self.reference

    def __str__(self) -> str:
        return str(self._whole())

    def __repr__(self) -> str:
        return repr(self._whole())

    def __reduce__(self) -> tuple[Any, ...]:
        return Example, (self.predicted, self.reference)

    def _doc(self) -> Doc:
        doc = None if self._made is None else self._made()
        if doc is None:
            doc = self._words.to_doc(self._recent.vocab)
            if self._mark is not None:
                write_mark(doc, self._mark)
            self._made = ref(doc)
            self._recent.hold(doc)
        return doc

    def _whole(self) -> Example:
        """RETURNS (Example): A plain one, for all that spaCy's code does with its fields."""
        if self._held is not None:
            return self._held
        doc = self._doc()
        return Example(doc, doc)


def _add_other_members() -> None:
    """Whatever else an Example has works on the fields of a plain one."""
    for name, member in vars(Example).items():
        if name.startswith("__") or name in vars(PlainExample) or isinstance(member, classmethod):
            continue
        setattr(PlainExample, name, property(partial(_get_of_whole, name)))


def _get_of_whole(name: str, example: PlainExample) -> Any:
    return getattr(example._whole(), name)


_add_other_members()


class RecentDocs:
    """Holds the Docs of a corpus that were made last.

    vocab (Vocab): Their vocabulary.
    """

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab
        self.empty = Doc(vocab)
        self._docs: deque[Doc] = deque()
        self._tokens = 0

    def hold(self, doc: Doc) -> None:
        """Hold a Doc, and let go those that are older than 32,768 tokens.

        doc (Doc): It was just made.
        """
        # what the zone's end frees must not be found afterwards
        if getattr(self.vocab, "in_memory_zone", False):
            return
        self._docs.append(doc)
        self._tokens += len(doc)
        while self._tokens > _RECENT and len(self._docs) > 1:
            self._tokens -= len(self._docs.popleft())


class ExampleMaker:
    """Makes the Examples of one reading of a corpus.

    vocab (Vocab): The pipeline's vocabulary.
    plain (bool): Whether Docs are made when they're asked for.
    """

    def __init__(self, vocab: Vocab, *, plain: bool) -> None:
        self._plain = plain
        self._recent = RecentDocs(vocab)
        self._known: dict[str, str] = {}

    def from_words(self, words: PlainDoc) -> Example:
        """Make an Example of a whole document.

        words (PlainDoc): Its words, which somebody else keeps, too.
        RETURNS (Example): Its predicted Doc is the reference.
        """
        return PlainExample(words, None, self._recent)

    def from_bare_doc(self, doc: Doc, words: PlainDoc | None = None) -> Example:
        """Make an Example of a document or a window.

        doc (Doc): Without annotations; of its user data the mark alone is kept.
        words (Optional[PlainDoc]): Its words, if they are known.
        RETURNS (Example): Its predicted Doc is the reference.
        """
        if not self._plain:
            # spaCy copies the predicted Doc before it writes to it, so one Doc can be both
            return Example(doc, doc)
        if len(self._known) > _KNOWN:
            self._known.clear()
        words = (words or PlainDoc.from_doc(doc)).share_words(self._known)
        return PlainExample(words, read_mark(doc), self._recent)
