"""Tokenize train, dev and test text once, with the tokenizer of a config.

python scripts/prepare.py configs/rnn_lm.cfg assets/zh-modern corpus/zh-modern

Settings of the config are overridden as in `spacy train`: `--paths.pkuseg_model FOLDER`.
"""

from pathlib import Path

import typer
from spacy.cli._util import parse_config_overrides
from spacy.tokens import DocBin
from wasabi import msg

from spacy_rnn.cli.pipelines import load_tokenizer
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.errors import counted

PARTS = ("train", "dev", "test")
app = typer.Typer(add_completion=False)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def main(
    ctx: typer.Context,
    config: Path = typer.Argument(help="A training config; its tokenizer is used"),
    source: Path = typer.Argument(help="A folder with train.txt, dev.txt and test.txt"),
    target: Path = typer.Argument(help="Where train.spacy, dev.spacy and test.spacy go"),
    document: str = typer.Option("line", help='What a document is: "line" or "block"'),
) -> None:
    """Write the three parts as .spacy files, which every spaCy command reads."""
    nlp = load_tokenizer(config, parse_config_overrides(ctx.args))
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
        msg.good(
            f"{part}: {counted(len(docs), 'document')}, {counted(tokens, 'token')}, "
            f"{counted(characters, 'character')}"
        )


if __name__ == "__main__":
    app()
