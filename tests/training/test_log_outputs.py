"""A log that can't be written: a full disk, a closed pipe, a terminal that has gone."""

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spacy_rnn.training.log_outputs import LogFile

from ..helpers import ROOT
from .resumable.conftest import texts as texts
from .resumable.trainings import Told, begin, bytes_of, make_config, run_whole
from .test_logger import LM_SCORES, Run, Terminal, loss_of, make_nlp

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")


class FullDisk:
    """A raw file on a disk that has room for so many bytes."""

    def __init__(self, room):
        self.data, self.room = b"", room

    def write(self, data):
        taken = data[: self.room]
        if data and not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.data += taken
        self.room -= len(taken)
        return len(taken)

    def close(self):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")


def rows_of(run):
    """How many rows of the table were printed."""
    rules = [i for i, line in enumerate(run.lines) if set(line) == {"-", " "}]
    return len(run.lines[rules[0] + 1 :])


def evaluate_twice(run):
    run.evaluate(loss_of(9.0, 5), LM_SCORES, score=0.1)
    run.train(9)
    run.evaluate(loss_of(8.0, 5), LM_SCORES, score=0.2)
    run.logger.finalize()


@needs_full
def test_a_full_disk_under_the_log_file_is_told_once_with_its_name():
    run = Run(make_nlp("lm"), output_file=FULL)
    evaluate_twice(run)
    assert rows_of(run) == 2
    (told,) = run.stderr.getvalue().splitlines()
    assert f"[W610] {FULL} can't be written (No space left on device)" in told


def test_lines_wait_for_room_on_the_disk_and_are_whole(tmp_path):
    told = []
    log = LogFile(tmp_path / "log.jsonl", "w", told.append)
    log._file.close()
    log._file = disk = FullDisk(room=6)
    for line in ("first", "second", "third"):
        log.write_line(line)
    assert disk.data == b"first\n" and len(told) == 1
    disk.room = 9
    log.write_line("fourth")
    assert disk.data == b"first\nsecond\nth"
    disk.room = 100
    log.write_line("fifth")
    assert disk.data == b"first\nsecond\nthird\nfourth\nfifth\n"
    log.close()
    assert len(told) == 1


def test_lines_that_wait_are_bounded(tmp_path):
    log = LogFile(tmp_path / "log.jsonl", "w", lambda text: None)
    log._file.close()
    log._file = disk = FullDisk(room=0)
    for _ in range(300):
        log.write_line("x" * 10_000)
    disk.room = 1 << 30
    log.write_line("last")
    assert 1 << 20 <= len(disk.data) < (1 << 20) + 20_000
    assert disk.data.endswith(b"x\n") and disk.data.count(b"\n") == len(disk.data) // 10_001


def closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", encoding="utf8")


@pytest.mark.parametrize("kind", ["pipe", "closed", "full"])
def test_a_standard_output_that_cannot_be_written_is_told_once(tmp_path, kind):
    if kind == "full" and not FULL.exists():
        pytest.skip("the system has no /dev/full")
    stdout = FULL.open("w", encoding="utf8") if kind == "full" else closed_pipe()
    if kind == "closed":
        stdout = io.StringIO()
        stdout.close()
    run = Run(make_nlp("lm"), stdout=stdout, output_file=tmp_path / "log.jsonl")
    evaluate_twice(run)
    (told,) = run.stderr.getvalue().splitlines()
    assert "[W610] The standard output can't be written" in told
    # the file goes on
    assert len((tmp_path / "log.jsonl").read_text("utf8").splitlines()) == 2


def test_a_table_shows_escapes_for_what_its_stream_cannot_encode():
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, "ascii")
    run = Run(make_nlp("词", 词_prob=1.0), stdout=stdout)
    run.evaluate({"词": 1.0}, {})
    assert rb"LOSS \u8bcd" in raw.getvalue()
    assert run.stderr.getvalue() == ""


class Gone(Terminal):
    """A terminal that somebody closes after so many writes."""

    def __init__(self, writes):
        super().__init__()
        self.left = writes

    def write(self, text):
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("writes", [0, 1, 2, 3, 5, 8])
def test_a_progress_bar_that_cannot_be_shown_is_left_out(writes):
    run = Run(make_nlp("lm"), progress_bar=True, stderr=Gone(writes))
    evaluate_twice(run)
    assert rows_of(run) == 2


@pytest.mark.slow
def test_a_logger_that_fails_ends_no_training_and_is_told_once(texts, tmp_path, monkeypatch):
    def make_logger(nlp, stdout, stderr):
        def log_step(info):
            if info is not None:
                raise ConnectionError("the server has gone")

        def finalize():
            raise OSError(errno.ENOSPC, "No space left on device")

        return log_step, finalize

    config = make_config(texts)
    whole = run_whole(config, tmp_path / "whole")
    told = Told()
    run = begin(config, tmp_path / "out", told=told)
    run.loop.recipe.settings["logger"] = make_logger
    assert run.execute() == 0
    assert told.warned == [
        "[W611] The logger failed (the server has gone). The training goes on; its log may have "
        "gaps."
    ]
    assert bytes_of(run.loop.nlp) == bytes_of(whole)


@pytest.mark.slow
@needs_full
@pytest.mark.parametrize(
    ("command", "stdout"),
    [
        # (spaCy's own lines, those before the training, fail anyway)
        ("spacy train", "| sed '/Saving results/q'"),
        ("spacy rnn train", "| head -1"),
        ("spacy rnn train", "> /dev/full"),
        ("spacy rnn train", ">&- 2>/dev/full"),
    ],
)
def test_a_command_trains_to_its_end_whatever_takes_its_output(texts, tmp_path, command, stdout):
    make_config(texts).to_disk(tmp_path / "config.cfg")
    program = f"{sys.executable} -m {command} {tmp_path}/config.cfg --output {tmp_path}/out"
    shell = f"{program} --paths.log /dev/full {stdout}; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-c", shell], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model-last" / "rnn_lm" / "model").is_file()
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
    if "2>" not in stdout:
        assert done.stderr.count("/dev/full can't be written") == 1
        assert done.stderr.count("The standard output can't be written") == 1
    score = json.loads((tmp_path / "out" / "model-last" / "meta.json").read_text())
    assert score["performance"]["lm_perplexity"] > 1
