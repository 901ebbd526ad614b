"""The accuracies of one model, or of several side by side, as a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..scoring.pairs.accuracies import GroupAccuracy, PairAccuracies, Tally
from ..scoring.pairs.pair_rows import PARADIGM
from ..scoring.pairs.pair_scorer import PAIR_MEASURES
from ..scoring.pairs.published import Published
from .text_table import text_table

_TITLES = {"lp": "log p", "mean_lp": "mean", "pen_lp": "PenLP", "slor": "SLOR"}


@dataclass
class ComparedPairs:
    """A model and what it makes of the pairs.

    model (str): Its folder or name.
    described (Dict[str, Any]): Its name, version and component, for the report.
    result (PairAccuracies): Its accuracies.
    left_out (int): Pairs that couldn't be read or scored.
    """

    model: str
    described: dict[str, Any]
    result: PairAccuracies
    left_out: int


def pairs_table(
    compared: Sequence[ComparedPairs], published: Published | None, measure: str
) -> str:
    """Lay out accuracies in percent.

    compared (Sequence[ComparedPairs]): The models. One alone has all measures, its ties, and the
        pairs with equal and with different numbers of unknown words, and how often the sentence
        with fewer of them wins; several have one measure.
    published (Optional[Published]): What stands beside.
    measure (str): The one of PAIR_MEASURES with intervals and ties.
    RETURNS (str): A line for each group, for the mean of each kind, and for all pairs.
    """
    several = len(compared) > 1
    models = [] if published is None else published.models
    rows = []
    for kind, own in compared[0].result.groups.items():
        shown = published if kind == PARADIGM else None
        for name in own:
            groups = [one.result.groups.get(kind, {}).get(name) for one in compared]
            cells = _side_by_side(groups, measure) if several else _own_cells(groups[0], measure)
            beside = [None if shown is None else shown.share(name, model) for model in models]
            rows.append([name, *cells, *map(_in_percent, beside)])
        beside = [None if shown is None else shown.mean([*own], model) for model in models]
        rows.append(
            [f"mean by {kind}", *_means(compared, kind, measure), *map(_in_percent, beside)]
        )
        rows.append([""] * len(rows[-1]))
    every = [one.result.every for one in compared]
    cells = _side_by_side(every, measure) if several else _own_cells(every[0], measure)
    rows.append(["all pairs", *cells, *("–" for _ in models)])
    return text_table(rows, ["", "Pairs", *_header(compared, measure), *models])


def _header(compared: Sequence[ComparedPairs], measure: str) -> list[str]:
    if len(compared) > 1:
        return [f"{one.model} [95%]" for one in compared]
    others = [_TITLES[name] for name in PAIR_MEASURES if name != measure]
    return [
        f"{_TITLES[measure]} [95%]",
        "Ties",
        *others,
        "equal unknown",
        "different",
        "fewer wins",
    ]


def _own_cells(group: GroupAccuracy | None, measure: str) -> list[str]:
    assert group is not None
    chosen = group[measure]
    others = [_in_percent(group[name].every.accuracy) for name in PAIR_MEASURES if name != measure]
    parts = [_of(chosen.equal_unknown), _of(chosen.different_unknown)]
    parts.append(_in_percent(chosen.fewer_unknown.accuracy))
    return [f"{group.pairs:,}", _estimate(chosen.every), f"{chosen.every.ties:,}", *others, *parts]


def _side_by_side(groups: Sequence[GroupAccuracy | None], measure: str) -> list[str]:
    first = groups[0]
    assert first is not None
    shown = ["–" if group is None else _estimate(group[measure].every) for group in groups]
    return [f"{first.pairs:,}", *shown]


def _means(compared: Sequence[ComparedPairs], kind: str, measure: str) -> list[str]:
    if len(compared) > 1:
        return ["–", *(_in_percent(one.result.mean(kind, measure)) for one in compared)]
    means = {name: _in_percent(compared[0].result.mean(kind, name)) for name in PAIR_MEASURES}
    others = [means[name] for name in PAIR_MEASURES if name != measure]
    return ["–", means[measure], "–", *others, "–", "–", "–"]


def _estimate(tally: Tally) -> str:
    interval = tally.interval
    if interval is None:
        return "–"
    return f"{_in_percent(tally.accuracy)} [{_in_percent(interval[0])}, {_in_percent(interval[1])}]"


def _of(tally: Tally) -> str:
    return f"{_in_percent(tally.accuracy)} of {tally.pairs:,}" if tally.pairs else "–"


def _in_percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
