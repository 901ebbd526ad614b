"""How much unknown words decide in minimal pairs.

python benchmarks/unknown_pairs.py path/to/blimp wikitext-0/model-last …

Accuracy by log-probability over all pairs, over pairs whose sentences have equal and different
numbers of unknown words, and how often the sentence with fewer of them wins among the last.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import typer

from spacy_rnn.corpus.text_files import raise_error
from spacy_rnn.scoring.pairs.pair_rows import BAD, GOOD, PairColumns, PairTables
from spacy_rnn.scoring.pairs.score_pairs import tally_pairs
from spacy_rnn.scoring.selecting import find_language_model


def measure(model: str, pairs: Path, measure: str) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Accuracies in percent, numbers of pairs, and shares of unknown
    words.

    model (str): A trained pipeline.
    pairs (Path): A file or a folder.
    measure (str): What decides: "lp", "mean_lp", "pen_lp" or "slor".
    """
    nlp = spacy.load(model)
    columns = PairColumns(GOOD, BAD, None)
    stream = PairTables(pairs, columns).read(raise_error)
    found = tally_pairs(nlp, find_language_model(nlp, model, None), stream, columns)
    own = found.every[measure]
    parts = {"all": own.every, "equal": own.equal_unknown, "different": own.different_unknown}
    figures: dict[str, Any] = {
        name: round(100 * (tally.accuracy or 0.0), 2) for name, tally in parts.items()
    }
    figures["fewer_wins"] = round(100 * (own.fewer_unknown.accuracy or 0.0), 2)
    figures |= {f"{name}_pairs": tally.pairs for name, tally in parts.items()}
    figures["unknown_tokens"] = round(100 * found.unknown_share.of_tokens, 2)
    figures["unknown_bits"] = round(100 * found.unknown_share.of_bits, 2)
    return figures


def main(
    pairs: Path = typer.Argument(help="Minimal pairs: a file or a folder"),
    models: list[str] = typer.Argument(help="Trained pipelines, such as three seeds of one"),
    measure_name: str = typer.Option("lp", "--measure", help="What decides"),
) -> None:
    """Print a line for each model, and a JSON line with their means and deviations."""
    rows = []
    for model in models:
        rows.append(measure(model, pairs, measure_name))
        print(model, rows[-1], flush=True)
    means = {name: round(float(np.mean([row[name] for row in rows])), 2) for name in rows[0]}
    names = ("all", "equal", "different", "fewer_wins")
    spread = {
        f"{name}_deviation": round(float(np.std([row[name] for row in rows], ddof=1)), 2)
        for name in names
        if len(rows) > 1
    }
    print(json.dumps({**means, **spread}))


if __name__ == "__main__":
    typer.run(main)
