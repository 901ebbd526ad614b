"""`rnn score`: what is said when a run ends before its end, and about inputs that were changed."""

import json
import os
from pathlib import Path

import pytest

from spacy_rnn.errors import counted
from spacy_rnn.scoring.run import ScoringRun

from .conftest import fail, read_records, run, succeed

LINES = ["the cat", "of", "a boat", "two pears"]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("".join(line + "\n" for line in LINES))
    return path


@pytest.fixture
def stopping(monkeypatch):
    """A function that lets the next run stop, as by Ctrl-C, after so many batches of a document."""
    encode = ScoringRun._encode

    def stop_after(batches):
        left = [batches]

        def counted(self, *args):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return encode(self, *args)

        monkeypatch.setattr(ScoringRun, "_encode", counted)

    return stop_after


@pytest.mark.parametrize("options", [[], ["--tokens"]])
def test_a_stopped_run_counts_the_documents_that_the_output_holds(
    quick, text, tmp_path, stopping, options
):
    out = tmp_path / "out.jsonl"
    for batches, expected in ((1, 1), (0, 1), (2, 3), (0, 3)):
        stopping(batches)
        done = run("score", "", text, out, *options, "--resume", "--batch-size", 1)
        assert done.exit_code != 0
        held = len({record["doc"] for record in read_records(out)})
        assert held == expected
        assert f"holds {counted(held, 'document')}; --resume goes on" in " ".join(
            done.stderr.split()
        )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("command", ["score", "evaluate", "vocab"])
def test_a_full_disk_is_told_with_the_name_of_the_file(quick, model, text, tmp_path, command):
    out = tmp_path / ("out.jsonl" if command == "score" else "out.json")
    out.symlink_to("/dev/full")
    arguments = {
        "score": ["score", "", text, out, "--overwrite"],
        "evaluate": ["evaluate", model, text, "--output", out],
        "vocab": ["vocab", text, out],
    }
    error = fail(*arguments[command])
    assert "No space left on device" in error and str(out) in error
    if command == "score":
        assert "holds 0 documents" in error


def make_old(path, seconds):
    """Let a file be changed so many seconds after the first of 2001."""
    os.utime(path, (978_307_200 + seconds,) * 2)


def test_an_input_that_was_edited_since_the_output_was_written_is_told(quick, text, tmp_path):
    out = tmp_path / "out.jsonl"
    succeed("score", "", text, out)
    first = out.read_bytes().splitlines(keepends=True)[:3]
    out.write_bytes(b"".join(first))
    make_old(text, 0)
    make_old(out, 10)
    assert "W530" not in succeed("score", "", text, out, "--resume").stderr
    # as long as it was, so nothing else tells it
    text.write_text(text.read_text().replace("of\n", "to\n"))
    for seconds, told in ((5, False), (15, True)):
        out.write_bytes(b"".join(first))
        make_old(text, seconds)
        make_old(out, 10)
        done = succeed("score", "", text, out, "--resume")
        assert ("W530" in done.stderr) == told
        assert not told or (str(text) in done.stderr and "number 3" in done.stderr)
        assert len(read_records(out)) == 4


def test_only_files_that_were_read_are_told(quick, tmp_path):
    folder, out = tmp_path / "texts", tmp_path / "out.jsonl"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.txt").write_text("the cat\nof\n")
    succeed("score", "", folder, out)
    records = out.read_bytes().splitlines(keepends=True)
    for edited, told in (("a", True), ("b", True), ("c", False)):
        out.write_bytes(b"".join(records[:3]))  # up to the first line of b
        for name in "abc":
            make_old(folder / f"{name}.txt", 20 if name == edited else 0)
        make_old(out, 10)
        done = succeed("score", "", folder, out, "--resume")
        assert (f"{edited}.txt was changed after" in done.stderr) == told
        assert done.stderr.count("W530") == told


def test_an_input_that_changes_while_it_is_read_is_told(quick, text, tmp_path, monkeypatch):
    out = tmp_path / "out.jsonl"
    assert "W531" not in succeed("score", "", text, out).stderr
    write_to = ScoringRun.write_to

    def write_late(self, output):
        write_to(self, output)
        with text.open("a") as file:
            file.write("more\n")

    monkeypatch.setattr(ScoringRun, "write_to", write_late)
    done = succeed("score", "", text, out, "--overwrite")
    assert "W531" in done.stderr and str(text) in done.stderr


def test_a_report_is_written_though_nobody_reads_the_table(model, text, tmp_path, monkeypatch):
    def broken(text):
        raise BrokenPipeError

    for command in ("evaluate", "compare"):
        monkeypatch.setattr(f"spacy_rnn.cli.{command}.answer", broken)
    run("evaluate", model, text, "--output", tmp_path / "evaluated.json")
    run("compare", model, "--text", text, "--output", tmp_path / "compared.json")
    assert json.loads((tmp_path / "evaluated.json").read_text())["documents"] == 4
    (row,) = json.loads((tmp_path / "compared.json").read_text())["models"]
    assert row["model"] == str(model)
