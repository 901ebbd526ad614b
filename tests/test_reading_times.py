"""The regression of reading times, on made-up tables and against plain least squares."""

import json
import math
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from .helpers import load_script

pytest.importorskip("statsmodels")
reading_times = load_script("reading_times")
COLUMNS = reading_times.Columns("mean_rt_ms", "word", "item", "zone", "log2_frequency")
NAMES = ["item", "zone", "word", "mean_rt_ms", "log2_frequency", "surprisal", "noise", "known"]


def make_rows(count=400, stories=4, seed=0):
    """Words whose reading times follow the surprisal of the word and of the word before."""
    random = np.random.default_rng(seed)
    rows, before = [], 0.0
    for number in range(count):
        story, place = divmod(number, count // stories)
        surprisal, frequency = random.gamma(4, 2), random.normal(20, 4)
        word = "x" * int(random.integers(1, 10)) + random.choice(["", "", ",", '."'])
        time = 300 + 5 * surprisal + 3 * before * (place > 0) - frequency + random.normal(0, 10)
        rows.append([story + 1, place + 1, word, time, frequency, surprisal, random.normal(), True])
        before = surprisal
    return rows


def write_table(path, rows):
    lines = ["\t".join(NAMES), *("\t".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf8")
    return str(path)


@pytest.fixture(scope="module")
def rows():
    return make_rows()


@pytest.fixture
def table(tmp_path, rows):
    return write_table(tmp_path / "scored.tsv", rows)


def run(*arguments):
    app = typer.Typer()
    app.command()(reading_times.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def by_hand(rows, predictor):
    """ΔLL of each word, written out with numpy's least squares, word for word."""
    cases = []
    for before, row in pairwise(rows):
        if before[0] != row[0]:
            continue
        values = []
        for one in (row, before):
            word, frequency = one[2], one[4]
            bare = word.strip(',."')
            values += [len(bare), frequency, len(bare) * frequency, float(bare != word)]
        values += [row[1], *(float(row[0] == story) for story in (2, 3, 4))]
        extra = [row[NAMES.index(predictor)], before[NAMES.index(predictor)]]
        cases.append((row[3], values, extra))
    y = np.array([case[0] for case in cases])
    small = np.array([[1.0, *case[1]] for case in cases])
    large = np.hstack([small, np.array([case[2] for case in cases])])
    folds = np.random.default_rng(0).permutation(len(y)) % 10
    found = np.zeros((2, len(y)))
    for number, x in enumerate((small, large)):
        for fold in range(10):
            train, test = folds != fold, folds == fold
            b = np.linalg.lstsq(x[train], y[train], rcond=None)[0]
            sigma = math.sqrt(np.mean((y[train] - x[train] @ b) ** 2))
            z = (y[test] - x[test] @ b) / sigma
            found[number][test] = -(z**2) / 2 - math.log(sigma * math.sqrt(2 * math.pi))
    return found[1] - found[0], np.linalg.lstsq(large, y, rcond=None)[0][-2:]


@pytest.mark.parametrize("predictor", ["surprisal", "noise"])
def test_gains_are_those_of_plain_least_squares(table, rows, predictor):
    (gain,) = reading_times.measure([table], [predictor], COLUMNS)
    expected, slopes = by_hand(rows, predictor)
    assert gain.words == len(expected) == 396
    assert gain.delta_ll == pytest.approx(expected.mean(), rel=1e-6)
    assert gain.error == pytest.approx(expected.std(ddof=1) / math.sqrt(396), rel=1e-6)
    assert gain.t == pytest.approx(gain.delta_ll / gain.error)
    assert (gain.slope, gain.slope_before) == pytest.approx(slopes, rel=1e-6)


def test_what_reading_times_follow_is_found_and_noise_is_not(table):
    surprisal, noise = reading_times.measure([table], ["surprisal", "noise"], COLUMNS)
    assert surprisal.t > 10 > 2 > noise.t
    assert abs(surprisal.slope - 5) < 4 * surprisal.slope_error
    assert abs(surprisal.slope_before - 3) < 4 * surprisal.slope_before_error
    assert noise.delta_ll < 0.1 * surprisal.delta_ll


def test_words_without_a_number_and_those_after_them_are_left_out_for_all(tmp_path, rows):
    rows = [list(row) for row in rows]
    rows[50][NAMES.index("noise")] = ""
    rows[120][NAMES.index("mean_rt_ms")] = ""
    table = write_table(tmp_path / "gaps.tsv", rows)
    first, second = reading_times.measure([table], ["surprisal", "noise"], COLUMNS)
    # one word and the one after it; the time of a word before isn't needed
    assert first.words == second.words == 396 - 2 - 1


def test_the_word_before_is_that_of_the_place_before(tmp_path, rows):
    """Where the table lacks a word, the one after it has none before it."""
    whole = write_table(tmp_path / "whole.tsv", rows)
    assert reading_times.measure([whole], ["noise"], COLUMNS)[0].words == 396
    lacking = write_table(tmp_path / "lacking.tsv", [*rows[:50], *rows[51:]])
    (gain,) = reading_times.measure([lacking], ["noise"], COLUMNS)
    empty = [list(row) for row in rows]
    empty[50][NAMES.index("noise")] = ""
    (expected,) = reading_times.measure(
        [write_table(tmp_path / "empty.tsv", empty)], ["noise"], COLUMNS
    )
    assert gain.words == expected.words == 396 - 2
    assert gain.slope == pytest.approx(expected.slope, rel=1e-6)


def test_unknown_words_and_those_after_them_can_be_left_out(tmp_path, rows):
    rows = [list(row) for row in rows]
    rows[30][NAMES.index("known")] = False
    table = write_table(tmp_path / "unknown.tsv", rows)
    (gain,) = reading_times.measure([table], ["surprisal"], COLUMNS, "known")
    assert gain.words == 396 - 2


@pytest.mark.parametrize("kind", ["zero", "a tenth", "frequency"])
def test_a_predictor_that_cannot_add_anything_is_told(tmp_path, rows, kind):
    """Its gain would be rounding, and so would be its t."""
    values = {"zero": lambda _: 0, "a tenth": lambda _: 0.1, "frequency": lambda row: 3 - row[4]}
    rows = [[*row[:6], values[kind](row), *row[7:]] for row in rows]
    table = write_table(tmp_path / "same.tsv", rows)
    with pytest.raises(ValueError, match=r"same\.tsv.*'noise'.*Leave it out"):
        reading_times.measure([table], ["surprisal", "noise"], COLUMNS)
    done = run(table, "--predictors", "noise", "--output", tmp_path / "out")
    assert done.exit_code == 1 and not [*tmp_path.glob("out*")]


def test_punctuation_at_the_edges_is_no_part_of_the_length():
    for word, bare in {"“don't”,": "don't", "`so'": "so", "x-ray": "x-ray", "--": ""}.items():
        assert reading_times.without_punctuation(word) == bare


def test_tables_of_several_models_are_compared_over_the_same_words(tmp_path, rows):
    first = write_table(tmp_path / "one.tsv", rows)
    others = [[*row[:5], row[5] + row[6], *row[6:]] for row in rows]
    others[7] = [*others[7][:5], "", *others[7][6:]]
    second = write_table(tmp_path / "two.tsv", others)
    done = run(first, second, "--output", tmp_path / "out")
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out.json").read_text("utf8"))
    one, two = report["gains"]
    assert (one["table"], two["table"]) == (first, second)
    assert one["words"] == two["words"] == 396 - 2
    assert one["delta_ll"] > two["delta_ll"] > 0
    mean = report["means"]["surprisal"]
    assert mean["delta_ll"] == pytest.approx((one["delta_ll"] + two["delta_ll"]) / 2)
    assert mean["deviation"] == pytest.approx((one["delta_ll"] - two["delta_ll"]) / math.sqrt(2))


def test_two_predictors_are_compared_word_for_word(tmp_path, rows):
    """In each table, and in the mean over tables, whose error is that over words."""
    first = write_table(tmp_path / "one.tsv", rows)
    others = [[*row[:5], row[5] + row[6], *row[6:]] for row in rows]
    second = write_table(tmp_path / "two.tsv", others)
    out = tmp_path / "out"
    names = ["--predictors", "surprisal,noise", "--against", "noise"]
    done = run(first, second, *names, "--output", out)
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out.json").read_text("utf8"))["differences"]
    assert [one["table"] for one in found] == [first, second, "mean"]
    assert {(one["predictor"], one["against"]) for one in found} == {("surprisal", "noise")}
    parts = [by_hand(own, "surprisal")[0] - by_hand(own, "noise")[0] for own in (rows, others)]
    parts.append((parts[0] + parts[1]) / 2)
    for one, words in zip(found, parts, strict=True):
        assert one["delta_ll"] == pytest.approx(words.mean(), rel=1e-5)
        assert one["error"] == pytest.approx(words.std(ddof=1) / math.sqrt(396), rel=1e-5)
        assert one["t"] == pytest.approx(one["delta_ll"] / one["error"])
    done = run(first, *names[:2], "--against", "entropy", "--output", out)
    assert done.exit_code == 1 and "none of the predictors" in str(done.exception)


def test_the_table_and_the_picture_have_the_gains(table, tmp_path):
    out = tmp_path / "new" / "out"
    done = run(table, "--predictors", "surprisal, noise", "--output", out)
    assert done.exit_code == 0, done.output
    gains = reading_times.measure([table], ["surprisal", "noise"], COLUMNS)
    header, *lines = (out.parent / "out.tsv").read_text("utf8").splitlines()
    assert header.split("\t") == list(reading_times.Gain._fields)
    for line, gain in zip(lines, gains, strict=True):
        cells = line.split("\t")
        assert cells[:3] == [table, gain.predictor, "396"]
        assert [*map(float, cells[3:])] == pytest.approx(gain[3:], rel=1e-9)
    tree = ElementTree.fromstring((out.parent / "out.svg").read_text("utf8"))
    circles = [float(node.get("cx")) for node in tree.iter() if node.tag.endswith("circle")]
    assert len(circles) == 2 and circles[0] > circles[1]
    for gain in gains:
        assert f"{1e3 * gain.delta_ll:.2f}" in done.output


def test_what_cannot_be_measured_is_told(table, tmp_path, rows):
    with pytest.raises(ValueError, match=r"R761.*'entropy'"):
        reading_times.measure([table], ["entropy"], COLUMNS)
    with pytest.raises(ValueError, match="'word' has to hold numbers"):
        reading_times.measure([table], ["word"], COLUMNS)
    few = write_table(tmp_path / "few.tsv", rows[:30])
    with pytest.raises(ValueError, match="too few"):
        reading_times.measure([few], ["surprisal"], COLUMNS)
    other = write_table(tmp_path / "other.tsv", make_rows(seed=1))
    with pytest.raises(ValueError, match=r"other\.tsv has other words"):
        reading_times.measure([table, other], ["surprisal"], COLUMNS)
