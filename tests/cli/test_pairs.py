"""`python -m spacy rnn pairs`: minimal pairs of files, folders and pipes."""

import gzip
import json
import math
from datetime import datetime

import pytest
import spacy

import spacy_rnn

from ..helpers import ENGLISH, make_trained
from .conftest import fail, read_records, run, succeed

ROWS = [
    {"sentence_good": ENGLISH[5], "sentence_bad": "boat old an watches cat grey the .", "id": 1},
    {"sentence_good": "the harbour watches", "sentence_bad": "the zeppelin watches", "id": 2},
    {"sentence_good": "zeppelin zeppelin", "sentence_bad": "the grey cat", "id": 3},
]


def write_rows(path, rows=ROWS, **more):
    lines = "".join(json.dumps({**row, **more}) + "\n" for row in rows)
    data = lines.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    path = tmp_path_factory.mktemp("other") / "model"
    make_trained(seed=1).to_disk(path)
    return path


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "pairs"
    path.mkdir()
    write_rows(path / "agreement.jsonl", ROWS[:2], field="syntax")
    write_rows(path / "islands.jsonl.gz", ROWS[2:], field="syntax", phenomenon="questions")
    write_rows(path / "named.jsonl", ROWS[:1], UID="by_its_own_name")
    (path / "notes.txt").write_text("no pairs")
    return path


def report_of(tmp_path, *arguments):
    out = tmp_path / "new" / "report.json"
    done = succeed("pairs", *arguments, "--output", out)
    return json.loads(out.read_text("utf8")), done


def as_written(values):
    """A report has ten digits of a number."""
    if isinstance(values, dict):
        return {name: as_written(value) for name, value in values.items()}
    if isinstance(values, list):
        return [as_written(value) for value in values]
    return pytest.approx(values, abs=1e-9) if isinstance(values, float) else values


def cells_of(done):
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return {line.split("   ")[0]: line.split()[-1] for line in lines}


def test_a_folder_is_one_table_by_paradigm_and_field(model, nlp, folder, tmp_path):
    report, done = report_of(tmp_path, model, folder)
    (found,) = report["models"]
    groups = {(group["by"], group["name"]): group for group in found["groups"]}
    assert [*groups] == [
        ("paradigm", "agreement"),
        ("paradigm", "islands"),
        ("paradigm", "by_its_own_name"),
        ("field", "syntax"),
        ("phenomenon", "questions"),
    ]
    expected = spacy_rnn.score_pairs(nlp, [*ROWS, ROWS[0]]).to_dict()
    assert found["all"] == as_written(expected["all"])
    assert groups["field", "syntax"]["lp"]["pairs"] == 3
    assert report["spacy_rnn"] == spacy_rnn.__version__
    assert (found["name"], found["component"]) == ("xx_pipeline", "rnn_lm")
    assert report["options"]["end"] is False
    shown = cells_of(done)
    assert {"agreement", "islands", "mean by paradigm", "all pairs"} <= set(shown)


def test_the_table_shows_percentages_and_intervals(model, nlp, tmp_path):
    done = succeed("pairs", model, write_rows(tmp_path / "x.jsonl"), "--measure", "slor")
    result = spacy_rnn.score_pairs(nlp, ROWS).every
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("all pairs"))
    cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
    low, high = result["slor"].every.interval
    share = 100 * result["slor"].every.accuracy
    others = [f"{100 * result[name].every.accuracy:.1f}" for name in ("lp", "mean_lp", "pen_lp")]
    equal, different = result["slor"].equal_unknown, result["slor"].different_unknown
    assert cells == [
        *["all pairs", "3", f"{share:.1f} [{100 * low:.1f}, {100 * high:.1f}]", "0", *others],
        f"{100 * equal.accuracy:.1f} of {equal.pairs}",
        f"{100 * different.accuracy:.1f} of {different.pairs}",
        f"{100 * result['slor'].fewer_unknown.accuracy:.1f}",
    ]


def test_the_closing_symbol_counts_if_asked(model, nlp, tmp_path):
    path = write_rows(tmp_path / "x.jsonl")
    report, _ = report_of(tmp_path, model, path, "--end", "--records", tmp_path / "r.jsonl")
    assert report["options"]["end"] is True
    for row, record in zip(ROWS, read_records(tmp_path / "r.jsonl"), strict=True):
        doc = nlp(row["sentence_good"])
        end = doc._.rnn_lm.end_log_prob / 0.6931471805599453
        assert record["lp_good"] == pytest.approx(end - doc._.rnn_surprisal, rel=1e-5)


def test_every_pair_has_a_record_for_each_model(model, other, folder, tmp_path):
    out = tmp_path / "records.jsonl.gz"
    succeed("pairs", model, other, folder, "--records", out)
    records = read_records(out)
    assert [record["model"] for record in records] == [str(model)] * 4 + [str(other)] * 4
    for path, part in ((model, records[:4]), (other, records[4:])):
        expected = []
        rows = [*ROWS, ROWS[0]]
        spacy_rnn.score_pairs(spacy.load(path), rows, on_record=expected.append)
        for record, wanted in zip(part, expected, strict=True):
            assert record["id"] == wanted["id"]
            assert record["slor_good"] == pytest.approx(wanted["slor_good"], rel=1e-5)
            assert record["pen_lp"] == wanted["pen_lp"]
    succeed("pairs", model, folder, "--records", out)
    assert len(read_records(out)) == 4


def test_several_models_stand_side_by_side(model, other, folder, tmp_path):
    report, done = report_of(tmp_path, model, other, folder)
    assert [one["model"] for one in report["models"]] == [str(model), str(other)]
    header = done.stdout.splitlines()[0]
    assert header.index(str(model)) < header.index(str(other))
    for one in report["models"]:
        alone, _ = report_of(tmp_path, one["model"], folder)
        assert alone["models"] == [one]
    assert "R519" in fail("pairs", model, model, folder)


def test_a_pipe_of_json_lines_is_read_for_every_model(model, other, tmp_path):
    path = write_rows(tmp_path / "x.jsonl")
    report, _ = report_of(tmp_path, model, other, path)
    out = tmp_path / "piped.json"
    succeed("pairs", model, other, "-", "--output", out, input=path.read_text())
    piped = json.loads(out.read_text("utf8"))["models"]
    for one, wanted in zip(piped, report["models"], strict=True):
        assert one["model"] == wanted["model"]
        assert one["all"] == wanted["all"]


@pytest.mark.parametrize("name", ["model", "row", "slor_bad"])
def test_a_column_that_records_need_is_an_error_before_scoring(model, tmp_path, monkeypatch, name):
    def score(*_, **__):
        raise AssertionError("scored")

    monkeypatch.setattr("spacy_rnn.cli.pairs.tally_pairs", score)
    rows = [*ROWS, {**ROWS[0], name: "mine"}]
    path, out = write_rows(tmp_path / "x.jsonl", rows), tmp_path / "r.jsonl"
    out.write_text("kept")
    error = fail("pairs", model, path, "--records", out)
    assert "R743" in error and repr(name) in error and out.read_text() == "kept"
    error = fail("pairs", model, "-", "--records", out, input=path.read_text())
    assert "R743" in error and "standard input" in error


def test_records_of_parquet_are_json(model, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    when = datetime(2020, 1, 2, 3, 4, 5)
    rows = [
        {**row, "when": when, "time": number}
        for row, number in zip(ROWS, [math.nan, 2.5, 1.0], strict=True)
    ]
    path, out = tmp_path / "x.parquet", tmp_path / "r.jsonl"
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    succeed("pairs", model, path, "--records", out)
    assert "NaN" not in out.read_text("utf8")
    records = read_records(out)
    assert [record["time"] for record in records] == [None, 2.5, 1.0]
    assert {datetime.fromisoformat(record["when"]) for record in records} == {when}


def test_records_of_a_folder_name_their_paradigm(model, folder, tmp_path):
    succeed("pairs", model, folder, "--records", tmp_path / "r.jsonl")
    found = [record["paradigm"] for record in read_records(tmp_path / "r.jsonl")]
    assert found == ["agreement", "agreement", "islands", "by_its_own_name"]


def test_a_folder_of_parquet_parts_is_one_table(model, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    tables = tmp_path / "tables"
    parts = tables / "agreement.parquet"
    parts.mkdir(parents=True)
    for number, row in enumerate(ROWS):
        parquet.write_table(pyarrow.Table.from_pylist([row]), parts / f"part-{number}.parquet")
    for path in (parts, tables):
        report, _ = report_of(tmp_path, model, path)
        (group,) = report["models"][0]["groups"]
        assert (group["by"], group["name"]) == ("paradigm", "agreement")
        assert group["lp"]["pairs"] == len(ROWS)


def test_published_accuracies_stand_beside(model, folder, tmp_path):
    table = tmp_path / "published.tsv"
    table.write_text("paradigm\tngram\tlstm\nagreement\t0.25\t0.5\nislands\t0.75\t\nmore\t0\t1\n")
    report, done = report_of(tmp_path, model, folder, "--published", table)
    assert report["published"]["agreement"] == {"ngram": 0.25, "lstm": 0.5}
    assert report["published"]["islands"]["lstm"] is None
    lines = {line.split()[0]: line.split()[-2:] for line in done.stdout.splitlines() if line}
    assert lines["agreement"] == ["25.0", "50.0"]
    assert lines["islands"] == ["75.0", "–"]
    assert lines["by_its_own_name"] == lines["mean"] == ["–", "–"]
    assert not report["notes"]
    table.write_text("paradigm\tngram\nelsewhere\t0.5\n")
    assert "W547" in report_of(tmp_path, model, folder, "--published", table)[1].stderr
    table.write_text("paradigm\tngram\nagreement\t25\n")
    error = fail("pairs", model, folder, "--published", table)
    assert "R745" in error and "row 1" in error and "'ngram'" in error


def test_columns_can_have_other_names_in_other_formats(model, nlp, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text('yes,no,kind\n"the harbour",harbour the,a\nthe grey cat,"the, cat",b\n')
    options = ["--good", "yes", "--bad", "no", "--by", "kind"]
    report, _ = report_of(tmp_path, model, path, *options)
    rows = [
        {"yes": "the harbour", "no": "harbour the", "kind": "a"},
        {"yes": "the grey cat", "no": "the, cat", "kind": "b"},
    ]
    expected = spacy_rnn.score_pairs(nlp, rows, good="yes", bad="no", by="kind").to_dict()
    assert {name: report["models"][0][name] for name in expected} == as_written(expected)
    piped = succeed("pairs", model, "-", "--format", "csv", *options, input=path.read_text())
    assert piped.stdout == succeed("pairs", model, path, *options).stdout


def test_a_bad_line_is_one_error_or_left_out(model, nlp, tmp_path):
    path = write_rows(tmp_path / "x.jsonl")
    bad = ["{never closed", '{"sentence_good": "a"}', '{"sentence_good": "", "sentence_bad": "a"}']
    path.write_text(path.read_text() + "\n".join(bad) + "\n")
    error = fail("pairs", model, path)
    assert f"{path}, row 4 (line 4)" in error and "R208" in error
    report, done = report_of(tmp_path, model, path, "--bad-lines", "skip")
    assert [code for code in ("R208", "R761", "R744") if code in done.stderr] == [
        *("R208", "R761", "R744")
    ]
    assert report["models"][0]["left_out"] == 3
    expected = spacy_rnn.score_pairs(nlp, ROWS).to_dict()
    assert report["models"][0]["all"] == as_written(expected["all"])
    path.write_text("\n".join(bad))
    assert "R747" in fail("pairs", model, path, "--bad-lines", "skip")


def test_equal_sentences_are_told(model, tmp_path):
    same = {"sentence_good": "the harbour", "sentence_bad": "the harbour"}
    report, done = report_of(tmp_path, model, write_rows(tmp_path / "x.jsonl", [*ROWS, same]))
    assert report["models"][0]["equal_sentences"] == 1
    assert report["models"][0]["all"]["lp"]["ties"] == 1
    assert "W548" in done.stderr and "1 pair" in done.stderr


WRONG = {
    "no such file": (["missing.jsonl"], "R202"),
    "no tables": (["."], "R742"),
    "no such column": (["x.jsonl", "--good", "grammatical"], "R761"),
    "no such group": (["x.jsonl", "--by", "kind"], "R761"),
    "records of a strange format": (["x.jsonl", "--records", "out.txt"], "R746"),
    "a batch of none": (["x.jsonl", "--batch-size", "0"], "R009"),
    "text": (["x.txt"], "R760"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_done_is_one_line(model, tmp_path, monkeypatch, name):
    arguments, code = WRONG[name]
    monkeypatch.chdir(tmp_path)
    if arguments[0] != ".":
        write_rows(tmp_path / "x.jsonl")
    (tmp_path / "x.txt").write_text("a\n")
    assert code in fail("pairs", model, *arguments)


def test_models_or_pairs_alone_are_not_enough(model):
    done = run("pairs", model)
    assert done.exit_code == 2 and "Missing argument" in done.stderr


# --- the corpora beside the repository


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("blimp", 20), ("sling", 14)])
def test_a_folder_of_the_corpora_runs_by_one_command(model, data_folder, tmp_path, name, count):
    folder = data_folder / "minimal-pairs" / name
    options = ["--bad-lines", "skip"]
    if name == "blimp":
        options += ["--published", data_folder / "minimal-pairs" / "blimp-published.tsv"]
    report, done = report_of(tmp_path, model, folder, *options)
    files = {path.name.removesuffix(".jsonl"): path for path in folder.glob("*.jsonl")}
    assert len(files) == count
    groups = {g["name"]: g for g in report["models"][0]["groups"] if g["by"] == "paradigm"}
    assert set(groups) == set(files)
    for paradigm, path in files.items():
        lines = path.read_text("utf8").splitlines()
        assert groups[paradigm]["lp"]["pairs"] == len(lines), paradigm
    assert report["models"][0]["left_out"] == 0
    assert ("lstm" in done.stdout.splitlines()[0]) == (name == "blimp")
