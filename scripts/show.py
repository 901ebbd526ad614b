"""Print what a trained language model expects and writes.

python scripts/show.py training/zh-modern/model-best --prompt 我爱 --prompt 今天
"""

from pathlib import Path

import spacy
import typer
from wasabi import msg

from spacy_rnn import RNNLM


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    prompt: list[str] = typer.Option(["我爱", "今天", "他"], help="A beginning; may be repeated"),
    k: int = typer.Option(5, help="How many next words"),
    max_tokens: int = typer.Option(20, help="How many tokens are written at most"),
    temperature: float = typer.Option(0.5, help="Below 1: safer words"),
) -> None:
    """Show the k most probable next words and a generated continuation for every prompt."""
    lm = spacy.load(model).get_pipe("rnn_lm")
    assert isinstance(lm, RNNLM)
    rows = []
    for text in prompt:
        following = "  ".join(f"{word} {p:.3f}" for word, p in lm.predict_next(text, k))
        rows.append((text, following))
    msg.table(rows, header=("Prompt", f"Next word: the {k} most probable"), divider=True)
    rows = [
        (text, lm.generate(text, max_tokens=max_tokens, temperature=temperature, seed=seed))
        for seed, text in enumerate(prompt)
    ]
    msg.table(rows, header=("Prompt", f"Generated (temperature {temperature})"), divider=True)


if __name__ == "__main__":
    typer.run(main)
