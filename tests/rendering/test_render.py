"""What `render` takes and gives, whatever the style."""

import subprocess
import sys
from types import ModuleType

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_rnn import render

from ..helpers import ENGLISH, make_pipeline
from .reading import read

STYLES = ("surprisal", "next", "line")


@pytest.fixture(params=STYLES)
def style(request):
    return request.param


def test_a_fragment_brings_its_own_style_and_nothing_of_a_page(trained, style):
    html = render(trained(ENGLISH[0]), style)
    root = read(html)
    (box,) = root.children
    assert box.tag == "div" and "spacy-rnn" in box.attrs["class"]
    assert not {"html", "head", "body", "meta"} & {element.tag for element in root.walk()}
    assert len(list(root.all("style"))) == 1
    assert not any("id" in element.attrs for element in root.walk())


def test_a_page_is_the_fragment_with_language_and_encoding(trained, style):
    doc = trained(ENGLISH[0])
    page, fragment = render(doc, style, page=True), render(doc, style)
    assert page.startswith("<!DOCTYPE html>") and fragment in page
    root = read(page)
    assert root.one("html").attrs["lang"] == "en"
    assert {"charset": "utf-8"} in [meta.attrs for meta in root.all("meta")]
    assert root.one("title").text


def test_every_rule_of_the_style_is_about_pictures_only(trained, style):
    css = read(render(trained(ENGLISH[0]), style)).one("style").text
    assert "<" not in css and css.count("{") == css.count("}")
    body = css.replace("@media screen and (prefers-color-scheme: dark)", "").replace(
        "@media screen", ""
    )
    for rule in body.split("}"):
        selectors = rule.partition("{")[0] or rule.rpartition("{")[0]
        for selector in filter(None, (s.strip(" {\n") for s in selectors.split(","))):
            assert ".spacy-rnn" in selector, selector


@pytest.mark.parametrize("style", ["surprisal", "next"])
def test_several_documents_are_drawn_in_order_below_one_legend(trained, style):
    docs = [trained(text) for text in ENGLISH[:3]]
    root = read(render(iter(docs), style))
    assert len(list(root.all("figure"))) == 3
    assert len(list(root.all(".spacy-rnn-legend"))) == 1
    alone = [read(render(doc, style)).one("figure").text for doc in docs]
    assert [figure.text for figure in root.all("figure")] == alone


def test_documents_and_spans_may_be_mixed_and_none_is_fine(trained, style):
    doc = trained(ENGLISH[0])
    figures = list(read(render([doc, doc[1:3]], style)).all("figure"))
    assert len(figures) == (1 if style == "line" else 2)  # lines have one picture
    assert list(read(render([], style)).all("figure")) == []


def test_another_component_can_be_drawn(style):
    nlp = make_pipeline(name="other")
    html = render(nlp(ENGLISH[0]), style, component="other")
    assert ENGLISH[0].split()[1] in read(html).one("figure").text


def test_a_document_from_a_file_gives_the_same_picture(trained, style):
    doc = trained(ENGLISH[0])
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (read_back,) = DocBin().from_bytes(data).get_docs(spacy.blank("xx").vocab)
    assert render(read_back, style) == render(doc, style)


# --- notebooks


@pytest.fixture
def displayed(monkeypatch):
    """What the notebook was asked to display; IPython itself needn't be installed."""
    shown = []
    module = ModuleType("IPython.display")
    module.HTML = lambda html: ("HTML", html)
    module.display = shown.append
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return shown


def test_in_a_notebook_the_picture_is_displayed(trained, style, displayed, monkeypatch):
    doc = trained(ENGLISH[0])
    html = render(doc, style)
    assert render(doc, style, jupyter=True) is None
    monkeypatch.setattr("spacy_rnn.rendering.is_in_jupyter", lambda: True)
    assert render(doc, style) is None
    assert displayed == [("HTML", html)] * 2
    assert "tex2jax_ignore" in html  # a $ is no formula
    assert render(doc, style, jupyter=False) == html
    assert len(displayed) == 2


# --- errors


def test_an_unknown_style_names_the_known_ones(trained):
    with pytest.raises(ValueError, match=r"R401.*'dep'.*'surprisal', 'next'"):
        render(trained(ENGLISH[0]), "dep")


def test_a_document_without_numbers_names_the_component(trained, style):
    with pytest.raises(ValueError, match=r"R402.*rnn_lm.*'the baker'"):
        render(trained.make_doc("the baker"), style)
    with pytest.raises(ValueError, match=r"R402.*second"):
        render(trained("the baker"), style, component="second")
    with pytest.raises(ValueError, match=r"the grey cat.{0,30}…'"):
        render(trained.make_doc(" ".join(ENGLISH)), style)


@pytest.mark.parametrize(
    ("style", "needed", "kept"), [("surprisal", "log_probs", "next"), ("next", "next", "log_probs")]
)
def test_what_was_not_kept_is_named(style, needed, kept):
    nlp = make_pipeline(annotations=[kept], name="mine")
    with pytest.raises(ValueError, match=f"R307.*mine.*'{needed}'"):
        render(nlp(ENGLISH[0]), style, component="mine")


def test_a_retokenized_document_is_an_error(trained, style):
    doc = trained(ENGLISH[0])
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
    for part in (doc, doc[0:1]):
        with pytest.raises(ValueError, match="R306"):
            render(part, style)


@pytest.mark.parametrize("wrong", ["a text", b"bytes", 3, None, ["a text"], [None]])
def test_only_documents_can_be_drawn(style, wrong):
    with pytest.raises(TypeError, match="R403"):
        render(wrong, style)


def test_a_token_is_no_document(trained, style):
    with pytest.raises(TypeError, match=r"R403.*Token"):
        render(trained("the")[0], style)


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("max_tokens", 0, "R009"),
        ("scale", 0.0, "R309"),
        ("scale", float("inf"), "R309"),
        ("scale", float("nan"), "R309"),
        ("direction", "both", "R008"),
    ],
)
def test_an_option_out_of_range_is_an_error(trained, style, option, value, code):
    with pytest.raises(ValueError, match=f"{code}.*{option}"):
        render(trained("the"), style, **{option: value})


def test_a_span_of_nothing_is_drawn_as_nothing(trained, style):
    doc = Doc(trained.vocab)
    trained.get_pipe("rnn_lm")(doc)
    assert list(read(render(doc, style)).all("ruby")) == []


@pytest.mark.slow
def test_drawing_needs_no_network():
    code = (
        "import sys, spacy_rnn.rendering; "
        "print([m for m in sys.modules if m.startswith(('spacy_rnn.network.', 'spacy_rnn.layers', "
        "'IPython')) and m != 'spacy_rnn.network.measures'])"  # a table without torch
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
