"""Parquet in and out: types stay, parts are one table, and one error says what is missing."""

import datetime
import decimal
import json
import sys

import pyarrow
import pyarrow.parquet
import pytest

from spacy_rnn.scoring.rows.column_types import ColumnTypes
from spacy_rnn.scoring.rows.row_output import open_rows_output
from spacy_rnn.scoring.rows.row_reader import RowReader

from .tables import read_values

MOMENT = datetime.datetime(2026, 11, 30, 3, 22, 50, 123456)
TYPED = pyarrow.table(
    {
        "int": pyarrow.array([1, None, -3], pyarrow.int16()),
        "big": pyarrow.array([2**64 - 1, 0, None], pyarrow.uint64()),
        "float": pyarrow.array([0.1, float("inf"), None], pyarrow.float32()),
        "text": pyarrow.array(["雨", None, ""], pyarrow.large_string()),
        "kind": pyarrow.array(["a", "b", "a"]).dictionary_encode(),
        "time": pyarrow.array([MOMENT, None, MOMENT], pyarrow.timestamp("us", tz="Asia/Tokyo")),
        "day": pyarrow.array([MOMENT.date(), None, None], pyarrow.date32()),
        "price": pyarrow.array([decimal.Decimal("1.10"), None, None], pyarrow.decimal128(5, 2)),
        "list": pyarrow.array([["a", None], [], None]),
        "struct": pyarrow.array([{"x": 1}, {"x": None}, None]),
        "bytes": pyarrow.array([b"\xff", b"", None]),
        "null": pyarrow.nulls(3),
    }
)


@pytest.fixture
def typed(tmp_path):
    path = tmp_path / "typed.parquet"
    pyarrow.parquet.write_table(TYPED, path, row_group_size=2)
    return path


def copy(reader, path, **options):
    with open_rows_output(path, reader=reader, new={"row": int}, **options) as output:
        for row in reader.read():
            output.write([{**row.values, "row": row.number}], row.number)


def test_every_type_of_parquet_stays(typed, tmp_path):
    reader = RowReader(typed, ["text"])
    assert reader.columns == TYPED.column_names
    assert [row.values for row in reader.read()] == TYPED.to_pylist()
    assert [row.number for row in reader.read(start=3)] == [3]
    copy(reader, tmp_path / "out.parquet")
    written = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert written.drop_columns(["row"]).cast(TYPED.schema).equals(TYPED)
    assert written.schema.field("row").type == pyarrow.int64()
    assert [written.schema.field(name).type for name in TYPED.column_names] == TYPED.schema.types


def test_types_of_parquet_become_text_and_json(typed, tmp_path):
    copy(RowReader(typed), tmp_path / "out.jsonl", skip=["bytes"])
    first, second, _ = read_values(tmp_path / "out.jsonl")
    assert first["big"] == 2**64 - 1 and first["price"] == "1.10" and first["text"] == "雨"
    assert first["time"].startswith("2026-11-30T12:22:50.123456+09:00")
    assert first["list"] == ["a", None] and first["struct"] == {"x": 1}
    assert second["float"] is None  # JSON has no infinity
    copy(RowReader(typed), tmp_path / "out.csv", skip=["bytes"])
    first, _, last = read_values(tmp_path / "out.csv")
    assert first["struct"] == '{"x": 1}' and first["day"] == "2026-11-30" and last["int"] == "-3"
    with pytest.raises(ValueError, match=r"R773.*'bytes'"):
        copy(RowReader(typed), tmp_path / "bytes.csv")


def test_values_of_json_get_the_type_that_holds_all_of_them(tmp_path):
    columns = {
        "whole": ([1, None, -(2**63)], pyarrow.int64()),
        "mixed": ([1, 2.5, None], pyarrow.float64()),
        "huge": ([2**63, 1, 2], pyarrow.string()),
        "exact": ([2**53 + 1, 0.5, None], pyarrow.string()),
        "flag": ([True, None, False], pyarrow.bool_()),
        "text": (["1", "", None], pyarrow.string()),
        "any": ([1, "a", {"b": [None]}], pyarrow.string()),
        "none": ([None, None, None], pyarrow.string()),
    }
    path = tmp_path / "rows.jsonl"
    names = list(columns)
    rows = [{name: columns[name][0][row] for name in names} for row in range(3)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    copy(RowReader(path), tmp_path / "out.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert {name: table.schema.field(name).type for name in names} == {
        name: kind for name, (_, kind) in columns.items()
    }
    for name, (values, _) in columns.items():
        found = table.column(name).to_pylist()
        as_json = name in ("huge", "exact", "any")
        if as_json:
            found = [None if text is None else json.loads(text) for text in found]
        assert found == values, name


def test_a_folder_of_parts_is_one_table(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    for number, values in enumerate([["a", "b"], [], ["c"]]):
        table = pyarrow.table({"x": pyarrow.array(values, pyarrow.string())})
        pyarrow.parquet.write_table(table, folder / f"part-{number}.parquet")
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / ".hidden.parquet").write_bytes(b"")
    reader = RowReader(folder)
    assert [(row.number, row.values["x"]) for row in reader.read()] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
    ]
    assert [row.values["x"] for row in reader.read(start=3)] == ["c"]
    taken = []
    list(reader.read(on_bytes=taken.append))
    assert sum(taken) == reader.size > 0
    pyarrow.parquet.write_table(pyarrow.table({"y": [1]}), folder / "part-9.parquet")
    with pytest.raises(ValueError, match=r"R774.*part-9.*y.*x"):
        RowReader(folder)


def test_bad_files_of_parquet_are_one_error(tmp_path, typed):
    path = tmp_path / "bad.parquet"
    for data in (b"", b"PAR1", typed.read_bytes()[:-20]):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"R772.*bad.parquet"):
            RowReader(path)
    data = bytearray(typed.read_bytes())
    data[4:200] = bytes(196)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"R772.*bad.parquet"):
        list(RowReader(path).read())
    twice = pyarrow.Table.from_arrays([pyarrow.array([1])] * 2, names=["a", "a"])
    pyarrow.parquet.write_table(twice, path)
    with pytest.raises(ValueError, match=r"R764.*'a'"):
        RowReader(path)
    with pytest.raises(ValueError, match=r"R761.*'nothing'.*'int'"):
        RowReader(typed, ["nothing"])
    with pytest.raises(ValueError, match="R765"):
        pyarrow.parquet.write_table(TYPED.slice(0, 0), path)
        list(RowReader(path).read())


def test_without_pyarrow_one_error_says_what_to_install(typed, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match=r"R767.*spacy-rnn\[parquet\]"):
        RowReader(typed)
    with pytest.raises(ValueError, match="R767"):
        open_rows_output(tmp_path / "out.parquet", new={"row": int})
    assert not (tmp_path / "out.parquet").exists()


def test_other_files_in_the_folder_are_not_mixed_with_ours(tmp_path):
    folder = tmp_path / "out.parquet"
    folder.mkdir()
    (folder / "mine.parquet").write_bytes(b"x")
    for options, code in (({}, "R504"), ({"overwrite": True}, "R776"), ({"resume": True}, "R776")):
        with pytest.raises(ValueError, match=code):
            open_rows_output(folder, new={"row": int}, **options)
    assert (folder / "mine.parquet").read_bytes() == b"x"


def test_a_table_without_rows_has_its_columns(tmp_path):
    with open_rows_output(tmp_path / "out.parquet", new={"row": int, "a": str}):
        pass
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert table.num_rows == 0 and table.column_names == ["row", "a"]


def test_types_are_found_row_by_row():
    types = ColumnTypes.of_rows([{"b": 1}, {"a": None, "b": True}])
    assert types.names == ["b", "a"] and types.kinds == {"b": dict, "a": str}
