"""The classes of words, which unseen words share with those that were seen."""

import pytest

from spacy_rnn.vocabulary.word_classes import classes_of

NONE, BOTH = (False, False), (True, True)


@pytest.mark.parametrize(
    ("word", "first", "last", "signs"),
    [
        ("harbour", "LATIN", "LATIN", NONE),
        ("гавань", "CYRILLIC", "CYRILLIC", NONE),
        ("학교에", "HANGUL", "HANGUL", NONE),
        ("渡船", "CJK", "CJK", NONE),
        ("ميناء", "ARABIC", "ARABIC", NONE),
        ("नाव", "DEVANAGARI", "DEVANAGARI", NONE),
        ("été", "LATIN", "LATIN", NONE),
        ("e\u0301te\u0301", "LATIN", "LATIN", NONE),  # with accents of their own
        ("ab\u200d", "LATIN", "LATIN", NONE),
        ("1984", "digit", "digit", NONE),
        ("١٢", "ARABIC-INDIC digit", "ARABIC-INDIC digit", NONE),
        ("7th", "digit", "LATIN", NONE),
        ("can't", "LATIN", "LATIN", NONE),
        ("n't", "clitic", "LATIN", NONE),
        ("d'", "LATIN", "'+", (False, True)),
        ("'s", "clitic", "LATIN", (True, False)),
        ("'tis", "'+", "LATIN", (True, False)),
        ("Mr.", "LATIN", ".+", (False, True)),
        (",", ",", ",", BOTH),
        ("،", "،", "،", BOTH),
        ("।", "।", "।", BOTH),
        ("„", "„", "„", BOTH),
        ("...", "..", "..", BOTH),
        ("--", "--", "--", BOTH),
        ("?!", "?+", "!+", BOTH),
        ("€", "€", "€", BOTH),
        ("^", "^", "^", BOTH),
        ("😀", "So", "So", BOTH),
        ("😀🎉", "So", "So", BOTH),
        ("❤️", "So", "So", BOTH),  # with a variation selector
        ("👍🏽", "So", "So", BOTH),  # with the colour of a skin
        ("\n", "space", "space", NONE),
        (" \t\u3000", "space", "space", NONE),
        ("\u0301", "mark", "mark", NONE),
        ("", "mark", "mark", NONE),
    ],
)
def test_a_word_has_the_classes_of_its_two_ends(word, first, last, signs):
    assert classes_of(word) == (first, last, *signs)
