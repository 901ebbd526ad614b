"""A trained pipeline on disk, and commands run on it in this process or in one of their own."""

import csv
import gzip
import io
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
import spacy
from click.testing import CliRunner
from typer.main import get_command

from spacy_rnn.cli import rnn

from ..helpers import make_trained

COMMAND = get_command(rnn)
PROGRAM = [sys.executable, "-m", "spacy", "rnn"]


def run(*args, input=None):
    """Run `rnn …` in this process. The result has exit_code, stdout and stderr."""
    return CliRunner().invoke(COMMAND, [*map(str, args)], input=input)


def succeed(*args, input=None):
    done = run(*args, input=input)
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def fail(*args, input=None):
    """Run a command that ends with one line about what is wrong."""
    done = run(*args, input=input)
    assert done.exit_code == 1, (done.output, done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.stderr


def run_process(*args, **options):
    command = [*PROGRAM, *map(str, args)]
    return subprocess.run(command, capture_output=True, timeout=300, **options)


def parse(data, form):
    """The records of an output's bytes, numbers as numbers."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    text = data.decode()
    if "jsonl" in form:
        assert text.endswith("\n") or not text
        return [json.loads(line) for line in text.split("\n")[:-1]]
    delimiter = "\t" if ".tsv" in form else ","
    file = io.StringIO(text, newline="")
    return [dict(row) for row in csv.DictReader(file, delimiter=delimiter)]


def read_records(path):
    return parse(path.read_bytes(), path.name)


def assert_same(found, expected):
    """The same records: names, texts and whole numbers exactly, other numbers to 1e-5."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert list(one) == list(other)
        for name in one:
            if one[name] != other[name]:
                pair = float(one[name]), float(other[name])
                assert pair[0] == pytest.approx(pair[1], rel=1e-5, abs=1e-5), name


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The folder of a small trained English pipeline."""
    path = tmp_path_factory.mktemp("command-line") / "model"
    make_trained().to_disk(path)
    return path


@pytest.fixture(scope="session")
def nlp(model):
    """That pipeline, loaded anew. Shared: tests must not change it."""
    return spacy.load(model)


@pytest.fixture
def quick(model, monkeypatch):
    """`rnn score` with a pipeline that is loaded only once, for tests of many runs."""
    nlp = spacy.load(model)
    loaded = nlp, nlp.get_pipe("rnn_lm")
    monkeypatch.setattr("spacy_rnn.cli.score.load_language_model", lambda *_, **__: loaded)
    return SimpleNamespace(nlp=nlp, lm=loaded[1])
