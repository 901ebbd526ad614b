"""What a model is shown to go on from."""

import pytest

from spacy_rnn.cli.prompts import choose_prompts

from ..helpers import ENGLISH, make_pipeline


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("the grey, an old", ["the grey", "an old"]),
        ("  one ", ["one"]),
        ("", ["I love", "Today", "He"]),
        (" , ", ["I love", "Today", "He"]),
    ],
)
def test_prompts_are_those_that_were_given_or_fit_the_language(given, expected):
    lm = make_pipeline(lang="en").get_pipe("rnn_lm")
    assert choose_prompts(lm, given) == expected


def test_a_language_without_beginnings_gives_its_frequent_words():
    lm = make_pipeline(ENGLISH, lang="xx").get_pipe("rnn_lm")
    counts = dict(lm.vocabulary.labels)
    words = choose_prompts(lm)
    assert len(words) == 3
    rest = [count for word, count in counts.items() if word.isalpha() and word not in words]
    assert min(counts[word] for word in words) >= max(rest)
