"""Annotated Docs as rows and tables: `spacy_rnn.to_rows`, `spacy_rnn.to_df`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc

from ..errors import Errors
from ..network.measures import NETWORK_MEASURES
from ..pipeline.doc_measures import DocMeasures, measure_docs
from ..pipeline.measure_table import MEASURES
from ..pipeline.rnn_lm import RNNLM
from ..validation import check_type
from .doc_units import Unit, spans_in, words_in
from .document_scores import (
    MEAN_NAME,
    NUMBERS,
    document_scores,
    known_surprisal,
    scores_of_text,
    unknown_tokens,
)

if TYPE_CHECKING:
    from pandas import DataFrame

LEVELS = ("token", "word", "span", "doc")
# Documents whose words are looked up together.
_BATCH = 256


def to_rows(
    docs: Doc | Iterable[Doc],
    level: str = "token",
    *,
    component: RNNLM | str = "rnn_lm",
    columns: Sequence[str] | None = None,
    spans: str | None = None,
) -> list[dict[str, Any]]:
    """The numbers of annotated Docs, as a list of dicts: for csv, JSON, or any library of tables.

    docs (Union[Doc, Iterable[Doc]]): Docs that the component ran on, or from a DocBin that was
        written with `store_user_data=True`; read once.
    level (str): What has a row: "token"; "word": tokens with no white space between them, such as
        "don't" or "barn."; "span": see `spans`; "doc". White space that is a token belongs to no
        word.
    component (Union[RNNLM, str]): Whose numbers: `nlp.get_pipe("rnn_lm")`, or its name. By its name
        alone there are no columns that need the vocabulary: unigram_surprisal, bits_per_char.
    columns (Optional[Sequence[str]]): Which columns, in this order; by default all that the first
        Doc has. See the table in docs/measures.md; the text is "token", "word" or "span". Spans
        have their "label" too. Of a Doc they are those of `rnn score`.
    spans (Optional[str]): At the level "span": "sents", "ents", or a key of `doc.spans`. By default
        "sents".
    RETURNS (List[Dict[str, Any]]): In front of the columns "doc", the number of the Doc, from 0. A
        number that there isn't, as the rank of an unknown word, is None. How the numbers of several
        tokens become one, the same table says: surprisals are sums, entropy and rank are means.
    RAISES (ValueError): For an unknown level or column; if the component didn't run on a Doc, or
        didn't keep what a column needs; if a column needs the vocabulary; if there are no such
        spans.
    RAISES (TypeError): For anything else than Docs.

    EXAMPLE:
        >>> rows = to_rows(nlp("我爱北京"), columns=["token", "surprisal"])
        >>> [row["token"] for row in rows]
        ['我', '爱', '北京']
    """
    return _read_rows(docs, level, component, columns, spans)[1]


def to_df(
    docs: Doc | Iterable[Doc],
    level: str = "token",
    *,
    component: RNNLM | str = "rnn_lm",
    columns: Sequence[str] | None = None,
    spans: str | None = None,
) -> DataFrame:
    """The rows of `to_rows` as a table of pandas.

    docs, level, component, columns, spans: See there.
    RETURNS (DataFrame): Numbers as float64, with NaN where there is none, and int64, so that
        statsmodels takes them. "known" is bool, or pandas' boolean if there are missing values.
    RAISES (ImportError): If pandas isn't installed.
    RAISES (ValueError, TypeError): See `to_rows`.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError(Errors.R706) from error
    names, rows = _read_rows(docs, level, component, columns, spans)
    table = pandas.DataFrame(rows, columns=names)
    return table.astype({name: _pandas_type(name, level, table) for name in names})


def _pandas_type(name: str, level: str, table: DataFrame) -> str:
    if name == "doc":
        return "int64"
    if level == "doc":
        return "int64" if NUMBERS.get(name) is int else "float64"
    measure = MEASURES.get("token" if name == level else name)
    if measure is None or measure.dtype == "str":
        return "object"
    if measure.adds == "mean" or measure.dtype == "float32":
        return "float64"
    if measure.dtype == "bool" and not (measure.adds == "count" and level != "token"):
        return "boolean" if table[name].isna().any() else "bool"
    return "int64"


def _read_rows(
    docs: Doc | Iterable[Doc],
    level: str,
    component: RNNLM | str,
    columns: Sequence[str] | None,
    spans: str | None,
) -> tuple[list[str], list[dict[str, Any]]]:
    """RETURNS (Tuple[List[str], List[Dict[str, Any]]]): The names of the columns, and the rows."""
    if level not in LEVELS:
        known = ", ".join(f'"{name}"' for name in LEVELS)
        raise ValueError(Errors.R309.format(option="level", range=f"one of {known}", value=level))
    check_type("component", component, RNNLM | str, "the component or its name")
    if spans is not None and level != "span":
        raise ValueError(Errors.R705.format(level=level))
    if columns is not None:
        columns = [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
        _check_names_at(columns, level)
    rows: list[dict[str, Any]] = []
    number = 0
    for batch in _doc_batches([docs] if isinstance(docs, Doc) else docs):
        for measures in measure_docs(component, batch):
            if columns is None:
                columns = _columns_of(measures, level)
            made = _rows_of_doc(measures, level, component, columns, spans)
            rows += ({"doc": number, **row} for row in made)
            number += 1
    return ["doc", *(columns or [])], rows


def _doc_batches(docs: Iterable[Doc]) -> Iterator[list[Doc]]:
    check_type("docs", docs, Doc if isinstance(docs, str) else Iterable, "a Doc or Docs")
    rest = iter(docs)
    while batch := list(islice(rest, _BATCH)):
        for doc in batch:
            check_type("docs", doc, Doc, "Docs")
        yield batch


def _names_at(level: str) -> list[str]:
    """RETURNS (List[str]): All columns of a level, in order."""
    if level == "doc":
        return [*NUMBERS, *map(MEAN_NAME.format, NETWORK_MEASURES)]
    names = [level if name == "token" else name for name in MEASURES]
    return [*names, "label"] if level == "span" else names


def _check_names_at(columns: Sequence[str], level: str) -> None:
    known = _names_at(level)
    for name in columns:
        if name not in known:
            raise ValueError(Errors.R700.format(name=name, known=", ".join(known)))


def _columns_of(measures: DocMeasures, level: str) -> list[str]:
    """RETURNS (List[str]): The columns that can be made of such Docs."""
    if level != "doc":
        lacking = [name for name in MEASURES if not measures.has(name)]
        return [name for name in _names_at(level) if name not in lacking]
    means = [MEAN_NAME.format(name) for name in NETWORK_MEASURES if measures.has(name)]
    lacking = [] if measures.has("unknown") else ["unknown", "surprisal_known"]
    if not measures.knows_words:  # whether an unknown word is spelled is known to the vocabulary
        lacking.append("bits_per_char")
    return [name for name in NUMBERS if name not in lacking] + means


def _rows_of_doc(
    measures: DocMeasures,
    level: str,
    component: RNNLM | str,
    columns: Sequence[str],
    spans: str | None,
) -> Iterator[dict[str, Any]]:
    if level == "doc":
        scores = _doc_scores(measures, component, columns)
        yield {name: scores[name] for name in columns}
        return
    names = ["token" if name == level else name for name in columns]
    if level == "token":
        values = [_to_list(measures.column(name)) for name in names]
        for row in zip(*values, strict=True):
            yield dict(zip(columns, row, strict=True))
        return
    doc, reverse = measures.doc, measures.output.reverse
    units = words_in(doc, reverse) if level == "word" else spans_in(doc, spans, reverse)
    for unit in units:
        yield {
            column: _value_of_unit(measures, name, unit)
            for column, name in zip(columns, names, strict=True)
        }


def _value_of_unit(measures: DocMeasures, name: str, unit: Unit) -> Any:
    if name == "label":
        return unit.label
    return measures.over(name, unit.start, unit.end, previous=unit.previous)


def _doc_scores(
    measures: DocMeasures, component: RNNLM | str, columns: Sequence[str]
) -> dict[str, Any]:
    means = [name for name in NETWORK_MEASURES if MEAN_NAME.format(name) in columns]
    doc, output = measures.doc, measures.output
    measures.numbers.log_probs()  # an error if they weren't kept
    if not isinstance(component, str):
        (unknown,) = unknown_tokens(component, [doc])
        return document_scores(component, doc, output, unknown, means)
    if "bits_per_char" in columns:
        measures.numbers.needs_vocabulary("bits_per_char")
    scores: dict[str, Any] = scores_of_text(doc, output)
    if "unknown" in columns:
        scores["unknown"] = measures.over("unknown", 0, len(doc))
    if "surprisal_known" in columns:
        scores["surprisal_known"] = known_surprisal(output, np.asarray(measures.column("unknown")))
    for name in means:
        scores[MEAN_NAME.format(name)] = measures.over(name, 0, len(doc))
    return scores


def _to_list(column: list[str] | np.ndarray) -> list[Any]:
    return column if isinstance(column, list) else column.tolist()
