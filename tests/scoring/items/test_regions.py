"""Where regions are in their texts."""

import re

import pytest
from hypothesis import strategies as st

from spacy_rnn.scoring.items.regions import find_all, find_regions, join_words

from ...hostile import TEXTS, fuzz
from .rows import make_rows, options_of, row_of


def spans_of(found):
    return [(region.start, region.end) for region in found.regions]


def find(values, **options):
    found = find_regions(0, row_of(**values), options_of(**options))
    return [found.text[start:end] for start, end in spans_of(found)]


def test_without_a_region_it_is_the_whole_text():
    assert find({"text": "the cat ."}) == ["the cat ."]
    assert find({"text": ""}) == [""]


@pytest.mark.parametrize("region", ["(a+)*", "[x", "\\d", "c.t", "$", "^the", "a|b", "?"])
def test_signs_of_regular_expressions_are_characters(region):
    text = f"the cat {region} 5 aab"
    assert find({"text": text, "r": region}, region="r") == [region]
    assert find_all(text, region) == [8]
    with pytest.raises(ValueError, match=r"R719.*isn't in the text"):
        find({"text": "the cat 5 aab", "r": region}, region="r")


def test_a_word_counts_before_the_same_letters_within_another_one():
    assert find_all("the heat he felt", "he") == [9]
    assert find_all("the heat", "he") == [1, 4]
    assert find_all("can't can", "can") == [0, 6]
    assert find_all("naïve na", "na") == [6]


def test_a_mark_belongs_to_the_character_before_it():
    """An accent that is a character of its own, and vowel signs: no word ends before them."""
    assert find_all("cafe\u0301 cafe", "cafe") == [6]
    assert find_all("cafe\u0301s cafe\u0301", "cafe\u0301") == [7]
    assert find_all("e\u0301te\u0301 te", "te") == [6]
    assert find_all("\u0915\u093e \u0915", "\u0915") == [3]
    assert find_all("\u0915\u093e\u0932 \u0915\u093e", "\u0915\u093e") == [4]


def test_scripts_without_spaces_have_no_inside_of_words():
    assert find_all("北京人爱北京", "北京") == [0, 4]
    assert find_all("x北京", "北京") == [1]


def test_places_that_overlap_are_several():
    assert find_all("aaa", "aa") == [0, 1]


@fuzz(300, text=TEXTS, part=st.text(min_size=1, max_size=2))
def test_what_is_found_is_what_a_plain_pattern_finds(text, part):
    every = [found.start() for found in re.finditer(f"(?={re.escape(part)})", text)]
    found = find_all(text, part)
    assert set(found) <= set(every)
    assert bool(found) == bool(every)
    assert all(text.startswith(part, place) for place in found)


def test_the_occurrence_is_a_number_or_a_column():
    row = {"text": "the cat and the dog", "r": "the", "n": "2"}
    with pytest.raises(ValueError, match=r"R720.*row 1, column 'r'.*2 times.*occurrence"):
        find(row, region="r")
    for occurrence, place in ((1, 0), (2, 12), ("n", 12)):
        options = options_of(region="r", occurrence=occurrence)
        assert spans_of(find_regions(0, row_of(**row), options)) == [(place, place + 3)]
    with pytest.raises(ValueError, match=r"R721.*no occurrence 3"):
        find(row, region="r", occurrence=3)
    assert find({"text": "a dog", "r": "dog", "n": ""}, region="r", occurrence="n") == ["dog"]


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_a_row_without_a_region_has_none(empty):
    assert find({"text": "a filler", "r": empty}, region="r") == [""]
    assert find({"text": "a filler", "a": empty or "", "b": ""}, start="a", end="b") == [""]


def test_offsets_are_characters_of_the_text():
    assert find({"text": "😀 的 cat", "a": 4, "b": "7"}, start="a", end="b") == ["cat"]
    for a, b, column in ((-1, 2, "a"), (2, 2, "b"), (3, 1, "b"), (0, 8, "b"), (7, 8, "a")):
        with pytest.raises(ValueError, match=rf"R722.*row 1, column '{column}'.*7 characters"):
            find({"text": "😀 的 cat", "a": a, "b": b}, start="a", end="b")
    with pytest.raises(ValueError, match=r"R769.*column 'a'"):
        find({"text": "cat", "a": "one", "b": 2}, start="a", end="b")


@pytest.mark.parametrize(
    ("marked", "text", "regions"),
    [
        (
            "The horse | raced past | fell",
            "The horse raced past fell",
            ["The horse", "raced past", "fell"],
        ),
        ("The horse| raced |past", "The horse raced past", ["The horse", "raced", "past"]),
        ("我|爱|北京", "我爱北京", ["我", "爱", "北京"]),
        ("un|happy", "unhappy", ["un", "happy"]),
        ("a || b", "a b", ["a", "", "b"]),
        ("a| |b", "a b", ["a", "", "b"]),
        ("| a |", "a", ["", "a", ""]),
        ("a", "a", ["a"]),
        ("", "", [""]),
    ],
)
def test_delimiters_leave_the_text_and_its_spaces(marked, text, regions):
    found = find_regions(0, row_of(text=marked), options_of(delimiter="|"))
    assert found.text == text
    assert [text[region.start : region.end] for region in found.regions] == regions
    assert [region.number for region in found.regions] == [*range(1, len(regions) + 1)]


def test_a_delimiter_is_no_pattern_and_may_be_long():
    assert find({"text": "a .* b"}, delimiter=".*") == ["a", "b"]
    found = find_regions(0, row_of(text="我 | 爱"), options_of(delimiter="|", join=""))
    assert found.text == "我爱"


@fuzz(300, text=TEXTS, delimiter=st.sampled_from(["|", "/", "||", "的"]))
def test_every_region_between_delimiters_is_in_the_text(text, delimiter):
    found = find_regions(0, row_of(text=text), options_of(delimiter=delimiter))
    parts = [found.text[region.start : region.end] for region in found.regions]
    assert parts == [part.strip() for part in text.split(delimiter)]
    assert "".join(found.text.split()) == "".join("".join(text.split(delimiter)).split())


def test_words_are_joined_by_one_space_or_what_is_given():
    rows = [*enumerate(make_rows([{"word": w} for w in ("The", " old ", "", "cat.")]))]
    found = join_words(rows, options_of(rows="words", group=("g",)))
    assert found.text == "The old cat."
    assert [found.text[a:b] for a, b in spans_of(found)] == ["The", "old", "", "cat."]
    assert join_words(rows, options_of(rows="words", group=("g",), join="")).text == "Theoldcat."
    assert (
        join_words(rows, options_of(rows="words", group=("g",), unspaced=True)).text == "Theoldcat."
    )
    assert [region.row for region in found.regions] == [0, 1, 2, 3]


def test_a_text_that_is_no_string_is_an_error_with_its_place():
    for value in (None, 3, ["a"]):
        with pytest.raises(ValueError, match=r"R768.*row 1, column 'text'"):
            find({"text": value})
    with pytest.raises(ValueError, match=r"R211.*row 1, column 'text'"):
        find({"text": "a\ud800"})
