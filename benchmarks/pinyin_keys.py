"""Keys that a model saves who types Chinese by pinyin. Needs `pip install pypinyin`.

python benchmarks/pinyin_keys.py path/to/model path/to/text.txt

The words of a text are typed one after another: letters of the pinyin without tones, until the word
is among five that are shown; one more key takes it. Five are shown before the first letter too.
Shown are the words of the vocabulary whose pinyin begins with the letters, by three orders:

- "none": none is shown before the whole pinyin is typed: all letters and a key to take the word.
- "frequency": the most frequent words first, as a dictionary does without a model.
- "model": the words that are most probable after all that was typed before.

A word that the vocabulary doesn't have is typed a character a time. A character that it doesn't
have, either, costs its letters and a key; anything but Chinese characters costs a key a character.
"""

import json
import re
from bisect import bisect_left
from pathlib import Path

import numpy as np
import spacy
import torch
import typer
from pypinyin import Style, lazy_pinyin
from typing_speed import report_saved

from spacy_rnn import RNNLM

K = 5
_CHINESE = re.compile(r"[\u3400-\u9fff]+")


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    text: Path = typer.Argument(help="Text that it hasn't seen"),
    characters: int = typer.Option(10_000, help="Characters that are typed"),
) -> None:
    """Print the keys of each order, and what the model saves."""
    torch.set_num_threads(1)
    nlp = spacy.load(model)
    lm = nlp.get_pipe("rnn_lm")
    lines = [line for line in text.read_text(encoding="utf8").splitlines() if line.strip()]
    typed = "".join(lines)[:characters]
    keys = press_letters(lm, [token.text for token in nlp.make_doc(typed)])
    for name in ("frequency", "model"):
        print(f"{name}: {report_saved(len(typed), keys[name], keys['none'])}")
    saved = {f"saved_by_{name}": 1 - keys[name] / keys["none"] for name in ("frequency", "model")}
    print(json.dumps({**keys, **{name: round(share, 4) for name, share in saved.items()}}))


class PinyinWords:
    """The Chinese words of a vocabulary, by their pinyin.

    words (List[str]): All words by row; the rows of frequent words are small.
    """

    def __init__(self, words: list[str]) -> None:
        pairs = [(read(word), row) for row, word in enumerate(words) if _CHINESE.fullmatch(word)]
        pairs.sort()
        self.pinyin = [pinyin for pinyin, _ in pairs]
        self.rows = np.array([row for _, row in pairs], dtype=np.int64)
        self.row_of = {words[row]: row for _, row in pairs}

    def keys(self, word: str, scores: np.ndarray) -> int:
        """RETURNS (int): Letters until a word is one of the best, and the key that takes it.

        word (str): One of the words.
        scores (ndarray): (words,) by row; the highest are shown.
        """
        row, letters = self.row_of[word], read(word)
        for count in range(len(letters)):
            typed = letters[:count]
            start = bisect_left(self.pinyin, typed)
            stop = bisect_left(self.pinyin, typed + "\uffff")
            if (scores[self.rows[start:stop]] > scores[row]).sum() < K:
                return count + 1
        return len(letters) + 1


def read(word: str) -> str:
    """RETURNS (str): The letters of a word's pinyin, without tones."""
    return "".join(lazy_pinyin(word, style=Style.NORMAL))


def press_letters(lm: RNNLM, words: list[str]) -> dict[str, int]:
    """RETURNS (Dict[str, int]): How many keys a text takes, by the order of what is shown."""
    known = PinyinWords(lm.vocabulary.words)
    by_frequency = -np.arange(len(lm.vocabulary), dtype=np.float64)
    keys = {"none": 0, "frequency": 0, "model": 0}
    session = lm.session()
    for word in words:
        parts = [word] if word in known.row_of else list(word)
        hidden = session.feeds[-1].hidden
        with torch.no_grad():
            by_model = lm.network.softmax.log_distribution(hidden)[0].double().cpu().numpy()
        for part in parts:
            whole = len(read(part)) + 1 if _CHINESE.fullmatch(part) else 1
            keys["none"] += whole
            for name, scores in (("frequency", by_frequency), ("model", by_model)):
                keys[name] += known.keys(part, scores) if part in known.row_of else whole
        session.feed([word])
    return keys


if __name__ == "__main__":
    typer.run(main)
