"""The style "states": a heat map of units over tokens."""

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_rnn import render

from ..helpers import ENGLISH, make_random
from .reading import Element, read
from .test_browser import HOSTILE

TEXT = ENGLISH[3]


@pytest.fixture(scope="module")
def lm():
    return make_random(model={"depth": 2}).get_pipe("rnn_lm")


@pytest.fixture(scope="module")
def wide():
    return make_random(model={"width": 60, "tied": False, "embedding_width": 4}).get_pipe("rnn_lm")


def heat_of(html):
    """RETURNS (Tuple): The words of the columns, the units of the rows, and the numbers."""
    table = read(html).one("table")
    heads = [cell.text for cell in table.one("thead").all("th")]
    units, numbers = [], []
    for row in table.one("tbody").all("tr"):
        units.append(int(row.one("th").text))
        numbers.append([float(cell.text.replace("−", "-")) for cell in row.all("td")])
    return heads[1:], units, np.array(numbers)


@pytest.mark.parametrize("value", ["h", "c", "input", "forget", "candidate", "output"])
@pytest.mark.parametrize("layer", [0, 1, -2])
def test_every_cell_has_the_number_of_its_unit_and_step(lm, value, layer):
    trace = lm.trace(TEXT)
    html = render(trace, "states", value=value, layer=layer)
    words, units, numbers = heat_of(html)
    assert words == ["start of text", *TEXT.split()]
    assert sorted(units) == [*range(12)]
    two_signs = bool((trace.units(value, layer) < 0).any())
    assert ("orange below" in html) == two_signs
    np.testing.assert_allclose(numbers, trace.units(value, layer)[:, units].T, atol=0.0501)


def test_units_stand_by_likeness_or_by_number(lm):
    trace = lm.trace(TEXT)
    _, units, _ = heat_of(render(trace, "states", order="index"))
    assert units == [*range(12)]
    assert heat_of(render(trace, "states"))[1] != units


def test_the_sign_and_strength_of_a_colour_are_those_of_the_number(lm):
    trace = lm.trace(TEXT)
    values = trace.units("c")
    full = np.abs(values).max()
    table = read(render(trace, "states", value="c", order="index")).one("tbody")
    for unit, row in enumerate(table.all("tr")):
        for value, cell in zip(values[:, unit], row.all("td"), strict=True):
            level = round(5 * abs(float(value)) / full)
            sign = "plus" if value > 0 else "minus"
            assert cell.attrs["class"] == (
                f"spacy-rnn-{sign}-{level}" if level else "spacy-rnn-zero"
            )


def test_many_units_and_tokens_are_cut_with_a_note(wide):
    trace = wide.trace(" ".join(ENGLISH * 5))
    html = render(trace, "states", page=True)
    words, units, _ = heat_of(html)
    assert len(words) == 101 and len(units) == 40
    figure = read(html).one("figure").text
    assert "the 40 of 60 units that change most" in figure
    assert f"not shown: {len(trace) - 101:,} of {len(trace) - 1:,} tokens" in figure
    assert len(html) < 500_000
    spread = trace.units("h")[:101].std(axis=0)
    assert min(spread[units]) >= max(np.delete(spread, units))
    words, units, _ = heat_of(render(trace, "states", max_units=60, max_tokens=3))
    assert len(words) == 4 and len(units) == 60


def test_an_empty_text_has_the_state_after_its_start(lm):
    words, units, numbers = heat_of(render(lm.trace(""), "states"))
    assert words == ["start of text"] and len(units) == 12 and numbers.shape == (12, 1)


def test_the_region_can_be_reached_and_says_what_it_is(lm):
    region = next(
        element
        for element in read(render(lm.trace(TEXT), "states")).walk()
        if element.attrs.get("role") == "region"
    )
    assert region.attrs["tabindex"] == "0"
    assert region.attrs["aria-label"].startswith("The hidden state h of layer 1: 12 units")
    table = region.one("table")
    assert {cell.attrs["scope"] for cell in table.one("thead").all("th")} == {"col"}
    assert {cell.attrs["scope"] for cell in table.one("tbody").all("th")} == {"row"}


def test_words_are_data_and_long_ones_are_cut(lm):
    doc = Doc(lm.vocab, words=["<b>x</b>", "\n", "a" * 40, *HOSTILE])
    html = render(lm.trace(doc), "states", page=True)
    words, _, _ = heat_of(html)  # `read` fails at an element that pictures don't have
    assert words[1:4] == ["<b>x</b>", "↵", "a" * 13 + "…"]


def test_a_backward_trace_runs_from_the_end_of_the_text():
    lm = make_random(model={"direction": "backward", "cell": "gru"}).get_pipe("rnn_lm")
    html = render(lm.trace("the cat ."), "states", value="update")
    assert heat_of(html)[0] == ["end of text", ".", "cat", "the"]
    assert "read from right to left" in html and "update gate" in html


def test_several_traces_are_drawn_in_order(lm):
    traces = [lm.trace(text) for text in ENGLISH[:2]]
    root = read(render(iter(traces), "states"))
    assert [len(list(f.all("th"))) for f in root.all("figure")] == [len(t) + 13 for t in traces]
    assert all(isinstance(f, Element) for f in root.all("figure"))
    assert render([], "states") is not None


@pytest.mark.parametrize("style", ["states", "steps"])
def test_what_a_trace_cannot_show_is_one_clear_error(lm, trained, style):
    trace, doc = lm.trace(TEXT), trained(TEXT)
    for wrong in (doc, [doc], doc[:2], TEXT, None):
        with pytest.raises(TypeError, match=rf"R800.*render\(lm\.trace\(text\), style='{style}'\)"):
            render(wrong, style)
    for other in ("surprisal", "next"):
        with pytest.raises(TypeError, match=rf"R801.*'{other}' takes a Doc"):
            render(trace, other)
    for option in ("max_units", "max_tokens"):
        with pytest.raises(ValueError, match=f"R009.*{option}"):
            render(trace, style, **{option: 0})


def test_an_order_or_an_option_of_another_style_is_one_clear_error(lm, trained):
    trace = lm.trace(TEXT)
    with pytest.raises(ValueError, match=r"R008.*order.*'similar', 'index'"):
        render(trace, "states", order="none")
    for option, value in {"value": "c", "layer": 0, "order": "index"}.items():
        with pytest.raises(ValueError, match=f"R812.*{option}"):
            render(trace, "steps", **{option: value})
    with pytest.raises(ValueError, match=r"R812.*max_units"):
        render(trained(TEXT), max_units=3)


def test_a_value_or_layer_that_is_not_there_names_those_that_are(lm):
    with pytest.raises(ValueError, match=r"R792.*'reset'.*'forget'"):
        render(lm.trace(TEXT), "states", value="reset")
    with pytest.raises(ValueError, match=r"R793.*layer 2"):
        render(lm.trace(TEXT), "states", layer=2)
