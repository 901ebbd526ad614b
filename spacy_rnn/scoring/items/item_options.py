"""How a table of items is read, and which numbers it gets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ...errors import Errors
from ...pipeline.measure_table import MEASURES, check_measures
from ...validation import check_size

KINDS = ("texts", "words")
CUTS = ("error", "include", "split")
CONTEXTS = ("reset", "carry")
DEFAULT_COLUMNS = ("tokens", "unknown", "surprisal")
# The column of text, by what a row is.
DEFAULT_TEXT = {"texts": "text", "words": "word"}
# Languages that are written without spaces between words.
UNSPACED = frozenset(["zh", "ja", "th", "lo", "km", "my", "bo"])
# What is written beside the measures.
ROW, REGION, REGION_TEXT, CUT = "row", "region", "region_text", "cut"
_TYPES: dict[str, type] = {"float32": float, "int32": int, "bool": bool, "str": str}
_TYPES_ADDED: dict[str, type] = {"mean": float, "count": int}


@dataclass(frozen=True)
class ItemOptions:
    """What `score_items` is asked for; see there for all but the last.

    unspaced (bool): Whether the pipeline's language writes no spaces between words.
    RAISES (ValueError): For a value that can't be used, or options that exclude each other.
    """

    rows: str = "texts"
    text: str | None = None
    region: str | None = None
    occurrence: str | int | None = None
    start: str | None = None
    end: str | None = None
    delimiter: str | None = None
    group: tuple[str, ...] = ()
    order: str | None = None
    id: str | None = None
    join: str | None = None
    cut: str = "error"
    bare: bool = False
    context: str = "reset"
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    lags: int = 0
    prefix: str = ""
    unspaced: bool = False

    def __post_init__(self) -> None:
        _check_one_of("rows", self.rows, KINDS)
        _check_one_of("cut", self.cut, CUTS)
        _check_one_of("context", self.context, CONTEXTS)
        check_size("lags", self.lags)
        check_measures(self.columns)
        regions = {"region": self.region, "start": self.start, "delimiter": self.delimiter}
        given = [name for name, value in regions.items() if value is not None]
        if len(given) > 1:
            raise ValueError(Errors.R711.format(one=given[0], other=given[1]))
        for first, needed in (("start", "end"), ("end", "start"), ("order", "group")):
            self._check_pair(first, needed)
        self._check_pair("occurrence", "region")
        if self.delimiter is not None and not self.delimiter.strip():
            raise ValueError(Errors.R712)
        if self.rows == "words":
            if given:
                raise ValueError(Errors.R713.format(option=given[0]))
            if not self.group:
                raise ValueError(Errors.R714.format(option='rows = "words"'))
            if self.context == "carry":
                raise ValueError(Errors.R715)
        elif self.context == "carry" and not self.group:
            raise ValueError(Errors.R714.format(option='context = "carry"'))
        if self.lags and self.rows == "texts" and not given:
            raise ValueError(Errors.R716)

    def _check_pair(self, first: str, needed: str) -> None:
        if getattr(self, first) is not None and not getattr(self, needed):
            raise ValueError(Errors.R717.format(one=first, other=needed))

    @property
    def text_column(self) -> str:
        """RETURNS (str): The column of the text or of the word."""
        return DEFAULT_TEXT[self.rows] if self.text is None else self.text

    @property
    def occurrence_column(self) -> str | None:
        """RETURNS (Optional[str]): The column that says which occurrence; None for a number."""
        return self.occurrence if isinstance(self.occurrence, str) else None

    @property
    def needed(self) -> list[str]:
        """RETURNS (List[str]): The columns that the table has to have, each once."""
        single = [self.region, self.occurrence_column, self.start, self.end, self.order, self.id]
        named = [self.text_column, *self.group, *(name for name in single if name is not None)]
        return list(dict.fromkeys(named))

    @property
    def joint(self) -> str:
        """RETURNS (str): What stands between two words of a group."""
        if self.join is not None:
            return self.join
        return "" if self.unspaced else " "

    @property
    def together(self) -> bool:
        """RETURNS (bool): Whether a group's numbers depend on all of its rows."""
        return self.rows == "words" or self.context == "carry"

    @property
    def unit(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str, …]): The columns that say which rows are scored together; empty if
        each is scored for itself."""
        return self.group if self.together else ()

    def named(self, name: str) -> str:
        """RETURNS (str): What a new column is called."""
        return self.prefix + name

    def measures(self) -> list[tuple[str, str, int]]:
        """RETURNS (List[Tuple[str, str, int]]): New columns of measures in order: the column, the
        measure, and how many units before."""
        return [
            (self.named(name if not lag else f"{name}_lag{lag}"), name, lag)
            for lag in range(self.lags + 1)
            for name in self.columns
        ]

    def new_columns(self, names: Collection[str] = ()) -> dict[str, type]:
        """RETURNS (Dict[str, type]): All new columns in order, and their types.

        names (Collection[str]): The table's columns.
        RAISES (ValueError): If one of the new ones has the name of another.
        """
        new: dict[str, type] = {}
        more: dict[str, type] = {ROW: int}
        if self.delimiter is not None:
            more |= {REGION: int, REGION_TEXT: str}
        columns = [(self.named(name), kind) for name, kind in more.items()]
        columns += [(name, _type_of(measure)) for name, measure, _ in self.measures()]
        if self.cut != "error":
            columns.append((self.named(CUT), str))
        for name, kind in columns:
            if name in names or name in new:
                raise ValueError(Errors.R718.format(name=name, option="prefix"))
            new[name] = kind
        return new


def _type_of(measure: str) -> type:
    """RETURNS (type): Of the value that several tokens have together."""
    found = MEASURES[measure]
    return _TYPES_ADDED.get(found.adds) or _TYPES[found.dtype]


def _check_one_of(option: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        known = ", ".join(choices)
        raise ValueError(Errors.R710.format(option=option, value=value, known=known))
