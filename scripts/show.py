"""Print what a trained language model expects and writes.

python scripts/show.py training/zh-modern/model-best --prompts "我爱,今天"
"""

from pathlib import Path

import spacy
import typer
from wasabi import msg

from spacy_rnn import RNNLM
from spacy_rnn.cli.prompts import choose_prompts


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    prompts: str = typer.Option("", help="Beginnings, commas between them; by the language"),
    k: int = typer.Option(5, help="How many next words"),
    max_tokens: int = typer.Option(20, help="How many tokens are written at most"),
    temperature: float = typer.Option(0.5, help="Below 1: safer words"),
) -> None:
    """Show the k most probable next words and a generated continuation for every prompt."""
    lm = spacy.load(model).get_pipe("rnn_lm")
    assert isinstance(lm, RNNLM)
    rows = []
    beginnings = choose_prompts(lm, prompts)
    for text in beginnings:
        following = "  ".join(f"{word} {p:.3f}" for word, p in lm.predict_next(text, k))
        rows.append((text, following))
    msg.table(rows, header=("Prompt", f"Next word: the {k} most probable"), divider=True)
    rows = [
        (text, lm.generate(text, max_tokens=max_tokens, temperature=temperature, seed=seed))
        for seed, text in enumerate(beginnings)
    ]
    msg.table(rows, header=("Prompt", f"Generated (temperature {temperature})"), divider=True)


if __name__ == "__main__":
    typer.run(main)
