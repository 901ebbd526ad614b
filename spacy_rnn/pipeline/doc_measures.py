"""The columns of MEASURES, of annotated Docs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from spacy.tokens import Doc

from ..errors import Errors
from ..vocabulary import Vocabulary
from .adding_up import Measure, add_up
from .extensions import get_output
from .measure_table import MEASURES, check_measures
from .output import LMOutput
from .rnn_lm import RNNLM
from .scored_words import see_scored
from .token_numbers import NOT_READ, TokenNumbers

TokenColumn = list[str] | np.ndarray


class DocMeasures:
    """What a component says about the tokens of a Doc, by the names of MEASURES.

    numbers (TokenNumbers): The Doc with its output.
    """

    def __init__(self, numbers: TokenNumbers) -> None:
        self.numbers = numbers
        self._columns: dict[str, TokenColumn] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def doc(self) -> Doc:
        return self.numbers.doc

    @property
    def output(self) -> LMOutput:
        return self.numbers.output

    @property
    def knows_words(self) -> bool:
        """RETURNS (bool): Whether the vocabulary is at hand."""
        return self.numbers.knows_words

    def column(self, name: str) -> TokenColumn:
        """A value for each token.

        name (str): One of MEASURES.
        RETURNS (Union[ndarray, MaskedArray, List[str]]): (n,), of the measure's type. Masked where
            there is none: the rank of an unknown word, and of white space that isn't read all
            numbers but its log-probability and surprisals, which are 0.
        RAISES (ValueError): For an unknown name; if the component didn't keep what it needs, or
            the vocabulary isn't at hand.
        """
        if name not in self._columns:
            self._columns[name] = self._make_column(_find(name))
        return self._columns[name]

    def has(self, name: str) -> bool:
        """RETURNS (bool): Whether there is such a column: the component kept what it needs, and the
        vocabulary is at hand if it is needed.

        name (str): One of MEASURES.
        """
        _find(name)
        try:
            self.column(name)
        except ValueError:
            return False
        return True

    def _make_column(self, measure: Measure) -> TokenColumn:
        values = measure.of_tokens(self.numbers)
        if not isinstance(values, np.ndarray):
            return values
        masked = measure.if_skipped == "missing"
        if not masked and measure.missing is None:
            return values
        missing = ~self.numbers.read if masked else np.zeros(len(values), dtype=bool)
        if measure.missing is not None:
            missing = missing | (values == measure.missing)
        return np.ma.masked_array(values, missing)

    def over(
        self, name: str, start: int, end: int, *, previous: int | None = None
    ) -> float | int | bool | str | None:
        """The value of several tokens together.

        name (str): One of MEASURES; its `adds` says how.
        start, end (int): Tokens start … end − 1.
        previous (Optional[int]): For "entropy_reduction_lagged", the token with which the unit
            before this one begins; None if it is one token.
        RETURNS (Union[float, int, bool, str, None]): Computed in float64; None if none of the
            tokens has a number, but 0 where it is a sum.
        RAISES (ValueError): See `column`.
        """
        measure = _find(name)
        if measure.of_span is not None:
            return measure.of_span(self.numbers, start, end, previous)
        return add_up(measure, self.column(name), start, end)

    def end(self, name: str) -> float | int | bool | str | None:
        """RETURNS (Union[float, int, bool, str, None]): The value of the closing `</s>`; None if it
        has none, or if the output was saved without it.

        name (str): One of MEASURES.
        RAISES (ValueError): See `column`.
        """
        measure = _find(name)
        return None if measure.at_end is None else measure.at_end(self.numbers)


def measure_docs(component: RNNLM | str, docs: Sequence[Doc]) -> list[DocMeasures]:
    """Look at annotated Docs, in the vocabulary in one step.

    component (Union[RNNLM, str]): What annotated them. Its name is enough for columns that don't
        need the vocabulary.
    docs (Sequence[Doc]): The documents.
    RETURNS (List[DocMeasures]): One for each.
    RAISES (ValueError): If the component didn't run on one, or it has other tokens now.
    """
    name = component if isinstance(component, str) else component.name
    found = [(doc, _output_of(doc, name)) for doc in docs]
    if isinstance(component, str):
        return [DocMeasures(TokenNumbers(doc, output, name)) for doc, output in found]
    vocabulary = component.vocabulary
    rows = _rows_of(vocabulary, docs, name)
    return [
        DocMeasures(TokenNumbers(doc, output, name, vocabulary, own))
        for (doc, output), own in zip(found, rows, strict=True)
    ]


def token_columns(component: RNNLM | str, doc: Doc, names: Iterable[str]) -> dict[str, TokenColumn]:
    """RETURNS (Dict[str, Union[ndarray, MaskedArray, List[str]]]): `DocMeasures.column` for each of
    the names.

    component (Union[RNNLM, str]): See `measure_docs`.
    doc (Doc): An annotated document.
    names (Iterable[str]): Of MEASURES.
    RAISES (ValueError): See `measure_docs` and `DocMeasures.column`.
    """
    checked = check_measures(names)
    (measures,) = measure_docs(component, [doc])
    return {name: measures.column(name) for name in checked}


def _find(name: str) -> Measure:
    if name not in MEASURES:
        check_measures([name])
    return MEASURES[name]


def _output_of(doc: Doc, name: str) -> LMOutput:
    output = get_output(doc, name)
    if output is None:
        raise ValueError(Errors.R332.format(name=name))
    return output


def _rows_of(vocabulary: Vocabulary, docs: Sequence[Doc], name: str) -> list[np.ndarray]:
    tokens = vocabulary.forms_of(docs)
    see_scored(vocabulary, tokens.keys, name)
    rows = tokens.spread(vocabulary.rows_of_keys(tokens.keys), fill=NOT_READ)
    return np.split(rows, np.cumsum(tokens.tokens))[:-1]
