"""How many raw sentences stay as they are when they are tokenized and joined again, and what
learning the spaces costs.

python benchmarks/spacing.py path/to/ud-en-ewt
python benchmarks/spacing.py path/to/ud-zh-gsdsimp --lang zh
python benchmarks/spacing.py path/to/zh-pydocs --lang zh
python benchmarks/spacing.py path/to/ud-zh-gsdsimp --lang zh --text path/to/zh-classics/train.txt

Each of the two parts is joined by what was learned from the other one. Chinese is segmented by
jieba. With `--text`, a corpus is read as an initialization reads it.
"""

import json
from pathlib import Path
from time import process_time
from typing import Any

import spacy
import typer
from spacy.language import Language

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.pipeline.detokenization import detokenize
from spacy_rnn.vocabulary import Vocabulary
from spacy_rnn.vocabulary.spacing import Spacing
from spacy_rnn.vocabulary.spacing_counts import SpacingCounts

PARTS = ("dev", "test")


def make_pipeline(lang: str) -> Language:
    jieba = {"nlp": {"tokenizer": {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1"}}}
    return spacy.blank(lang, config=jieba if lang == "zh" else {})


def read_sentences(folder: Path, part: str) -> list[str]:
    """RETURNS (List[str]): The raw sentences of a part of a treebank in CoNLL-U, or the lines of a
    text."""
    if (folder / f"{part}.txt").exists():
        return list(filter(None, (folder / f"{part}.txt").read_text("utf8").splitlines()))
    (path,) = folder.glob(f"*-{part}.conllu")
    lines = path.read_text("utf8").splitlines()
    return [line.removeprefix("# text = ") for line in lines if line.startswith("# text = ")]


def learn(docs: list) -> Spacing:
    counts = SpacingCounts()
    for doc in docs:
        counts.add(doc)
    return counts.spacing()


def unchanged(docs: list, spacing: Spacing) -> float:
    """RETURNS (float): The percentage of texts that are the same after joining their words."""
    same = sum(detokenize([token.text for token in doc], spacing) == doc.text for doc in docs)
    return round(100 * same / len(docs), 2)


def measure_cost(nlp: Language, text: Path) -> dict[str, Any]:
    """RETURNS (Dict): CPU microseconds a token of tokenizing and of counting words and gaps."""
    nlp.make_doc("once, to load what the tokenizer needs")
    start = process_time()
    examples = list(create_text_corpus(text, cache=False)(nlp))
    seconds = {"tokenizing": process_time() - start}
    start = process_time()
    Vocabulary.from_docs(example.predicted for example in examples)
    seconds["words"] = process_time() - start
    start = process_time()
    counts = SpacingCounts()
    for example in examples:
        counts.add(example.predicted)
    spacing = counts.spacing()
    seconds["gaps"] = process_time() - start
    cost = {f"us_{name}": round(1e6 * s / counts.tokens, 2) for name, s in seconds.items()}
    return {"tokens": counts.tokens, **cost, "file_kb": round(len(spacing.to_bytes()) / 1e3, 1)}


def main(
    treebank: Path = typer.Argument(
        help="A folder with *-dev.conllu and *-test.conllu, or with dev.txt and test.txt"
    ),
    lang: str = typer.Option("en", help="Language of spaCy's tokenizer; zh is jieba"),
    text: Path = typer.Option(None, help="Raw text, a document a line: what does learning cost?"),
) -> None:
    """Print a JSON line."""
    nlp = make_pipeline(lang)
    docs = {part: [nlp.make_doc(t) for t in read_sentences(treebank, part)] for part in PARTS}
    figures: dict[str, Any] = {f"{part}_texts": len(docs[part]) for part in PARTS}
    for part, other in (PARTS, PARTS[::-1]):
        figures[f"{part}_learned"] = unchanged(docs[part], learn(docs[other]))
        figures[f"{part}_rules"] = unchanged(docs[part], Spacing())
    if text is not None:
        figures.update(measure_cost(nlp, text))
    print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
