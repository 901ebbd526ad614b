"""Every text is tokenized once for each pipeline, however often a corpus is read.

`spacy train` reads the training corpus for `initialize` and again for training, and the
development corpus at every evaluation, through reader objects that know nothing of each other.
What they share is the pipeline, so the tokens are kept beside it and go when it goes.

What is kept are words, not Docs: every Doc that is handed out is new, so no annotation can leak
from one evaluation into the next. The key is the text itself (its digest), so no file can change
unnoticed. A pipeline whose tokenizer changes starts anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import weakref
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from .plain_docs import PlainDoc, is_annotated


class TokenCache:
    """The tokenized texts of one pipeline."""

    def __init__(self) -> None:
        self._documents: dict[bytes, PlainDoc | Doc] = {}
        self._words: dict[str, str] = {}
        self._tokenizer: Any = None

    def __len__(self) -> int:
        return len(self._documents)

    def find_words(self, nlp: Language, text: str) -> PlainDoc | Doc:
        """Find the words of a text, with the tokenizer if it wasn't seen before.

        nlp (Language): The pipeline that this cache belongs to.
        text (str): Any text.
        RETURNS (Union[PlainDoc, Doc]): The words that are kept; a new Doc where the tokenizer
            annotates as well.
        """
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        kept = self._documents.get(key)
        if kept is not None:
            return kept if isinstance(kept, PlainDoc) else kept.copy()
        doc = nlp.make_doc(text)
        self._keep(key, doc)
        kept = self._documents.get(key)
        # the first reading gives what later ones give: some tokenizers leave the first token
        # without the sentence start that it has in every Doc made of words
        return kept if isinstance(kept, PlainDoc) else doc

    def _keep(self, key: bytes, doc: Doc) -> None:
        if not is_annotated(doc) and not doc.user_data:
            self._documents[key] = PlainDoc.from_doc(doc).share_words(self._words)
        # Some tokenizers tag as well (Japanese, Korean): such a Doc is kept as it is, unless its
        # tokens are freed with the memory zone that it was made in.
        elif not getattr(doc.vocab, "in_memory_zone", False):
            self._documents[key] = doc.copy()

    def check_tokenizer(self, tokenizer: Any) -> None:
        """Forget everything if the tokenizer isn't the one that made the tokens.

        tokenizer (Callable[[str], Doc]): The pipeline's tokenizer as it is now.
        """
        state = _state(tokenizer)
        if state != self._tokenizer:
            self._documents.clear()
            self._words.clear()
            self._tokenizer = state


_CACHES: weakref.WeakKeyDictionary[Language, TokenCache] = weakref.WeakKeyDictionary()


def get_cache(nlp: Language) -> TokenCache:
    """Find the cache of a pipeline, emptied if its tokenizer has changed since.

    nlp (Language): The pipeline.
    RETURNS (TokenCache): Its cache, the same one for every reader.
    """
    cache = _CACHES.setdefault(nlp, TokenCache())
    cache.check_tokenizer(nlp.tokenizer)
    return cache


def _state(tokenizer: Any) -> tuple[Any, ...]:
    """What tells one tokenizer, with its present rules and words, from another."""
    identity: Any = type(tokenizer)
    with contextlib.suppress(TypeError):  # spaCy's own Tokenizer: its bytes say everything
        identity = weakref.ref(tokenizer)
    try:
        return identity, hashlib.blake2b(tokenizer.to_bytes(exclude=["vocab"])).digest()
    except Exception:  # a tokenizer that can't be saved, or not yet: trust that it doesn't change
        return identity, id(tokenizer)
