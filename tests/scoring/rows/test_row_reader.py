"""Tables come out as they stand in their files, and bad ones say where they are bad."""

import csv
import gzip
import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from spacy_rnn.scoring.rows.row_places import rows_of
from spacy_rnn.scoring.rows.row_reader import RowReader

from ...hostile import fuzz
from .tables import NAMES, TABLES, looks_like_speech, read_values, records_of

WORDS = Path(__file__).parents[4] / "shared" / "data" / "natural-stories" / "words.tsv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


def write_csv(path, table, encoding="utf8", **options):
    file = io.StringIO(newline="")
    csv.writer(file, **options).writerows([NAMES, *table])
    path.write_bytes(file.getvalue().encode(encoding))


@fuzz(
    600,
    table=TABLES,
    delimiter=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_the_csv_module_writes_is_read(folder, table, delimiter, end, quoting, encoding):
    path = folder / "table.csv"
    if end == "\n":  # then csv puts no quotes around "\r", and can't read that itself
        table = [[cell.replace("\r", "") for cell in row] for row in table]
    options = {"delimiter": delimiter, "lineterminator": end, "quoting": quoting}
    write_csv(path, table, encoding, **options)
    assert read_values(path) == records_of(table)


@fuzz(600, table=TABLES, quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_a_tsv_file_that_is_quoted_is_read(folder, table, quoting):
    path = folder / "table.tsv"
    assume(quoting == csv.QUOTE_ALL or not looks_like_speech(table))
    write_csv(path, table, delimiter="\t", lineterminator="\r\n", quoting=quoting)
    assert read_values(path) == records_of(table)


def quote_as_excel(cell):
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set('\t\n",') else cell


@fuzz(600, table=TABLES)
def test_what_excel_writes_as_unicode_text_is_read(folder, table):
    table = [[cell.replace("\r", "") for cell in row] for row in table]
    assume(not looks_like_speech(table))
    path = folder / "table.tsv"
    lines = ["\t".join(map(quote_as_excel, row)) + "\r\n" for row in [NAMES, *table]]
    path.write_bytes("".join(lines).encode("utf-16"))
    assert read_values(path) == records_of(table)


@fuzz(600, table=TABLES, odd=st.sampled_from(['say"', '"No', '"', '"a"', '"', '"a""', '"a" b']))
def test_stray_quotes_of_a_tsv_file_that_is_not_quoted_stay(folder, table, odd):
    table = [[cell.translate({9: "", 10: "", 13: ""}) for cell in row] for row in table]
    table.append(["1", odd, "it's"])
    path = folder / "table.tsv"
    text = "".join("\t".join(row) + "\n" for row in [NAMES, *table])
    path.write_bytes(text.encode())
    assert read_values(path) == records_of(table)


def test_quoted_speech_that_goes_over_rows_stays(folder):
    path = folder / "table.tsv"
    rows = [["1", '"What'], ["2", "is"], ["3", 'this?"'], ["4", '"'], ["5", '"']]
    path.write_text("".join("\t".join(row) + "\n" for row in [["zone", "word"], *rows]))
    assert [[*values.values()] for values in read_values(path)] == rows


def test_quoted_speech_in_words_that_are_not_quoted_stays(folder):
    # a comma alone doesn't speak for quotes where another cell has one without
    path = folder / "table.tsv"
    path.write_text('item\tword\n1\t"No,"\n1\tsaid,\n')
    assert [row["word"] for row in read_values(path)] == ['"No,"', "said,"]
    path.write_text('item\tword\n1\t"No, no"\n1\tsaid\n')
    assert [row["word"] for row in read_values(path)] == ["No, no", "said"]


@pytest.mark.skipif(not WORDS.exists(), reason="needs ../shared")
def test_a_table_of_words_keeps_its_cells():
    header, *lines = WORDS.read_text("utf8").splitlines()
    expected = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    assert read_values(WORDS, needed=["word"]) == expected
    assert RowReader(WORDS).columns == header.split("\t")


def test_rows_know_their_number_and_their_line(folder):
    path = folder / "table.csv"
    path.write_text('sep=;\r\na;b\r\n1;"x\r\ny"\r\n\r\n2;z\r\n', newline="")
    places = [(row.number, row.place.line, row.values["b"]) for row in RowReader(path).read()]
    assert places == [(1, 3, "x\r\ny"), (2, 6, "z")]
    assert [row.number for row in RowReader(path).read(start=2)] == [2]
    row = next(RowReader(path).read())
    assert str(row.place) == f"{path}, row 1 (line 3)"
    assert row.place.at("b") == f"{path}, row 1 (line 3), column 'b'"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_old_line_ends_and_gzip(folder, encoding):
    (folder / "old.csv").write_bytes("a,b\r1,雨\r2,\r".encode(encoding))
    assert read_values(folder / "old.csv") == [{"a": "1", "b": "雨"}, {"a": "2", "b": ""}]
    data = (folder / "old.csv").read_bytes()
    (folder / "old.csv.gz").write_bytes(gzip.compress(data))
    assert read_values(folder / "old.csv.gz") == read_values(folder / "old.csv")


def test_json_lines_keep_types_and_every_column(folder):
    path = folder / "rows.jsonl"
    rows = [{"b": 1, "a": None}, {"a": [1, {"x": "é"}], "c": True}, {"b": 1.5}]
    path.write_text("\ufeff" + "\n\n".join(map(json.dumps, rows)), "utf8")
    reader = RowReader(path)
    assert reader.columns == ["b", "a", "c"]
    assert [row.values for row in reader.read()] == rows
    assert [row.place.line for row in reader.read()] == [1, 3, 5]


BAD = {
    "": ("R765", "nothing in it"),
    "a,b\n": ("R765", "names of columns, but no rows"),
    "a,b,a\n1,2,3\n": ("R764", "line 1", "'a'"),
    "x,y\n1,2\n": ("R761", "no column 'a'", "'x', 'y'"),
    "a,b\n1,2\n1,2,3\n": ("R762", "row 2 (line 3)", "3 cells", "the header has 2"),
    "a,b\n1\n": ("R762", "row 1 (line 2)", "1 cell,"),
    'a,b\n1,"x\n2,y\n': ("R763", "row 1 (line 2)", "column 'b'"),
    'a,b\n1,y\n"2"x,y\n': ("R763", "row 2 (line 3)", "column 'a'"),
    "a,b\n1,\udce9\n": ("R771", "row 1 (line 2)", "column 'b'", "0xe9"),
    "a,\udce9\n1,2\n": ("R771", "line 1, cell 2"),
}


# in a .tsv, quotes such as these are characters
BAD_FILES = [(text, "csv") for text in BAD] + [(text, "tsv") for text in BAD if '"' not in text]


@pytest.mark.parametrize(("text", "suffix"), BAD_FILES)
def test_a_bad_table_says_where_it_is_bad(folder, text, suffix):
    path = folder / f"bad.{suffix}"
    text = text.replace(",", "\t") if suffix == "tsv" else text
    path.write_bytes(text.encode("utf8", "surrogateescape"))
    with pytest.raises(ValueError) as caught:
        list(RowReader(path, ["a"]).read())
    for part in (str(path), *BAD[text.replace("\t", ",")]):
        assert part in str(caught.value)


BAD_JSON = {
    "": ("R765", "no rows"),
    '{"a": 1}\n{"b": 2}\n': ("R761", "row 2 (line 2)", "'a'", "'b'"),
    '{"a": 1, "a": 2}': ("R764", "row 1 (line 1)", "'a'"),
    '{"a": 1}\n\n[1]': ("R770", "row 2 (line 3)", "list"),
    '{"a": NaN}': ("R208", "row 1", "NaN"),
    '{"a": 1e999}': ("R208", "row 1", "1e999"),
    '{"a": "\\ud800"}': ("R208", "row 1"),
    '{"a": ': ("R208", "row 1"),
}


@pytest.mark.parametrize("text", BAD_JSON)
def test_bad_json_lines_say_where_they_are_bad(folder, text):
    path = folder / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError) as caught:
        list(RowReader(path, ["a"]).read())
    assert all(part in str(caught.value) for part in (str(path), *BAD_JSON[text]))


def test_bad_rows_are_told_and_left_out(folder):
    path = folder / "table.csv"
    path.write_bytes(b'a,b\n1,2\n1,"2\n3,4\n5\n6,\xff\n7,8\n')
    errors = []
    rows = list(RowReader(path, ["b"]).read(errors.append))
    assert [(row.number, row.values["a"]) for row in rows] == [(1, "1"), (3, "3"), (6, "7")]
    assert [str(error)[:6] for error in errors] == ["[R763]", "[R762]", "[R771]"]
    # those before the start were told by the run before
    errors.clear()
    assert [row.number for row in RowReader(path, ["b"]).read(errors.append, start=4)] == [6]
    assert len(errors) == 2


@pytest.mark.parametrize("name", ["table.xlsx", "table.csv.zip", "table.parquet.gz", "none.csv"])
def test_other_files_are_refused(folder, name):
    path = folder / name
    if name != "none.csv":
        path.write_bytes(b"a,b\n1,2\n")
    code = "R202" if name == "none.csv" else "R760"
    with pytest.raises(ValueError, match=code):
        RowReader(path)


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-be", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_refused(folder, encoding):
    path = folder / "table.csv"
    path.write_bytes("a,b\n1,2\n".encode(encoding))
    with pytest.raises(ValueError, match="R561"):
        RowReader(path)


def test_a_cut_file_of_utf16_is_an_error(folder):
    path = folder / "table.csv"
    path.write_bytes("a,b\n1,2\n".encode("utf-16")[:-1])
    with pytest.raises(ValueError, match="R207"):
        list(RowReader(path).read())


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_the_standard_input_is_read(monkeypatch, kind):
    text = {"csv": "a,b\n1,2\n", "tsv": 'a\tb\n1\t"2\n', "jsonl": '{"a": 1}\n{"b": 2}\n'}[kind]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    reader = RowReader(Path("-"), piped=kind)
    assert reader.columns == ["a", "b"]
    rows = list(reader.read())
    assert rows[-1].values == {"csv": {"a": "1", "b": "2"}, "tsv": {"a": "1", "b": '"2'}}.get(
        kind, {"b": 2}
    )
    assert str(rows[0].place).startswith("standard input, row 1")


def test_a_cell_says_what_it_is_not():
    rows = list(rows_of([{"text": "a", "n": "12"}, {"text": None, "n": 3.0, "x": "\ud800"}]))
    assert rows[0].text("text") == "a"
    assert [row.number_of("n") for row in rows] == [12, 3]
    for name, code in (("text", "R768"), ("n", "R768"), ("x", "R211"), ("other", "R761")):
        with pytest.raises(ValueError, match=code) as caught:
            rows[1].text(name)
        assert "row 2" in str(caught.value)
    for value in ("", "1.5", "x", None, True, 1.5, "٣"):
        with pytest.raises(ValueError, match="R769"):
            next(rows_of([{"n": value}])).number_of("n")
    with pytest.raises(ValueError, match=r"row 2.*'a'"):
        list(rows_of([{"a": 1}, {"b": 1}], ["a"]))
