"""Complete Chinese words whose pinyin somebody types.

python examples/pinyin.py path/to/model 我在 tushu

The last argument is pinyin without tones, with or without apostrophes; its last syllable may be
half-typed. Needs `pip install pypinyin`.
"""

from collections.abc import Callable

import spacy
import typer
from pypinyin import Style, pinyin

import spacy_rnn


def pinyin_of(word: str) -> str:
    """RETURNS (str): The syllables of a word, without tones."""
    return "".join(syllable for (syllable, *_) in pinyin(word, style=Style.NORMAL))


def words_that_sound_like(lm: spacy_rnn.RNNLM, typed: str) -> Callable[[str], bool]:
    """RETURNS (Callable[[str], bool]): Whether a word's pinyin begins with what was typed. Words
    are read aloud once, so that a key costs a look into a set."""
    letters = typed.replace("'", "").lower()
    sounding = {word for word in lm.vocabulary.words[2:] if pinyin_of(word).startswith(letters)}
    return sounding.__contains__


def complete_pinyin(
    lm: spacy_rnn.RNNLM, context: str, typed: str, k: int = 5
) -> list[tuple[str, float]]:
    """RETURNS (List[Tuple[str, float]]): Words that sound so, and p(word | context, sound)."""
    session = lm.session()
    session.feed(context)
    found = session.complete("", k=k, accept=words_that_sound_like(lm, typed))
    return [(made.word, made.probability) for made in found]


def main(
    model: str = typer.Argument(help="A trained pipeline with rnn_lm"),
    context: str = typer.Argument(help="What stands there already"),
    typed: str = typer.Argument(help="Pinyin without tones"),
) -> None:
    """Print words with their probabilities."""
    lm = spacy.load(model).get_pipe("rnn_lm")
    for word, probability in complete_pinyin(lm, context, typed):
        print(f"{probability:.4f}  {word}")


if __name__ == "__main__":
    typer.run(main)
