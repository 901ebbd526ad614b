"""Score columns of texts in the workers of a cluster: `spacy_rnn.BatchScorer`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import Errors
from ..validation import check_size, check_type
from .document_scores import MEAN_NAME, MEASURES, NUMBERS
from .loaded import ModelSpec, load_once
from .tables import open_table

# The most of an error's message that a row keeps.
_MOST_CHARACTERS = 500
_TYPES = {int: "BIGINT", float: "DOUBLE", str: "STRING"}


class BatchScorer:
    """Adds the numbers of a language model to batches of texts, a row each: for Ray Data's
    `map_batches`, Spark's `mapInPandas`, or any engine that sends Python objects to its workers.

    It holds settings only, so it can be pickled at any time. The pipeline is loaded at the first
    batch, once a process, and stays there. Batches of several threads are scored one by one.

    model (Union[str, Path]): A trained pipeline: its folder or its name, as a worker finds it.
    text (str): The column of the texts.
    measures (Sequence[str]): "entropy" and "rank" add the columns of their means. A rank is that of
        known words: unknown ones have none, and where all are unknown the mean is NaN.
    component (Optional[str]): The name of the language model; None if it is the only one.
    prefix (str): What the names of the new columns begin with.
    on_error (str): What a row does that can't be scored, because there is no text or one that no
        Doc can hold. With "null" it has NaN instead of numbers, 0 as counts, and the reason in the
        column `error`, which is empty in other rows. With "raise" there is no such column.
    batch_size (Optional[int]): The most documents that the network reads at once; the pipeline's
        by default.
    gpu_id (Union[int, str]): -1 for the CPU; a GPU among those that the worker sees; or "auto": the
        first of them, and the CPU if there is none.
    RAISES (ValueError): For an option that can't be used. Nothing is loaded yet.
    RAISES (TypeError): For an option of another type.

    EXAMPLE:
        >>> scorer = BatchScorer("path/to/model")
        >>> scorer({"id": [1, 2], "text": ["我爱北京", None]})["error"]
        array(['', '[R524] There is no text here, but null.'], dtype='<U39')
    """

    def __init__(
        self,
        model: str | Path,
        *,
        text: str = "text",
        measures: Sequence[str] = (),
        component: str | None = None,
        prefix: str = "",
        on_error: str = "null",
        batch_size: int | None = None,
        gpu_id: int | str = -1,
    ) -> None:
        check_type("model", model, str | Path, "a folder or the name of a pipeline")
        for option, value in (("text", text), ("prefix", prefix), ("component", component or "")):
            check_type(option, value, str, "a string")
        measures = [measures] if isinstance(measures, str) else measures
        check_type("measures", measures, Iterable, "a list of strings")
        for name in measures:
            if name not in MEASURES:
                raise ValueError(Errors.R525.format(name=name, known=", ".join(MEASURES)))
        if on_error not in ("null", "raise"):
            message = {"option": "on_error", "range": '"null" or "raise"', "value": on_error}
            raise ValueError(Errors.R309.format(**message))
        number = isinstance(gpu_id, int) and not isinstance(gpu_id, bool)
        if gpu_id != "auto" and not (number and int(gpu_id) >= -1):
            allowed = '"auto", -1 or above'
            raise ValueError(Errors.R309.format(option="gpu_id", range=allowed, value=gpu_id))
        if batch_size is not None:
            check_size("batch_size", batch_size, least=1)
        self.text = text
        self.prefix = prefix
        self.on_error = on_error
        self.batch_size = batch_size
        self._source = ModelSpec(str(model), component, tuple(dict.fromkeys(measures)), gpu_id)

    @property
    def columns(self) -> dict[str, type]:
        """RETURNS (Dict[str, type]): The new columns in order: int, float or str."""
        names = dict(NUMBERS)
        names |= {MEAN_NAME.format(measure): float for measure in self._source.measures}
        if self.on_error == "null":
            names["error"] = str
        return {self.prefix + name: kind for name, kind in names.items()}

    @property
    def ddl(self) -> str:
        """RETURNS (str): The new columns as Spark's schema strings have them."""
        return ", ".join(f"`{name}` {_TYPES[kind]}" for name, kind in self.columns.items())

    def __call__(self, batch: Any) -> Any:
        """Score a batch.

        batch (Union[Dict[str, Sequence], DataFrame, Table]): Columns of the same length, as numpy
            arrays or lists; or a DataFrame of pandas; or a Table of pyarrow.
        RETURNS (Union[Dict, DataFrame, Table]): The same with the new columns, see `columns`:
            int64, float64 and strings, as numpy arrays in a dict. The rows keep their order.
        RAISES (ValueError): Without the column of texts, or with two of them; with a column of a
            new one's name; with columns of several lengths; if the pipeline isn't trained or the
            GPU can't be used; with `on_error = "raise"` at a row without numbers.
        RAISES (OSError): If the worker has no such pipeline.
        RAISES (TypeError): For a batch of another kind.
        """
        table = open_table(batch)
        self._check_names(table.names)
        texts = table.read(self.text)
        stop = self.on_error == "raise"
        scores, errors = load_once(self._source).score(texts, self.batch_size, stop=stop)
        if stop and errors:
            row = min(errors)
            raise ValueError(Errors.R523.format(row=row, error=errors[row]))
        return table.extend(self._make_columns(scores, errors))

    def map_frames(self, frames: Iterable[Any]) -> Iterator[Any]:
        """Score the batches of an iterator, for Spark: `df.mapInPandas(scorer.map_frames, schema)`.

        frames (Iterable[DataFrame]): The batches.
        YIELDS (DataFrame): Each with its new columns.
        """
        return map(self, frames)

    def _check_names(self, names: Sequence[str]) -> None:
        count = list(names).count(self.text)
        if not count:
            columns = ", ".join(map(str, names)) or "nothing"
            raise ValueError(Errors.R520.format(name=self.text, columns=columns))
        if count > 1:
            raise ValueError(Errors.R528.format(count=count, name=self.text))
        for name in self.columns:
            if name in names:
                raise ValueError(Errors.R521.format(name=name))

    def _make_columns(
        self, scores: Sequence[dict[str, Any] | None], errors: dict[int, str]
    ) -> dict[str, np.ndarray]:
        columns = {}
        for name, kind in self.columns.items():
            field = name[len(self.prefix) :]
            if kind is str:
                # numpy gives all strings the room of the longest
                reasons = (errors.get(row, "")[:_MOST_CHARACTERS] for row in range(len(scores)))
                columns[name] = np.array([*reasons], dtype=str)
            elif kind is int:
                counts = [0 if row is None else row[field] for row in scores]
                columns[name] = np.array(counts, dtype=np.int64)
            else:
                # None becomes NaN
                numbers = [None if row is None else row[field] for row in scores]
                columns[name] = np.array(numbers, dtype=np.float64)
        return columns
