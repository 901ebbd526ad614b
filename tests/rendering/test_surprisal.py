"""The style "surprisal" says what the arrays say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_rnn import LMOutput, render

from ..helpers import CHINESE, ENGLISH, make_random
from .reading import read, words_and_numbers

EN = "The baker doesn't paint <b>two</b> \"pears\" & 'zeppelins'."


def bits_of(doc):
    return [f"{-x / math.log(2):.1f}" for x in doc._.rnn_lm.log_probs.tolist()]


def make_doc(nlp, words, spaces=None, log_probs=None):
    """A Doc with numbers of our own."""
    doc = Doc(nlp.vocab, words=words, spaces=spaces)
    offsets = np.array([token.idx for token in doc], dtype=np.int32)
    log_probs = np.array(log_probs or [-1.0] * len(doc), dtype=np.float32)
    doc.user_data["._.", "rnn_lm", None, None] = LMOutput(
        offsets, log_probs=log_probs, end_log_prob=-1.0
    )
    return doc


def draw(docs, **options):
    return read(render(docs, "surprisal", jupyter=False, **options))


@pytest.mark.parametrize("language", ["trained", "chinese"])
def test_every_token_stands_with_its_number(language, request):
    nlp = request.getfixturevalue(language)
    doc = nlp(EN if language == "trained" else "".join(CHINESE[:2]) + "你<好>")
    words, numbers = words_and_numbers(draw(doc))
    assert words == [token.text for token in doc]
    knows = nlp.get_pipe("rnn_lm").vocabulary.knows
    marks = ["" if knows(token) else "?" for token in doc]
    assert numbers == [bits + mark for bits, mark in zip(bits_of(doc), marks, strict=True)]


def test_the_text_reads_on_as_it_was_written(chinese):
    for nlp, text in ((make_random(lang="en"), EN), (chinese, "猫看着雨。狗 追云!")):
        paragraph = draw(nlp(text)).one(".spacy-rnn-text")
        for number in paragraph.all("rt"):
            number.children = []
        assert paragraph.text.rstrip() == text
        assert paragraph.attrs["lang"] == nlp.lang


def test_a_bar_is_as_high_as_the_number_up_to_the_scale(trained):
    doc = make_doc(trained, ["a", "b", "c"], log_probs=[-x * math.log(2) for x in (0, 4, 20)])
    for scale, expected in ((16.0, ["0%", "25%", "100%"]), (40.0, ["0%", "10%", "50%"])):
        root = draw(doc, scale=scale)
        styles = [ruby.attrs["style"] for ruby in root.all("ruby")]
        assert styles == [f"--spacy-rnn-level:{level}" for level in expected]
        assert f"{scale:g} bits" in root.one(".spacy-rnn-legend").text


@pytest.mark.parametrize(
    ("bits", "full", "levels"),
    [
        ((4, 8, 16), 16, ["25%", "50%", "100%"]),
        ((8, 20, 2), 32, ["25%", "62%", "6%"]),
        ((20, 50, 64), 64, ["31%", "78%", "100%"]),
        ((32, 64.5, 200), 64, ["50%", "100%", "100%"]),
    ],
)
def test_without_a_scale_the_bars_tell_large_numbers_apart(trained, bits, full, levels):
    doc = make_doc(trained, ["a", "b", "c"], log_probs=[-x * math.log(2) for x in bits])
    root = draw(doc)
    rubies = list(root.all("ruby"))
    assert [ruby.attrs["style"].partition(":")[2] for ruby in rubies] == levels
    legend = root.one(".spacy-rnn-legend").text
    assert f"full at {full} bits" in legend
    beyond = ["spacy-rnn-beyond" in ruby.attrs["class"] for ruby in rubies]
    assert beyond == [x > full for x in bits]
    assert ("gap" in legend) == any(beyond)


def test_pictures_of_one_call_have_one_scale(trained):
    docs = [make_doc(trained, ["a"], log_probs=[-x * math.log(2)]) for x in (4, 40)]
    levels = [ruby.attrs["style"].partition(":")[2] for ruby in draw(docs).all("ruby")]
    assert levels == ["6%", "62%"]


def test_below_stand_the_sums_of_the_document(trained):
    doc = trained(ENGLISH[3])
    log_probs = doc._.rnn_lm.log_probs.astype(float)
    bits = -log_probs.sum() / math.log(2)
    perplexity = math.exp(-(log_probs.sum() + doc._.rnn_lm.end_log_prob) / (len(doc) + 1))
    assert draw(doc).one("figcaption").text == (
        f"{len(doc)} tokens · {bits:.1f} bits · {bits / len(doc):.1f} bits a token · "
        f"perplexity {perplexity:.1f}"
    )


def test_a_span_keeps_the_numbers_of_its_document(trained):
    doc = trained(ENGLISH[3])
    root = draw(doc[2:5])
    words, numbers = words_and_numbers(root)
    assert words == [token.text for token in doc[2:5]]
    assert numbers == bits_of(doc)[2:5]
    total = -doc._.rnn_lm.log_probs[2:5].astype(float).sum() / math.log(2)
    assert root.one("figcaption").text == (
        f"3 tokens · {total:.1f} bits · {total / 3:.1f} bits a token"
    )
    assert "perplexity" in draw(Span(doc, 0, len(doc))).one("figcaption").text


def test_an_unknown_word_has_a_question_mark(trained):
    ranked = {"annotations": ["log_probs", "rank"]}
    for options in ({"model": {"speller_width": 4}}, ranked, {}, {"model": {"direction": "both"}}):
        nlp = make_random(**options)
        doc, knows = nlp("the zeppelin paints"), nlp.get_pipe("rnn_lm").vocabulary.knows
        if "annotations" in options or "speller_width" in options.get("model", {}):
            doc._.rnn_lm.unknown = None  # as it was saved before
        root = draw(doc)
        numbers = words_and_numbers(root)[1]
        assert [number.endswith("?") for number in numbers] == [not knows(t) for t in doc]
        assert "question mark" in root.one(".spacy-rnn-legend").text
    legend = draw(trained(ENGLISH[0])).one(".spacy-rnn-legend").text
    assert "question mark" not in legend


def test_large_figures_are_written_with_a_power_of_ten(trained):
    doc = make_doc(trained, ["a", "b"], log_probs=[-60.0, -57.0])
    assert doc._.rnn_perplexity == pytest.approx(math.exp(118 / 3))
    mantissa, power = f"{math.exp(118 / 3):.1e}".split("e+")
    assert power == "17"
    assert draw(doc).one("figcaption").text.endswith(f"perplexity {mantissa} × 10¹⁷")


def test_marks_stand_after_the_number(trained):
    doc = trained("the zeppelin")
    knows = trained.get_pipe("rnn_lm").vocabulary.knows
    root = draw(doc, marks=lambda token: "" if knows(token) else "<?>")
    assert words_and_numbers(root)[1] == [bits_of(doc)[0], bits_of(doc)[1] + "<?>"]


def test_a_cut_says_how_many_tokens_are_left_out(trained):
    doc = trained(" ".join(ENGLISH))
    root = draw(doc, max_tokens=7)
    assert words_and_numbers(root)[0] == [token.text for token in doc[:7]]
    note = root.one(".spacy-rnn-note").text
    assert f"{len(doc) - 7:,} of {len(doc):,} tokens" in note
    assert f"{doc._.rnn_surprisal:,.1f} bits" in root.one("figcaption").text
    for whole in (len(doc), None):
        assert not list(draw(doc, max_tokens=whole).all(".spacy-rnn-note"))
    assert "3 of 5 tokens" in draw(doc[4:9], max_tokens=2).one(".spacy-rnn-note").text


def test_numbers_that_are_none_are_shown_as_such(trained):
    values = [-math.inf, math.nan, 0.0, 1e-8]
    doc = make_doc(trained, ["a", "b", "c", "d"], log_probs=values)
    root = draw(doc)
    assert words_and_numbers(root)[1] == ["∞", "nan", "0.0", "0.0"]
    levels = [ruby.attrs["style"].partition(":")[2] for ruby in root.all("ruby")]
    assert levels == ["100%", "0%", "0%", "0%"]


def test_an_empty_document_is_a_picture_too(trained):
    root = draw([trained(""), trained("the")[0:0]])
    assert [caption.text for caption in root.all("figcaption")][1] == "0 tokens · 0.0 bits"
    assert list(root.all("ruby")) == []


def test_the_backward_direction_has_its_own_numbers():
    doc = make_random(model={"direction": "both"})(ENGLISH[0])
    backward = doc._.rnn_lm.backward
    root = draw(doc, direction="backward")
    expected = [f"{-x / math.log(2):.1f}" for x in backward.log_probs.tolist()]
    assert words_and_numbers(root)[1] == expected != bits_of(doc)
    assert f"perplexity {backward.perplexity:,.1f}" in root.one("figcaption").text
    assert "after it" in root.one(".spacy-rnn-legend").text


@pytest.mark.parametrize(
    ("has", "asked"), [("forward", "backward"), ("backward", "forward")], ids=str
)
def test_numbers_of_one_direction_are_not_drawn_as_those_of_the_other(has, asked):
    doc = make_random(model={"direction": has})(ENGLISH[0])
    with pytest.raises(ValueError, match=f"R404.*{has}"):
        draw(doc, direction=asked)
    copied = doc.copy()
    assert copied._.rnn_lm.reverse == (has == "backward")


# --- white space, signs, directions


def test_white_space_is_visible_and_a_line_end_ends_the_line(trained):
    doc = make_doc(trained, ["a", " ", "b", "\n", "c", "\t", "\r\n\n", "\u3000"])
    root = draw(doc)
    assert words_and_numbers(root)[0] == ["a", "␣", "b", "↵", "c", "⇥", "␍↵↵", "␣"]
    assert len(list(root.all("br"))) == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1b", "a␀b␛"),
        ("\u202eabc", "⟨U+202E⟩abc"),
        ("a\u2069\u2066b", "a⟨U+2069⟩⟨U+2066⟩b"),
        ("a\u200bb\ufeff", "a⟨U+200B⟩b⟨U+FEFF⟩"),
        ("a\x85b", "a⟨U+0085⟩b"),
        ("👩‍🚀می\u200cخواهم", "👩‍🚀می\u200cخواهم"),
    ],
)
def test_invisible_characters_have_a_sign(trained, text, shown):
    assert words_and_numbers(draw(make_doc(trained, [text])))[0] == [shown]


def direction_of(root):
    return root.one(".spacy-rnn-text").attrs["dir"]


def test_the_direction_is_that_of_the_first_letter(trained):
    for words, expected in (
        (["the", "שלום"], "ltr"),
        (["12", "(", "שלום", "the"], "rtl"),
        (["سلام"], "rtl"),
        (["我"], "ltr"),
        (["1"], "ltr"),
    ):
        assert direction_of(draw(make_doc(trained, words))) == expected


def test_words_of_the_other_direction_stay_in_their_order(trained):
    words = ["זה", "machine", "-", "learning", ",", "עם", "12"]
    root = draw(make_doc(trained, words))
    runs = [run for run in root.all("bdi") if run.attrs.get("dir")]
    assert [run.attrs["dir"] for run in runs] == ["ltr"]
    assert words_and_numbers(runs[0])[0] == ["machine", "-", "learning"]
    assert words_and_numbers(root)[0] == words


def test_a_line_breaks_where_the_script_allows_it(trained):
    def groups(words, spaces=None):
        root = draw(make_doc(trained, words, spaces))
        return [words_and_numbers(group)[0] for group in root.all(".spacy-rnn-group")]

    english = ["do", "n't", "(", "go", ")", "."]
    assert groups(english, [False, True, False, False, False, False]) == [
        ["do", "n't"],
        ["(", "go", ")", "."],
    ]
    chinese = ["他", "说", "：", "“", "好", "。", "”", "我"]
    assert groups(chinese, [False] * 8) == [
        ["他"],
        ["说", "："],
        ["“", "好", "。", "”"],
        ["我"],
    ]


# --- any text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
HOSTILE = st.sampled_from(
    ["<script>x</script>", "</style>", "</ruby>", '"', "'", "&lt;", "<!--", "-->", "]]>", "\u202e"]
)


def plain(text):
    """What is shown of a word, if that is the word."""
    return not any(c.isspace() or not c.isprintable() for c in text)


@settings(max_examples=150, deadline=None)
@given(words=st.lists(st.one_of(TEXT, HOSTILE).filter(bool), max_size=8), data=st.data())
def test_any_text_comes_out_as_it_went_in(trained, words, data):
    spaces = data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    doc = make_doc(trained, words, spaces)
    root = draw(doc, page=data.draw(st.booleans()))
    shown, numbers = words_and_numbers(root)
    assert len(shown) == len(words) == len(numbers)
    for word, sign in zip(words, shown, strict=True):
        assert sign == word if plain(word) else sign
        # nothing invisible is left but what joins and divides letters
        assert plain(word) or not set(sign) & {"\n", "\r", "\t", "\x00", "\u202e", "\u2069"}
    assert "style" not in {e.tag for e in root.one(".spacy-rnn-text").walk()} if words else True


def test_white_space_that_is_not_read_has_no_number():
    nlp = make_random(model={"white_space": "skip"})
    doc = nlp("the  baker \n paints")
    root = draw(doc)
    words, numbers = words_and_numbers(root)
    assert words == ["the", "␣", "baker", "↵␣", "paints"]
    read_bits = [
        number for number, token in zip(bits_of(doc), doc, strict=True) if not token.is_space
    ]
    assert numbers == [read_bits[0], "", read_bits[1], "", read_bits[2]]
    sums = root.one("figcaption").text
    assert sums.startswith("3 tokens")
    assert f"{doc._.rnn_surprisal / 3:.1f} bits a token" in sums
