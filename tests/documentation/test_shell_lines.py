"""Every command in README and docs is understood; what takes no time is run."""

import re
import shutil
import tomllib

import pytest
from spacy.util import registry
from thinc.api import Config

from spacy_rnn.defaults import default_config

from ..helpers import ROOT
from .commands import WrongCommand, check_command, check_settings
from .markdown import FILES, Code, blocks, commands, spans

SHELL = [
    pytest.param(words, id=f"{code} {' '.join(words)[:40]}")
    for path in FILES
    for code in (*blocks(path, "bash"), *spans(path))
    for words in commands(code)
]
MEASURED = tomllib.loads((ROOT / "docs" / "measurements.toml").read_text("utf8"))
SETTINGS = [pytest.param(code, id=str(code)) for path in FILES for code in blocks(path, "ini")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where commands are parsed: the repository's files are here too, and nothing is written to
    them."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("configs", "benchmarks", "examples", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "project.yml", folder)
    return folder


@pytest.mark.parametrize("words", SHELL)
def test_a_command_is_understood(words, folder, monkeypatch):
    if "examples/score_with_ray.py" in words or "benchmarks/cluster_score.py" in words:
        pytest.importorskip("ray")
    monkeypatch.chdir(folder)
    check_command(words)


@pytest.mark.parametrize("key", [key for key in MEASURED if "published" not in MEASURED[key]])
def test_the_command_of_a_measurement_is_understood(key, folder, monkeypatch):
    monkeypatch.chdir(folder)
    (words,) = commands(Code(ROOT / "docs", 1, "bash", MEASURED[key]["command"]))
    assert "python" in words
    check_command(words)


@pytest.mark.parametrize(
    "line",
    [
        "python -m spacy rnn score MODEL texts.txt --no-such-option",
        "python -m spacy rnn score MODEL",
        "python -m spacy rnn sing MODEL",
        "python -m spacy rnn train configs/rnn_lm.cfg -o out --training.max_step 3",
        "python -m spacy train configs/rnn_lm.cfg --output out --paths.trian train.txt",
        "python -m spacy project run everything",
        "python -m spacy project run all . --vars.epochs 3",
        "python benchmarks/cache.py --no-such-option",
        "python benchmarks/no_such_script.py",
        "python examples/prefork_server.py MODEL --threads 3",
        "pip install 'spacy-rnn[gpu]'",
        "python -m pytest tests/test_no_such_file.py",
        "torchrun --nproc-per-node 2 -m spacy rnn train … --no-such-option",
        "make all",
        "the last column of the table",
    ],
)
def test_a_command_that_would_fail_is_found(line, folder, monkeypatch):
    monkeypatch.chdir(folder)
    (words,) = commands(Code(ROOT / "README.md", 1, "bash", line))
    with pytest.raises(Exception) as caught:
        check_command(words)
    known = isinstance(caught.value, WrongCommand)
    assert known or type(caught.value).__module__.startswith(("typer", "click")), caught.value


@pytest.mark.parametrize("code", SETTINGS)
def test_settings_are_those_of_what_they_set(code):
    registry.architectures.get_all()
    is_part = code.text.startswith("[")
    text = code.text if is_part else f"[components.rnn_lm]\n{code.text}"
    names = re.findall(r"^\[(.+)\]$", text, re.MULTILINE)
    parts = [name.split(".") for name in names]
    above = {".".join(part[:depth]) for part in parts for depth in range(1, len(part))}
    whole = "".join(f"[{name}]\n" for name in sorted(above - {*names})) + text
    config = Config().from_str(whole, interpolate=False)
    check_settings(config)
    component = config.get("components", {}).get("rnn_lm", {})
    assert set(component) <= {*default_config(), "factory"}


def test_settings_that_are_none_are_found():
    with pytest.raises(WrongCommand):
        check_settings({"a": {"@architectures": "spacy-rnn.RNNLM.v1", "widht": 3}})
