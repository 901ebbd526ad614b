"""How much unknown words decide in minimal pairs.

python benchmarks/unknown_pairs.py path/to/blimp wikitext-0/model-last …

Accuracy by log-probability over all pairs, over pairs whose sentences have equal and different
numbers of unknown words, and how often the sentence with fewer of them wins among the last. With
--costs also what these two would be if the spelling of each unknown word cost so many bits.
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


def with_costs(model: str, pairs: Path, costs: list[float]) -> dict[float, tuple[float, float]]:
    """RETURNS (Dict[float, Tuple[float, float]]): For each cost in percent, of the pairs with
    different numbers of unknown words: how often the sentence with fewer wins, and the accuracy."""
    nlp = spacy.load(model)
    lm = find_language_model(nlp, model, None)
    lm.annotations = ("log_probs",)
    read = PairTables(pairs, PairColumns(GOOD, BAD, None)).read(raise_error)
    texts = [text for pair in read for text in (pair.good, pair.bad)]
    rows = []
    for doc in nlp.pipe(texts, batch_size=500):
        output = doc._.get(lm.name)
        closed = output.log_probs - output.spelling
        rows.append((-closed.sum() / np.log(2), output.unknown.sum()))
    bits, unknown = np.array(rows).reshape(-1, 2, 2).transpose(2, 0, 1)
    different = unknown[:, 0] != unknown[:, 1]
    bits, unknown = bits[different], unknown[different]
    fewer = unknown.argmin(axis=1)
    winners = {cost: (bits + cost * unknown).argmin(axis=1) for cost in costs}
    return {
        cost: tuple(round(100 * float(same.mean()), 1) for same in (won == fewer, won == 0))
        for cost, won in winners.items()
    }


def main(
    pairs: Path = typer.Argument(help="Minimal pairs: a file or a folder"),
    models: list[str] = typer.Argument(help="Trained pipelines, such as three seeds of one"),
    measure_name: str = typer.Option("lp", "--measure", help="What decides"),
    costs: str = typer.Option("", help="Bits of a spelling to try, such as 8,12,16"),
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
    tried = [float(cost) for cost in costs.split(",") if cost]
    for model in models if tried else ():
        print(model, with_costs(model, pairs, tried), flush=True)


if __name__ == "__main__":
    typer.run(main)
