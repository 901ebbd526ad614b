"""The table of the console logger: a row for every evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

# What a language model's own columns show, after its prefix (prob is 1 / perplexity).
_MODEL_SCORES = ("perplexity", "bits_per_char", "acc", "prob")

_LONGEST_HEADER = 16
_SPACING = "  "


@dataclass(frozen=True)
class Evaluation:
    """All figures of one evaluation, as they are.

    epoch (int): The epoch, counted from 0.
    step (int): The step, counted from 0.
    train_perplexity (Dict[str, Optional[float]]): For each language model, over the tokens it was
        trained on since the last evaluation; None if there were none.
    tokens_per_second (Optional[float]): Training speed since the last evaluation, evaluations
        left out. None if no step went without one.
    seconds (float): Time since the training began.
    seconds_left (Optional[float]): Time it will go on. None if that isn't known.
    scores (Dict[str, Any]): The scores on the development corpus.
    losses (Dict[str, float]): The losses, summed since the last evaluation.
    score (float): The weighted score that chooses the best model.
    best (bool): Whether this is the best model so far, which spaCy saves as `model-best`.
    """

    epoch: int
    step: int
    train_perplexity: dict[str, float | None]
    tokens_per_second: float | None
    seconds: float
    seconds_left: float | None
    scores: dict[str, Any]
    losses: dict[str, Any]
    score: float
    best: bool

    def as_json(self) -> dict[str, Any]:
        """Make the object that is written to the log file.

        RETURNS (Dict[str, Any]): All figures; null for what isn't a finite number. The train
            perplexity is a number (null without a language model), and an object with a number
            for each name only if there are several language models.
        """
        data = asdict(self)
        if len(self.train_perplexity) < 2:
            data["train_perplexity"] = next(iter(self.train_perplexity.values()), None)
        return _to_plain(data)


class Column(NamedTuple):
    """A column: its header, its least width, and what stands in it."""

    header: str
    width: int
    get_cell: Callable[[Evaluation], str]


class LogTable:
    """Format evaluations as a table whose columns are chosen at the first one.

    first (Evaluation): The first evaluation: bits per character have a column if it has them.
    prefixes (Optional[Mapping[str, str]]): For each language model, what the names of its scores
        begin with.
    losses (Sequence[str]): The names of other components with a loss.
    scores (Sequence[str]): The names of the scores to be shown, in the columns of a language
        model or in their own.
    """

    def __init__(
        self,
        first: Evaluation,
        *,
        prefixes: Mapping[str, str] | None = None,
        losses: Sequence[str] = (),
        scores: Sequence[str] = (),
    ) -> None:
        models = prefixes or {}
        # The component's factory gives "lm" scores a weight, whatever the prefix.
        begins = {"lm", *models.values()}
        shown = {f"{prefix}_{score}" for prefix in begins for score in _MODEL_SCORES}
        scores = [score for score in scores if score not in shown]
        columns = [Column("E", 3, lambda e: str(e.epoch)), Column("#", 6, lambda e: str(e.step))]
        columns += _model_columns(models, first.scores)
        columns += [Column(f"LOSS {name}", 8, _loss(name)) for name in losses]
        columns += [Column(name, 6, _score(name)) for name in scores]
        if not models or scores:
            columns.append(Column("SCORE", 6, lambda e: _fixed(e.score, 2)))
        columns += [
            Column("TOKENS/S", 8, lambda e: _thousands(e.tokens_per_second)),
            Column("ELAPSED", 7, lambda e: format_time(e.seconds)),
            Column("LEFT", 7, lambda e: format_time(e.seconds_left)),
            Column("", 1, lambda e: "*" if e.best else ""),
        ]
        self._cells = [column.get_cell for column in columns]
        self._headers = [_shorten(column.header.upper()) for column in columns]
        self._widths = [
            max(column.width, len(header))
            for column, header in zip(columns, self._headers, strict=True)
        ]

    def header(self) -> str:
        """Format the two lines above the rows.

        RETURNS (str): The headers, and a rule below them.
        """
        rule = ["-" * width if name else "" for name, width in self._headed()]
        return self._align(self._headers) + "\n" + self._align(rule)

    def row(self, evaluation: Evaluation) -> str:
        """Format one evaluation.

        evaluation (Evaluation): Its figures.
        RETURNS (str): One line.
        """
        return self._align([get_cell(evaluation) for get_cell in self._cells])

    def _headed(self) -> Sequence[tuple[str, int]]:
        return list(zip(self._headers, self._widths, strict=True))

    def _align(self, cells: Sequence[str]) -> str:
        padded = (cell.rjust(width) for cell, width in zip(cells, self._widths, strict=True))
        return _SPACING.join(padded).rstrip()


def _model_columns(models: Mapping[str, str], scores: dict[str, Any]) -> list[Column]:
    columns = [
        Column("TRAIN PPL" if len(models) == 1 else f"PPL {name}", 9, _train_perplexity(name))
        for name in models
    ]
    # Of models with the same prefix, spaCy keeps the scores of the last.
    owners = {prefix: name for name, prefix in models.items()}
    for prefix, name in owners.items():
        headers = ("DEV PPL", "ACC %", "BITS/CHAR")
        if len(owners) > 1:
            headers = (f"DEV {name}", f"ACC {name}", f"BITS {name}")
        columns += _score_columns(prefix, headers, scores)
    return columns


def _score_columns(
    prefix: str, headers: tuple[str, str, str], scores: dict[str, Any]
) -> list[Column]:
    perplexity, accuracy, bits = headers
    columns = [
        Column(perplexity, 9, lambda e: format_perplexity(e.scores.get(f"{prefix}_perplexity"))),
        Column(accuracy, 6, lambda e: _percent(e.scores.get(f"{prefix}_acc"))),
    ]
    if scores.get(name := f"{prefix}_bits_per_char") is not None:
        columns.append(Column(bits, 9, lambda e: _fixed(e.scores.get(name), 3)))
    return columns


def _train_perplexity(name: str) -> Callable[[Evaluation], str]:
    return lambda e: format_perplexity(e.train_perplexity.get(name))


def _loss(name: str) -> Callable[[Evaluation], str]:
    return lambda e: _fixed(e.losses.get(name), 2)


def _score(name: str) -> Callable[[Evaluation], str]:
    if name == "speed":
        return lambda e: _thousands(e.scores.get(name))
    return lambda e: _percent(e.scores.get(name))


def format_perplexity(value: Any) -> str:
    """Format a perplexity, blank if there is none."""
    number = _number(value)
    if number is None:
        return ""
    if not math.isfinite(number) or number >= 1e7:
        return f"{number:.1e}"
    return f"{number:.1f}" if number < 1e5 else f"{number:.0f}"


def format_time(seconds: float | None) -> str:
    """Format a time as m:ss or h:mm:ss, blank if there is none."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _fixed(value: Any, digits: int) -> str:
    number = _number(value)
    return "" if number is None else f"{number:.{digits}f}"


def _percent(value: Any) -> str:
    number = _number(value)
    return "" if number is None else f"{100 * number:.2f}"


def _thousands(value: Any) -> str:
    number = _number(value)
    return "" if number is None else f"{number:,.0f}"


def _number(value: Any) -> float | None:
    """Read a figure that may be missing, or be something else than a number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _shorten(header: str) -> str:
    return header if len(header) <= _LONGEST_HEADER else header[: _LONGEST_HEADER - 2] + ".."


def _to_plain(value: Any) -> Any:
    """Make figures of any kind fit for JSON, which has no NaN and no infinity."""
    if isinstance(value, dict):
        return {str(key): _to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    number = _number(value)
    if number is None:
        return str(value)
    return number if math.isfinite(number) else None
