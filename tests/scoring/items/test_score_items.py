"""`score_items`: each number is a sum over tokens that is written here once more."""

import numpy as np
import pytest
import spacy

import spacy_rnn
from spacy_rnn.scoring.doc_rows import to_rows
from spacy_rnn.scoring.items.score_items import score_items

from ...helpers import ENGLISH, make_random, make_trained
from ..odd_pipelines import save_odd_pipeline
from .rows import surprisal_between

TEXT = "the grey cat , watches an old boat ."
# Closer than 1e-5 bits of one number are no two passes of a network.
NEAR = {"rel": 1e-5, "abs": 1e-5}


@pytest.fixture(scope="module")
def random_nlp():
    return make_random([*ENGLISH, "unhappy cats , boats ."], model={"speller_width": 5})


def score(nlp, items, **options):
    return [*score_items(nlp, items, **options)]


def test_it_is_a_public_name():
    assert spacy_rnn.score_items is score_items


def test_a_text_without_regions_has_the_sum_of_its_tokens(random_nlp):
    rows = [{"text": text, "n": n} for n, text in enumerate([TEXT, *ENGLISH[:5], "unheard !"])]
    found = score(random_nlp, rows)
    assert [list(row) for row in found] == [
        ["text", "n", "row", "tokens", "unknown", "surprisal"]
    ] * 7
    for row, given in zip(found, rows, strict=True):
        doc = random_nlp(given["text"])
        assert (row["text"], row["n"], row["row"]) == (given["text"], given["n"], given["n"] + 1)
        assert row["tokens"] == len(doc)
        assert row["surprisal"] == pytest.approx(sum(t._.rnn_surprisal for t in doc), **NEAR)


def test_a_region_has_the_sum_of_its_tokens(random_nlp):
    doc = random_nlp(TEXT)
    for start, end in ((0, 8), (4, 14), (13, 22), (0, len(TEXT))):
        expected = pytest.approx(surprisal_between(doc, start, end), **NEAR)
        (by_text,) = score(random_nlp, [{"text": TEXT, "r": TEXT[start:end]}], region="r")
        row = {"text": TEXT, "a": start, "b": str(end)}
        (by_offsets,) = score(random_nlp, [row], start="a", end="b")
        assert by_text["surprisal"] == expected and by_offsets["surprisal"] == expected


def test_delimiters_give_a_row_for_each_region(random_nlp):
    marked = "the grey cat | , watches | an old boat ."
    found = score(random_nlp, [{"s": marked, "item": 7}], text="s", delimiter="|")
    doc = random_nlp(TEXT)
    regions = ["the grey cat", ", watches", "an old boat ."]
    assert [(row["region"], row["region_text"]) for row in found] == [*enumerate(regions, 1)]
    assert all((row["s"], row["item"], row["row"]) == (marked, 7, 1) for row in found)
    for row, text in zip(found, regions, strict=True):
        start = TEXT.index(text)
        expected = surprisal_between(doc, start, start + len(text))
        assert row["surprisal"] == pytest.approx(expected, **NEAR)


def test_words_of_a_group_are_read_as_one_text(random_nlp):
    words = ["the", "grey", '"cat",', "watches", "", "an", "unhappy", "boat."]
    rows = [
        {"item": item, "word": word} for item in "xy" for word in words[: 5 + 3 * (item == "x")]
    ]
    found = score(
        random_nlp, rows, rows="words", group="item", columns=["surprisal", "tokens", "start"]
    )
    for item in "xy":
        own = [row for row in found if row["item"] == item]
        text = " ".join(row["word"] for row in own if row["word"])
        doc = random_nlp(text)
        place = 0
        for row in own:
            if not row["word"]:
                assert (row["surprisal"], row["tokens"], row["start"]) == (None, 0, None)
                continue
            place = text.index(row["word"], place)
            expected = surprisal_between(doc, place, place + len(row["word"]))
            assert row["surprisal"] == pytest.approx(expected, **NEAR)
            assert row["start"] == place
            place += len(row["word"])
    assert [row["row"] for row in found] == [*range(1, 14)]


def test_bare_leaves_punctuation_at_the_edges_out(random_nlp):
    rows = [{"item": 1, "word": word} for word in ("the", '"cat",', "--", "boat.")]
    found = score(random_nlp, rows, rows="words", group="item", bare=True, lags=1)
    tokens = {token.text: token for token in random_nlp('the "cat", -- boat.')}
    for row, word in zip(found, ("the", "cat", None, "boat"), strict=True):
        expected = None if word is None else pytest.approx(tokens[word]._.rnn_surprisal, **NEAR)
        assert row["surprisal"] == expected
        assert row["tokens"] == (word is not None)
    lagged = [row["surprisal_lag1"] for row in found]
    assert lagged == [None, *(row["surprisal"] for row in found[:-1])]


def test_lags_are_the_numbers_of_the_rows_before_in_the_group(random_nlp):
    rows = [{"item": text, "word": word} for text in ENGLISH[:3] for word in text.split()]
    names = ["surprisal", "entropy", "tokens"]
    found = score(random_nlp, rows, rows="words", group="item", columns=names, lags=2)
    assert [*found[0]][3:] == [*names, *(f"{n}_lag1" for n in names), *(f"{n}_lag2" for n in names)]
    for number, row in enumerate(found):
        for lag in (1, 2):
            before = found[number - lag] if number >= lag else {"item": None}
            same = before["item"] == row["item"]
            for name in names:
                assert row[f"{name}_lag{lag}"] == (before[name] if same else None)


def test_lags_of_a_region_are_the_words_before_it(random_nlp):
    text = 'the "grey" cat, watches boats .'
    (row,) = score(random_nlp, [{"text": text, "r": "watches"}], region="r", lags=3)
    doc = random_nlp(text)
    for lag, word in enumerate(("cat,", '"grey"', "the"), 1):
        start = text.index(word)
        expected = surprisal_between(doc, start, start + len(word))
        assert row[f"surprisal_lag{lag}"] == pytest.approx(expected, **NEAR)
    # the word in which a region begins is no word before it
    (row,) = score(random_nlp, [{"text": text, "r": "grey"}], region="r", lags=2)
    assert row["surprisal_lag1"] == pytest.approx(doc[0]._.rnn_surprisal, **NEAR)
    assert row["surprisal_lag2"] is None and row["tokens_lag2"] is None


def test_a_region_that_begins_with_white_space_follows_the_word_before_it(random_nlp):
    rows = [{"text": "the grey  cat", "a": a, "b": 13} for a in (8, 9, 10)]
    found = score(random_nlp, rows, start="a", end="b", cut="include", lags=2)
    doc = random_nlp(rows[0]["text"])
    for row in found:
        assert row["surprisal_lag1"] == pytest.approx(doc[1]._.rnn_surprisal, **NEAR)
        assert row["surprisal_lag2"] == pytest.approx(doc[0]._.rnn_surprisal, **NEAR)


def test_entropy_reduction_is_that_of_the_unit(random_nlp):
    """From the entropies before and after it, or before it and before the unit before."""
    rows = [{"item": 1, "word": word} for word in ("the", "cat,", "watches", "boats.")]
    names = ["entropy_reduction", "entropy_reduction_lagged"]
    found = score(random_nlp, rows, rows="words", group="item", columns=names, lags=1)
    distributions = [
        random_nlp.get_pipe("rnn_lm").next_distribution(text)[1]
        for text in (
            "",
            "the",
            "the cat",
            "the cat,",
            "the cat, watches",
            "the cat, watches boats.",
        )
    ]
    bits = [-float(np.sum(p.astype("d") * np.log2(p.astype("d")))) for p in distributions]
    before, after = [bits[0], bits[1], bits[3], bits[4]], [bits[1], bits[3], bits[4], bits[5]]
    for number, row in enumerate(found):
        reduction = max(0.0, before[number] - after[number])
        lagged = max(0.0, before[number - 1] - before[number]) if number else 0.0
        assert row["entropy_reduction"] == pytest.approx(reduction, abs=1e-4)
        assert row["entropy_reduction_lagged"] == pytest.approx(lagged, abs=1e-4)
        if number:
            assert (
                row["entropy_reduction_lagged_lag1"]
                == found[number - 1]["entropy_reduction_lagged"]
            )


def test_a_backward_models_unit_before_is_the_one_that_it_read_before():
    nlp = make_random(model={"direction": "backward"}, annotations=["log_probs", "entropy"])
    lm, name = nlp.get_pipe("rnn_lm"), "entropy_reduction_lagged"
    text = "the cat, watches an old boat."
    expected = [row[name] for row in to_rows(nlp(text), "word", component=lm)]
    assert sum(value > 0 for value in expected) >= 2 and expected[-1] == 0
    rows = [{"item": 1, "word": word} for word in text.split()]
    found = score(nlp, rows, rows="words", group="item", columns=[name], lags=1)
    assert [row[name] for row in found] == pytest.approx(expected, abs=1e-5)
    lagged = [row[f"{name}_lag1"] for row in found]
    assert lagged == [None, *(row[name] for row in found[:-1])]
    found = score(nlp, [{"text": text.replace(" ", " | ")}], delimiter="|", columns=[name])
    assert [row[name] for row in found] == pytest.approx(expected, abs=1e-5)
    rows = [{"text": text, "r": word} for word in text.split()]
    found = score(nlp, rows, region="r", columns=[name], lags=1)
    assert [row[name] for row in found] == pytest.approx(expected, abs=1e-5)
    assert [row[f"{name}_lag1"] for row in found[1:]] == pytest.approx(expected[:-1], abs=1e-5)
    # of the region, not of the comma in its word, and not of that word
    entropy = nlp(text)._.rnn_lm.entropy
    (row,) = score(nlp, [{"text": text, "r": "cat"}], region="r", columns=[name])
    assert row[name] == pytest.approx(max(0.0, entropy[3] - entropy[1]), abs=1e-5)


def test_white_space_that_is_not_read_has_no_numbers():
    nlp = make_random(model={"white_space": "skip"})
    names = ["surprisal", "log_prob", "unknown", "unigram_surprisal", "entropy", "known"]
    rows = [{"text": "the  cat", "a": 4, "b": 5}, {"text": " \n", "a": 0, "b": 2}]
    for row in score(nlp, rows, start="a", end="b", columns=["tokens", *names], cut="include"):
        assert [row[name] for name in names] == [None] * 6 and row["tokens"] == 0
    (row,) = score(nlp, rows[:1], columns=names)
    assert None not in row.values()


def test_one_column_may_be_a_name(trained):
    assert score(trained, [{"text": TEXT}], columns="rank") == score(
        trained, [{"text": TEXT}], columns=["rank"]
    )


def test_a_chinese_story_is_joined_without_spaces(chinese):
    rows = [{"item": 1, "word": word} for word in ("猫", "看着", "雨。")]
    found = score(chinese, rows, rows="words", group="item", lags=1)
    doc = chinese("猫看着雨。")
    places = [(0, 1), (1, 3), (3, 5)]
    expected = [surprisal_between(doc, *place) for place in places]
    assert [row["surprisal"] for row in found] == pytest.approx(expected, **NEAR)
    (row,) = score(chinese, [{"text": doc.text, "r": "雨"}], region="r", lags=2)
    assert row["surprisal_lag2"] == pytest.approx(doc[1]._.rnn_surprisal, **NEAR)


def test_split_scores_the_text_with_the_token_in_two(random_nlp):
    row = {"text": "the unhappy cats watches", "r": "happy"}
    with pytest.raises(ValueError, match=r"R729"):
        score(random_nlp, [row], region="r")
    (split,) = score(random_nlp, [row], region="r", cut="split")
    (whole,) = score(random_nlp, [row], region="r", cut="include")
    words = ["the", "un", "happy", "cats", "watches"]
    doc = spacy.tokens.Doc(random_nlp.vocab, words, [True, False, True, True, True])
    expected = random_nlp(doc)[2]._.rnn_surprisal
    assert split["surprisal"] == pytest.approx(expected, **NEAR) and split["cut"] == "split"
    expected = random_nlp(row["text"])[1]._.rnn_surprisal
    assert whole["surprisal"] == pytest.approx(expected, **NEAR) and whole["cut"] == "include"


@pytest.mark.parametrize("attr", ["ORTH", "NORM"])
def test_components_before_the_language_model_are_heard(tmp_path, attr):
    save_odd_pipeline(tmp_path, attr)
    user, nlp = spacy.load(tmp_path), spacy.load(tmp_path)
    texts = [*ENGLISH[:3], "our kitty forgets two green PEARS .", "a tired seaman", "x"]
    found = score(nlp, [{"text": text} for text in texts])
    for row, text in zip(found, texts, strict=True):
        doc = user(text)
        assert row["tokens"] == len(doc)
        assert row["surprisal"] == pytest.approx(doc._.rnn_surprisal, **NEAR)
    # a component merges "the grey", which the words' edge then cuts
    rows = [{"item": 1, "word": word} for word in ["the", "grey", "cat"]]
    with pytest.raises(ValueError, match=r"R729"):
        score(nlp, rows, rows="words", group="item")
    found = score(nlp, rows, rows="words", group="item", cut="include")
    doc = user("the grey cat")
    expected = [doc[0]._.rnn_surprisal] * 2 + [doc[1]._.rnn_surprisal]
    assert [row["surprisal"] for row in found] == pytest.approx(expected, **NEAR)
    assert [row["cut"] for row in found] == ["include", "include", "no"]
    found = score(nlp, rows, rows="words", group="item", cut="split")
    assert [row["cut"] for row in found] == ["split", "split", "no"]


def test_a_component_that_changes_a_texts_length_is_an_error():
    nlp = make_trained()
    nlp.tokenizer = _LongerTokenizer(nlp.tokenizer)
    with pytest.raises(ValueError, match=r"R730.*row 1.*rnn_lm"):
        score(nlp, [{"text": "the cat"}])


class _LongerTokenizer:
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def __call__(self, text):
        return self.tokenizer(text + " .")


def test_the_pipeline_is_left_as_it_is(trained):
    lm = trained.get_pipe("rnn_lm")
    before = trained.pipe_names, lm.annotations, lm.cache, trained(TEXT)._.rnn_surprisal
    rows = score_items(
        trained, [{"text": TEXT}, {"text": ENGLISH[1]}], batch_size=1, columns=["rank"]
    )
    next(rows)
    after = trained.pipe_names, lm.annotations, lm.cache, trained(TEXT)._.rnn_surprisal
    assert before == after


def test_rows_are_read_as_they_are_needed(trained):
    read = []

    def rows():
        for number in range(100):
            read.append(number)
            yield {"text": ENGLISH[number % 64]}

    found = score_items(trained, rows(), batch_size=4)
    assert not read
    next(found)
    assert len(read) <= 5
    with trained.memory_zone():  # the caller's own
        assert next(found)["row"] == 2


def test_bad_rows_stop_the_scoring_or_are_told_and_left_out(trained):
    rows = [
        {"text": ENGLISH[0], "r": "cat"},
        {"text": ENGLISH[1], "r": "dog"},
        {"r": "x"},
        {"text": "cat", "r": "ca"},
    ]
    rows += [rows[0]]
    found = score_items(trained, rows, region="r")
    assert next(found)["row"] == 1
    with pytest.raises(ValueError, match=r"R719.*row 2, column 'r'.*'dog'"):
        next(found)
    told = []
    found = score(trained, rows, region="r", on_error=told.append)
    assert [row["row"] for row in found] == [1, 5]
    assert [str(error)[:6] for error in told] == ["[R719]", "[R761]", "[R729]"]
    assert all(f"row {number}" in str(error) for number, error in enumerate(told, 2))


def test_a_new_columns_name_that_a_row_has_is_an_error(trained):
    with pytest.raises(ValueError, match=r"R718.*'surprisal'"):
        score(trained, [{"text": "a", "surprisal": 1}])
    (row,) = score(trained, [{"text": "the", "surprisal": 1}], prefix="rnn_")
    assert row["surprisal"] == 1 and row["rnn_surprisal"] > 0


def test_a_backward_model_scores_texts_and_carries_nothing():
    nlp = make_random(model={"direction": "backward"})
    (row,) = score(nlp, [{"text": TEXT}])
    assert row["surprisal"] == pytest.approx(nlp(TEXT)._.rnn_surprisal, **NEAR)
    rows = [{"text": TEXT, "g": 1}, {"text": TEXT, "g": 1}]
    with pytest.raises(ValueError, match=r"R324.*carry"):
        score(nlp, rows, group="g", context="carry")


def test_words_of_natural_stories_go_through_as_they_are(data_folder, trained):
    """One surprisal a word, the sum over the tokens that it has characters of."""
    lines = (data_folder / "natural-stories" / "words.tsv").read_text("utf8").splitlines()
    header, *cells = (line.split("\t") for line in lines)
    rows = [dict(zip(header, row, strict=True)) for row in cells]
    rows = [row for row in rows if row["item"] in ("3", "7")]
    found = score(trained, rows, rows="words", group="item", order="zone")
    assert [{name: row[name] for name in header} for row in found] == rows
    expected = []
    for item in ("3", "7"):
        words = [row["word"] for row in rows if row["item"] == item]
        own = np.repeat(np.arange(len(words)), [len(word) + 1 for word in words])
        sums = np.zeros(len(words))
        for token in trained(" ".join(words)):
            sums[own[token.idx]] += token._.rnn_surprisal
        expected += sums.tolist()
    assert [row["surprisal"] for row in found] == pytest.approx(expected, rel=1e-4)
