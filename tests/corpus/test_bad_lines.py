"""Readers that go on after a bad line, count bytes, and read ids and the standard input."""

import gzip
import io
import json
from types import SimpleNamespace

import pytest

from spacy_rnn.corpus.open_files import DamagedFile
from spacy_rnn.corpus.text_files import STDIN, read_jsonl, read_lines, read_text


def write(path, content):
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("length", [11, 12, 13, 200_000])
def test_a_long_line_is_passed_over_whole(tmp_path, end, length):
    lines = [b"one", b"x" * length, b"\xff" * 5, b"two", b"x" * 10, b"\xff" + b"y" * length]
    path = write(tmp_path / "a.txt", end.join(lines))
    errors = []
    found = list(read_text(path, "line", 10, on_error=errors.append))
    texts = [(raw.place.line, *raw.lines) for raw in found]
    assert texts == [(1, "one"), (4, "two"), (5, "x" * 10)]
    assert [str(error).split(":")[0].split()[-1] for error in errors] == ["2", "3", "6"]
    assert ["R213" in str(error) for error in errors] == [True, False, False]


def test_a_block_raises_the_error_of_its_line_and_the_next_can_be_read(tmp_path):
    path = write(tmp_path / "a.txt", b"one\n\xff\nmore\n\n\xfe\n\ntwo\n")
    blocks = read_text(path, "block", on_error=pytest.fail)
    for line in (2, 5):
        with pytest.raises(ValueError, match=f"R206.*line {line}"):
            next(blocks).text(100)
    assert next(blocks).text(100) == "two"


def test_a_file_raises_the_error_of_its_first_line(tmp_path):
    path = write(tmp_path / "a.txt", b"\n\xff\nmore\n")
    (raw,) = read_text(path, "file", on_error=pytest.fail)
    with pytest.raises(ValueError, match=r"R206.*line 2"):
        raw.text(100)


def test_bad_objects_are_handed_over(tmp_path):
    records = [b'{"text": "one"}', b"{", b"", b'{"text": 1}', b"\xff", b'{"text": "two"}']
    path = write(tmp_path / "a.jsonl.gz", b"\n".join(records))
    errors = []
    found = [raw.place.line for raw in read_jsonl(path, on_error=errors.append)]
    assert found == [1, 6]
    for error, code, line in zip(errors, ("R208", "R209", "R206"), (2, 4, 5), strict=True):
        assert code in str(error) and f"line {line}:" in str(error)


@pytest.mark.parametrize("value", ["n1", 7, 1.5, True, ["a"], {"$oid": "é"}])
def test_ids_are_read_where_they_are_asked_for(tmp_path, value):
    records = [{"text": "a", "key": value}, {"text": "b"}, {"text": "c", "key": None}]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, records)).encode())
    assert [raw.id for raw in read_jsonl(path, id_key="key")] == [value, None, None]
    assert [raw.id for raw in read_jsonl(path)] == [None] * 3


@pytest.mark.parametrize("value", ['"\\ud83d"', "NaN", '["\\ud83d"]'])
def test_an_id_that_cannot_be_written_is_an_error(tmp_path, value):
    path = write(tmp_path / "a.jsonl", b'{"text": "a", "id": ' + value.encode() + b"}")
    with pytest.raises(ValueError, match=r"R517.*line 1.*'id'.*--id-key"):
        list(read_jsonl(path, id_key="id"))
    assert len(list(read_jsonl(path))) == 1


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_bytes_are_counted_as_they_lie_in_the_file(tmp_path, name):
    path = write(tmp_path / name, b"some words in a line\n" * 10_000)
    counts = []
    assert len(list(read_text(path, "line", on_bytes=counts.append))) == 10_000
    assert sum(counts) == path.stat().st_size
    assert name.endswith(".gz") or len(counts) > 10


def test_damage_is_an_error_of_its_own(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"one\n\n" * 100)[:-9])
    with pytest.raises(DamagedFile, match="R207"):
        list(read_text(path, "block", on_error=pytest.fail))


@pytest.mark.parametrize("on_bytes", [None, [].append])
def test_standard_input_is_read_and_left_open(monkeypatch, on_bytes):
    stream = io.BytesIO(b"one\ntwo\n")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    found = [raw.text(9) for raw in read_text(STDIN, "line", on_bytes=on_bytes)]
    assert found == ["one", "two"]
    assert not stream.closed
    stream.seek(0)
    stream.write(b"\xff")
    stream.seek(0)
    with pytest.raises(ValueError, match="standard input, line 1"):
        list(read_lines(STDIN))
