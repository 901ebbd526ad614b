"""The language in which pictures explain themselves."""

import dataclasses
import re
import string
from collections import Counter

import pytest
from spacy.tokens import Doc

from spacy_rnn import render
from spacy_rnn.rendering.wordings import WORDINGS

from ..helpers import CHINESE, ENGLISH, make_random
from .reading import Element, read

STYLES = ("surprisal", "next", "line", "embeddings", "states", "steps")
_LATIN = re.compile("[A-Za-z]+")
_HAN = re.compile("[\u4e00-\u9fff]+")
# What formulas and markup hold in any language
_SIGNS = {"p", "h", "c", "b", "W", "U", "log", "tanh", "s", "RNN", "GRU", "LSTM"}


@pytest.fixture(scope="module")
def drawn(chinese):
    """Everything that can be drawn of a Chinese pipeline: by style, what is drawn and how."""
    lm = chinese.get_pipe("rnn_lm")
    unknown = [*CHINESE[0][:3], "龘", "\n"]
    short = chinese(Doc(chinese.vocab, words=unknown, spaces=[False] * len(unknown)))
    long = chinese("".join(CHINESE * 4))
    empty = chinese("")
    deep = make_random(CHINESE, lang="zh", model={"depth": 2, "cell": "gru", "width": 20})
    traces = [lm.trace(short), deep.get_pipe("rnn_lm").trace(CHINESE[0])]
    traces.append(
        make_random(CHINESE, lang="zh", model={"cell": "rnn", "direction": "backward"})
        .get_pipe("rnn_lm")
        .trace(CHINESE[0])
    )
    words = [*lm.vocabulary.words[2:6], "龘"]
    return {
        "surprisal": [([short, long, empty], {"max_tokens": 30}), ([short], {"scale": 0.5})],
        "next": [([short, long], {})],
        "line": [([short, long], {}), (long, {}), (short, {}), (long, {"max_tokens": 9})],
        "embeddings": [(lm, {}), (lm, {"words": words})],
        "states": [
            (traces, {"max_units": 8, "max_tokens": 2}),
            (traces[0], {"value": "forget"}),
            (traces[0], {"value": "c"}),
        ],
        "steps": [(traces, {"max_units": 8, "max_tokens": 2})],
    }


def words_around(html):
    """RETURNS (str): All that a picture says beside the words of the text: its labels too."""

    def told(element):
        if element.tag in ("style", "bdi", "title") or "spacy-rnn-label" in str(element.attrs):
            return ""
        label = element.attrs.get("aria-label") or ""
        parts = [told(c) if isinstance(c, Element) else c for c in element.children]
        return " ".join([label, *parts])

    return told(read(html))


def pictures(drawn, lang):
    for style, made in drawn.items():
        for number, (given, options) in enumerate(made):
            html = render(given, style, jupyter=False, lang=lang, **options)
            yield f"{style} {number}", html


def test_both_languages_say_the_same_things():
    english, chinese = (all_texts(WORDINGS[lang]) for lang in ("en", "zh"))
    assert english.keys() == chinese.keys() and len(english) > 80
    for name, text in english.items():
        assert places_of(text) == places_of(chinese[name]), (name, text)
        assert not _HAN.search(text), text
    same = {name for name, text in english.items() if text == chinese[name]}
    assert same == {("vector_names", "c"), ("vector_names", "h")}


def all_texts(wording):
    """RETURNS (Dict): Every template of a language, by its field and its place there."""
    found = {}
    for field in dataclasses.fields(wording):
        value = getattr(wording, field.name)
        pairs = value.items() if isinstance(value, dict) else enumerate([value])
        if isinstance(value, tuple):
            pairs = enumerate(value)
        found |= {(field.name, place): text for place, text in pairs}
    return found


def places_of(template):
    return {(name, form) for _, name, form, _ in string.Formatter().parse(template) if name}


def test_a_chinese_picture_holds_no_english_and_an_english_one_no_chinese(drawn):
    for name, html in pictures(drawn, None):
        around = words_around(html)
        assert set(_LATIN.findall(around)) <= _SIGNS, (name, around)
        assert _HAN.search(around), name
    for name, html in pictures(drawn, "en"):
        # labels name lines by the beginning of their text, which stays
        assert name.startswith("line") or not _HAN.search(words_around(html)), name


def test_pictures_in_both_languages_hold_the_same_words_and_numbers(drawn):
    both = zip(pictures(drawn, "zh"), pictures(drawn, "en"), strict=True)
    for (name, chinese), (_, english) in both:
        one, other = read(chinese), read(english)
        assert [w.text for w in one.all("bdi")] == [w.text for w in other.all("bdi")], name
        assert numbers_of(chinese) == numbers_of(english), name
        assert one.one(".spacy-rnn").attrs["lang"] == "zh"
        assert other.one(".spacy-rnn").attrs["lang"] == "en"


def numbers_of(html):
    """RETURNS (Counter): All numbers, those of bars and points among them."""
    html = re.sub("<style>.*?</style>", "", html, flags=re.DOTALL)
    return Counter(re.findall(r"\d[\d.,]*\d|\d", html))


def test_the_language_is_that_of_all_that_is_drawn_or_english(chinese, trained):
    ours, theirs = chinese(CHINESE[0]), trained(ENGLISH[0])
    for given, lang in ((ours, "zh"), (ours[:2], "zh"), ([ours, ours], "zh"), (theirs, "en")):
        assert f'lang="{lang}" dir' in render(given, jupyter=False)
    for given in ([ours, theirs], []):
        assert 'lang="en" dir' in render(given, jupyter=False)
    assert 'lang="zh" dir' in render((doc for doc in [ours]), jupyter=False)
    page = render(ours, page=True, jupyter=False)
    assert '<html lang="zh">' in page
    assert '<html lang="en">' in render(ours, page=True, jupyter=False, lang="en")
    trace = chinese.get_pipe("rnn_lm").trace(CHINESE[0])
    assert "隐藏状态 h" in render(trace, "states", jupyter=False)
    assert "The hidden state h" in render(trace, "states", jupyter=False, lang="en")
    for lang in ("fr", "", 3):
        with pytest.raises(ValueError, match=r"R008.*lang.*'en', 'zh'"):
            render(ours, lang=lang)


def test_what_is_drawn_is_in_the_fixture(drawn):
    assert tuple(drawn) == STYLES
