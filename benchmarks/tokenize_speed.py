"""Tokenizing speed: JiebaTokenizer against spaCy's ChineseTokenizer with jieba, in one run.

python benchmarks/tokenize_speed.py path/to/zh-classics/dev.txt
python benchmarks/tokenize_speed.py path/to/zh-classics/dev.txt --engine rjieba
python benchmarks/tokenize_speed.py path/to/zh-classics/dev.txt --user-words 20000

After a first round the vocab of both sides has the text's words, as in a long run. Also prints on
how many lines the engine's words are other ones than jieba's (`jieba.lcut`), and the speed of
`jieba.lcut` alone, without Docs.

With --user-words: JiebaTokenizer with so many user words against itself without any. They are
made-up names with a dot (`阿巴·卡达`), `I/O` and `arni`; every tenth line of the text gets one.
"""

import random
from pathlib import Path
from time import perf_counter

import jieba
import spacy
import typer
from timing import alternate, report


def main(
    text: Path = typer.Argument(help="Chinese text, a document a line"),
    engine: str = typer.Option("jieba", help="jieba or rjieba"),
    rounds: int = typer.Option(7, help="Runs of each side"),
    user_words: int = typer.Option(0, help="Compare so many user words with none"),
) -> None:
    """Print characters a second of both sides and their ratio."""
    settings = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "engine": engine}
    lines = [line for line in text.read_text("utf8").splitlines() if line]
    if user_words:
        words = make_words(user_words)
        for number in range(0, len(lines), 10):
            lines[number] += words[-1 - number % len(words)]
        ours = spacy.blank("zh", config=tokenizer({**settings, "user_words": words}))
        baseline = spacy.blank("zh", config=tokenizer(settings))
    else:
        ours = spacy.blank("zh", config=tokenizer(settings))
        stock = {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "jieba"}
        baseline = spacy.blank("zh", config=tokenizer(stock))

    def run(nlp: spacy.Language) -> int:
        for line in lines:
            nlp.make_doc(line)
        return sum(map(len, lines))

    speeds = alternate(lambda: run(ours), lambda: run(baseline), rounds)
    if user_words:
        report(*speeds, unit="characters/s")
        return
    start = perf_counter()
    cut = [jieba.lcut(line) for line in lines]
    print(f"jieba.lcut alone: {sum(map(len, lines)) / (perf_counter() - start):,.0f} characters/s")
    different = sum(
        [token.text for token in ours.make_doc(line) if not token.is_space]
        != [word for word in words if not word.isspace()]
        for line, words in zip(lines, cut, strict=True)
    )
    print(f"{different} of {len(lines):,} lines have other words than with jieba.lcut")
    report(*speeds, unit="characters/s")


def make_words(count: int) -> list[str]:
    """RETURNS (List[str]): Different words, the same in each run."""
    chance, characters = random.Random(0), "阿巴卡达埃法加哈伊贾克拉马娜奥帕萨塔乌瓦雅"
    names: dict[str, None] = {}
    while len(names) < count - 2:
        parts = (chance.choices(characters, k=3) for _ in range(2))
        names["·".join(map("".join, parts))] = None
    return [*names, "I/O", "arni"]


def tokenizer(config: dict) -> dict:
    return {"nlp": {"tokenizer": config}}


if __name__ == "__main__":
    typer.run(main)
