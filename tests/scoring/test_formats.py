"""Records as bytes: where one ends and the next begins."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.scoring.formats import Csv

CELLS = st.text('a"\n,雨', max_size=5)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=6), st.data())
def test_rows_are_found_however_the_bytes_are_cut(rows, data):
    whole = io.StringIO()
    writer = csv.writer(whole, lineterminator="\n")
    ends = []
    for row in rows:
        writer.writerow(row)
        ends.append(len(whole.getvalue().encode()))
    content = whole.getvalue().encode()
    cut = data.draw(st.integers(0, len(content)))
    records, rest = Csv().split(content[:cut])
    complete = [end for end in ends if end <= cut]
    assert b"".join(records) + rest == content[:cut]
    assert [len(record) for record in records] == [
        end - begin for begin, end in zip([0, *complete], complete, strict=False)
    ]
