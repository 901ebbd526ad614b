"""Pairs are counted: by hand here."""

from spacy_rnn.pipeline.sentence_scores import SentenceScores
from spacy_rnn.scoring.pairs.accuracies import PairAccuracies
from spacy_rnn.scoring.pairs.intervals import wilson_interval
from spacy_rnn.scoring.pairs.pair_rows import Pair
from spacy_rnn.scoring.pairs.pair_scorer import ScoredPair, SentenceNumbers
from spacy_rnn.scoring.rows.row_places import RowPlace


def scored(groups, good, bad, *, unknown=(0, 0), texts=("a b", "a c")):
    """good, bad: log p, mean, PenLP and SLOR."""
    pair = Pair(RowPlace(None, 1), {}, *texts, groups)
    sides = [
        SentenceNumbers(4, count, SentenceScores(*numbers[:3], 0.0, numbers[3]))
        for numbers, count in zip((good, bad), unknown, strict=True)
    ]
    return ScoredPair(pair, *sides)


LOW, HIGH = (-20.0, -5.0, -15.0, -1.0), (-16.0, -4.0, -12.0, -0.5)
# log p and SLOR speak against each other
MIXED = (-18.0, -4.5, -14.0, -2.0)
PAIRS = [
    scored({"paradigm": "one", "field": "syntax"}, HIGH, LOW),
    scored({"paradigm": "one", "field": "syntax"}, MIXED, LOW, unknown=(0, 1)),
    scored({"paradigm": "one", "field": "syntax"}, LOW, HIGH, unknown=(2, 2)),
    scored({"paradigm": "two", "field": "syntax"}, LOW, LOW, texts=("a b", "a b")),
    scored({"paradigm": "three"}, HIGH, LOW, unknown=(1, 0)),
]


def counted():
    found = PairAccuracies()
    for pair in PAIRS:
        found.add(pair)
    return found


def numbers_of(tally):
    return tally.correct, tally.wrong, tally.ties


def test_results_are_counted_for_each_group_and_measure():
    found = counted()
    assert numbers_of(found.every["lp"].every) == (3, 1, 1)
    assert numbers_of(found.every["slor"].every) == (2, 2, 1)
    assert [*found.groups] == ["paradigm", "field"]
    one = found.groups["paradigm"]["one"]
    assert one.pairs == 3
    assert numbers_of(one["pen_lp"].every) == (2, 1, 0)
    assert numbers_of(one["slor"].every) == (1, 2, 0)
    assert numbers_of(found.groups["paradigm"]["two"]["lp"].every) == (0, 0, 1)
    assert numbers_of(found.groups["field"]["syntax"]["lp"].every) == (2, 1, 1)


def test_pairs_with_different_numbers_of_unknown_words_are_counted_apart():
    every = counted().every["lp"]
    assert numbers_of(every.equal_unknown) == (1, 1, 1)
    assert numbers_of(every.different_unknown) == (2, 0, 0)


def test_how_often_the_sentence_with_fewer_unknown_words_wins_is_counted():
    """Whichever of the two is acceptable."""
    every = counted().every
    assert numbers_of(every["lp"].fewer_unknown) == (1, 1, 0)
    assert numbers_of(every["slor"].fewer_unknown) == (0, 2, 0)
    assert counted().to_dict()["all"]["lp"]["fewer_unknown"]["accuracy"] == 1 / 2


def test_a_tie_is_not_correct():
    found = counted()
    assert found.every["lp"].every.accuracy == 3 / 5
    assert found.every["lp"].every.interval == wilson_interval(3, 5)
    assert found.groups["paradigm"]["two"]["lp"].every.accuracy == 0
    assert found.equal_sentences == 1


def test_the_mean_of_paradigms_has_each_of_them_once():
    found = counted()
    assert found.mean("paradigm", "lp") == (2 / 3 + 0 + 1) / 3
    assert found.mean("paradigm", "slor") == (1 / 3 + 0 + 1) / 3
    assert found.mean("field", "lp") == 2 / 4
    assert found.mean("phenomenon", "lp") is None


def test_rounding_makes_no_difference_and_a_small_one_does():
    for shift, expected in ((1e-7, "tie"), (1e-3, "correct"), (-1e-3, "wrong")):
        pair = scored({}, (LOW[0] + shift, *LOW[1:]), LOW)
        assert pair.result("lp") == expected
        assert pair.result("slor") == "tie"


def test_the_report_has_every_count():
    report = counted().to_dict()
    assert report["all"]["lp"]["different_unknown"] == {
        "pairs": 2,
        "correct": 2,
        "ties": 0,
        "accuracy": 1.0,
        "interval": [*wilson_interval(2, 2)],
    }
    groups = {(group["by"], group["name"]): group for group in report["groups"]}
    assert {name for _, name in groups} == {"one", "two", "three", "syntax"}
    assert groups["field", "syntax"]["slor"]["correct"] == 1
    assert report["means"]["paradigm"]["lp"] == counted().mean("paradigm", "lp")
    empty = groups["paradigm", "three"]["lp"]["equal_unknown"]
    assert empty["accuracy"] is None and empty["interval"] is None
