"""jieba itself, with other words than its own, to compare with."""

import io
import warnings
from collections.abc import Iterable

with warnings.catch_warnings():
    # jieba's modules warn about their own syntax and about pkg_resources.
    warnings.simplefilter("ignore")
    import jieba
    from jieba import finalseg


def read_by_jieba(data: bytes) -> jieba.Tokenizer:
    """A jieba tokenizer with the given dictionary file and no other words."""
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(io.BytesIO(data))
    tokenizer.initialized = True
    return tokenizer


def copy_of(original: jieba.Tokenizer) -> jieba.Tokenizer:
    """A jieba tokenizer with the words of another, to add words to."""
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = original.FREQ.copy(), original.total
    tokenizer.initialized = True
    return tokenizer


def add_words(tokenizer: jieba.Tokenizer, entries: Iterable[tuple[str, int | None]]) -> None:
    """Add words; those that were removed before are forgotten, for jieba keeps them in a module."""
    finalseg.Force_Split_Words.clear()
    for word, frequency in entries:
        tokenizer.add_word(word, frequency)
