"""The site: it builds without a warning, has no dead link, and loads nothing from elsewhere."""

import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

import spacy_rnn

from ..helpers import ROOT

pytestmark = pytest.mark.slow
_TAG = re.compile(r"<(\w+)\s([^>]*)>")
_ADDRESS = re.compile(r'\b(href|src|srcset)="([^"]*)"')
_ELSEWHERE = re.compile(r"(?:[a-z]+:)?//")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site: each page's HTML by its path."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # it did speak: where it is told to be quiet, a warning is none
    assert "Documentation built" in done.stderr and "WARNING" not in done.stderr
    return {path: path.read_text("utf8") for path in folder.rglob("*.html")}


def addresses(html):
    """Tag, attribute and address of everything that a page names."""
    for tag, attributes in _TAG.findall(html):
        for name, address in _ADDRESS.findall(attributes):
            yield tag, name, unescape(address)


def test_every_link_leads_to_a_page_and_a_place_in_it(site):
    places = {
        path: set(map(unescape, re.findall(r'\bid="([^"]+)"', html))) for path, html in site.items()
    }
    top = min(site, key=lambda path: len(path.parts)).parent
    dead, checked = [], 0
    for page, html in site.items():
        for _, _, address in addresses(html):
            target, _, place = address.partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            checked += 1
            # 404.html is shown anywhere, so its links begin at the top
            start = top if target.startswith("/") else page.parent
            path = Path(os.path.normpath(start / unquote(target).lstrip("/"))) if target else page
            path = path / "index.html" if path.is_dir() else path
            there = path.exists() and (
                path not in places or not place or unquote(place) in places[path]
            )
            if not there and not place.startswith("only-"):
                dead.append((page.relative_to(top), address))
    assert checked > 1000 and not dead


def test_nothing_is_loaded_from_elsewhere(site):
    loaded = [
        (page.name, address)
        for page, html in site.items()
        for tag, name, address in addresses(html)
        if tag != "a" and _ELSEWHERE.match(address)
    ]
    assert not loaded
    top = min(site, key=lambda path: len(path.parts)).parent
    sheets = [path.read_text("utf8") for path in top.rglob("*.css")]
    assert sheets and not [s for s in sheets if re.search(r"url\([\"\']?(https?:)?//", s)]


def test_a_chinese_page_has_chinese_labels_and_an_english_one_english(site):
    labels = {
        "en": ("Search", "Table of contents", "Skip to content"),
        "zh": ("搜索", "目录", "跳转至"),
    }
    found = set()
    for path, html in site.items():
        name = path.parent.name
        language = "zh" if name.endswith("_zh") or path.parent.parent.name == "zh" else "en"
        other = "en" if language == "zh" else "zh"
        found.add(language)
        assert f'<html lang="{language}"' in html, path
        assert f'placeholder="{labels[language][0]}"' in html, path
        said = re.findall(r">\s*([^<>]+?)\s*<", html)
        assert not set(labels[other][1:]) & set(said), path
        if '<nav class="md-nav md-nav--secondary"' in html and "md-skip" in html:
            assert labels[language][2] in said, path
    assert found == {"en", "zh"}


def test_public_names_have_their_docstrings(site):
    (html,) = (html for path, html in site.items() if path.parent.name == "api")
    for name in set(spacy_rnn.__all__) - {"__version__"}:
        assert f'id="spacy_rnn.{name}"' in html, name
    # the styles of the code and of the tool have met: arguments are a table, not a paragraph
    assert "RETURNS (" not in html and "RAISES (" not in html


def test_formulas_of_the_tutorial_are_drawn_without_a_script(site):
    chapters = [html for path, html in site.items() if "tutorial" in path.parts]
    (step, _) = sorted(
        html for path, html in site.items() if path.parent.name.startswith("2_the_recurrent")
    )
    assert step.count("<math") > 5
    assert not [html for html in chapters if "formula-" in html or "$h" in html]
    # a word in a formula is no tag, which the rest of the page would stand in
    assert not [path for path, html in site.items() if "<unk>" in html]
