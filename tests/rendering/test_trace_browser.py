"""The pictures of a trace as a browser lays them out and paints them."""

from itertools import pairwise

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_rnn import render

from ..helpers import CHINESE, ENGLISH, make_random
from .browser import BROWSER, NAMES, contrast, measure, paint
from .test_browser import HOSTILE, LONG, SURROUNDINGS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        BROWSER is None, reason=f"no browser on the PATH (looked for {', '.join(NAMES)})"
    ),
]

TEXT = (
    ".spacy-rnn :is(.spacy-rnn-word, .spacy-rnn-number, .spacy-rnn-legend, .spacy-rnn-sums, "
    ".spacy-rnn-note, .spacy-rnn-edge, .spacy-rnn-hit, .spacy-rnn-name, summary, td, th)"
)


@pytest.fixture(params=["states", "steps"])
def style(request):
    return request.param


@pytest.fixture(scope="module")
def traces():
    """English and Chinese, one token, twenty, two thousand; one layer and two."""
    english = make_random(model={"depth": 2, "cell": "gru", "width": 60}).get_pipe("rnn_lm")
    chinese = make_random(CHINESE, lang="zh", model={"width": 24}).get_pipe("rnn_lm")
    words = [*ENGLISH[0].split(), LONG, "\n", *ENGLISH[9].split(), "مرحبا", "."]
    twenty = english.trace(Doc(english.vocab, words=words))
    texts = ["".join(CHINESE[:4]), "".join(CHINESE * 30)]
    return [english.trace("the"), twenty, *map(chinese.trace, texts)]


def opened(html):
    return html.replace("<details", "<details open")


@pytest.mark.parametrize(("width", "lang"), [(400, "en"), (400, "zh"), (1200, "en")])
def test_nothing_is_wider_than_the_page_and_nothing_overlaps(traces, style, width, lang):
    few = 10 if style == "steps" else None
    page = opened(render(traces, style, page=True, max_tokens=few, lang=lang))
    found = measure(
        page, width=width, outside=f"{TEXT}:not(.spacy-rnn-scroll *)", cells="td, th",
        stages=".spacy-rnn-stage", cards=".spacy-rnn-step", words="th .spacy-rnn-word",
    )  # fmt: skip
    assert found["overflow"] <= 0
    for box in found["outside"]:
        assert box["inkLeft"] >= -0.5 and box["inkRight"] <= width + 0.5, box
    for box in [*found["cells"], *found["stages"]]:
        assert box["inkRight"] <= box["right"] + 1 and box["inkLeft"] >= box["left"] - 1, box
    for box in found["words"]:
        assert box["inkBottom"] - box["inkTop"] < 30, "a word of a column is broken"
    for kind in ("stages", "cards"):
        boxes = found[kind]
        for one, other in pairwise(boxes):
            below = other["top"] >= one["bottom"] - 1
            assert below or other["left"] >= one["right"] - 1, (one, other)


@pytest.mark.parametrize("surroundings", list(SURROUNDINGS))
def test_text_can_be_read_on_light_and_dark(traces, surroundings):
    body, flags = SURROUNDINGS[surroundings]
    pictures = [render(traces[2], style, max_tokens=8) for style in ("states", "steps")]
    html = body + opened("".join(pictures))
    found = measure(html, *flags, text=TEXT)
    assert len(found["text"]) > 100
    for box in found["text"]:
        assert contrast(box["colour"], box["behind"]) >= 4.5, box


def test_nothing_in_a_text_or_a_model_runs_or_closes_anything():
    nlp = make_random([" ".join(HOSTILE)])
    trace = nlp.get_pipe("rnn_lm").trace(Doc(nlp.vocab, words=[*HOSTILE, "safe"]))
    pictures = [render(trace, style) for style in ("states", "steps")]
    found = measure("".join(pictures), words=".spacy-rnn-word, .spacy-rnn-edge")
    assert found["scripts"] == 0 and not found["hacked"]
    texts = [word["text"] for word in found["words"]]
    assert texts.count("safe") >= 2 and texts.count("<!--") >= 2


def test_bars_of_both_signs_can_be_told_apart_without_colour(traces):
    page = render(traces[2], "steps", page=True, max_tokens=1)
    pixels = paint(page, height=300).astype(int)
    bars = measure(page, up=".spacy-rnn-up", down=".spacy-rnn-down")
    for kind, upper in (("up", True), ("down", False)):
        seen = 0
        for box in bars[kind]:
            top, bottom = int(np.ceil(box["top"])), int(box["bottom"])
            column = pixels[top:bottom, int((box["left"] + box["right"]) / 2)]
            if box["bottom"] > 290 or len(column) < 20:
                continue
            half = len(column) // 2
            here, there = (column[: half - 2], column[half + 3 :])[:: 1 if upper else -1]
            painted = np.ptp(here, axis=1) > 60
            assert not (np.ptp(there, axis=1) > 60).any(), box
            seen += painted.any()
        assert seen > 5, kind


def test_a_heat_map_in_black_and_white_shows_its_numbers(traces):
    page = render(traces[2], "states", page=True)
    grey = page.replace("<head>", "<head><style>html { filter: grayscale(1) }</style>")
    pixels = paint(grey, width=600, height=300).astype(int)
    seen = 0
    for box in measure(grey, width=600, cells="td")["cells"]:
        if box["bottom"] > 290 or box["right"] > 550:
            continue
        left, right = int(box["inkLeft"]), int(box["inkRight"]) + 1
        area = pixels[int(box["inkTop"]) : int(box["inkBottom"]), left:right]
        assert np.ptp(area) > 90, box
        seen += 1
    assert seen > 20
