"""Commands on a terminal: words and paths of strangers don't steer it."""

import json
import sys
from types import SimpleNamespace

import pytest

from ..helpers import ENGLISH, make_trained
from .conftest import fail, succeed

EVIL = "a\x1b[2J\x9b3J\u202eb\x7f"
SHOWN = r"a\u001b[2J\u009b3J\u202eb\u007f"


class Terminal:
    """The standard output of the moment, as a terminal."""

    def __getattr__(self, name):
        return getattr(sys.stdout, name)

    def isatty(self):
        return True


@pytest.fixture(params=[True, False], ids=["terminal", "pipe"])
def shown(request, monkeypatch):
    """What a command shows of EVIL."""
    if request.param:
        for module in ("messages", "scoring.outputs"):
            there = SimpleNamespace(stdout=Terminal(), stderr=sys.stderr)
            monkeypatch.setattr(f"spacy_rnn.{module}.sys", there)
    return SHOWN if request.param else EVIL


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    """A model that knows such a word, in a folder of such a name."""
    path = tmp_path_factory.mktemp("terminal") / f"model {EVIL}"
    make_trained([f"{EVIL} {line}" for line in ENGLISH[:20]]).to_disk(path)
    return path


def test_predictions_and_continuations(evil, shown):
    assert shown in succeed("generate", evil, EVIL, "--max-tokens", 0).stdout
    for prompt in ("", EVIL):
        table = succeed("predict", evil, prompt, "-k", 3).stdout
        assert (SHOWN in table) == (shown == SHOWN) and ("\x9b" in table) == (shown == EVIL)


def test_json_stays_json(evil, shown):
    done = succeed("generate", evil, EVIL, "--max-tokens", 0, "--json")
    assert json.loads(done.stdout)["text"] == EVIL


def test_tables_of_models(evil, shown, tmp_path):
    (tmp_path / "text.txt").write_text(ENGLISH[0])
    table = succeed("compare", evil, "--text", tmp_path / "text.txt", "--output", tmp_path / "t")
    assert shown[-9:] in table.stdout and ("\x1b" in table.stdout) == (shown == EVIL)
    (row,) = json.loads((tmp_path / "t").read_text())["models"]
    assert row["model"] == str(evil)  # data


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_scores(evil, shown, tmp_path, form):
    (tmp_path / "text.txt").write_text(EVIL, encoding="utf8")
    options = ("score", evil, tmp_path / "text.txt", "--tokens", "--output-format", form)
    done = succeed(*options)
    assert ("\x9b" in done.stdout) == (shown == EVIL)
    if form == "jsonl":
        (record,) = map(json.loads, done.stdout.splitlines())
        assert record["token"] == EVIL


def test_errors_show_escapes_everywhere(evil, tmp_path):
    for arguments in (
        ("score", evil, tmp_path / f"{EVIL}.txt"),
        ("predict", tmp_path / EVIL, "the"),
        ("evaluate", evil, tmp_path / f"{EVIL}.doc"),
    ):
        error = fail(*arguments)
        assert SHOWN in error and "\x1b" not in error
