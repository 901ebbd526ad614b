"""Tables of hostile cells, and what writes and reads them besides the package."""

import csv
import gzip
import io

from hypothesis import strategies as st

from spacy_rnn.scoring.rows.row_output import open_rows_output
from spacy_rnn.scoring.rows.row_reader import RowReader

from ...hostile import TEXTS

NAMES = ["id", "text a", "b"]
CELLS = st.one_of(
    st.sampled_from(["", '"', '""', 'a"b', '"a"', "a,b", '"a,b"', "a;b", "=1+1", "'", "x\ty"]),
    st.text('a"\r\n\t,;雨 ', max_size=6),
    TEXTS,
)
# (never a row of nothing but an empty cell)
TABLES = st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6)


def looks_like_speech(table):
    """Whether a cell with tabs and line ends looks like quotes that go over rows of a .tsv file."""
    lines = "\n".join("\t".join(row) for row in table).split("\n")
    return len({line.count("\t") for line in lines if line.strip("\r")}) == 1 and any(
        "\n" in cell for row in table for cell in row
    )


def records_of(table):
    return [dict(zip(NAMES, row, strict=True)) for row in table]


def write_records(path, records, *, size=1, **options):
    """Write records as groups of so many rows."""
    new = {"row": int, **dict.fromkeys(NAMES, str)}
    numbered = [{"row": row, **record} for row, record in enumerate(records, 1)]
    with open_rows_output(path, new=new, **options) as output:
        for first in range(0, len(numbered), size):
            group = numbered[first : first + size]
            output.write(group, group[-1]["row"])


def read_values(path, **options):
    return [row.values for row in RowReader(path, **options).read()]


def without_row(records):
    return [{name: value for name, value in r.items() if name != "row"} for r in records]


def read_with_csv(path, delimiter=","):
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))
