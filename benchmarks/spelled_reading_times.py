"""What spelling unknown words does to a regression on reading times, as a paired difference.

python benchmarks/spelled_reading_times.py path/to/words.tsv wikitext-0/model-last …

The words are those of Natural Stories (`docs/linguists.md`, "Reading times"). Each model scores
them as `rnn items` does; `scripts/reading_times.py` finds what the spelled surprisal of all words
adds to length and frequency, what the surprisal with `<unk>` for unknown words adds, and the
difference of the two, word for word, with its standard error. A noisy measure: report it, don't
choose by it.
"""

import importlib.util
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import spacy
import typer

from spacy_rnn import score_items
from spacy_rnn.scoring.rows.row_reader import RowReader

PREDICTORS = ("surprisal", "surprisal_unk")
_COLUMNS = ("item", "zone", "word", "mean_rt_ms", "log2_frequency")


def load_regression() -> ModuleType:
    """RETURNS (ModuleType): scripts/reading_times.py."""
    path = Path(__file__).parents[1] / "scripts" / "reading_times.py"
    spec = importlib.util.spec_from_file_location("reading_times", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["reading_times"] = module
    spec.loader.exec_module(module)
    return module


def score(model: str, words: Path, output: Path) -> float:
    """Write a table of the words with their surprisals.

    RETURNS (float): The share of words that the vocabulary lacks.
    """
    rows = (row.values for row in RowReader(words, _COLUMNS).read())
    options: dict[str, Any] = {"rows": "words", "group": "item", "order": "zone"}
    columns = [*PREDICTORS, "known"]
    lines = ["\t".join((*_COLUMNS, *columns))]
    unknown = 0
    for row in score_items(spacy.load(model), rows, columns=columns, **options):
        lines.append("\t".join(str(row[name]) for name in (*_COLUMNS, *columns)))
        unknown += not row["known"]
    output.write_text("\n".join(lines) + "\n", encoding="utf8")
    return unknown / (len(lines) - 1)


def main(
    words: Path = typer.Argument(help="A table: item, zone, word, mean_rt_ms, log2_frequency"),
    models: list[str] = typer.Argument(help="Trained pipelines, such as three seeds of one"),
) -> None:
    """Print the gains and the paired difference, × 10⁻³ nats a word."""
    regression = load_regression()
    with TemporaryDirectory() as folder:
        tables, shares = [], []
        for number, model in enumerate(models):
            path = Path(folder) / f"{number}.tsv"
            shares.append(score(model, words, path))
            tables.append(str(path))
        columns = regression.Columns("mean_rt_ms", "word", "item", "zone", "log2_frequency")
        measured = regression.measure_words(tables, PREDICTORS, columns)
    names = dict(zip(tables, models, strict=True))
    for gain, _ in measured:
        print(f"{names[gain.table]} {gain.predictor}: {1e3 * gain.delta_ll:.2f}, t {gain.t:.2f}")
    more = regression.differences(measured, "surprisal_unk")
    for one in more:
        found = f"{1e3 * one.delta_ll:.2f} ± {1e3 * one.error:.2f}, t {one.t:.2f}"
        print(f"{names.get(one.table, one.table)}, spelled more than the class: {found}")
    means = regression.summarize([gain for gain, _ in measured])
    figures: dict[str, Any] = {
        name: {key: round(1e3 * value, 3) for key, value in mean.items()}
        for name, mean in means.items()
    }
    last = more[-1]  # the mean over models, or the one model
    figures["difference"] = round(1e3 * last.delta_ll, 3)
    figures["error"] = round(1e3 * last.error, 3)
    figures["words"] = measured[0][0].words
    figures["unknown"] = round(sum(shares) / len(shares), 4)
    print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
