"""Rows of items, and a second way to what their numbers should be."""

from spacy_rnn.scoring.items.item_options import ItemOptions
from spacy_rnn.scoring.rows.row_places import Row, RowPlace


def make_rows(values):
    return [Row(RowPlace(None, number), dict(each)) for number, each in enumerate(values, 1)]


def row_of(**values):
    return make_rows([values])[0]


def options_of(**given):
    return ItemOptions(**given)


def surprisal_between(doc, start, end):
    """Of the characters start … end − 1, which no token's edge may cross: a sum over tokens."""
    total = 0.0
    for token in doc:
        first, last = token.idx, token.idx + len(token.text)
        if first < end and last > start:
            assert start <= first and last <= end, token
            total += token._.rnn_surprisal
    return total
