"""The style "line" draws what the arrays say, of several texts and models too."""

import math
import re

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_rnn import LMOutput, render
from spacy_rnn.rendering.line_series import axis_steps, smoothed

from ..helpers import CHINESE, ENGLISH, make_random
from .reading import read
from .test_surprisal import make_doc


def draw(docs, **options):
    return read(render(docs, "line", jupyter=False, **options))


def percents(element):
    """The numbers of its style, by their names, as shares."""
    pairs = re.findall(r"([a-z]+):(-?[\d.]+)%", element.attrs["style"])
    return {name: float(value) / 100 for name, value in pairs}


def points(root, number=1):
    return [dot for dot in root.all(".spacy-rnn-dot") if f"line-{number}" in dot.attrs["class"]]


def corners(root, number=1):
    """The lines' corners as shares of the width and the height, and the breaks between them."""
    runs = []
    for line in root.one(".spacy-rnn-plot").all("polyline"):
        if f"line-{number}" in line.attrs["class"]:
            pairs = [pair.split(",") for pair in line.attrs["points"].split()]
            runs.append([(float(x) / 1000, 1 - float(y) / 100) for x, y in pairs])
    return runs


def full_height(root):
    rules = list(root.all(".spacy-rnn-rule"))
    return max(float(rule.one(".spacy-rnn-number").text) for rule in rules)


def add_numbers(doc, name, log_probs, **more):
    offsets = np.array([token.idx for token in doc], dtype=np.int32)
    log_probs = np.array(log_probs, dtype=np.float32)
    output = LMOutput(offsets, log_probs=log_probs, end_log_prob=-1.0, **more)
    doc.user_data["._.", name, None, None] = output
    if not Doc.has_extension(name):
        Doc.set_extension(name, getter=lambda doc: doc.user_data.get(("._.", name, None, None)))
    return output


@pytest.mark.parametrize("language", ["trained", "chinese"])
def test_every_token_has_its_point(language, request):
    nlp = request.getfixturevalue(language)
    doc = nlp(ENGLISH[3] if language == "trained" else CHINESE[4])
    root, bits = draw(doc, lang="en"), doc._.rnn_lm.surprisal
    top = full_height(root)
    assert bits.max() <= top
    dots = points(root)
    assert len(dots) == len(doc)
    for place, (dot, token) in enumerate(zip(dots, doc, strict=True)):
        at = percents(dot)
        assert at["left"] == pytest.approx((place + 0.5) / len(doc), abs=1e-4)
        assert at["bottom"] == pytest.approx(bits[place] / top, abs=1e-4)
        assert dot.attrs["title"] == f"{token.text}: {bits[place]:.1f} bits"
    (run,) = corners(root)
    assert run == [
        pytest.approx((percents(dot)["left"], percents(dot)["bottom"]), abs=1e-3) for dot in dots
    ]
    below = root.one(".spacy-rnn-words")
    assert [word.text for word in below.all("bdi")] == [token.text for token in doc]


def test_the_table_has_the_numbers(trained):
    doc = trained(ENGLISH[3])
    rows = list(draw(doc).one("tbody").all("tr"))
    expected = [[str(i + 1), t.text, f"{t._.rnn_surprisal:.1f}"] for i, t in enumerate(doc)]
    assert [[cell.text for cell in row.children] for row in rows] == expected


def test_smoothing_is_a_mean_over_the_window_around_each_token():
    values = np.random.default_rng(0).random(60) * 20
    values[7], values[30:36] = np.inf, np.nan
    for window in (1, 3, 5, 21):
        made = smoothed(values, window)
        for place in range(len(values)):
            around = values[max(0, place - window // 2) : place + window // 2 + 1]
            finite = around[np.isfinite(around)]
            if window == 1:
                np.testing.assert_equal(made[place], values[place])
            elif len(finite):
                assert made[place] == pytest.approx(finite.mean())
            else:
                assert math.isnan(made[place])


def test_a_long_text_is_smoothed_and_says_over_how_many_tokens(trained):
    doc = trained(" ".join(ENGLISH))
    bits = doc._.rnn_lm.surprisal.astype(float)
    root = draw(doc)
    assert not points(root)
    (window,) = re.findall(r"mean of (\d+) tokens", root.one(".spacy-rnn-legend").text)
    assert int(window) % 2 == 1 and int(window) == pytest.approx(len(doc) / 50, abs=2)
    (run,) = corners(root)
    half, top = int(window) // 2, full_height(root)
    for place, (x, y) in enumerate(run):
        around = bits[max(0, place - half) : place + half + 1]
        assert x == pytest.approx((place + 0.5) / len(doc), abs=1e-3)
        assert y == pytest.approx(around.mean() / top, abs=2e-3)
    asked = draw(doc, smooth=4)
    assert "mean of 5 tokens" in asked.one(".spacy-rnn-legend").text


def test_every_token_of_a_long_text_can_be_pointed_at_and_the_highest_are_listed(trained):
    doc = trained(" ".join(ENGLISH))
    bits = doc._.rnn_lm.surprisal
    root = draw(doc)
    strips = list(root.all(".spacy-rnn-strip"))
    text = " ".join(strip.attrs["title"].partition("\n")[2] for strip in strips)
    assert text == doc.text
    bounds = [re.match(r"(\d+)–(\d+)", strip.attrs["title"]) for strip in strips]
    for strip, found in zip(strips, bounds, strict=True):
        start, stop = int(found[1]) - 1, int(found[2])
        peak = start + int(bits[start:stop].argmax())
        assert f"most: {doc[peak].text}: {bits[peak]:.1f}" in strip.attrs["title"]
        assert f"{bits[start:stop].mean():.1f} bits a token" in strip.attrs["title"]
    means, peaks = root.all("table")
    assert len(list(means.one("tbody").all("tr"))) <= 60
    highest = [row.children[2].text for row in peaks.one("tbody").all("tr")]
    assert highest == [f"{x:.1f}" for x in np.sort(bits)[::-1][:20]]
    assert f"{len(doc):,} tokens" in root.one(".spacy-rnn-note").text


def test_the_picture_of_a_book_is_no_book(trained):
    doc = make_doc(trained, ["word"] * 30_000)
    html = render(doc, "line", jupyter=False)
    assert len(html) < 200_000
    titles = [strip.attrs["title"] for strip in read(html).all(".spacy-rnn-strip")]
    assert titles[0].startswith("1–500 ") and titles[-1].startswith("29,501–30,000 ")
    assert all(title.endswith("…") for title in titles)


def test_two_texts_have_two_lines_of_one_scale(trained):
    docs = [
        make_doc(trained, list("abcd"), log_probs=[-1.0, -2.0, -3.0, -4.0]),
        make_doc(trained, list("xy"), log_probs=[-30.0, -2.0]),
    ]
    root = draw(docs, names=["one", "two <b>"])
    assert [entry.one("bdi").text for entry in root.all(".spacy-rnn-entry")] == ["one", "two <b>"]
    top = full_height(root)
    for number, doc in enumerate(docs, 1):
        shares = [percents(dot) for dot in points(root, number)]
        bits = doc._.rnn_lm.surprisal
        assert [at["bottom"] for at in shares] == pytest.approx(list(bits / top), abs=1e-4)
        assert [at["left"] for at in shares] == pytest.approx(
            [(i + 0.5) / 4 for i in range(len(doc))], abs=1e-4
        )
    named = [entry.one("bdi").text for entry in draw(docs).all(".spacy-rnn-entry")]
    assert named == [f"{n}. {doc.text}" for n, doc in enumerate(docs, 1)]


def test_two_components_are_two_lines_over_the_same_words(trained):
    doc = trained(ENGLISH[3])
    add_numbers(doc, "twin", doc._.rnn_lm.log_probs * 2)
    root = draw(doc, components=["rnn_lm", "twin"])
    assert [e.one("bdi").text for e in root.all(".spacy-rnn-entry")] == ["rnn_lm", "twin"]
    one, two = ([percents(dot)["bottom"] for dot in points(root, n)] for n in (1, 2))
    assert two == pytest.approx([2 * share for share in one], abs=2e-4)
    assert len(list(root.all("table"))) == 1  # a column for each
    row = next(iter(root.one("tbody").all("tr")))
    bits = doc[0]._.rnn_surprisal
    assert [c.text for c in row.children][2:] == [f"{bits:.1f}", f"{2 * bits:.1f}"]


def test_other_tokens_of_one_text_are_compared_by_their_characters(trained):
    docs = [
        make_doc(trained, ["abcd", "ef"], [False, False], [-1.0, -2.0]),
        make_doc(trained, ["ab", "cdef"], [False, False], [-1.0, -2.0]),
    ]
    root = draw(docs)
    assert "characters" in root.one(".spacy-rnn-legend").text
    for number, expected in ((1, [2 / 6, 5 / 6]), (2, [1 / 6, 4 / 6])):
        lefts = [percents(dot)["left"] for dot in points(root, number)]
        assert lefts == pytest.approx(expected, abs=1e-4)


def test_unknown_words_are_hollow_and_say_so():
    doc = make_random(model={"speller_width": 4})("the zeppelin paints")
    dots = points(draw(doc))
    assert ["hollow" in dot.attrs["class"] for dot in dots] == [False, True, False]
    assert dots[1].attrs["title"].endswith("? bits")
    long = make_random(model={"speller_width": 4})("the zeppelin paints " * 40)
    path = draw(long).one("path").attrs["d"]
    places = [float(x) / 1000 for x in re.findall(r"M([\d.]+) ", path)]
    assert places == pytest.approx([(3 * i + 1.5) / 120 for i in range(40)], abs=1e-3)


def test_a_number_that_is_none_breaks_the_line(trained):
    values = [-1.0, -2.0, -math.inf, -3.0, -4.0]
    root = draw(make_doc(trained, list("abcde"), log_probs=values))
    assert [len(run) for run in corners(root)] == [2, 2]
    assert "c: ∞ bits" in [dot.attrs["title"] for dot in points(root)]


def test_tokens_that_are_not_read_have_no_point():
    doc = make_random(model={"white_space": "skip"})("the  baker \n paints")
    titles = [dot.attrs["title"].partition(":")[0] for dot in points(draw(doc))]
    assert titles == ["the", "baker", "paints"]


def test_a_cut_says_how_many_tokens_are_left_out(trained):
    doc = trained(" ".join(ENGLISH))
    root = draw(doc, max_tokens=7)
    assert len(points(root)) == 7
    notes = " ".join(note.text for note in root.all(".spacy-rnn-note"))
    assert f"{len(doc) - 7:,} of {len(doc):,} tokens" in notes


@pytest.mark.parametrize("top", [0.0, 0.3, 1.0, 7.0, 10.0, 47.0, 999.0, 1e7, math.inf])
def test_steps_of_an_axis_are_round_and_reach_the_top(top):
    steps = axis_steps(top, 5)
    assert steps[0] == 0 and len(steps) <= 6
    assert not math.isfinite(top) or steps[-1] >= top * (1 - 1e-9)
    assert f"{steps[1]:e}"[0] in "125"


def test_names_and_lines_have_to_be_as_many(trained):
    doc = trained("the baker")
    with pytest.raises(ValueError, match=r"R810.*1 lines.*2 names"):
        draw(doc, names=["a", "b"])
    with pytest.raises(ValueError, match=r"R811.*7 lines"):
        draw([doc] * 7)
    with pytest.raises(ValueError, match=r"R402.*second"):
        draw(doc, components=["rnn_lm", "second"])
    with pytest.raises(ValueError, match=r"R812.*smooth.*'line'"):
        render(doc, "surprisal", smooth=3)


def test_lines_differ_without_colours(trained):
    css = read(render(trained("the"), "line", jupyter=False)).one("style").text
    dashes = re.findall(r"--spacy-rnn-dash: ([^}]+?) }", css)
    shapes = re.findall(r"\.spacy-rnn-dot\.spacy-rnn-line-\d \{ ([^}]+?) \}", css)
    assert len(dashes) == len(set(dashes)) == 6
    assert len(shapes) == len(set(shapes)) == 6


def test_a_keyboard_and_a_screen_reader_find_everything(trained):
    root = draw([trained(ENGLISH[0]), trained(ENGLISH[1])], names=["one", "<b>"])
    assert root.one(".spacy-rnn-scroll").attrs["tabindex"] == "0"
    area = root.one(".spacy-rnn-area")
    assert area.attrs["role"] == "img" and "one, <b>" in area.attrs["aria-label"]
    assert all(head.attrs["scope"] == "col" for head in root.all("th"))
    assert len(list(root.one("details").all("table"))) == 2
