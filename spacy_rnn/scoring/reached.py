"""How far an output of documents got, so that another run goes on there."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .formats import Format
from .inputs import Start
from .outputs import is_zipped
from .scanning import RecordScanner


@dataclass
class OutputPosition:
    """How far an output got: its last document.

    path (Path): The output.
    values (Dict[str, Any]): The document's first record.
    number (int): Its number.
    file, line: Where it began, see `Start`.
    in_file (int): How many documents of this file there are.
    records (int): How many records of it there are.
    begin (Optional[int]): The byte of the output where they begin; None if it can't be cut there.
    end (int): The byte after the last complete one.
    """

    path: Path
    values: dict[str, Any]
    number: int
    file: str | None
    line: int | None
    in_file: int
    records: int
    begin: int | None
    end: int

    @property
    def start(self) -> Start:
        """RETURNS (Start): Where the input has the document."""
        return Start(self.file, self.line, self.in_file)


def find_progress(path: Path, form: Format, columns: Sequence[str]) -> OutputPosition | None:
    """Find out how far an output got. What follows its last complete record doesn't count.

    path (Path): The file.
    form (Format): Its format.
    columns (Sequence[str]): Those that it has to have.
    RETURNS (Optional[OutputPosition]): Its last document; None if there isn't any.
    RAISES (ValueError): If it has other columns, or isn't a file of records at all.
    """
    scanner = _DocumentScanner(path, form, columns, form.first(columns))
    scanner.scan()
    return scanner.whole if is_zipped(path) else scanner.progress


class _DocumentScanner(RecordScanner):
    """Finds the last document.

    progress (Optional[OutputPosition]): The last document so far.
    whole (Optional[OutputPosition]): The last one of complete gzip members.
    """

    progress: OutputPosition | None = None
    whole: OutputPosition | None = None
    _number = b""

    @property
    def found(self) -> bool:
        """RETURNS (bool): See `RecordScanner`."""
        return self.progress is not None

    def follow(self, record: bytes, begin: int, end: int) -> None:
        """See `RecordScanner`."""
        number = self.form.number_of(record)
        if number != self._number or self.progress is None:
            self._number = number
            self.progress = self._begin_document(record, begin)
        self.progress.records += 1
        self.progress.end = end

    def end_member(self, end: int) -> None:
        """See `RecordScanner`."""
        if self.progress is not None:
            self.whole = copy.copy(self.progress)
            self.whole.begin, self.whole.end = None, end

    def _begin_document(self, record: bytes, begin: int) -> OutputPosition:
        values = self.form.parse(record, self.columns)
        before = self.progress
        line, file = values["line"], values.get("file")
        number = int(values["doc"])
        if number <= (before.number if before else 0):
            raise ValueError(f"document {number} comes after {before and before.number}")
        # documents without lines that were left out have numbers too
        steps = number - (before.number if before else 0)
        same = before is None or before.file == file
        return OutputPosition(
            path=self.path,
            values=values,
            number=number,
            file=file,
            line=int(line) if line not in (None, "") else None,
            in_file=(before.in_file if before else 0) + steps if same else 1,
            records=0,
            begin=begin,
            end=begin,
        )
