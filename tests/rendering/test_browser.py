"""Pictures as a browser lays them out and paints them."""

import re
from itertools import pairwise

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_rnn import render

from ..helpers import CHINESE, ENGLISH
from .browser import BROWSER, DARK, NAMES, contrast, measure, paint
from .survey import survey
from .test_surprisal import bits_of, make_doc

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        BROWSER is None, reason=f"no browser on the PATH (looked for {', '.join(NAMES)})"
    ),
]

PARTS = {
    "words": ".spacy-rnn-token .spacy-rnn-word",
    "numbers": ".spacy-rnn-token .spacy-rnn-number",
    "text": ".spacy-rnn :is(.spacy-rnn-word, .spacy-rnn-number, .spacy-rnn-legend, "
    ".spacy-rnn-sums, .spacy-rnn-note, .spacy-rnn-edge, .spacy-rnn-hit)",
}
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnungsentwurf" * 2
HOSTILE = [
    "<script>window.hacked=1</script>",
    "</style><script>window.hacked=1</script>",
    "<img/src=x/onerror=window.hacked=1>",
    '"><svg/onload=window.hacked=1>',
    "<!--",
    "--></ruby></table></div>",
    "\u202e",
]


@pytest.fixture(scope="module")
def docs(trained, chinese):
    return [
        trained(f"{ENGLISH[0]}\nHe didn't (really) forget {LONG}, did he?"),
        chinese("".join(CHINESE[:6])),
    ]


@pytest.fixture(params=["surprisal", "next"])
def style(request):
    return request.param


@pytest.mark.parametrize("width", [400, 1200])
def test_nothing_is_wider_than_the_page(docs, style, width):
    page = render(docs, style, page=True, max_tokens=25)
    found = measure(page, width=width, **PARTS, cells="li, td, th, .spacy-rnn-group")
    assert found["overflow"] <= 0
    for box in [*found["text"], *found["cells"]]:
        assert box["inkLeft"] >= -0.5 and box["inkRight"] <= width + 0.5, box
        assert box["inkRight"] <= box["right"] + 1, box


@pytest.mark.parametrize("width", [400, 1200])
def test_a_number_stands_below_its_own_word_and_no_other(docs, width):
    found = measure(render(docs, page=True), width=width, **PARTS)
    words, numbers = found["words"], found["numbers"]
    assert [n["text"].rstrip("?") for n in numbers] == [b for doc in docs for b in bits_of(doc)]
    for word, number in zip(words, numbers, strict=True):
        assert number["inkTop"] >= word["inkBottom"] - 3
        assert number["inkTop"] - word["inkBottom"] < 8
        middle = (number["inkLeft"] + number["inkRight"]) / 2
        assert middle == pytest.approx((word["left"] + word["right"]) / 2, abs=1)
        assert number["inkLeft"] >= word["left"] - 3 and number["inkRight"] <= word["right"] + 3
    for one, other in pairwise(numbers):
        assert other["inkTop"] > one["inkTop"] + 5 or other["inkLeft"] >= one["inkRight"] + 1


def test_no_bar_crosses_a_word(docs):
    for word in measure(render(docs, page=True), **PARTS)["words"]:
        assert word["inkTop"] >= word["top"] + 28, word
    items = measure(
        render(docs, "next", page=True, lang="en"), words="li .spacy-rnn-word", items="li"
    )
    bottoms = iter(items["words"])
    for item in items["items"]:
        if " of text" not in item["text"]:
            assert next(bottoms)["inkBottom"] <= item["bottom"] - 2 - 5


SURROUNDINGS = {
    "light": ("", ()),
    "dark": ("", (DARK,)),
    "light notebook, dark system": ('<body data-jp-theme-light="true">', (DARK,)),
    "dark notebook": ('<body data-jp-theme-light="false" style="background:#111;color:#eee">', ()),
}


@pytest.mark.parametrize("surroundings", list(SURROUNDINGS))
def test_text_can_be_read_on_light_and_dark(docs, style, surroundings):
    body, flags = SURROUNDINGS[surroundings]
    html = body + render(docs, style, max_tokens=20)
    found = measure(html, *flags, **PARTS, cards=".spacy-rnn")
    assert found["dark"] == bool(flags)
    assert len(found["text"]) > 40
    for box in found["text"]:
        assert contrast(box["colour"], box["behind"]) >= 4.5, box
    (card,) = found["cards"]
    is_dark = sum(card["behind"]) < 3 * 128
    assert is_dark == (surroundings in ("dark", "dark notebook"))


def test_words_of_a_right_to_left_text_run_from_right_to_left(trained):
    doc = make_doc(
        trained, ["זה", "machine", "learning", "עם", "12", "."], [True] * 4 + [False] * 2
    )
    words = measure(render(doc, page=True), **PARTS)["words"]
    order = [word["text"] for word in sorted(words, key=lambda word: -word["left"])]
    assert order == ["זה", "learning", "machine", "עם", "12", "."]


def test_nothing_in_a_text_runs_or_closes_anything(trained, style):
    words = [*HOSTILE, "safe"]
    doc = trained(Doc(trained.vocab, words=words))
    found = measure(
        render(doc, style, page=True), words=".spacy-rnn-word", figures=".spacy-rnn-figure"
    )
    assert found["scripts"] == 0 and not found["hacked"]
    texts = [word["text"] for word in found["words"]]
    for word in words[:-2]:
        assert word in texts
    assert "⟨U+202E⟩" in texts
    (figure,) = found["figures"]
    assert "safe" in figure["text"]


OUTSIDE = (
    "<p>a <b>word</b></p><table><tr><th>1</th><td>2</td></tr></table><ol><li>x</li></ol>"
    "<ruby>我<rt>wo</rt></ruby><figure>f</figure>"
)


def shape(boxes):
    """Of what is laid out, what doesn't depend on the place in the page."""
    kept = ("text", "colour", "behind", "display", "align", "size", "padding")
    return [
        {name: box[name] for name in kept}
        | {"width": round(box["right"] - box["left"], 1)}
        | {"height": round(box["bottom"] - box["top"], 1)}
        for box in boxes
    ]


def test_pictures_on_one_page_leave_each_other_and_the_page_alone(docs):
    first, second = render(docs[0]), render(docs[1], "next")
    selectors = {"first": "#a *", "second": "#b *", "outside": "#c *"}
    page = "<!DOCTYPE html><style>html {{ scrollbar-width: none }}</style>"
    page += '<div id="a">{}</div><div id="b">{}</div><div id="c">{}</div>'
    together = measure(page.format(first, second, OUTSIDE), **selectors)
    for name, parts in {
        "first": (first, "", ""),
        "second": ("", second, ""),
        "outside": ("", "", OUTSIDE),
    }.items():
        alone = measure(page.format(*parts), **selectors)
        assert len(alone[name]) > 5
        assert shape(together[name]) == shape(alone[name])


# how JupyterLab styles what a cell shows
NOTEBOOK = """<style>
.jp-RenderedHTMLCommon table { border-collapse: collapse; table-layout: fixed; font-size: 12px }
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th, .jp-RenderedHTMLCommon tr {
  text-align: right; padding: 9em; white-space: nowrap; vertical-align: middle }
.jp-RenderedHTMLCommon tbody tr:nth-child(odd) { background: #000 }
.jp-RenderedHTMLCommon p { margin: 3em 0 } .jp-RenderedHTMLCommon ol { padding-left: 4em }
</style><div class="jp-RenderedHTMLCommon">"""


def test_the_style_of_a_notebook_does_not_change_the_table(docs):
    html = render(docs[1], "next")
    here, there = (
        measure("<!DOCTYPE html>" + start + html, boxes=".spacy-rnn-figure *")
        for start in ("", NOTEBOOK)
    )
    for one, other in zip(here["boxes"], there["boxes"], strict=True):
        if one["display"] in ("table-cell", "block", "flex", "grid"):
            assert shape([one]) == shape([other])


def test_a_picture_in_black_and_white_shows_its_numbers(docs, style):
    page = render(docs[1], style, page=True)
    grey = page.replace("<head>", "<head><style>html { filter: grayscale(1) }</style>")
    pixels = paint(grey).astype(int)
    assert pixels.shape == (900, 1200, 3)
    assert np.ptp(pixels, axis=2).max() <= 2, "colours are left"
    numbers = measure(grey, numbers=".spacy-rnn-number")["numbers"]
    seen = [box for box in numbers if box["bottom"] <= 900]
    assert len(seen) > 20
    for box in seen:
        left, right = int(box["inkLeft"]), int(np.ceil(box["inkRight"]))
        area = pixels[int(box["inkTop"]) : int(box["inkBottom"]), left:right].reshape(-1, 3)
        levels = area[:, 0]
        # the thin strokes of small digits are blurred
        assert contrast(area[levels.argmin()], area[levels.argmax()]) >= 3, box
    if style == "surprisal":
        scale = float(re.search(r"(?:full at|满格是) (\d+)", grey)[1])
        words = measure(grey, words=PARTS["words"])["words"]
        for box, bits in zip(words, map(float, bits_of(docs[1])), strict=True):
            column = pixels[int(box["top"]) + 1 : int(box["top"]) + 28, int(box["left"]) + 3, 0]
            height = (column < 160).sum()
            assert height == pytest.approx(28 * min(1, bits / scale), abs=1.6), (box, bits)


def test_colours_differ_where_they_should(docs):
    pixels = paint(render(docs, page=True), width=600, height=500).reshape(-1, 3)
    colours = np.unique(pixels, axis=0)
    assert len(colours) > 20
    assert (colours.astype(int)[:, 2] - colours[:, 0] > 80).any(), "no blue bar"


# --- every style, in every form


def words_of(language, count):
    """So many tokens: usual ones, unknown ones, long ones, and some that look like HTML."""
    usual = " ".join(ENGLISH).split() if language == "en" else [*"".join(CHINESE)]
    odd = {3: HOSTILE[0], 7: HOSTILE[2], 11: HOSTILE[3], 13: LONG[:40], 17: "zeppelin"}
    return [odd.get(place % 1000) or usual[place % len(usual)] for place in range(count)]


@pytest.fixture(scope="module")
def texts(trained, chinese):
    """Docs by language and number of tokens."""
    found = {}
    for language, nlp in (("en", trained), ("zh", chinese)):
        for count in (1, 20, 2000):
            words = words_of(language, count)
            spaces = None if language == "en" else [False] * count
            found[language, count] = nlp(Doc(nlp.vocab, words=words, spaces=spaces))
    return found


def forms(style, texts, trained, chinese):
    """The pictures of a style: their names, their pages, and words that are in them."""
    if style == "embeddings":
        for nlp in (trained, chinese):
            lm = nlp.get_pipe("rnn_lm")
            chosen = [*lm.vocabulary.words[2:12], *HOSTILE[:3]]
            yield nlp.lang, render(lm, style, page=True), lm.vocabulary.words[2:12]
            other = "zh" if nlp.lang == "xx" else "en"
            yield f"{nlp.lang} in {other}", render(lm, style, page=True, lang=other), []
            yield f"{nlp.lang} chosen", render(lm, style, words=chosen, page=True), chosen
        return
    for (language, count), doc in texts.items():
        shown = [word for word in (HOSTILE[0], HOSTILE[2]) if word in words_of(language, count)]
        if style == "line" and count == 2000:
            shown = []  # only the most surprising are in words
        yield f"{language} {count}", render(doc, style, page=True), shown
        if count == 20:
            other = "zh" if language == "en" else "en"
            yield f"{language} in {other}", render(doc, style, page=True, lang=other), shown
    if style == "line":
        pair = [texts["en", 20], texts["zh", 2000]]
        yield "two", render(pair, style, names=["one", HOSTILE[0]], page=True), [HOSTILE[0]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("style", ["surprisal", "next", "line", "embeddings"])
def test_every_form_of_a_style_can_be_read(style, theme, texts, trained, chinese):
    made = [
        (f"{name} {width}", html, width, shown)
        for name, html, shown in forms(style, texts, trained, chinese)
        for width in (400, 1200)
        # long ones take seconds: each language in each width, once
        if "2000" not in name or (width == 400) == ((theme == "light") == ("en" in name))
    ]
    flags = (DARK,) if theme == "dark" else ()
    found = survey([(html, width) for _, html, width, _ in made], *flags)
    for (name, _, _, shown), seen in zip(made, found, strict=True):
        assert seen["dark"] == (theme == "dark")
        assert seen["texts"] >= seen["closed"] > 0, name
        assert not seen["overlaps"], (name, len(seen["overlaps"]), seen["overlaps"][:5])
        assert not seen["outside"] and seen["overflow"] <= 0, (name, seen["outside"][:5])
        for colour, behind, example in seen["colours"]:
            assert contrast(colour, behind) >= 4.5, (name, colour, behind, example)
        for colour, behind, example in seen["marks"]:
            assert contrast(colour, behind) >= 3, (name, colour, behind, example)
        assert seen["scripts"] == 0 and not seen["hacked"] and not seen["handlers"], name
        assert set(shown) <= set(seen["words"]), name
