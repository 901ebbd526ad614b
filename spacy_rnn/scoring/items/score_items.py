"""`spacy_rnn.score_items`: rows in, the same rows with numbers out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from spacy.language import Language

from ...corpus.text_files import raise_error
from ...validation import check_size, check_type
from ..rows.row_places import Row, RowPlace, check_columns
from ..selecting import find_language_model
from .item_options import DEFAULT_COLUMNS, UNSPACED, ItemOptions
from .item_scorer import ItemScorer


def score_items(
    nlp: Language,
    items: Iterable[Mapping[str, Any]],
    *,
    rows: str = "texts",
    text: str | None = None,
    region: str | None = None,
    occurrence: str | int | None = None,
    start: str | None = None,
    end: str | None = None,
    delimiter: str | None = None,
    group: str | Sequence[str] = (),
    order: str | None = None,
    id: str | None = None,
    join: str | None = None,
    cut: str = "error",
    bare: bool = False,
    context: str = "reset",
    columns: str | Sequence[str] = DEFAULT_COLUMNS,
    lags: int = 0,
    prefix: str = "",
    component: str | None = None,
    batch_size: int | None = None,
    on_error: Callable[[ValueError], None] = raise_error,
) -> Iterator[dict[str, Any]]:
    """Give the rows of a table of experimental items the numbers of a language model.

    nlp (Language): The pipeline; it is left as it is.
    items (Iterable[Mapping[str, Any]]): The rows. They are read as they are needed, and held in
        memory no longer than their group.
    rows (str): What a row is: "texts", or "words" that make one text with the rows of their group.
    text (Optional[str]): The column of the text or the word; None for "text" or "word".
    region (Optional[str]): The column of a part of the text, which the numbers are of. In a row
        where it is empty there are no numbers.
    occurrence (Union[str, int, None]): Which occurrence of the region it is, from 1, where it is
        there several times: a number, or the column of it.
    start, end (Optional[str]): Columns of the region's first character, from 0, and of the one
        after its last, in place of `region`.
    delimiter (Optional[str]): What separates the regions in the text. Each has a row of its own.
    group (Union[str, Sequence[str]]): The columns by which adjacent rows belong together.
    order (Optional[str]): The column of numbers by which the rows of a group follow each other;
        None for their order in the table.
    id (Optional[str]): A column in which no value may be there twice.
    join (Optional[str]): What stands between two words of a group; None for a space, or nothing in
        languages that are written without.
    cut (str): What happens where the region's edge is within a token: "error"; "include", the whole
        token counts; "split", it becomes two tokens.
    bare (bool): Whether punctuation at a region's edges is left out.
    context (str): "reset": a text is read from its beginning; "carry": from the state after its
        predecessor in the group, `</s>` read between them.
    columns (Union[str, Sequence[str]]): What is written, see `pipeline/measure_table.py`.
    lags (int): The same of so many words, rows or regions before.
    prefix (str): What the names of the new columns begin with.
    component (Optional[str]): The language model, if the pipeline has several.
    batch_size (Optional[int]): The most groups that are scored at once; the pipeline's by default.
    on_error (Callable[[ValueError], None]): Called for what can't be read or scored, which is then
        left out; raises the error by default.
    YIELDS (Dict[str, Any]): Each row with its number and the new columns; None where there is no
        number.
    RAISES (ValueError): For an option that can't be used, a column that isn't there, and what
        `on_error` raises.

    EXAMPLE:
        >>> items = [{"item": 1, "word": "我"}, {"item": 1, "word": "爱"}]
        >>> rows = spacy_rnn.score_items(nlp, items, rows="words", group="item")
        >>> [(row["word"], row["surprisal"]) for row in rows]
    """
    check_type("nlp", nlp, Language, "a pipeline")
    options = ItemOptions(
        rows=rows,
        text=text,
        region=region,
        occurrence=occurrence,
        start=start,
        end=end,
        delimiter=delimiter,
        group=(group,) if isinstance(group, str) else tuple(group),
        order=order,
        id=id,
        join=join,
        cut=cut,
        bare=bare,
        context=context,
        columns=(columns,) if isinstance(columns, str) else tuple(columns),
        lags=lags,
        prefix=prefix,
        unspaced=nlp.lang in UNSPACED,
    )
    if batch_size is not None:
        check_size("batch_size", batch_size, least=1)
    lm = find_language_model(nlp, f"{nlp.lang}_{nlp.meta['name']}", component)
    scorer = ItemScorer(
        nlp,
        lm,
        options,
        on_bad=lambda error, row, count: on_error(error),
        batch_size=batch_size or nlp.batch_size,
    )

    def read(leave_out: Callable[[ValueError], None]) -> Iterator[Row]:
        for number, values in enumerate(items, 1):
            row = Row(RowPlace(None, number), dict(values))
            try:
                check_columns(row.place, row.values, options.needed)
                options.new_columns(row.values)
            except ValueError as error:
                leave_out(error)
            else:
                yield row

    return (record for records, _ in scorer.score(read) for record in records)
