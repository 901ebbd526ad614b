"""The files of the page: all are shipped, and none loads or runs anything from elsewhere."""

import re
import tomllib
from pathlib import Path

import pytest

import spacy_rnn
from spacy_rnn.errors import Errors

from ..helpers import ROOT

FOLDER = Path(spacy_rnn.__file__).parent / "serve"
FILES = sorted(path for path in (FOLDER / "static").rglob("*") if path.is_file())
TEXTS = (FOLDER / "static" / "texts.js").read_text("utf8")


def test_every_file_is_shipped():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["spacy_rnn.serve"]
    shipped = {path for pattern in patterns for path in FOLDER.glob(pattern) if path.is_file()}
    assert shipped == set(FILES) and len(FILES) > 7


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_texts_are_never_put_in_as_markup_and_nothing_is_loaded_from_elsewhere(path):
    text = path.read_text("utf8")
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert not re.search(forbidden, text)
    assert re.findall(r"https?://[^\s<\"')]*", text) in ([], ["http://127.0.0.1:8000"])
    if path.suffix == ".html":  # the policy would not let it run
        assert not re.search(r"<script>|<style>|\sstyle=|\son\w+=", text)


def test_both_languages_say_everything():
    english, chinese = TEXTS.split("\n  zh: {")
    keys = [set(re.findall(r"\n    (\w+):", part)) for part in (english, chinese)]
    assert keys[0] == keys[1] and len(keys[0]) > 30
    page = (FOLDER / "static" / "index.html").read_text("utf8")
    assert set(re.findall(r'data-(?:text|label)="(\w+)"', page)) <= keys[0]
    scripts = "".join(path.read_text("utf8") for path in FILES if path.suffix == ".js")
    assert set(re.findall(r'\bsay\("(\w+)"', scripts)) <= keys[0]


def test_translated_errors_are_errors():
    codes = re.findall(r"\n      (R\d{3}):", TEXTS)
    assert len(codes) > 8
    for code in codes:
        assert getattr(Errors, code)
