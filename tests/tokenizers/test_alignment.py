"""White space is divided as spaCy's own tokenizer divides it."""

import sys

import spacy
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.tokenizers.alignment import words_and_spaces

WHITE_SPACE = [c for c in map(chr, range(sys.maxunicode + 1)) if c.isspace()]
SPACY = spacy.blank("xx")


def as_one_word(text):
    return [text]


def as_spacy_divides(text):
    doc = SPACY(text)
    return [token.text for token in doc], [bool(token.whitespace_) for token in doc]


def test_single_space_belongs_to_the_word_before_it():
    assert words_and_spaces("我 爱 ", as_one_word) == (["我", "爱"], [True, True])


def test_rest_of_a_run_is_one_token():
    assert words_and_spaces("我  \n 爱", as_one_word) == (
        ["我", " \n ", "爱"],
        [True, False, False],
    )


def test_run_that_starts_with_another_character_is_one_token():
    assert words_and_spaces("我\r\n 爱", as_one_word) == (["我", "\r\n ", "爱"], [False] * 3)
    assert words_and_spaces("我\u3000爱", as_one_word) == (["我", "\u3000", "爱"], [False] * 3)


def test_leading_space_is_a_token():
    assert words_and_spaces(" 我", as_one_word) == ([" ", "我"], [False, False])


def test_text_without_words():
    assert words_and_spaces("", as_one_word) == ([], [])
    assert words_and_spaces(" ", as_one_word) == ([" "], [False])


@given(st.text(st.sampled_from(["我", "a", " ", *WHITE_SPACE])))
def test_divided_as_by_spacy(text):
    assert words_and_spaces(text, as_one_word) == as_spacy_divides(text)


def test_every_white_space_character_is_seen():
    for character in WHITE_SPACE:
        text = f"我{character}你"
        assert words_and_spaces(text, as_one_word) == as_spacy_divides(text)


def test_segmenter_never_gets_white_space():
    pieces = []

    def cut(text):
        pieces.append(text)
        return list(text)

    words_and_spaces("我 爱\t\u3000你\n", cut)
    assert pieces == ["我", "爱", "你"]
