"""`python -m spacy rnn score`: the file that it writes, and others that it leaves alone."""

import os

import pytest

from spacy_rnn.locking import lock

from .conftest import assert_same, fail, read_records, succeed
from .test_score import TEXTS, write_lines


def test_an_output_that_appears_meanwhile_is_not_replaced(quick, tmp_path, monkeypatch):
    """The pipeline takes seconds to load."""
    path, out = write_lines(tmp_path / "text.txt", TEXTS), tmp_path / "out.jsonl"
    out.write_text("mine")
    monkeypatch.setattr("spacy_rnn.cli.score._check_target", lambda *_: None)
    assert "R504" in fail("score", "", path, out)
    assert out.read_text() == "mine"


@pytest.mark.parametrize("option", ["--resume", "--overwrite"])
def test_an_output_that_another_run_writes_to_is_left_alone(quick, tmp_path, option):
    path, out = write_lines(tmp_path / "text.txt", TEXTS), tmp_path / "out.jsonl"
    succeed("score", "", path, out)
    before = out.read_bytes()
    with out.open("r+b") as other:
        lock(other)
        assert "R531" in fail("score", "", path, out, option)
    assert out.read_bytes() == before
    succeed("score", "", path, out, option)
    assert out.read_bytes() == before


def test_a_folder_of_nothing_but_the_output_is_an_error(quick, tmp_path):
    (tmp_path / "out.jsonl").write_text('{"text": "mine"}\n')
    assert "R204" in fail("score", "", tmp_path, tmp_path / "out.jsonl", "--overwrite")
    assert (tmp_path / "out.jsonl").read_text() == '{"text": "mine"}\n'


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_names_of_files_that_are_not_utf8_are_written_and_resumed(quick, tmp_path, form):
    folder, out = tmp_path / "texts", tmp_path / f"out.{form}"
    folder.mkdir()
    names = [b"a.txt", b"\xd6\xd0.txt"]
    try:
        for name in names:
            write_lines(folder / os.fsdecode(name), TEXTS[:3])
    except OSError:
        pytest.skip("the system has UTF-8 names only")
    succeed("score", "", folder, out)
    found = read_records(out)
    expected = ["a.txt"] * 3 + ["\\udcd6\\udcd0.txt"] * 3
    assert [record["file"] for record in found] == expected
    whole = out.read_bytes()
    out.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    succeed("score", "", folder, out, "--resume")
    assert_same(read_records(out), found)
