"""Tokenize train, dev and test text once, with the tokenizer of a config.

python scripts/prepare.py configs/rnn_lm.cfg assets/zh-modern corpus/zh-modern
"""

from pathlib import Path

import typer
from spacy import util
from spacy.language import Language
from spacy.tokens import DocBin
from wasabi import msg

from spacy_rnn.training.corpus import create_text_corpus

PARTS = ("train", "dev", "test")


def main(
    config: Path = typer.Argument(help="A training config; its [nlp.tokenizer] is used"),
    source: Path = typer.Argument(help="A folder with train.txt, dev.txt and test.txt"),
    target: Path = typer.Argument(help="Where train.spacy, dev.spacy and test.spacy go"),
    document: str = typer.Option("line", help='What a document is: "line" or "block"'),
) -> None:
    """Write the three parts as .spacy files, which every spaCy command reads."""
    nlp = load_tokenizer(config)
    target.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        path = source / f"{part}.txt"
        reader = create_text_corpus(path, document=document, cache=False)
        docs = DocBin()
        tokens = characters = 0
        for example in reader(nlp):
            docs.add(example.reference)
            tokens += len(example.reference)
            characters += len(example.reference.text)
        docs.to_disk(target / f"{part}.spacy")
        msg.good(f"{part}: {len(docs):,} documents, {tokens:,} tokens, {characters:,} characters")


def load_tokenizer(config: Path) -> Language:
    """RETURNS (Language): The config's pipeline, its tokenizer ready to use."""
    nlp = util.load_model_from_config(util.load_config(config), auto_fill=True)
    initialize = getattr(nlp.tokenizer, "initialize", None)
    if initialize is not None:
        settings = nlp.config.interpolate()["initialize"]["tokenizer"]
        initialize(lambda: [], nlp=nlp, **settings)
    return nlp


if __name__ == "__main__":
    typer.run(main)
