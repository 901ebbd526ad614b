"""Memory zones, and what a process keeps after them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from spacy.language import Language
from spacy.tokenizer import Tokenizer

from ..errors import Errors
from ..network.memory import return_freed_memory
from ..pipeline.preceding import is_known_code
from ..validation import check_type

# What stays as it is, and needn't be copied.
_UNTOUCHED = ("lookups", "vectors")


def release_memory(nlp: Language) -> None:
    """Give back what earlier memory zones left behind.

    A memory zone frees the words of its Docs, but spaCy's tables of strings and lexemes keep a
    place for every word that was ever in them (some 70 bytes for each new one), and the C library
    keeps freed memory that lies in pieces. Call this between zones, after every 100,000 documents
    for example; it takes half a second. Docs, vectors and strings that were added outside of zones
    stay. What was set on lexemes by hand before (`nlp.vocab["x"].is_stop = True`) is lost, as it is
    when a pipeline is saved and loaded. No other thread may use the pipeline meanwhile.

    nlp (Language): The pipeline.
    RAISES (ValueError): Within a memory zone.

    EXAMPLE:
        >>> import spacy
        >>> from spacy_rnn import release_memory
        >>> nlp = spacy.blank("zh")
        >>> for batch in (["我爱北京"], ["我爱上海"]):
        ...     with nlp.memory_zone():
        ...         lengths = [len(doc) for doc in nlp.pipe(batch)]
        ...     release_memory(nlp)
    """
    check_type("nlp", nlp, Language, "a pipeline")
    vocab: Any = nlp.vocab
    if vocab.in_memory_zone:
        raise ValueError(Errors.R530)
    getters = dict(vocab.lex_attr_getters)
    vocab.from_bytes(vocab.to_bytes(exclude=_UNTOUCHED), exclude=_UNTOUCHED)
    # each loading puts one more function around the getter of norms
    vocab.lex_attr_getters.update(getters)
    if isinstance(nlp.tokenizer, Tokenizer):
        # empties its cache, which still has the lexemes from before
        nlp.tokenizer.rules = nlp.tokenizer.rules
    return_freed_memory()


def memory_zone(nlp: Language, wanted: bool = True) -> AbstractContextManager[Any]:
    """RETURNS (ContextManager): In it, what Docs leave in the vocab is temporary; unless there is
    code of others in the pipeline that may keep some of it, see `can_be_freed`.

    nlp (Language): The pipeline.
    wanted (bool): False for Docs that were made before, whose strings must stay.
    """
    return nlp.memory_zone() if wanted and can_be_freed(nlp) else nullcontext()


def can_be_freed(nlp: Language) -> bool:
    """RETURNS (bool): Whether the words of Docs can be freed after them: nobody keeps the hash of a
    string that was new in the first of them, or a lexeme. Of the code of others we know it only if
    it has a method `memory_zone`, as spaCy wants it of those who keep something.

    nlp (Language): The pipeline: its enabled components and its tokenizer.
    """
    parts = [nlp.tokenizer, *(component for _, component in nlp.pipeline)]
    return all(is_known_code(part) or hasattr(part, "memory_zone") for part in parts)
