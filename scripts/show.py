"""Print what a trained language model expects and writes.

python scripts/show.py training/zh-modern/model-best --prompts "我爱,今天"
"""

from pathlib import Path

import spacy
import typer

from spacy_rnn import RNNLM
from spacy_rnn.cli.prompts import choose_prompts
from spacy_rnn.cli.text_table import text_table
from spacy_rnn.messages import answer


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
    show_table(rows, ["Prompt", f"Next word: the {k} most probable"])
    rows = [
        (text, lm.generate(text, max_tokens=max_tokens, temperature=temperature, seed=seed))
        for seed, text in enumerate(beginnings)
    ]
    show_table(rows, ["Prompt", f"Generated (temperature {temperature})"])


def show_table(rows: list[tuple[str, str]], header: list[str]) -> None:
    """Print a table of texts."""
    answer(f"\n{text_table(rows, header, numbers=False)}\n")


if __name__ == "__main__":
    typer.run(main)
