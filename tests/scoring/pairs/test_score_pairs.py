"""`spacy_rnn.score_pairs`: pairs of a small model, against `nlp(text)` and the formulas."""

import math

import pytest

import spacy_rnn
from spacy_rnn.scoring.pairs.pair_scorer import PAIR_MEASURES, RECORD_NAMES

from ...helpers import CHINESE, ENGLISH, make_random
from ...pipeline.reference import words_of
from ...pipeline.test_sentence_scores import FEW, written_out

ROWS = [
    {"sentence_good": ENGLISH[5], "sentence_bad": "boat old an watches cat grey the .", "UID": "a"},
    {"sentence_good": "the harbour watches", "sentence_bad": "the zeppelin watches", "UID": "a"},
    {"sentence_good": "the harbour", "sentence_bad": "the harbour .", "UID": "b"},
    {"sentence_good": "zeppelin zeppelin", "sentence_bad": "the grey cat", "UID": "b"},
]


def scored(nlp, rows, **options):
    records = []
    found = spacy_rnn.score_pairs(nlp, rows, on_record=records.append, **options)
    return found, records


@pytest.mark.parametrize("end", [False, True])
@pytest.mark.parametrize("model", [{}, {"speller_width": 4}, {"cutoffs": [3]}], ids=str)
def test_measures_of_pairs_are_the_formulas(model, end):
    nlp = make_random(model=model, **FEW)
    lm = nlp.get_pipe("rnn_lm")
    found, records = scored(nlp, ROWS, end=end, batch_size=3)
    correct = dict.fromkeys(PAIR_MEASURES, 0)
    for row, record in zip(ROWS, records, strict=True):
        assert {name: record[name] for name in row} == row
        sides = {}
        for side in ("good", "bad"):
            words = words_of(nlp(row[f"sentence_{side}"]))
            lp, mean_lp, pen_lp, _, slor = written_out(lm, words, closed=end)
            sides[side] = {"lp": lp, "mean_lp": mean_lp, "pen_lp": pen_lp, "slor": slor}
            for name, value in sides[side].items():
                assert record[f"{name}_{side}"] == pytest.approx(value, rel=1e-5, abs=1e-5)
            assert record[f"tokens_{side}"] == len(words)
            assert record[f"unknown_{side}"] == sum(word not in lm.vocabulary for word in words)
        for name in PAIR_MEASURES:
            good, bad = sides["good"][name], sides["bad"][name]
            expected = "correct" if good > bad else "wrong"
            if math.isclose(good, bad, rel_tol=1e-6, abs_tol=1e-6):  # both words are unknown
                expected = "tie"
            assert record[name] == expected
            correct[name] += expected == "correct"
    for name in PAIR_MEASURES:
        assert found.every[name].every.correct == correct[name]


def test_log_probability_is_the_surprisal_of_the_text(trained):
    _, records = scored(trained, ROWS)
    for record in records:
        for side in ("good", "bad"):
            doc = trained(record[f"sentence_{side}"])
            assert record[f"lp_{side}"] == pytest.approx(-doc._.rnn_surprisal, rel=1e-5)


def test_a_trained_model_prefers_sentences_of_its_text(trained):
    rows = [{"good": text, "bad": " ".join(text.split()[::-1])} for text in ENGLISH[:9]]
    found, _ = scored(trained, rows, good="good", bad="bad")
    assert found.every["lp"].every.accuracy == 1.0
    assert found.groups == {}


def test_chinese_pairs_are_scored(chinese):
    rows = [{"good": text, "bad": text[::-1], "kind": text[-1]} for text in CHINESE]
    found, records = scored(chinese, rows, good="good", bad="bad", by="kind")
    assert found.every["lp"].every.accuracy == 1.0
    assert {name: group.pairs for name, group in found.groups["kind"].items()} == {"。": 6, "!": 6}
    assert records[0]["tokens_good"] == len(CHINESE[0])


def test_words_that_no_one_knows_are_a_tie_without_a_speller(trained):
    rows = [{"sentence_good": "the zeppelin", "sentence_bad": "the airship"}]
    found, _ = scored(trained, rows)
    assert found.every["lp"].every.ties == 1
    spelled, _ = scored(make_random(model={"speller_width": 4}), rows)
    assert spelled.every["lp"].every.ties == 0


def test_pairs_are_split_by_their_unknown_words(trained):
    found, _ = scored(trained, ROWS)
    results = found.every["lp"]
    assert (results.equal_unknown.pairs, results.different_unknown.pairs) == (2, 2)


def test_a_pipeline_is_left_as_it_is(trained):
    lm = trained.get_pipe("rnn_lm")
    before = lm.annotations, lm.cache, trained.pipe_names, trained.disabled
    scored(trained, ROWS)
    assert (lm.annotations, lm.cache, trained.pipe_names, trained.disabled) == before
    assert trained(ENGLISH[0])._.rnn_next


BAD_ROWS = {
    "no key": ({"sentence_good": "a"}, "R761"),
    "a number": ({"sentence_good": "a", "sentence_bad": 3}, "R768"),
    "nothing": ({"sentence_good": None, "sentence_bad": "a"}, "R768"),
    "empty": ({"sentence_good": "a", "sentence_bad": ""}, "R744"),
    "white space": ({"sentence_good": " \n", "sentence_bad": "a"}, "R744"),
    "half a character": ({"sentence_good": "a \ud83d", "sentence_bad": "a"}, "R211"),
    "a list as a name": ({"sentence_good": "a", "sentence_bad": "b", "UID": ["x"]}, "R741"),
    "a true name": ({"sentence_good": "a", "sentence_bad": "b", "field": True}, "R741"),
    "too long": ({"sentence_good": "a " * 600_000, "sentence_bad": "b"}, "E088"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_pair_is_one_error_with_its_place_or_left_out(trained, name):
    row, code = BAD_ROWS[name]
    rows = [ROWS[0], row, ROWS[2]]
    with pytest.raises(ValueError, match=rf"{code}.*") as caught:
        scored(trained, rows)
    assert "row 2" in str(caught.value)
    errors = []
    found, records = scored(trained, rows, on_error=errors.append)
    assert [record["row"] for record in records] == [1, 3]
    assert found.every.pairs == 2
    assert [code in str(error) for error in errors] == [True]


def test_a_key_that_the_record_needs_itself_is_an_error(trained):
    rows = [{**ROWS[0], "lp_good": 3}]
    with pytest.raises(ValueError, match=r"R743.*row 1.*'lp_good'"):
        scored(trained, rows)
    assert spacy_rnn.score_pairs(trained, rows).every.pairs == 1


def test_the_names_that_a_record_needs_are_all_that_it_has_besides(trained):
    for row, record in zip(ROWS, scored(trained, ROWS)[1], strict=True):
        assert {*record} - {*row} == {*RECORD_NAMES, "paradigm"}
        assert record["paradigm"] == row["UID"]


def test_a_named_group_has_to_be_there(trained):
    with pytest.raises(ValueError, match=r"R761.*row 1.*'kind'"):
        scored(trained, ROWS, by=["UID", "kind"])


def test_rows_are_read_as_they_are_needed(trained):
    taken = []

    def rows():
        for number in range(10):
            taken.append(number)
            yield ROWS[number % 4]

    seen = []
    spacy_rnn.score_pairs(
        trained, rows(), batch_size=4, on_record=lambda _: seen.append(len(taken))
    )
    assert seen == [2, 2, 4, 4, 6, 6, 8, 8, 10, 10]


def test_scores_are_finite_bits(trained):
    _, records = scored(trained, ROWS)
    numbers = [r[f"{m}_{s}"] for r in records for m in PAIR_MEASURES for s in ("good", "bad")]
    assert all(type(number) is float and math.isfinite(number) for number in numbers)
