"""`rnn score` reads and writes tables, and keeps what it is given."""

import csv
import json
import math

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from spacy_rnn.scoring.rows.row_reader import RowReader

from ..hostile import fuzz
from .conftest import assert_same, fail, read_records, run, succeed

TEXTS = ["the grey cat", 'say "it" , of\ttwo', "a zeppelin", "", "two\nlines of it"]
ROWS = [
    {"item": str(number), "sentence": text, "condition": mark, "uid": f"u{number}"}
    for number, (text, mark) in enumerate(zip(TEXTS, ["a", '"b"', "=c", "", "é,雨"], strict=True))
]
NAMES = [*ROWS[0]]


def write_table(path, rows=ROWS):
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf8")
    else:
        with path.open("w", encoding="utf8", newline="") as file:
            delimiter = "\t" if path.suffix == ".tsv" else ","
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    return path


def read_output(path):
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()
    return read_records(path)


KEYS = ["--text-key", "sentence", "--id-key", "uid"]
KINDS = [".csv", ".tsv", ".jsonl", ".parquet"]
QUICK = [(0, 1), (1, 2), (2, 3), (3, 0)]


def numbers(records, *names):
    return [[record[name] for name in names] for record in records]


@pytest.mark.parametrize("kind", KINDS)
def test_tables_give_the_numbers_of_their_texts(quick, tmp_path, kind):
    path = write_table(tmp_path / f"items{kind}")
    out = tmp_path / "out.jsonl"
    done = succeed("score", "", path, out, *KEYS)
    found = read_records(out)
    docs = [(row, quick.nlp(row["sentence"])) for row in ROWS if row["sentence"]]
    assert [record["id"] for record in found] == [row["uid"] for row, _ in docs]
    assert [record["tokens"] for record in found] == [len(doc) for _, doc in docs]
    expected = [doc._.rnn_surprisal for _, doc in docs]
    assert [record["surprisal"] for record in found] == pytest.approx(expected, rel=1e-5)
    lines = {".csv": [2, 3, 4, 6], ".tsv": [2, 3, 4, 6]}.get(kind, [1, 2, 3, 5])
    assert [record["line"] for record in found] == lines
    assert "left out: 1 empty document" in done.stderr


@pytest.mark.parametrize("tokens", [[], ["--tokens"]])
@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param(source, target, marks=[] if (number, other) in QUICK else pytest.mark.slow)
        for number, source in enumerate(KINDS)
        for other, target in enumerate(KINDS)
    ],
)
def test_what_is_kept_is_in_every_record(quick, tmp_path, source, target, tokens):
    path = write_table(tmp_path / f"items{source}")
    plain, out = tmp_path / f"plain{target}", tmp_path / f"out{target}"
    succeed("score", "", path, plain, *KEYS, *tokens)
    succeed("score", "", path, out, *KEYS, *tokens, "--keep", "condition,item")
    found, without = read_output(out), read_output(plain)
    assert [*found[0]] == ["doc", "line", "id", "condition", "item", *[*without[0]][3:]]
    rows = {row["uid"]: row for row in ROWS}
    for record, other in zip(found, without, strict=True):
        row = rows[record["id"]]
        assert {name: record.pop(name) for name in ("condition", "item")} == {
            "condition": row["condition"],
            "item": row["item"],
        }
        assert record == other
    succeed("score", "", path, out, *KEYS, *tokens, "--keep", "all", "--overwrite")
    kept = ["item", "condition"] if tokens else ["item", "sentence", "condition"]
    found = read_output(out)
    assert [*found[0]] == ["doc", "line", "id", *kept, *[*without[0]][3:]]
    assert all(record[name] == rows[record["id"]][name] for record in found for name in kept)


def test_types_are_kept(quick, tmp_path):
    rows = [
        {"text": "the cat", "n": 1, "x": 0.5, "flag": True, "list": [1, {"a": None}], "id": 7},
        {"text": "of it", "n": None, "x": 2, "flag": False, "list": None, "id": 8},
        {"text": "it"},
    ]
    path = write_table(tmp_path / "items.jsonl", rows)
    succeed("score", "", path, tmp_path / "out.jsonl", "--keep", "all")
    for record, row in zip(read_records(tmp_path / "out.jsonl"), rows, strict=True):
        assert {name: record[name] for name in row} == row
        assert not {"n", "x", "flag", "list", "id"} - {*row} & {*record}
    succeed("score", "", path, tmp_path / "named.jsonl", "--keep", "n,list")
    assert numbers(read_records(tmp_path / "named.jsonl"), "n", "list") == [
        [1, [1, {"a": None}]], [None, None], [None, None],
    ]  # fmt: skip
    succeed("score", "", path, tmp_path / "out.parquet", "--keep", "all")
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert numbers(table.to_pylist(), "n", "x", "flag", "id") == [
        [1, 0.5, True, 7], [None, 2.0, False, 8], [None, None, None, None],
    ]  # fmt: skip
    types = {field.name: str(field.type) for field in table.schema}
    expected = {"n": "int64", "x": "double", "flag": "bool", "list": "string", "id": "int64"}
    assert types | expected == types
    assert types["doc"] == "int64" and types["surprisal"] == "double"
    # and out of Parquet into Parquet, whatever the types are
    typed = pyarrow.table(
        {
            "text": ["the cat"],
            "when": pyarrow.array([0], pyarrow.timestamp("us")),
            "raw": [b"\xff"],
            "small": pyarrow.array([1], pyarrow.int8()),
        }
    )
    pyarrow.parquet.write_table(typed, tmp_path / "typed.parquet")
    succeed("score", "", tmp_path / "typed.parquet", tmp_path / "o.parquet", "--keep", "all")
    table = pyarrow.parquet.read_table(tmp_path / "o.parquet")
    assert table.select(typed.column_names).equals(typed)
    error = fail("score", "", tmp_path / "typed.parquet", "--keep", "raw")
    assert "R778" in error and "'raw'" in error and "row 1" in error


def test_token_records_have_offsets_and_the_end(quick, tmp_path):
    texts = ["the grey cat", "a  zeppelin, of it"]
    path = write_table(tmp_path / "items.csv", [{"text": text, "n": "x"} for text in texts])
    names = "start,end,whitespace_,known,log_prob,entropy,rank,entropy_reduction"
    for name in ("out.jsonl", "out.csv", "out.parquet"):
        out = tmp_path / name
        succeed("score", "", path, out, "--tokens", "--end", "--keep", "n", "--measures", names)
        usual = ["doc", "line", "n", "i", "token", "unknown", "surprisal"]
        found = read_output(out)
        assert [*found[0]] == [*usual, *names.split(",")]
        if name.endswith("csv"):
            continue
        for number, text in enumerate(texts, 1):
            doc = quick.nlp(text)
            records = [record for record in found if record["doc"] == number]
            *tokens, end = records
            assert [record["i"] for record in records] == [*range(len(doc) + 1)]
            for token, record in zip(doc, tokens, strict=True):
                assert text[record["start"] : record["end"]] == token.text == record["token"]
                assert record["whitespace_"] == token.whitespace_
                assert record["known"] is not record["unknown"]
                assert record["surprisal"] == pytest.approx(token._.rnn_surprisal, rel=1e-5)
                assert record["log_prob"] == pytest.approx(-record["surprisal"] * math.log(2))
            bits = -doc._.rnn_lm.end_log_prob / math.log(2)
            assert end["token"] == "</s>" and end["surprisal"] == pytest.approx(bits, rel=1e-5)
            assert not end["unknown"] and end["known"] and end["whitespace_"] == ""
            assert end["rank"] >= 1 and end["entropy"] > 0
            assert end["start"] is end["end"] is end["entropy_reduction"] is None
    rows = read_records(tmp_path / "out.csv")
    assert [row["token"] for row in rows].count("</s>") == 2
    assert rows[-1]["start"] == "" and float(rows[-1]["surprisal"]) > 0


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.parquet"])
def test_an_empty_document_has_its_end_only(quick, tmp_path, name):
    path = write_table(tmp_path / "items.csv", [{"text": "", "n": 1}, {"text": "it", "n": 2}])
    options = ["--tokens", "--end", "--keep-empty", "--keep", "n"]
    out = tmp_path / name
    succeed("score", "", path, out, *options)
    found = read_output(out)
    assert [(int(r["doc"]), int(r["i"]), str(r["n"])) for r in found] == [
        (1, 0, "1"), (2, 0, "2"), (2, 1, "2"),
    ]  # fmt: skip
    bits = -quick.nlp("")._.rnn_lm.end_log_prob / math.log(2)
    assert float(found[0]["surprisal"]) == pytest.approx(bits, rel=1e-5)
    write_table(path, [{"text": "", "n": 1}])
    succeed("score", "", path, out, *options, "--overwrite")
    assert "complete already" in succeed("score", "", path, out, *options, "--resume").stderr
    if name != "out.parquet":
        (tmp_path / "folder.csv").mkdir()
        assert "R504" in fail("score", "", path, tmp_path / "folder.csv")


def test_without_options_token_records_are_what_they_were(quick, tmp_path):
    (tmp_path / "text.txt").write_text("the grey cat\n")
    succeed("score", "", tmp_path / "text.txt", tmp_path / "out.csv", "--tokens")
    (row, *_) = read_records(tmp_path / "out.csv")
    assert list(row) == ["doc", "line", "i", "token", "unknown", "surprisal"]
    doc = quick.nlp("the grey cat")
    log_prob = doc._.rnn_lm.log_probs[0]
    bits = np.float32(0) - log_prob / np.float32(math.log(2))
    assert np.float32(row["surprisal"]) == pytest.approx(bits, rel=1e-6)
    # as few digits as tell a float32 from all others
    assert row["surprisal"] == str(np.float32(row["surprisal"]))


def test_a_folder_may_hold_every_format(quick, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for kind in KINDS:
        write_table(folder / f"items{kind}")
    (folder / "text.txt").write_text("the end\n")
    write_table(folder / "other.csv", [{"a": "1", "b": "2"}])
    out = folder / "out.csv"
    done = succeed("score", "", folder, out, *KEYS, "--keep", "all")
    assert "W549" in done.stderr and "other.csv" in done.stderr
    found = read_records(out)
    files = [f"items{kind}" for kind in sorted(KINDS) for _ in range(4)]
    assert [record["file"] for record in found] == [*files, "text.txt"]
    assert [record["item"] for record in found] == ["0", "1", "2", "4"] * 4 + [""]
    assert len({*numbers(found[:16], "surprisal").__str__().split()}) > 3
    assert numbers(found[:4], "surprisal") == numbers(found[12:16], "surprisal")
    before = out.read_bytes()
    lines = before.split(b"\n")
    for count in (2, 6, 11, 15, len(lines) - 2):
        out.write_bytes(b"\n".join(lines[:count]))
        succeed("score", "", folder, out, *KEYS, "--keep", "all", "--resume")
        assert_same(read_records(out), found)
    # only a folder may hold other tables
    assert "R761" in fail("score", "", folder / "other.csv", *KEYS)
    parts = folder / "parts.parquet"
    succeed("score", "", folder, parts, *KEYS)
    succeed("score", "", folder, parts, *KEYS, "--resume")
    assert pyarrow.parquet.read_table(parts).num_rows == 17 + 16  # of out.csv too


@pytest.mark.parametrize("options", [[], ["--tokens", "--end"]], ids=["documents", "tokens"])
@pytest.mark.parametrize("source", [".jsonl", ".parquet", ".csv"])
def test_parquet_parts_are_gone_on_with(quick, tmp_path, monkeypatch, source, options):
    monkeypatch.setattr("spacy_rnn.scoring.parquet_parts._PART_ROWS", 1)
    path = write_table(tmp_path / f"items{source}")
    options = [*KEYS, "--keep", "all", "--batch-size", 1, *options]
    out = tmp_path / "out.parquet"
    succeed("score", "", path, out, *options)
    whole = pyarrow.parquet.read_table(out)
    parts = sorted(out.glob("part-*"))
    assert len(parts) == 4
    assert (
        "complete already, with 4 documents"
        in succeed("score", "", path, out, *options, "--resume").stderr
    )
    for kept in range(4):
        for part in sorted(out.glob("part-*"))[kept:]:
            part.unlink()
        (out / ".part-00009.parquet").write_bytes(b"half")
        done = succeed("score", "", path, out, *options, "--resume")
        assert f": {4 - kept} documents" in done.stderr or kept == 3
        assert pyarrow.parquet.read_table(out).equals(whole)
    assert "R504" in fail("score", "", path, out, *options)
    assert "R506" in fail("score", "", path, out, *options, "--resume", "--measures", "rank")
    other = write_table(tmp_path / f"other{source}", [*ROWS[:3], {**ROWS[4], "sentence": "the"}])
    assert "R507" in fail("score", "", other, out, *options, "--resume")
    succeed("score", "", other, out, *options, "--overwrite")
    assert len({row["doc"] for row in read_output(out)}) == 4


def test_bad_rows_stop_a_run_or_are_left_out(quick, tmp_path):
    path = tmp_path / "items.csv"
    path.write_bytes(b'text,n\nthe cat,1\n"a"b,2\nof it\nof,\xff\nit,5\n')
    for name in ("out.csv", "out.parquet"):
        out = tmp_path / name
        error = fail("score", "", path, out, "--keep", "n")
        assert "R551" in error and "row 2 (line 3), column 'text'" in error
        done = succeed("score", "", path, out, "--keep", "n", "--resume", "--bad-lines", "skip")
        assert "left out: 3 documents" in done.stderr
        assert [str(record["n"]) for record in read_output(out)] == ["1", "5"]
        assert [int(record["line"]) for record in read_output(out)] == [2, 6]


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_tables_come_through_the_standard_input_and_output(quick, kind):
    mark = {"csv": ",", "tsv": "\t"}[kind]
    text = f"n{mark}text\n1{mark}the cat\n2{mark}of it\n"
    options = ["--format", kind, "--output-format", kind, "--keep", "n"]
    done = run("score", "", "-", *options, input=text)
    assert done.exit_code == 0, done.output
    rows = [*csv.DictReader(done.stdout.splitlines(), delimiter=mark)]
    assert [row["n"] for row in rows] == ["1", "2"] and float(rows[1]["surprisal"]) > 0


def test_what_cannot_be_kept_is_one_error(quick, tmp_path):
    path = write_table(tmp_path / "items.jsonl", [{"text": "the", "doc": 1, "x": 2}])
    table = write_table(tmp_path / "items.csv", [{"text": "the", "surprisal": "1"}])
    (tmp_path / "text.txt").write_text("the\n")
    for code, *args in (
        ("R779", path, "--keep", "doc"),
        ("R779", path, "--keep", "all"),
        ("R779", table, "--keep", "all"),
        ("R761", table, "--keep", "condtion"),
        ("R780", tmp_path / "text.txt", "--keep", "all"),
        ("R781", path, "--end"),
        ("R775", path, tmp_path / "o.jsonl", "--safe-cells"),
        ("R775", path, tmp_path / "o.parquet", "--safe-cells"),
        ("R518", path, tmp_path / "o.parquet", "--output-format", "csv"),
        ("R513", path, "--tokens", "--measures", "nothing"),
        ("R513", path, "--measures", "start"),
        ("R772", _bad_parquet(tmp_path)),
    ):
        assert code in fail("score", "", *args), args
    assert "R777" in fail(
        "score", "", "-", "--format", "jsonl", "--keep", "all", "--output-format", "csv", input="{}"
    )
    done = succeed("score", "", path, "--keep", "x,condtion")
    assert "W550" in done.stderr and "'condtion'" in done.stderr and "'x'" not in done.stderr
    assert json.loads(done.stdout)["condtion"] is None


def _bad_parquet(folder):
    (folder / "bad.parquet").write_bytes(b"PAR1")
    return folder / "bad.parquet"


def test_cells_are_safe_if_asked_for(quick, tmp_path):
    path = write_table(tmp_path / "items.csv", [{"text": "-1 = it", "n": "=x()", "id": "@id"}])
    for options, expected in (
        ([], ("=x()", "@id", "=")),
        (["--safe-cells"], ("'=x()", "'@id", "'=")),
    ):
        out = tmp_path / "out.tsv"
        succeed("score", "", path, out, "--tokens", "--keep", "n", "--overwrite", *options)
        rows = read_records(out)
        assert (rows[0]["n"], rows[0]["id"], rows[1]["token"]) == expected
        assert rows[0]["token"].lstrip("'")[0] == "-"
        before = out.read_bytes()
        succeed("score", "", path, out, "--tokens", "--keep", "n", "--resume", *options)
        assert out.read_bytes() == before


CELL = '"\t\n,;雨=a'


def test_hostile_tables_lose_no_row(quick, tmp_path):
    from hypothesis import strategies as st

    cells = st.text(CELL, max_size=4)
    rows = st.lists(st.tuples(cells, cells), min_size=1, max_size=4)

    @fuzz(200, table=rows, source=st.sampled_from([".csv", ".jsonl", ".parquet"]),
          target=st.sampled_from(KINDS), tokens=st.booleans())  # fmt: skip
    def check(table, source, target, tokens):
        given = [{"sentence": "the " + text, "x": kept} for text, kept in table]
        path = write_table(tmp_path / f"fuzz{source}", given)
        out = tmp_path / f"fuzz-out{target}"
        options = ["--tokens"] if tokens else []
        succeed("score", "", path, out, *KEYS, *options, "--keep", "x,sentence", "--overwrite")
        found = {record["doc"]: record for record in read_output(out)}
        assert [
            {name: record[name] for name in ("sentence", "x")} for record in found.values()
        ] == given
        if ".tsv" not in target:
            read = {values["doc"]: values for values in (r.values for r in RowReader(out).read())}
            assert [v["x"] for v in read.values()] == [row["x"] for row in given]

    check()
