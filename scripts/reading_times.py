"""How much surprisal says about reading times: a regression on a table that `rnn items` wrote.

python scripts/reading_times.py scored.tsv --predictors surprisal --output metrics/reading-times

The table has a row for each word in the order of reading: its text (item), its place there (zone,
counted in ones: after a word that the table lacks there is no word before), the word with its
punctuation, its reading time, its frequency (a logarithm), and the predictors.

For each predictor two linear models of the reading time are compared. The first has length and
frequency (of the word without the punctuation at its edges), their product (both centred) and
whether there is such punctuation, all of this word and of the one before; the word's place; and a
constant for each text. The second has the predictor of this word and of the one before besides.
The log-likelihood of a word is that under the model of the other nine tenths of the words (normal
errors, their variance by maximum likelihood). The gain a word (ΔLL, in nats) is the mean over all
words, t is the mean over its standard error. Words without one of the numbers are left out for all
predictors alike. The slopes are those of the second model of all words.

Several tables, such as those of several seeds, are compared over the words that all of them have.
With --against a predictor, the gains of the others are compared with its own, word for word: two
predictors of one model go together, so that difference is better known than either gain.
"""

import json
import math
import unicodedata
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import typer

from spacy_rnn.cli.text_table import text_table
from spacy_rnn.messages import answer, complain, inform
from spacy_rnn.scoring.rows.row_reader import RowReader

FOLDS = 10
# Where nothing that is written apart begins or ends: a backquote is no punctuation to Unicode.
_QUOTES = "`"
# A share of a predictor's spread; tables have about ten digits.
_ROUNDING = 1e-8


class Columns(NamedTuple):
    """What the columns of a table are called."""

    time: str
    word: str
    group: str
    order: str
    frequency: str


class Gain(NamedTuple):
    """What a predictor adds.

    table, predictor (str): The table's path and the column.
    words (int): Over how many words.
    delta_ll (float): The gain a word, in nats.
    error (float): Its standard error.
    t (float): Gain over error.
    slope, slope_error (float): Reading time by unit of the predictor, and its standard error.
    slope_before, slope_before_error (float): The same of the word before.
    """

    table: str
    predictor: str
    words: int
    delta_ll: float
    error: float
    t: float
    slope: float
    slope_error: float
    slope_before: float
    slope_before_error: float


class Difference(NamedTuple):
    """What a predictor adds more than another one, word for word.

    table (str): The table's path; "mean" where it is the mean over tables.
    predictor, against (str): The two columns.
    delta_ll (float): The mean difference of the gains of a word, in nats.
    error (float): Its standard error.
    t (float): Difference over error.
    """

    table: str
    predictor: str
    against: str
    delta_ll: float
    error: float
    t: float


def main(
    tables: list[Path] = typer.Argument(help="Tables that `rnn items --rows words` wrote"),
    predictors: str = typer.Option("surprisal", help="Columns to try, separated by commas"),
    output: Path = typer.Option(
        ..., help="Gets .tsv, .json and .svg added: the table and the picture"
    ),
    time: str = typer.Option("mean_rt_ms", help="The column of reading times"),
    word: str = typer.Option("word", help="The column of words, with their punctuation"),
    group: str = typer.Option("item", help="The column of the text that a word is of"),
    order: str = typer.Option("zone", help="The column of the word's place in its text"),
    frequency: str = typer.Option("log2_frequency", help="The column of logarithms of frequencies"),
    known: str = typer.Option(
        "", help="A column such as known: leave out words where it, or that before, is false"
    ),
    against: str = typer.Option(
        "", help="One of the predictors: how much more the others add, word for word"
    ),
) -> None:
    """Print and write the gain of each predictor."""
    columns = Columns(time, word, group, order, frequency)
    names = [name for name in map(str.strip, predictors.split(",")) if name]
    if against and against not in names:
        raise ValueError(f"--against {against!r} is none of the predictors: {', '.join(names)}.")
    measured = measure_words([*map(str, tables)], names, columns, known)
    gains = [gain for gain, _ in measured]
    more = differences(measured, against) if against else []
    output.parent.mkdir(parents=True, exist_ok=True)
    fields = Gain._fields
    lines = ["\t".join(fields), *("\t".join(map(_cell, gain)) for gain in gains)]
    _sibling(output, ".tsv").write_text("\n".join(lines) + "\n", encoding="utf8")
    report = {"columns": columns._asdict(), "folds": FOLDS, "gains": [g._asdict() for g in gains]}
    report["means"] = means = summarize(gains)
    if more:
        report["differences"] = [one._asdict() for one in more]
    _sibling(output, ".json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf8")
    _sibling(output, ".svg").write_text(draw_gains(gains), encoding="utf8")
    header = ["", "Words", "ΔLL/word × 10⁻³", "t", "ms by unit", "of the word before"]
    rows = [
        [
            f"{gain.predictor}, {gain.table}",
            f"{gain.words:,}",
            f"{1e3 * gain.delta_ll:.2f}",
            f"{gain.t:.2f}",
            f"{gain.slope:.2f} ± {gain.slope_error:.2f}",
            f"{gain.slope_before:.2f} ± {gain.slope_before_error:.2f}",
        ]
        for gain in gains
    ]
    answer(text_table(rows, header))
    if len(tables) > 1:
        for name, mean in means.items():
            spread = f"{1e3 * mean['delta_ll']:.2f} ± {1e3 * mean['deviation']:.2f}"
            answer(f"{name}: {spread} × 10⁻³ over {len(tables)} tables (mean and deviation)")
    for one in more:
        found = f"{1e3 * one.delta_ll:.2f} ± {1e3 * one.error:.2f} × 10⁻³, t {one.t:.2f}"
        answer(f"{one.predictor} more than {one.against}, {one.table}: {found}")
    inform(f"{output}.tsv, {output}.json, {output}.svg")


def measure(
    tables: Sequence[str], predictors: Sequence[str], columns: Columns, known: str = ""
) -> list[Gain]:
    """RETURNS (List[Gain]): Those of `measure_words`."""
    return [gain for gain, _ in measure_words(tables, predictors, columns, known)]


def differences(measured: Sequence[tuple[Gain, np.ndarray]], against: str) -> list[Difference]:
    """RETURNS (List[Difference]): How much more each predictor adds than another one: in each
    table, and of several tables in the mean over them, whose error is that over words.

    measured (Sequence[Tuple[Gain, ndarray]]): See `measure_words`.
    against (str): The other predictor.
    """
    by_table: dict[str, dict[str, np.ndarray]] = {}
    for gain, words in measured:
        by_table.setdefault(gain.table, {})[gain.predictor] = words
    found = []
    for predictor in next(iter(by_table.values())):
        if predictor == against:
            continue
        parts = {table: own[predictor] - own[against] for table, own in by_table.items()}
        if len(parts) > 1:
            parts["mean"] = np.mean([*parts.values()], axis=0)
        for table, more in parts.items():
            delta, error = _mean_and_error(more)
            found.append(Difference(table, predictor, against, delta, error, delta / error))
    return found


def _mean_and_error(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def measure_words(
    tables: Sequence[str], predictors: Sequence[str], columns: Columns, known: str = ""
) -> list[tuple[Gain, np.ndarray]]:
    """Compare predictors.

    tables (Sequence[str]): Paths of tables with the same words.
    predictors (Sequence[str]): Columns of each.
    columns (Columns): The other columns.
    known (str): See `main`.
    RETURNS (List[Tuple[Gain, ndarray]]): For each predictor of each table what it adds, and the
        gain of each word, (words,), in nats.
    RAISES (ValueError): If a column is missing, the tables have other words, or a predictor can't
        add anything.
    """
    read = [read_columns(Path(path), predictors, columns, known) for path in tables]
    first = read[0]
    for path, other in zip(tables, read, strict=True):
        if [other[name] for name in columns] != [first[name] for name in columns]:
            raise ValueError(f"{path} has other words or numbers than {tables[0]}.")
    groups = np.array(first[columns.group])
    lag = _Lag(groups, numbers(first, columns.order))
    base = list(base_predictors(first, columns, lag))
    tried = {
        (path, name): numbers(table, name)
        for path, table in zip(tables, read, strict=True)
        for name in predictors
    }
    y = numbers(first, columns.time)
    used = np.isfinite(y)
    for x in [*base, *(part for one in tried.values() for part in (one, lag(one)))]:
        used &= np.isfinite(x)
    if known:
        for table in read:
            sure = np.array([str(value).lower() == "true" for value in table[known]], dtype=float)
            used &= (sure > 0) & (lag(sure) > 0)
    if used.sum() <= FOLDS * (len(base) + 3):
        raise ValueError(f"Only {used.sum()} words have all numbers: too few for a regression.")
    folds = np.random.default_rng(0).permutation(int(used.sum())) % FOLDS
    before = log_likelihoods(y[used], [x[used] for x in base], folds)
    for (path, name), x in tried.items():
        if not adds_something([part[used] for part in base], [x[used], lag(x)[used]]):
            message = "is one number for all words, or follows from the other predictors"
            raise ValueError(f"{path}: the predictor {name!r} {message}. Leave it out.")
    gains = []
    for (path, name), x in tried.items():
        extra = [*base, x, lag(x)]
        more = log_likelihoods(y[used], [x[used] for x in extra], folds) - before
        delta, error = _mean_and_error(more)
        slopes = slopes_of_last(y[used], [x[used] for x in extra], 2)
        gain = Gain(path, name, len(more), delta, error, delta / error, *slopes)
        gains.append((gain, more))
    return gains


def read_columns(
    path: Path, predictors: Sequence[str], columns: Columns, known: str
) -> dict[str, list[Any]]:
    """RETURNS (Dict[str, List]): The columns that are needed, by their names."""
    needed = [*columns, *predictors, *filter(None, [known])]
    rows = [row.values for row in RowReader(path, needed).read()]
    return {name: [row[name] for row in rows] for name in needed}


def base_predictors(
    table: dict[str, list[Any]], columns: Columns, lag: "_Lag"
) -> Iterator[np.ndarray]:
    """YIELDS (ndarray): (words,), each of what the first model has."""
    words = [str(word) for word in table[columns.word]]
    bare = [without_punctuation(word) for word in words]
    length = np.array([len(word) for word in bare], dtype=float)
    frequency = numbers(table, columns.frequency)
    product = (length - length.mean()) * (frequency - np.nanmean(frequency))
    marked = np.array([a != b for a, b in zip(words, bare, strict=True)], dtype=float)
    for x in (length, frequency, product, marked):
        yield x
        yield lag(x)
    yield numbers(table, columns.order)
    groups = np.array(table[columns.group])
    for group in sorted(set(table[columns.group]))[1:]:
        yield (groups == group).astype(float)


class _Lag:
    """The values of the words before, in the same text; NaN for the first, and where the table
    lacks the word before.

    groups (ndarray): (words,), the text of each.
    places (ndarray): (words,), its place there: one more than that of the word before.
    """

    def __init__(self, groups: np.ndarray, places: np.ndarray) -> None:
        follows = (groups[1:] == groups[:-1]) & (places[1:] == places[:-1] + 1)
        self.follows = np.append(False, follows)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.where(self.follows, np.roll(x, 1), np.nan)


def without_punctuation(word: str) -> str:
    """RETURNS (str): A word without the punctuation at its edges."""
    start, end = 0, len(word)
    while start < end and _is_mark(word[start]):
        start += 1
    while end > start and _is_mark(word[end - 1]):
        end -= 1
    return word[start:end]


def _is_mark(character: str) -> bool:
    return character in _QUOTES or unicodedata.category(character).startswith("P")


def numbers(table: dict[str, list[Any]], column: str) -> np.ndarray:
    """RETURNS (ndarray): float64 (words,), NaN for what is missing.
    RAISES (ValueError): If something else than a number is there.
    """
    values = table[column]
    try:
        return np.array([math.nan if value in (None, "") else float(value) for value in values])
    except (TypeError, ValueError) as error:
        raise ValueError(f"The column {column!r} has to hold numbers: {error}.") from None


def _find_ols() -> Any:
    try:
        from statsmodels.regression.linear_model import OLS
    except ImportError as error:
        raise ValueError(
            "statsmodels isn't installed: pip install 'spacy-rnn[analysis]'"
        ) from error
    return OLS


def _design(predictors: Sequence[np.ndarray]) -> np.ndarray:
    return np.column_stack([np.ones(len(predictors[0])), *predictors])


def adds_something(base: Sequence[np.ndarray], more: Sequence[np.ndarray]) -> bool:
    """RETURNS (bool): Whether each of further predictors varies, and is more than a sum of the
    others: the gain of one that isn't would be rounding.

    base (Sequence[ndarray]): (words,) each.
    more (Sequence[ndarray]): (words,) each.
    """
    design = _design([(x - x.mean()) / (x.std() or 1.0) for x in base])
    for x in more:
        spread = x - x.mean()
        rest = spread - design @ np.linalg.lstsq(design, spread, rcond=None)[0]
        if np.ptp(x) == 0 or np.linalg.norm(rest) <= _ROUNDING * np.linalg.norm(spread):
            return False
        design = np.column_stack([design, spread / x.std()])
    return True


def log_likelihoods(
    y: np.ndarray, predictors: Sequence[np.ndarray], folds: np.ndarray
) -> np.ndarray:
    """RETURNS (ndarray): (words,), the log-likelihood of each word under the model of the words in
    other folds.

    y (ndarray): (words,), the reading times.
    predictors (Sequence[ndarray]): (words,) each.
    folds (ndarray): (words,), the fold of each word.
    """
    fit_model = _find_ols()
    # the same model, but the numbers are of one size
    scaled = [(x - x.mean()) / (x.std() or 1.0) for x in predictors]
    design, found = _design(scaled), np.zeros(len(y))
    for fold in np.unique(folds):
        held = folds == fold
        fit = fit_model(y[~held], design[~held]).fit()
        variance = fit.ssr / (~held).sum()
        residuals = y[held] - fit.predict(design[held])
        found[held] = -0.5 * (np.log(2 * np.pi * variance) + residuals**2 / variance)
    return found


def slopes_of_last(y: np.ndarray, predictors: Sequence[np.ndarray], count: int) -> list[float]:
    """RETURNS (List[float]): Slope and standard error of each of the last predictors."""
    others = [(x - x.mean()) / (x.std() or 1.0) for x in predictors[:-count]]
    fit = _find_ols()(y, _design([*others, *predictors[-count:]])).fit()
    pairs = zip(fit.params[-count:], fit.bse[-count:], strict=True)
    return [float(value) for pair in pairs for value in pair]


def summarize(gains: Sequence[Gain]) -> dict[str, dict[str, float]]:
    """RETURNS (Dict[str, Dict[str, float]]): Mean and standard deviation over the tables, by
    predictor."""
    found = {}
    for name in dict.fromkeys(gain.predictor for gain in gains):
        own = [gain.delta_ll for gain in gains if gain.predictor == name]
        spread = float(np.std(own, ddof=1)) if len(own) > 1 else 0.0
        found[name] = {"delta_ll": float(np.mean(own)), "deviation": spread}
    return found


def draw_gains(gains: Sequence[Gain]) -> str:
    """RETURNS (str): An SVG: a point for each gain, with its interval of 95%."""
    left, right, row, top = 260, 620, 26, 34
    low = min(0.0, *(g.delta_ll - 1.96 * g.error for g in gains))
    high = max(0.0, *(g.delta_ll + 1.96 * g.error for g in gains))

    def place(value: float) -> float:
        return left + (right - left) * (value - low) / ((high - low) or 1.0)

    height = top + row * len(gains) + 30
    bottom = height - 26
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right + 90} {height}" '
        f'width="{right + 90}" height="{height}" font-family="sans-serif" font-size="12">',
        "<title>What predictors add to a regression of reading times</title>",
        f'<rect width="{right + 90}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="18">ΔLL a word × 10⁻³, with its interval of 95%</text>',
        f'<line x1="{place(0):.1f}" x2="{place(0):.1f}" y1="{top - 8}" y2="{bottom}" '
        'stroke="#999" stroke-dasharray="3 3"/>',
    ]
    for number, gain in enumerate(gains):
        y = top + row * number + row / 2
        ends = [place(gain.delta_ll + sign * 1.96 * gain.error) for sign in (-1, 1)]
        label = escape(f"{gain.predictor}, {Path(gain.table).stem}")
        parts += [
            f'<text x="{left - 10}" y="{y + 4:.1f}" text-anchor="end">{label}</text>',
            f'<line x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{y:.1f}" y2="{y:.1f}" '
            'stroke="#28536b" stroke-width="2"/>',
            f'<circle cx="{place(gain.delta_ll):.1f}" cy="{y:.1f}" r="4" fill="#28536b"/>',
            f'<text x="{right + 10}" y="{y + 4:.1f}">{1e3 * gain.delta_ll:.2f}, '
            f"t = {gain.t:.1f}</text>",
        ]
    parts.append(
        f'<text x="{place(0):.1f}" y="{height - 10}" text-anchor="middle" fill="#555">0</text>'
    )
    return "\n".join([*parts, "</svg>", ""])


def _sibling(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _cell(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    try:
        typer.run(main)
    except ValueError as error:
        complain(str(error))
        raise SystemExit(1) from error
