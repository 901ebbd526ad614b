"""The style "steps": one step after the other."""

import math

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_rnn import render

from ..helpers import CHINESE, ENGLISH, make_random
from .reading import Element, read
from .test_browser import HOSTILE

VECTORS = {
    "rnn": ["embedding", "h"],
    "gru": ["embedding", "reset", "update", "candidate", "h"],
    "lstm": ["embedding", "input", "forget", "candidate", "output", "c", "h"],
}


def steps_of(html):
    return list(read(html).all(".spacy-rnn-step"))


def numbers_of(step):
    """RETURNS (Dict): By the vector's name, its numbers by unit."""
    found = {}
    for table in step.all("table"):
        units = [int(cell.text) for cell in list(table.one("thead").all("th"))[1:]]
        for row in table.one("tbody").all("tr"):
            values = [float(cell.text.replace("−", "-").replace(",", "")) for cell in row.all("td")]
            found[row.one("th").text] = dict(zip(units, values, strict=True))
    return found


@pytest.mark.parametrize("cell", list(VECTORS))
def test_every_step_has_its_word_vectors_next_words_and_what_came(cell):
    lm = make_random(CHINESE, lang="zh", model={"cell": cell}).get_pipe("rnn_lm")
    trace = lm.trace(CHINESE[0])
    steps = steps_of(render(trace, "steps", lang="en"))
    assert len(steps) == len(trace)
    for number, step in enumerate(steps):
        head = step.one(".spacy-rnn-read").text
        word = trace.words[number] if number else "start of text"
        assert head == f"{word} step {number}, row {trace.rows[number]}"
        named = [name.text.split()[0] for name in step.all(".spacy-rnn-name")]
        assert named == VECTORS[cell]
        found = numbers_of(step)
        assert list(found) == VECTORS[cell]
        for name, values in found.items():
            known = trace.inputs if name == "embedding" else trace.units(name)
            assert list(values) == [*range(12)]
            np.testing.assert_allclose([*values.values()], known[number], atol=0.00501)
        items = list(step.all(".spacy-rnn-guess"))
        guesses = [item.one(".spacy-rnn-number").text for item in items]
        assert guesses == [f"{p:.3f}" for _, p in trace.next_words(number)]
        right = [index for index, item in enumerate(items) if "✓" in item.text]
        assert right == np.flatnonzero(trace.top_rows[number] == trace.came_rows[number]).tolist()
        bits = -trace.log_probs[number] / math.log(2)
        came = trace.came[number] if number < len(trace) - 1 else "end of text"
        shown = f"What came: {came} {bits:.1f} bits, rank {trace.ranks[number]}"
        assert step.one(".spacy-rnn-came").text == shown


def test_a_bar_is_as_long_as_its_number(trained):
    trace = trained.get_pipe("rnn_lm").trace(ENGLISH[0])
    for number, step in enumerate(steps_of(render(trace, "steps"))):
        stages = list(step.all(".spacy-rnn-stage"))
        by_name = dict(zip(VECTORS["lstm"], stages, strict=True))
        full = {"embedding": np.abs(trace.inputs).max(), "c": max(1, np.abs(trace.c).max())}
        for name, stage in by_name.items():
            known = trace.inputs if name == "embedding" else trace.units(name)
            for value, bar in zip(known[number], stage.all(".spacy-rnn-bar"), strict=True):
                level = float(bar.attrs["style"].partition(":")[2].rstrip("%"))
                assert level == pytest.approx(100 * abs(value) / full.get(name, 1), abs=0.51)
                gate = name in ("input", "forget", "output")
                way = "open" if gate else ("up" if value >= 0 else "down")
                assert bar.attrs["class"] == f"spacy-rnn-bar spacy-rnn-{way}"
        # bars are for the eye; the numbers are in the tables
        assert all(bars.attrs["aria-hidden"] == "true" for bars in step.all(".spacy-rnn-bars"))
        assert by_name["forget"].one(".spacy-rnn-name").text == (
            f"forget {trace.units('forget')[number].mean():.2f}"
        )


def test_all_layers_are_shown_from_below():
    lm = make_random(model={"cell": "gru", "depth": 2}).get_pipe("rnn_lm")
    trace = lm.trace(ENGLISH[0])
    step = steps_of(render(trace, "steps"))[2]
    named = [name.text.rstrip("0123456789. ") for name in step.all(".spacy-rnn-name")]
    gates = ("reset", "update", "candidate", "h")
    assert named == ["embedding", *(f"layer {i}: {gate}" for i in (0, 1) for gate in gates)]
    corners = [table.one(".spacy-rnn-corner").text for table in step.all("table")]
    assert corners == ["unit", "unit, layer 0", "unit, layer 1"]


def test_many_units_and_tokens_are_cut_with_a_note():
    lm = make_random(model={"width": 40}).get_pipe("rnn_lm")
    trace = lm.trace(" ".join(ENGLISH * 3))
    html = render(trace, "steps", page=True)
    steps = steps_of(html)
    assert len(steps) == 31 and len(html) < 1_000_000
    assert "1 layer of 40 units, of which the 16 that change most are drawn" in html
    assert f"not shown: {len(trace) - 31:,} of {len(trace) - 1:,} tokens" in html
    units = list(numbers_of(steps[0])["h"])
    assert all(list(numbers_of(step)["forget"]) == units for step in steps)
    spread = trace.units("h")[:31].std(axis=0)
    assert min(spread[units]) >= max(np.delete(spread, units))
    assert len(steps_of(render(trace, "steps", max_tokens=2, max_units=3))) == 3


def test_unknown_words_are_named_and_have_no_rank():
    lm = make_random(model={"speller_width": 4, "subword_rows": 20}).get_pipe("rnn_lm")
    before, unknown, _ = steps_of(render(lm.trace("the zeppelin"), "steps"))[:3]
    assert "step 2" not in before.text
    shown = steps_of(render(lm.trace("the zeppelin"), "steps"))
    assert shown[2].one(".spacy-rnn-read").text == "zeppelin step 2, row 0, an unknown word"
    assert unknown.one(".spacy-rnn-came").text.endswith("bits, unknown")


def test_words_of_a_text_and_of_a_model_are_data():
    nlp = make_random([" ".join(HOSTILE)])
    lm = nlp.get_pipe("rnn_lm")
    doc = Doc(nlp.vocab, words=HOSTILE)
    html = render(lm.trace(doc), "steps", page=True)
    steps = steps_of(html)  # `read` fails at an element that pictures don't have
    assert len(steps) == len(HOSTILE) + 1
    assert HOSTILE[0] in steps[1].one(".spacy-rnn-read").text


def test_a_trace_in_a_fragment_brings_its_rules_and_nothing_else(trained):
    trace = trained.get_pipe("rnn_lm").trace(ENGLISH[0])
    for style in ("states", "steps"):
        page, fragment = render(trace, style, page=True), render(trace, style)
        assert fragment in page
        (box,) = [child for child in read(fragment).children if isinstance(child, Element)]
        assert "spacy-rnn" in box.attrs["class"]
        css = read(fragment).one("style").text
        body = css.replace("@media screen and (prefers-color-scheme: dark)", "")
        for rule in body.replace("@media screen", "").split("}"):
            selectors = rule.partition("{")[0] or rule.rpartition("{")[0]
            for selector in filter(None, (s.strip(" {\n") for s in selectors.split(","))):
                assert ".spacy-rnn" in selector, selector
        used = {
            name
            for element in box.walk()
            for name in (element.attrs.get("class") or "").split()
            if name.startswith("spacy-rnn-")
        }
        unstyled = {name for name in used if f".{name}" not in css}
        assert unstyled <= {"spacy-rnn-zero"}
