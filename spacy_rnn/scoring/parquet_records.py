"""Records of documents as Parquet, and how far an output of them got."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .formats import Block
from .parquet_parts import ParquetParts
from .reached import OutputPosition
from .rows.column_types import ColumnTypes, to_arrow_type, to_typed
from .rows.parquet_rows import import_pyarrow


class ParquetRecords:
    """An output in parts, and the form of what is written there.

    path (Path): The folder.
    types (ColumnTypes): The columns.
    resume, overwrite (bool): See `ParquetParts`.
    RAISES (ValueError): See `ParquetParts`.
    """

    def __init__(
        self, path: Path, types: ColumnTypes, *, resume: bool = False, overwrite: bool = False
    ) -> None:
        pyarrow = import_pyarrow()
        schema = pyarrow.schema([(n, to_arrow_type(kind)) for n, kind in types.kinds.items()])
        self.path = path
        self.types = types
        self.documents = 0
        self.parts = ParquetParts(path, schema, resume=resume, overwrite=overwrite)

    def begin(self, columns: Sequence[str]) -> Any:
        """See `Encoder`: nothing stands before the first record."""
        return None

    def encode_all(self, blocks: Iterable[Block]) -> Any:
        """RETURNS (Table): Records as pyarrow has them.
        RAISES (ValueError): If a column can't hold one of its values.
        """
        columns: dict[str, list[Any]] = {name: [] for name in self.types.names}
        for block in blocks:
            length = len(next(iter(block.columns.values()))) if block.columns else 1
            for name, kind in self.types.kinds.items():
                if name in block.columns:
                    column = block.columns[name]
                    columns[name] += column.tolist() if isinstance(column, np.ndarray) else column
                else:
                    columns[name] += [to_typed(block.constants.get(name), kind)] * length
        return self.parts.make_table(columns.values())

    def write(self, records: Any, documents: int = 0) -> None:
        """Add a table of whole documents."""
        if records is not None:
            self.documents += documents
            self.parts.add(records, {"documents": self.documents})

    def flush(self) -> None:
        """Write what waits.
        RAISES (OSError): If it can't be written.
        """
        self.parts.flush()

    def find_progress(self) -> OutputPosition | None:
        """RETURNS (Optional[OutputPosition]): The last document of what is written; None if there
        isn't any."""
        last = next((t for t in map(self._read, reversed(self.parts.parts)) if t.num_rows), None)
        if last is None:
            return None
        numbers = last.column("doc").to_numpy()
        first = int(np.searchsorted(numbers, numbers[-1]))
        values = last.slice(first, 1).to_pylist()[0]
        file = values.get("file")
        return OutputPosition(
            path=self.path,
            values=values,
            number=values["doc"],
            file=file,
            line=values["line"],
            in_file=values["doc"] - self._last_elsewhere(file),
            records=len(numbers) - first,
            begin=None,
            end=0,
        )

    def _last_elsewhere(self, file: str | None) -> int:
        """RETURNS (int): The number of the last document of another file."""
        if file is None:
            return 0
        for part in reversed(self.parts.parts):
            table = self._read(part, ["doc", "file"])
            files = table.column("file").to_pylist()
            elsewhere = [row for row, name in enumerate(files) if name != file]
            if elsewhere:
                return int(table.column("doc")[elsewhere[-1]].as_py())
        return 0

    def _read(self, part: Path, columns: Sequence[str] | None = None) -> Any:
        return import_pyarrow().parquet.read_table(part, columns=columns)

    def __enter__(self) -> ParquetRecords:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        try:
            if kind is None:
                self.parts.finish()
            else:
                self.parts.flush()
        finally:
            self.parts.close()
