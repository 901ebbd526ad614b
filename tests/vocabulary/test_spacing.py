"""The probability of a space, from the pair of words to the rules, and the file of it."""

import json

import pytest

from spacy_rnn.vocabulary.spacing import (
    OpenMarks,
    Spacing,
    gap_state,
    read_spacing,
    spacing_path,
)

LEARNED = Spacing(
    classes={
        ("LATIN", "-", 0): (10, 4),
        ("LATIN", "-", 1): (3, 0),
        ("LATIN", "-", 2): (7, 7),
        ("LATIN", "LATIN", 0): (40, 40),
    },
    left={("well", "-", 0): (6, 0), ("boat", "-", 0): (3, 3)},
    right={("LATIN", "not", 0): (5, 0)},
    pairs={("boat", "-", 0): (2, 1), ("naïve", "猫", 2): (7, 0)},
)


@pytest.mark.parametrize("rule", [True, False])
def test_estimates_back_off_from_words_to_classes_to_rules(rule):
    p_rule = 0.95 if rule else 0.05
    p_mark = (4 + p_rule) / (13 + 1)
    p_class = (4 + 2 * p_mark) / (10 + 2)
    # nothing is known of the word
    assert LEARNED.probability("old", "-", 0, rule) == pytest.approx(p_class)
    p_left = (0 + 2 * p_class) / (6 + 2)
    assert LEARNED.probability("well", "-", 0, rule) == pytest.approx((p_left + p_class) / 2)
    p_left = (3 + 2 * p_class) / (3 + 2)
    expected = (1 + 2 * (p_left + p_class) / 2) / (2 + 2)
    assert LEARNED.probability("boat", "-", 0, rule) == pytest.approx(expected)
    p_class = (40 + 2 * (40 + p_rule) / 41) / 42
    expected = (p_class + 2 * p_class / 7) / 2
    assert LEARNED.probability("can", "not", 0, rule) == pytest.approx(expected)
    assert LEARNED.probability("can", "be", 0, rule) == pytest.approx(p_class)
    # the word isn't known in this state, nor is the class
    p_mark = (7 + p_rule) / (7 + 1)
    assert LEARNED.probability("well", "-", 3, rule) == pytest.approx(p_mark)
    assert LEARNED.probability("well", "!", 1, rule) == pytest.approx(p_rule)
    assert Spacing().probability("well", "-", 0, rule) == pytest.approx(p_rule)


def test_one_gap_in_the_text_outweighs_a_rule():
    for spaces, rule in ((0, True), (1, False)):
        spacing = Spacing(classes={("HANGUL", "HANGUL", 0): (1, spaces)})
        assert (spacing.probability("나는", "학교에", 0, rule) > 0.5) == spaces


def test_a_state_says_what_stands_before_a_sign_and_which_marks_are_open():
    marks = OpenMarks()
    assert gap_state("word", ",", True, marks) == 0
    assert gap_state("-", "word", True, marks) == 1
    assert gap_state("-", "word", False, marks) == 0
    marks.read('"', True, False, "word")  # it opens
    assert gap_state("word", '"', True, marks) == 2
    assert gap_state("word", "'", True, marks) == 0
    assert gap_state('"', "word", True, marks) == 3
    marks.read('"', False, True, "word")  # it closes
    assert gap_state("word", '"', True, marks) == 0
    marks.read('"', False, False, "word")  # as in ("word")
    assert marks.is_open('"')
    marks.read('"', False, False, ")")
    assert not marks.is_open('"')
    marks.read('"', True, False, "word")
    marks.read("\n", False, False, "word")  # a paragraph ends what is open
    assert not marks.is_open('"')


def test_bytes_hold_everything():
    data = LEARNED.to_bytes()
    assert Spacing.from_bytes(data) == LEARNED
    assert json.loads(data)["left"] == [["boat", "-", 0, 3, 3], ["well", "-", 0, 6, 0]]
    assert Spacing.from_bytes(Spacing().to_bytes()) == Spacing()
    # the order in which it was learned doesn't show
    other = Spacing(LEARNED.classes, dict(reversed(LEARNED.left.items())), LEARNED.right)
    other.pairs = LEARNED.pairs
    assert other.to_bytes() == data


def changed(**levels):
    message = json.loads(LEARNED.to_bytes())
    message.update(levels)
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"{}",
        b"[]",
        b"[" * 100_000,
        LEARNED.to_bytes()[:-10],
        LEARNED.to_bytes().replace(b"40", b"41", 1),
        changed(left=None),
        changed(left=[["well", "-", 0, 6]]),
        changed(left=[["well", "-", 4, 6, 0]]),
        changed(left=[["well", "-", 0, 6, 7]]),
        changed(left=[["well", "-", 0, 6.0, 1]]),
        changed(left=[["well", "-", True, 6, 0]]),
        changed(left=[["well", 7, 0, 6, 0]]),
        changed(left=[["well", [], 0, 6, 0]]),
        changed(left=[{}]),
        changed(left=[]),
        changed(checksum="1"),
        changed(more=[]),
    ],
    ids=range(19),
)
def test_damaged_bytes_are_a_clear_error(data, tmp_path):
    with pytest.raises(ValueError, match="R360"):
        Spacing.from_bytes(data)
    path = tmp_path / "words.spacing.json"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"R361.*words\.spacing\.json"):
        read_spacing(path)


def test_no_file_is_nothing_learned(tmp_path):
    assert read_spacing(tmp_path / "none") == Spacing()
    with pytest.raises(ValueError, match="R361"):
        read_spacing(tmp_path)
    assert spacing_path("a.b/words.json").name == "words.spacing.json"
