"""Minimal pairs: the rows of tables, or of a folder of tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...corpus.open_files import STDIN
from ...errors import Errors, shorten
from ..rows.row_places import Row, RowPlace, check_columns
from ..rows.row_reader import ROW_FORMATS, RowReader, get_row_format

GOOD, BAD = "sentence_good", "sentence_bad"
PARADIGM = "paradigm"
# What BLiMP and SLING call a paradigm's name, and coarser groups of pairs.
_NAME = "UID"
_COARSER = ("linguistics_term", "phenomenon", "field")


class PairColumns(NamedTuple):
    """The columns of a table of pairs.

    good, bad (str): The acceptable sentence and the other one.
    by (Optional[Tuple[str, ...]]): The columns by which accuracies are given; each row has to have
        them. None: by paradigm, which is the column "UID" or else the file's name, and by the
        columns "linguistics_term", "phenomenon" and "field", where a row has them.
    """

    good: str = GOOD
    bad: str = BAD
    by: tuple[str, ...] | None = None


class Pair(NamedTuple):
    """Two sentences.

    place (RowPlace): Where they stand.
    values (Dict[str, Any]): The whole row.
    good, bad (str): The acceptable sentence and the other one.
    groups (Dict[str, str]): The group that it belongs to, of each kind.
    """

    place: RowPlace
    values: dict[str, Any]
    good: str
    bad: str
    groups: dict[str, str]


def make_pair(row: Row, columns: PairColumns) -> Pair:
    """RETURNS (Pair): The pair of a row.
    RAISES (ValueError): Without a column, or with a value that is no sentence or no name.

    row (Row): The row.
    columns (PairColumns): What its columns are.
    """
    good, bad = row.text(columns.good), row.text(columns.bad)
    for column, text in ((columns.good, good), (columns.bad, bad)):
        if not text or text.isspace():
            raise ValueError(Errors.R744.format(place=row.place.at(column)))
    if columns.by is not None:
        check_columns(row.place, row.values, columns.by)
        groups = {name: _name_of(row, name) for name in columns.by}
        return Pair(row.place, row.values, good, bad, groups)
    groups = {}
    if row.values.get(_NAME) not in (None, ""):
        groups[PARADIGM] = _name_of(row, _NAME)
    elif row.place.path not in (None, STDIN):
        assert row.place.path is not None
        groups[PARADIGM] = _stem(row.place.path)
    for name in _COARSER:
        if row.values.get(name) not in (None, ""):
            groups[name] = _name_of(row, name)
    return Pair(row.place, row.values, good, bad, groups)


def check_free(place: object, columns: Iterable[str], names: Collection[str]) -> None:
    """Look for columns that a record of scores has no room for.

    place (object): Where they are, for the message.
    columns (Iterable[str]): The columns of a row or of a table.
    names (Collection[str]): Names that the record needs itself.
    RAISES (ValueError): If one of the columns has such a name.
    """
    for column in columns:
        if column in names:
            shown = "standard input" if place == STDIN else place
            raise ValueError(Errors.R743.format(place=shown, name=column))


def _name_of(row: Row, column: str) -> str:
    value = row.values[column]
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        known = {"place": row.place.at(column), "found": shorten(value)}
        raise ValueError(Errors.R741.format(**known))
    return str(value)


def _stem(path: Path) -> str:
    form = get_row_format(path) or ""
    name = path.name.removesuffix(".gz") if path.name.lower().endswith(".gz") else path.name
    return name[: len(name) - len(form)]


class PairTables:
    """The tables of a file, of a folder, or of the standard input. They can be read again.

    path (Path): A file that `RowReader` reads, a folder of such files, or STDIN.
    columns (PairColumns): The columns.
    piped (str): What the standard input holds: "jsonl", "csv" or "tsv".
    RAISES (ValueError): If there is no such file, or a file lacks a column.
    """

    def __init__(self, path: Path, columns: PairColumns, *, piped: str = "jsonl") -> None:
        self.columns = columns
        files = [path] if path == STDIN or _is_one_table(path) else _find_tables(path)
        needed = [columns.good, columns.bad, *(columns.by or ())]
        self._readers = [RowReader(file, needed, piped=piped) for file in files]
        for reader in self._readers:
            reader.keep_input()

    def check_free(self, names: Collection[str]) -> None:
        """RAISES (ValueError): If a table has a column of such a name.

        names (Collection[str]): Names that the records of scores have.
        """
        for reader in self._readers:
            check_free(reader.path, reader.columns, names)

    @property
    def size(self) -> int | None:
        """RETURNS (Optional[int]): The bytes of all files; None if they aren't known."""
        sizes = [reader.size for reader in self._readers]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def read(
        self,
        on_error: Callable[[ValueError], None],
        on_bytes: Callable[[int], None] | None = None,
    ) -> Iterator[Pair]:
        """Read the pairs of all files.

        on_error (Callable[[ValueError], None]): Told about each row that is no pair; it may raise
            the error.
        on_bytes (Optional[Callable[[int], None]]): Told how many bytes of the files were read.
        YIELDS (Pair): The pairs.
        RAISES (DamagedFile): If a file can't be read any further.
        """
        for reader in self._readers:
            for row in reader.read(on_error, on_bytes):
                try:
                    pair = make_pair(row, self.columns)
                except ValueError as error:
                    on_error(error)
                else:
                    yield pair


def _is_one_table(path: Path) -> bool:
    # a folder of this name is one table in parts
    return not path.is_dir() or get_row_format(path) == ".parquet"


def _find_tables(folder: Path) -> list[Path]:
    found = [
        path
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".")
        and get_row_format(path) is not None
        and _is_one_table(path)
    ]
    if not found:
        raise ValueError(Errors.R742.format(path=folder, known=", ".join(ROW_FORMATS)))
    return found


def pairs_of(
    rows: Iterable[Mapping[str, Any]],
    columns: PairColumns,
    on_error: Callable[[ValueError], None],
) -> Iterator[Pair]:
    """YIELDS (Pair): The pairs of rows that Python has; see `PairTables.read`."""
    for number, values in enumerate(rows, 1):
        place = RowPlace(None, number)
        try:
            check_columns(place, values, [columns.good, columns.bad])
            pair = make_pair(Row(place, dict(values)), columns)
        except ValueError as error:
            on_error(error)
        else:
            yield pair
