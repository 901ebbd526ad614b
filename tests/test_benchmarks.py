"""Every benchmark runs on a small text and ends with the JSON line that its figures come from."""

import importlib
import json
import sys

import pytest
import typer
from typer.testing import CliRunner

from .helpers import ROOT, chinese_texts, make_trained, write_corpus

SPEED = {"ratio", "ours", "baseline", "unit"}
QUALITY = {"test_perplexity", "cpu_seconds"}
TOKENIZED = "the baker paints an old boat .\na tired sailor forgets the harbour .\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A Chinese corpus, a tokenized one in the format of WikiText-2, and a trained model."""
    folder = write_corpus(tmp_path_factory.mktemp("benchmarks"))
    for name in ("wiki.train", "wiki.valid", "wiki.test"):
        (folder / f"{name}.txt").write_text(TOKENIZED * 400, encoding="utf8")
    (folder / "valid.txt").write_text(TOKENIZED, encoding="utf8")
    make_trained(chinese_texts("train"), lang="zh", model={"cutoffs": [6]}).to_disk(
        folder / "model"
    )
    return folder


def run(name, *args):
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        program = importlib.import_module(name)
    finally:
        sys.path.pop(0)
    app = typer.Typer()
    app.command()(program.main)
    done = CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.output.splitlines()[-1])


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("tokenize_speed", ["train.txt", "--rounds", 1]),
        ("tokenize_speed", ["train.txt", "--rounds", 1, "--engine", "rjieba"]),
        ("train_speed", ["wiki.train.txt", "--rounds", 1, "--streams", 4, "--window", 5]),
        ("score_speed", [".", "surprisal", "--rounds", 1, "--width", 8]),
        ("score_speed", [".", "tensor", "--rounds", 1, "--width", 8]),
        ("topk_speed", ["model", "test.txt", "--rounds", 1]),
        ("next_speed", ["model", "test.txt", "--rounds", 1, "--length", 3]),
    ],
    ids=lambda value: value if isinstance(value, str) else value[-1],
)
def test_speed_programs_compare_with_their_baseline(folder, name, args, monkeypatch):
    monkeypatch.chdir(folder)
    figures = run(name, *args)
    assert set(figures) == SPEED
    assert figures["ratio"] == pytest.approx(figures["ours"] / figures["baseline"], rel=0.01)


@pytest.mark.parametrize("what", ["train", "score"])
def test_memory_program_compares_two_sizes(folder, what):
    figures = run("memory", folder / "wiki.train.txt", what)
    assert set(figures) == SPEED
    assert figures["unit"] == "MB"


def test_zh_classics_program_reports_quality_and_time(folder):
    figures = run("zh_classics", folder, "--epochs", 0.0005, "--width", 8, "--streams", 4)
    assert set(figures) >= QUALITY
    # a chapter's line ends and its end are predicted too
    assert figures["predictions"] > len("".join(chinese_texts("test"))) / 4
    assert 1 < figures["test_perplexity"] < 1000


def test_wikitext2_program_reports_quality_and_the_plain_loops_time(folder, tmp_path):
    for name, source in (("train", "wiki.train"), ("valid", "valid"), ("test", "valid")):
        (tmp_path / f"{name}.txt").write_text((folder / f"{source}.txt").read_text("utf8"))
    figures = run("wikitext2", tmp_path, "--epochs", 0.01, "--width", 8)
    assert set(figures) == {*QUALITY, "predictions", "plain_6_epochs", "plain_40_epochs"}
    assert figures["predictions"] == len(TOKENIZED.split()) + 2 + 1
