"""`rnn items`: a table in, the same table with numbers out."""

import csv
import gzip
import io
import json
import os
import random
import re
import tracemalloc

import pytest
import spacy
from hypothesis import strategies as st

from spacy_rnn.scoring.items.score_items import score_items
from spacy_rnn.scoring.rows.row_reader import RowReader

from ..helpers import ENGLISH
from ..hostile import SEED, TEXTS, fuzz
from .conftest import fail, read_records, run, run_process, succeed

STORIES = [
    {"item": str(item), "zone": str(zone), "word": word, "rt": f"{item}{zone}.50"}
    for item, text in enumerate([*ENGLISH[:3], 'say "cat" , unheard', ENGLISH[9]], 1)
    for zone, word in enumerate(text.split(), 1)
]
WORDS = ["--rows", "words", "--group", "item", "--order", "zone"]


@pytest.fixture(scope="module")
def loaded(model):
    nlp = spacy.load(model)
    return nlp, nlp.get_pipe("rnn_lm")


@pytest.fixture
def quick(loaded, monkeypatch):
    """The command with a pipeline that is loaded only once."""
    monkeypatch.setattr("spacy_rnn.cli.items.load_language_model", lambda *_, **__: loaded)
    return loaded[0]


def write(path, rows, **options):
    """A table as another program writes it."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
        return path
    options = {"delimiter": "\t" if path.suffix == ".tsv" else ",", **options}
    with path.open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]], **options)
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path):
    if path.suffix != ".tsv":
        return read_records(path)
    with path.open(encoding="utf8", newline="") as file:
        return [*csv.DictReader(file, delimiter="\t")]


def bits(row, name="surprisal"):
    return None if row[name] in ("", None) else float(row[name])


@pytest.mark.parametrize("name", ["words.csv", "words.tsv", "words.jsonl"])
@pytest.mark.parametrize("out", ["out.csv", "out.tsv", "out.jsonl"])
def test_a_table_of_words_goes_through_as_it_is(quick, tmp_path, name, out):
    table = write(
        tmp_path / name, STORIES, **({"quoting": 3, "quotechar": None} if "tsv" in name else {})
    )
    succeed("items", "", table, tmp_path / out, *WORDS, "--columns", "surprisal,known", "--lags", 1)
    found = read(tmp_path / out)
    names = [*STORIES[0], "row", "surprisal", "known", "surprisal_lag1", "known_lag1"]
    assert all([*row] == names for row in found)
    assert [{name: row[name] for name in STORIES[0]} for row in found] == STORIES
    wanted = [*score_items(quick, STORIES, rows="words", group="item", order="zone")]
    assert [bits(row) for row in found] == pytest.approx(
        [row["surprisal"] for row in wanted], rel=1e-5
    )


@pytest.mark.slow
def test_one_process_from_a_marked_table_to_numbers(model, tmp_path):
    """With Excel's mark in front of it."""
    table = tmp_path / "items.csv"
    table.write_bytes(b"\xef\xbb\xbftext,r\r\nthe grey cat,cat\r\n")
    done = run_process("items", model, table, tmp_path / "out.csv", "--region", "r")
    assert done.returncode == 0, done.stderr
    (row,) = read(tmp_path / "out.csv")
    assert (row["text"], row["r"], row["tokens"]) == ("the grey cat", "cat", "1")


def test_a_dictionary_beside_the_table_says_what_its_columns_are(quick, tmp_path):
    table = write(tmp_path / "items.csv", [{"text": "the | grey cat", "cond": "a"}])
    options = ["--delimiter", "|", "--columns", "surprisal,rank", "--lags", 1, "--cut", "split"]
    succeed("items", "", table, tmp_path / "out.csv", *options)
    made = json.loads((tmp_path / "out.csv.columns.json").read_text("utf8"))
    (header, *_) = csv.reader(io.StringIO((tmp_path / "out.csv").read_text("utf8")))
    assert [column["name"] for column in made["columns"]] == header
    described = {column["name"]: column for column in made["columns"]}
    assert (
        described["surprisal"]["unit"] == "bits" and "log2 p" in described["surprisal"]["formula"]
    )
    assert "region before" in described["rank_lag1"]["what"]
    assert made["options"]["cut"] == "split" and made["options"]["delimiter"] == "|"
    assert (
        len(made["model"]["fingerprint"]) == 16 and made["versions"]["spaCy"] == spacy.__version__
    )


def test_columns_that_have_the_names_of_new_ones_get_beside_them(quick, tmp_path):
    rows = [{"row": "x", "text": text, "surprisal": "y"} for text in ENGLISH[:3]]
    table, out = write(tmp_path / "items.csv", rows), tmp_path / "out.csv"
    command = ["items", "", table, out, "--prefix", "lm_", "--columns", "surprisal"]
    succeed(*command)
    found, whole = read(out), out.read_bytes()
    assert [{name: row[name] for name in rows[0]} for row in found] == rows
    assert [*found[0]] == [*rows[0], "lm_row", "lm_surprisal"]
    out.write_bytes(whole[:-20])
    succeed(*command, "--resume")
    assert out.read_bytes() == whole


def test_the_standard_streams_are_tables_too(quick, tmp_path):
    given = "text\nthe grey cat\n"
    done = succeed("items", "", "-", input=given)
    assert done.stdout.splitlines()[0] == "text,row,tokens,unknown,surprisal"
    given = json.dumps({"text": "the grey cat"}) + "\n"
    done = succeed(
        "items", "", "-", "-", "--format", "jsonl", "--output-format", "jsonl", input=given
    )
    assert json.loads(done.stdout)["tokens"] == 3
    assert "R518" in fail("items", "", tmp_path / "a.csv", "-", "--format", "csv")


def test_er_lagged_is_the_entropy_reduction_of_the_word_before(quick, tmp_path):
    table = write(tmp_path / "words.csv", STORIES[:8])
    out = tmp_path / "out.csv"
    succeed("items", "", table, out, *WORDS, "--columns", "entropy_reduction", "--er-lagged")
    lagged = [bits(row, "entropy_reduction_lagged") for row in read(out)]
    succeed("items", "", table, out, *WORDS, "--columns", "entropy_reduction", "--overwrite")
    plain = [bits(row, "entropy_reduction") for row in read(out)]
    assert lagged[1:] == pytest.approx(plain[:-1], abs=1e-5) and lagged[0] == 0


def test_er_lagged_without_an_entropy_reduction_is_told(quick, tmp_path):
    table = write(tmp_path / "words.csv", STORIES[:8])
    found = fail("items", "", table, "-", *WORDS, "--columns", "surprisal,rank", "--er-lagged")
    assert "R885" in found and "surprisal,rank" in found


@pytest.mark.parametrize(
    ("rows", "options", "place"),
    [
        ([{"sentence": "a"}], [], "R761.*'text'.*'sentence'"),
        ([{"text": "a cat", "r": "dog"}], ["--region", "r"], "row 1.*column 'r'.*isn't in"),
        ([{"text": "a cat a", "r": "a"}], ["--region", "r"], "row 1.*2 times.*--occurrence"),
        (
            [{"text": "a", "s": 0, "e": 9}],
            ["--start", "s", "--end", "e"],
            "row 1.*column 'e'.*--end",
        ),
        ([{"text": "a", "i": 1}, {"text": "b", "i": 1}], ["--id", "i"], "row 2.*column 'i'.*row 1"),
        ([{"text": "a", "tokens": 1}], [], "R718.*'tokens'.*--prefix"),
        ([{"text": "unheard", "r": "un"}], ["--region", "r"], "row 1.*'unheard'.*--cut"),
        ([{"word": "a", "g": 1}], ["--rows", "words"], "R714.*--group"),
    ],
)
def test_errors_name_the_row_the_column_and_the_option(quick, tmp_path, rows, options, place):
    table = write(tmp_path / "items.csv", rows)
    message = fail("items", "", table, tmp_path / "out.csv", *options)
    assert re.search(place, message), message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (b"the cat", r"row 2 \(line 3\).*1 cell"),
        (b"a,b,c", r"row 2 \(line 3\).*3 cells"),
        (b"caf\xe9,x", r"row 2 \(line 3\), column 'text'.*0xe9"),
        (b'"the cat,x', r"row 2 \(line 3\), column 'text'.*quote"),
        (b"the cat,2", r"row 2 \(line 3\), column 'n'.*row 1"),
    ],
)
def test_broken_rows_are_named_with_their_line(quick, tmp_path, line, place):
    table, out = tmp_path / "items.csv", tmp_path / "out.csv"
    table.write_bytes(b"text,n\nthe grey cat,2\n" + line + b"\nthe,9\n")
    message = fail("items", "", table, out, "--id", "n")
    assert re.search(place, message) and "1 record " in message, message
    done = succeed("items", "", table, out, "--id", "n", "--bad-lines", "skip", "--overwrite")
    assert [row["row"] for row in read(out)] == ["1", "3"]
    assert "1 row " in done.stderr


def test_the_stories_of_a_corpus_keep_every_cell(quick, data_folder, tmp_path):
    """Quotes are characters there, and one is added."""
    table, out = tmp_path / "words.tsv", tmp_path / "out.tsv"
    lines = (data_folder / "natural-stories" / "words.tsv").read_text("utf8").splitlines(True)
    lines = [lines[0], *(line for line in lines if line.startswith(("2\t", "5\t")))]
    lines[7] = '"'.join(re.fullmatch(r"((?:[^\t]*\t){2})(.*\n)", lines[7]).groups())
    table.write_text("".join(lines), encoding="utf8")
    succeed("items", "", table, out, *WORDS)
    found = RowReader(out)
    assert [[*row.values.values()][:6] for row in found.read()] == [
        line.rstrip("\n").split("\t") for line in lines[1:]
    ]
    assert all(float(row.values["surprisal"]) > 0 for row in found.read())


def test_a_run_stops_at_a_bad_row_and_goes_on_when_it_is_repaired(quick, tmp_path):
    rows = [{"text": text, "r": text.split()[1]} for text in ENGLISH[:5]]
    rows[3]["r"] = "no such word"
    table, out = write(tmp_path / "items.csv", rows), tmp_path / "out.csv"
    message = fail("items", "", table, out, "--region", "r")
    assert "R731" in message and "3 records" in message and "row 4" in message
    assert [row["row"] for row in read(out)] == ["1", "2", "3"]
    rows[3]["r"] = "grey"
    write(table, rows)
    os.utime(table, (2**31 - 1, 2**31 - 1))
    done = succeed("items", "", table, out, "--region", "r", "--resume")
    assert "W545" in done.stderr and "before row 3" in done.stderr
    whole = tmp_path / "whole.csv"
    succeed("items", "", table, whole, "--region", "r")
    assert out.read_bytes() == whole.read_bytes()


def test_bad_rows_can_be_left_out_and_are_counted(quick, tmp_path):
    rows = [{"text": text, "r": "grey"} for text in ("grey", "x", "the grey", "y", "grey grey")]
    table, out = write(tmp_path / "items.csv", rows), tmp_path / "out.csv"
    done = succeed("items", "", table, out, "--region", "r", "--bad-lines", "skip")
    assert [row["row"] for row in read(out)] == ["1", "3"]
    assert "3 rows" in done.stderr and "row 2" in done.stderr and "row 5" in done.stderr


def test_an_output_that_is_there_is_not_written_over(quick, tmp_path):
    table, out = write(tmp_path / "items.csv", [{"text": "a"}]), tmp_path / "out.csv"
    succeed("items", "", table, out)
    before = out.read_bytes()
    assert "R504" in fail("items", "", table, out, "--columns", "rank")
    assert out.read_bytes() == before
    succeed("items", "", table, out, "--columns", "rank", "--overwrite")
    assert out.read_bytes() != before
    assert "R512" in fail("items", "", table, table, "--overwrite")


def test_a_run_with_other_options_or_another_model_is_not_resumed(quick, tmp_path, monkeypatch):
    table, out = write(tmp_path / "items.csv", [{"text": "a", "r": "a"}]), tmp_path / "out.csv"
    succeed("items", "", table, out)
    assert "R733" in fail("items", "", table, out, "--resume", "--bare")
    monkeypatch.setattr(
        "spacy_rnn.scoring.items.data_dictionary.pipeline_fingerprint", lambda *_: "0" * 16
    )
    assert "another fingerprint" in fail("items", "", table, out, "--resume")
    (tmp_path / "out.csv.columns.json").unlink()
    assert "R734" in fail("items", "", table, out, "--resume")


def test_cells_are_data_and_may_be_written_so_that_no_spreadsheet_runs_them(quick, tmp_path):
    rows = [{"text": text} for text in ("=1+1", "+a", "-a", "@a", "a=1")]
    table, out = write(tmp_path / "items.csv", rows), tmp_path / "out.csv"
    succeed("items", "", table, out)
    assert [row["text"] for row in read(out)] == ["=1+1", "+a", "-a", "@a", "a=1"]
    succeed("items", "", table, out, "--overwrite", "--safe-cells")
    assert [row["text"] for row in read(out)] == ["'=1+1", "'+a", "'-a", "'@a", "a=1"]


# -- going on

TEXT_ROWS = [
    {"g": str(number // 3), "text": text, "note": '"\n,' * (number % 2)}
    for number, text in enumerate([*ENGLISH[:4], "the | cat", "", "unheard | , of", *ENGLISH[7:9]])
]
BAD = {"g": "9", "text": "the", "note": "x" * 50}
RUNS = {
    "texts": (TEXT_ROWS, []),
    "regions": (TEXT_ROWS, ["--delimiter", "|", "--lags", 1]),
    "carried": (TEXT_ROWS, ["--group", "g", "--context", "carry", "--delimiter", "|"]),
    "words": (STORIES, [*WORDS, "--columns", "surprisal,entropy_reduction", "--lags", 2]),
    "left out": ([BAD, *TEXT_ROWS, BAD], ["--group", "g", "--bad-lines", "skip"]),
}


SLOW = pytest.mark.slow
CASES = [("regions", "out.csv"), ("words", "out.tsv"), ("carried", "out.jsonl")]
OTHERS = [
    pytest.param(kind, out, marks=SLOW)
    for kind in RUNS
    for out in ("out.csv", "out.jsonl", "out.tsv", "out.csv.gz")
    if (kind, out) not in CASES
]


@pytest.mark.parametrize(("kind", "out"), [*CASES, *OTHERS])
def test_a_run_that_ended_anywhere_goes_on_to_the_same_table(
    quick, tmp_path, monkeypatch, kind, out
):
    monkeypatch.setattr("spacy_rnn.scoring.outputs._FLUSH_SIZE", 1)
    rows, options = RUNS[kind]
    table, path = write(tmp_path / "items.jsonl", rows), tmp_path / out
    command = ["items", "", table, path, *options, "--batch-size", 2]
    done = succeed(*command)
    whole, left_out = path.read_bytes(), done.stderr.count("left out:")
    sizes = random.Random(SEED).sample(range(len(whole)), 10)
    for size in [0, *sizes, len(whole)]:
        path.write_bytes(whole[:size])
        done = succeed(*command, "--resume")
        if out.endswith(".gz"):
            assert gzip.decompress(path.read_bytes()) == gzip.decompress(whole), size
        else:
            assert path.read_bytes() == whole, size
        assert done.stderr.count("left out:") <= left_out


def test_parquet_goes_in_and_out_and_on(quick, tmp_path):
    pytest.importorskip("pyarrow")
    import pyarrow
    from pyarrow import parquet

    table = tmp_path / "items.parquet"
    columns = {"text": ENGLISH[:6], "n": [*range(6)], "x": [0.5, None, 1, 2, 3, 4]}
    parquet.write_table(pyarrow.table(columns), table)
    succeed("items", "", table, tmp_path / "out.parquet", "--columns", "surprisal,known")
    found = parquet.read_table(tmp_path / "out.parquet")
    assert found.select(["text", "n", "x"]).to_pydict() == columns
    wanted = [row["surprisal"] for row in score_items(quick, [{"text": t} for t in ENGLISH[:6]])]
    assert found["surprisal"].to_pylist() == pytest.approx(wanted, rel=1e-5)
    succeed(
        "items", "", table, tmp_path / "out.parquet", "--columns", "surprisal,known", "--resume"
    )
    assert parquet.read_table(tmp_path / "out.parquet").equals(found)


# -- odd tables

CELLS = st.one_of(TEXTS, st.sampled_from(["", '"', "=1", "(a+)*", "a\tb", "x" * 3000, "the cat"]))
TABLES = st.lists(st.tuples(CELLS, CELLS, st.sampled_from("112")), min_size=1, max_size=8)
FORMS = [
    ["--region", "b"],
    ["--delimiter", "a", "--cut", "include"],
    ["--rows", "words", "--group", "g", "--cut", "include"],
    ["--group", "g", "--context", "carry"],
]


@pytest.fixture
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("odd")


def odd_table(rows, kind, quoting, mark, ragged, end):
    """The bytes of a table."""
    if kind == "jsonl":
        records = [{"text": a, "b": b, "g": g} for a, b, g in rows]
        lines = [json.dumps(r) if i not in ragged else "[1]" for i, r in enumerate(records)]
        return (mark + "".join(line + end for line in lines)).encode()
    file = io.StringIO(newline="")
    mark_of_cells = "\t" if kind == "tsv" else ","
    writer = csv.writer(file, quoting=quoting, lineterminator=end, delimiter=mark_of_cells)
    writer.writerow(["text", "b", "g"])
    for number, row in enumerate(rows):
        writer.writerow([*row, "too", "many"] if number in ragged else row)
    return (mark + file.getvalue()).encode()


@pytest.mark.slow
@fuzz(
    200,
    rows=TABLES,
    form=st.sampled_from(FORMS),
    kind=st.sampled_from(["csv", "csv", "tsv", "jsonl"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    mark=st.sampled_from(["", "\ufeff"]),
    ragged=st.sets(st.integers(0, 9), max_size=2),
    end=st.sampled_from(["\n", "\r\n"]),
    cut=st.floats(0, 1),
)
def test_of_odd_tables_every_row_is_written_or_told(
    loaded, folder, rows, form, kind, quoting, mark, ragged, end, cut
):
    table, out = folder / f"odd.{kind}", folder / "odd-out.csv"
    table.write_bytes(odd_table(rows, kind, quoting, mark, ragged, end))
    command = ["items", "", table, out, "--text", "text", *form, "--bad-lines", "skip"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spacy_rnn.cli.items.load_language_model", lambda *_, **__: loaded)
        done = run(*command, "--overwrite")
        assert done.exit_code == 0, (done.output, done.exception)
        whole = out.read_bytes()
        out.write_bytes(whole[: round(cut * len(whole))])
        again = run(*command, "--resume")
        assert again.exit_code == 0, (again.output, again.exception)
        assert out.read_bytes() == whole
    written = {}
    for record in csv.DictReader(io.StringIO(whole.decode(), newline="")):
        written.setdefault(int(record["row"]), record)
    left_out = sum(
        int(line.split("Left out: ")[1].split()[0].replace(",", ""))
        for line in done.stderr.split("\n")
        if "[W544] Left out" in line
    )
    assert len(written) + left_out == len(rows)
    for number, record in written.items():
        assert (record["text"], record["b"], record["g"]) == rows[number - 1]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(quick, tmp_path):
    """But for 70 bytes for each new word, which spaCy's tables keep: there are none here."""
    most = {}
    for rows in (3000, 3000, 9000):
        table = tmp_path / "items.csv"
        words = "".join(f"{number // 30},w{number % 300}\n" for number in range(rows))
        table.write_text("item,word\n" + words, encoding="utf8")
        tracemalloc.start()
        command = ["--batch-size", 5, "--columns", "surprisal,entropy", "--lags", 1]
        succeed("items", "", table, tmp_path / "o.csv", *WORDS[:-2], *command, "--overwrite")
        most[rows] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # each group has a hash; a Doc with its numbers would be some kilobytes
    assert most[9000] - most[3000] < 150_000, most
