"""The prompts of a command: its arguments, the lines of the standard input, or some that fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..corpus.text_files import STDIN, read_lines
from ..pipeline.rnn_lm import RNNLM

# Beginnings that go on in many ways.
_BEGINNINGS = {
    "zh": ("我爱", "今天", "他"),
    "en": ("I love", "Today", "He"),
    "de": ("Ich liebe", "Heute", "Er"),
    "fr": ("J'aime", "Aujourd'hui", "Il"),
    "es": ("Me gusta", "Hoy", "Él"),
    "ja": ("私は", "今日は", "彼は"),
}


def read_prompts(prompts: Sequence[str]) -> Iterator[str]:
    """Read prompts one by one.

    prompts (Sequence[str]): The prompts; "-" stands for the lines of the standard input.
    YIELDS (str): The prompts.
    RAISES (ValueError): If the standard input isn't UTF-8.
    """
    for prompt in prompts:
        if prompt == "-":
            yield from read_lines(STDIN)
        else:
            yield prompt


def choose_prompts(lm: RNNLM, given: str = "") -> list[str]:
    """Choose what a language model shall go on from.

    lm (RNNLM): The language model.
    given (str): Prompts with commas between them; "" for some in the language of the model: of a
        language that has none here, its three most frequent words with letters.
    RETURNS (List[str]): The prompts.
    """
    prompts = [prompt.strip() for prompt in given.split(",") if prompt.strip()]
    if prompts:
        return prompts
    lang = lm.vocab.lang
    if lang in _BEGINNINGS:
        return list(_BEGINNINGS[lang])
    return [word for word in lm.vocabulary.words[2:] if word.isalpha()][:3]
