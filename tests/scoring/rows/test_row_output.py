"""What is written is what is read, and an output that was cut anywhere can be gone on with."""

import gzip
import io
import json
import random
import sys
from pathlib import Path

import pandas
import pyarrow.parquet
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from spacy_rnn.scoring.outputs import get_output_format
from spacy_rnn.scoring.rows.row_output import open_rows_output
from spacy_rnn.scoring.rows.row_reader import RowReader

from ...hostile import SEED, fuzz
from .tables import (
    TABLES,
    looks_like_speech,
    read_values,
    read_with_csv,
    records_of,
    without_row,
    write_records,
)

TEXT_NAMES = ["out.csv", "out.tsv", "out.jsonl", "out.csv.gz", "out.tsv.gz", "out.jsonl.gz"]
EVERY_NAME = [*TEXT_NAMES, "out.parquet"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("outputs")


@fuzz(300, table=TABLES, name=st.sampled_from(EVERY_NAME))
def test_what_is_written_is_read(folder, table, name):
    assume("tsv" not in name or not looks_like_speech(table))
    write_records(folder / name, records_of(table), overwrite=True)
    assert without_row(read_values(folder / name)) == records_of(table)
    numbers = [int(values["row"]) for values in read_values(folder / name)]
    assert numbers == [*range(1, len(table) + 1)]


@fuzz(300, table=TABLES)
def test_other_readers_read_the_same(folder, table):
    for name in ("out.csv", "out.tsv", "out.csv.gz", "out.jsonl", "out.parquet"):
        write_records(folder / name, records_of(table), overwrite=True)
    expected = records_of(table)
    assert without_row(read_with_csv(folder / "out.csv")) == expected
    assert without_row(read_with_csv(folder / "out.tsv", "\t")) == expected
    assert without_row(read_with_csv(folder / "out.csv.gz")) == expected
    lines = (folder / "out.jsonl").read_bytes().split(b"\n")
    assert without_row([json.loads(line) for line in lines[:-1]]) == expected
    assert without_row(pyarrow.parquet.read_table(folder / "out.parquet").to_pylist()) == expected
    if "\0" not in str(table):  # which pandas takes for the end
        for name, mark in (("out.csv", ","), ("out.tsv", "\t")):
            frame = pandas.read_csv(folder / name, sep=mark, dtype=str, keep_default_na=False)
            assert without_row(frame.to_dict("records")) == expected


def results(rows):
    """Groups of records: by `item`, some rows with two records and some with none."""
    group = []
    for row in rows:
        if group and group[-1]["item"] != row.values["item"]:
            yield group
            group = []
        for _ in range({"none": 0, "two": 2}.get(row.values["kind"], 1)):
            bits = float(row.number) / 7
            group.append({**row.values, "row": row.number, "bits": bits, "known": bits > 1})
    yield group


def run(reader, path, stop=None, **options):
    """Write what belongs to a table, or only so many groups of it."""
    new = {"row": int, "bits": float, "known": bool}
    errors = []
    with open_rows_output(path, reader=reader, new=new, group=["item"], **options) as output:
        begin = output.next_row
        for group in results(reader.read(errors.append, start=begin)):
            if group:
                output.write(group, group[-1]["row"])
            if stop is not None and (stop := stop - 1) <= 0:
                break
    return begin, output


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    path = tmp_path_factory.mktemp("input") / "items.csv"
    rows = [
        "a,two",
        "a,",
        "b,",
        'c,"x',
        'c,"\n"',
        'c,"é"""',
        "c,=1",
        "c,none",
        "d,two",
        "d,x",
        "e,",
    ]
    path.write_text("item,kind\n" + "\n".join(rows) + "\n")
    return RowReader(path)


@pytest.fixture
def flushing(monkeypatch):
    monkeypatch.setattr("spacy_rnn.scoring.outputs._FLUSH_SIZE", 1)
    monkeypatch.setattr("spacy_rnn.scoring.parquet_parts._PART_ROWS", 1)


def content(path):
    if path.is_dir():
        return pyarrow.parquet.read_table(path)
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.parametrize("cuts", [12, pytest.param(None, marks=pytest.mark.slow, id="every byte")])
@pytest.mark.parametrize("name", TEXT_NAMES)
def test_an_output_cut_anywhere_is_completed(reader, tmp_path, flushing, name, cuts):
    path = tmp_path / name
    run(reader, path)
    whole, expected = path.read_bytes(), content(path)
    sizes = range(len(whole) + 1)
    begins = set()
    for size in sizes if cuts is None else {0, *random.Random(SEED).sample(sizes, cuts)}:
        path.write_bytes(whole[:size])
        begin, output = run(reader, path, resume=True)
        assert content(path) == expected
        assert output.kept + output.written == len(read_values(path))
        begins.add(begin)
    firsts = {1: "a", 3: "b", 5: "c", 9: "d", 11: "e"}
    assert begins <= {*firsts, 4}  # the broken quote is a row too
    if cuts is None:
        assert len(begins) > 3


@pytest.mark.parametrize("stop", range(1, 6))
@pytest.mark.parametrize("name", EVERY_NAME)
def test_a_run_that_stopped_after_any_group_is_completed(reader, tmp_path, flushing, name, stop):
    run(reader, tmp_path / f"whole.{name}")
    path = tmp_path / name
    run(reader, path, stop=stop)
    begin, output = run(reader, path, resume=True)
    assert begin > 1 or stop == 1
    assert output.resumed or not begin > 1
    assert content(path) == content(tmp_path / f"whole.{name}")


def test_parts_hold_whole_groups_and_what_is_half_written_goes(reader, tmp_path, flushing):
    path = tmp_path / "out.parquet"
    run(reader, path, stop=3)
    parts = sorted(part.name for part in path.glob("part-*"))
    assert parts == [f"part-{number:05}.parquet" for number in range(3)]
    (path / ".part-00003.parquet").write_bytes(b"PAR1 and no more")
    kept = (path / parts[0]).stat().st_mtime_ns
    begin, output = run(reader, path, resume=True)
    rows = [part.num_rows for part in map(pyarrow.parquet.read_table, sorted(path.glob("part-*")))]
    assert len(rows) == 5 and output.kept == sum(rows[:3]) and output.written == sum(rows[3:])
    assert begin == read_values(path)[output.kept - 1]["row"] + 1
    assert not [*path.glob(".part-*")]
    assert (path / parts[0]).stat().st_mtime_ns == kept
    assert read_values(path) == pyarrow.parquet.read_table(path).to_pylist()


@pytest.mark.parametrize("name", EVERY_NAME)
def test_a_finished_output_stays_as_it_is(reader, tmp_path, name):
    path = tmp_path / name
    run(reader, path)
    before = content(path)
    run(reader, path, resume=True)
    assert content(path) == before


@pytest.mark.parametrize("name", EVERY_NAME)
def test_an_output_is_neither_replaced_nor_mixed(reader, tmp_path, name):
    path = tmp_path / name
    new = {"row": int}
    with open_rows_output(path, reader=reader, new=new) as output:
        with pytest.raises(ValueError, match="R531"):
            open_rows_output(path, reader=reader, new=new, resume=True)
        output.write([{"item": "a", "row": 1}], 1)
    with pytest.raises(ValueError, match="R504"):
        open_rows_output(path, reader=reader, new=new)
    before = content(path)
    with pytest.raises(ValueError, match="R506"):
        open_rows_output(path, reader=reader, new={"row": int, "more": float}, resume=True)
    assert content(path) == before
    with open_rows_output(path, new=new, overwrite=True) as output:
        output.write([{"row": 1}], 1)
    assert [{"row": int(v["row"])} for v in read_values(path)] == [{"row": 1}]


def test_options_that_do_not_fit_are_refused(reader, tmp_path):
    new = {"row": int}
    other = reader.path.with_name("file.parquet")
    other.write_bytes(b"")
    for code, path, options in (
        ("R511", tmp_path / "x.csv", {"resume": True, "overwrite": True}),
        ("R510", Path("-"), {"resume": True}),
        ("R505", tmp_path / "x.xlsx", {}),
        ("R775", tmp_path / "x.jsonl", {"safe_cells": True}),
        ("R775", tmp_path / "x.parquet", {"safe_cells": True}),
        ("R512", reader.path, {"overwrite": True}),
        ("R766", tmp_path / "x.csv", {"new": {"row": int, "kind": str}}),
        ("R776", other, {"overwrite": True}),
    ):
        with pytest.raises(ValueError, match=code):
            open_rows_output(path, reader=reader, **{"new": new, **options})
    assert not [*tmp_path.iterdir()]


def test_the_standard_output_gets_rows(monkeypatch):
    for piped, expected in (("jsonl", b'{"row": 1, "a": "x"}\n'), ("tsv", b"row\ta\n1\tx\n")):
        out = io.TextIOWrapper(io.BytesIO())
        monkeypatch.setattr(sys, "stdout", out)
        with open_rows_output(Path("-"), new={"row": int, "a": str}, piped=piped) as output:
            output.write([{"row": 1, "a": "x"}], 1)
        assert out.buffer.getvalue() == expected


SAFE = {"=1+1": "'=1+1", "+a": "'+a", "-": "'-", "@x": "'@x", "\tx": "'\tx", "\r": "'\r"}
FULL_WIDTH, AFTER = ["＝1+1", "＋a", "－1", "＠x"], ["\n=1", "\ufeff=1", "\ufeff'@x"]
SAFE |= {text: f"'{text}" for text in (*FULL_WIDTH, *AFTER)}
DATA = ["-1.5", "+3", "-2e-05", "a=b", "'a", "", "−1", "'"]


@pytest.mark.parametrize("name", ["out.csv", "out.tsv"])
def test_cells_that_a_spreadsheet_would_run_are_made_safe_if_asked_for(tmp_path, name):
    records = [{"id": text, "text a": "x", "b": "y"} for text in [*SAFE, *DATA]]
    path = tmp_path / name
    write_records(path, records)
    assert [values["id"] for values in read_values(path)] == [*SAFE, *DATA]
    write_records(path, records, overwrite=True, safe_cells=True)
    assert [values["id"] for values in read_values(path)] == [*SAFE.values(), *DATA]


@fuzz(300, texts=st.lists(st.text("=+-@＝'\t\r\n\ufeff1a", max_size=4), min_size=1))
def test_safe_cells_are_what_they_were_when_they_are_read_back(texts):
    from spacy_rnn.scoring.formats import Csv

    form = Csv(safe=True)
    for text in texts:
        record = form.encode_row({"a": text, "b": "x"}, ["a", "b"])
        assert form.parse(record.encode(), ["a", "b"])["a"] == text


def test_numbers_and_nothing_are_written_the_same_way_everywhere(tmp_path):
    import numpy as np

    values = [np.float32(0.1), 0.1, float("nan"), None, 3, np.int64(4), np.nan]
    for name in EVERY_NAME:
        path = tmp_path / name
        with open_rows_output(path, new={"row": int, "bits": float, "known": bool}) as output:
            for row, value in enumerate(values, 1):
                output.write([{"row": row, "bits": value, "known": None}, {"row": row}], row)
        found = [values.get("bits") for values in read_values(path)][::2]
        expected = [0.1, 0.1, None, None, 3, 4, None]
        assert [float(text) if text not in (None, "") else None for text in found] == expected, name


def test_what_a_format_cannot_hold_is_one_error(tmp_path):
    for name in ("out.csv", "out.jsonl"):
        with (
            pytest.raises(ValueError, match=r"R773.*'a'"),
            open_rows_output(tmp_path / name, new={"row": int, "a": str}) as output,
        ):
            output.write([{"row": 1, "a": b"x"}], 1)


def test_the_form_follows_the_name(tmp_path):
    assert get_output_format(Path("a.TSV.gz")).delimiter == "\t"
