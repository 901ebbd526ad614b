"""`rnn score --resume`: wherever a run ended, going on gives what one run would have given."""

import gzip
import json
import os
import random
import signal
import subprocess
import time

import pytest
from spacy.tokens import DocBin

from spacy_rnn.scoring.outputs import get_output_format
from spacy_rnn.scoring.reached import find_progress

from ..helpers import ENGLISH, make_random
from ..hostile import SEED
from .conftest import PROGRAM, assert_same, fail, parse, read_records, run_process, succeed

KINDS = [
    pytest.param("out.jsonl", [], id="jsonl"),
    pytest.param("out.csv", [], id="csv"),
    pytest.param("out.jsonl", ["--tokens"], id="jsonl tokens"),
    pytest.param("out.csv", ["--tokens"], id="csv tokens"),
    pytest.param("out.jsonl.gz", [], id="gz"),
    pytest.param("out.csv.gz", ["--tokens"], id="csv.gz tokens"),
]
KEPT = [
    pytest.param("out.tsv", ["--tokens", "--end", "--keep", "all"], id="tsv tokens, end, kept"),
    pytest.param("out.jsonl", ["--keep", "all"], id="jsonl kept"),
]
RECORDS = [
    {"text": 'a"\n', "id": '"\n'},
    {"text": "\r天", "id": 7},
    {"text": "of"},
]


@pytest.fixture
def flushing(monkeypatch):
    """Every chunk is flushed, and a document is a chunk."""
    monkeypatch.setattr("spacy_rnn.scoring.outputs._FLUSH_SIZE", 1)
    return ["--batch-size", 1]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.jsonl"
    path.write_text("".join(json.dumps(record) + "\n\n" for record in RECORDS), encoding="utf8")
    return path


@pytest.mark.parametrize("cuts", [10, pytest.param(None, marks=pytest.mark.slow, id="every byte")])
@pytest.mark.parametrize(("name", "options"), [*KINDS, *KEPT])
def test_an_output_that_is_cut_anywhere_can_be_resumed(
    quick, text, tmp_path, flushing, name, options, cuts
):
    out = tmp_path / name
    succeed("score", "", text, out, *options, *flushing)
    whole = out.read_bytes()
    expected = parse(whole, name)
    assert len({record["doc"] for record in expected}) == 3
    sizes = range(len(whole))
    for size in sizes if cuts is None else {0, *random.Random(SEED).sample(sizes, cuts)}:
        out.write_bytes(whole[:size])
        done = succeed("score", "", text, out, "--resume", *options)
        assert_same(read_records(out), expected)
        # the last rows are whole where only their number tells it
        assert "complete already" not in done.stderr


def is_complete(data, name):
    """RETURNS (bool): Whether it is whole records, or whole gzip members of them."""
    if name.endswith(".gz"):
        try:
            return gzip.decompress(data) is not None
        except (EOFError, gzip.BadGzipFile):
            return False
    in_quotes = name.endswith((".csv", ".tsv")) and data.count(b'"') % 2 == 1
    return data[-1:] in (b"", b"\n") and not in_quotes


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_how_far_an_output_got_is_found_wherever_it_is_cut(
    quick, text, tmp_path, flushing, name, options
):
    out = tmp_path / name
    succeed("score", "", text, out, *options, *flushing)
    whole = out.read_bytes()
    form, columns, end = get_output_format(out), list(parse(whole, name)[0]), 0
    for size in range(len(whole)):
        out.write_bytes(whole[:size])
        found = find_progress(out, form, columns)
        end = size if is_complete(whole[:size], name) else end
        records = parse(whole[:end], name)
        if not records:
            assert found is None
            continue
        assert found.end == end
        assert found.number == int(records[-1]["doc"])
        last = [record for record in records if record["doc"] == records[-1]["doc"]]
        assert found.records == len(last)
        assert {column: str(found.values[column]) for column in columns} == {
            column: str(last[0][column]) for column in columns
        }


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_a_finished_output_stays_as_it_is(quick, text, tmp_path, name, options):
    out = tmp_path / name
    succeed("score", "", text, out, *options)
    os.utime(out, (1, 1))
    before = out.read_bytes()
    done = succeed("score", "", text, out, *options, "--resume")
    assert "complete already, with 3 documents" in done.stderr
    assert out.read_bytes() == before
    assert out.stat().st_mtime == 1


def test_an_output_must_be_resumed_or_overwritten(quick, text, tmp_path):
    out = tmp_path / "out.jsonl"
    succeed("score", "", text, out, "--resume")  # nothing to go on with
    before = out.read_bytes()
    error = fail("score", "", text, out)
    assert "R504" in error and "--resume" in error and "--overwrite" in error
    assert out.read_bytes() == before
    succeed("score", "", text, out, "--overwrite", "--tokens")
    assert len(read_records(out)) > 3


def test_a_longer_input_is_scored_from_where_the_output_ends(quick, text, tmp_path):
    out = tmp_path / "out.csv.gz"
    succeed("score", "", text, out)
    with text.open("a") as file:
        file.write(json.dumps({"text": "more", "id": "n"}) + "\n")
    succeed("score", "", text, out, "--resume")
    assert [(r["doc"], r["id"]) for r in read_records(out)][3:] == [("4", "n")]


def write_folder(nlp, folder):
    folder.mkdir()
    (folder / "a.txt").write_text("the boat\n\na letter\n")
    for name in ("b.spacy", "d.spacy"):
        DocBin(docs=[nlp.make_doc(t) for t in ("two pears", "", "a boat", "x")]).to_disk(
            folder / name
        )
    (folder / "c.jsonl").write_text('{"text": "of", "id": 1}\n')
    (folder / "e.txt.gz").write_bytes(gzip.compress(b"the end\n"))
    return folder


@pytest.mark.parametrize("options", [[], ["--tokens"]])
@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_a_folder_is_gone_on_with_after_any_document(quick, nlp, tmp_path, name, options):
    folder, out = write_folder(nlp, tmp_path / "texts"), tmp_path / name
    succeed("score", "", folder, out, *options)
    whole = out.read_bytes()
    expected = parse(whole, name)
    assert len({record["doc"] for record in expected}) == 10
    lines = whole.splitlines(keepends=True)
    for count in range(len(lines)):
        out.write_bytes(b"".join(lines[:count]))
        succeed("score", "", folder, out, "--resume", *options)
        assert_same(read_records(out), expected)


def test_other_columns_are_noticed(quick, text, tmp_path):
    for name in ("out.jsonl", "out.csv", "out.jsonl.gz"):
        out = tmp_path / name
        succeed("score", "", text, out)
        before = out.read_bytes()
        for options in (["--tokens"], ["--measures", "rank"]):
            error = fail("score", "", text, out, "--resume", *options)
            assert "R506" in error
            assert out.read_bytes() == before


def test_another_input_is_noticed(quick, text, tmp_path):
    other = tmp_path / "other.jsonl"
    for records, found in (
        (RECORDS[:2], "not found"),
        ([*RECORDS[:2], {"text": "of many more words"}], "of 4 tokens, not 1"),
    ):
        other.write_text("".join(json.dumps(record) + "\n\n" for record in records))
        for name in ("out.jsonl", "out.csv.gz"):
            succeed("score", "", text, tmp_path / name, "--overwrite")
            before = (tmp_path / name).read_bytes()
            error = fail("score", "", other, tmp_path / name, "--resume")
            assert "R507" in error and "line 5" in error and found in error
            assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_another_model_is_noticed(model, tmp_path, name, options):
    other = tmp_path / "other"
    make_random(seed=1).to_disk(other)
    text = tmp_path / "text.txt"
    out = tmp_path / name
    text.write_text("\n".join(ENGLISH[:3]) + "\n", encoding="utf8")
    succeed("score", model, text, out, *options)
    before = out.read_bytes()
    text.write_text("\n".join(ENGLISH[:6]) + "\n", encoding="utf8")
    error = fail("score", other, text, out, "--resume", *options)
    assert "R507" in error and "bits, not" in error
    assert out.read_bytes() == before
    succeed("score", model, text, out, "--resume", *options)
    assert len({record["doc"] for record in read_records(out)}) == 6


@pytest.mark.parametrize("options", [[], ["--tokens"]], ids=["id", "token"])
def test_a_table_with_a_very_long_field_is_gone_on_with(model, tmp_path, options):
    long = "a" * 200_000
    record = {"text": long} if options else {"text": "the", "id": long}
    text, out = tmp_path / "text.jsonl", tmp_path / "out.csv"
    text.write_text(json.dumps(record) + "\n", encoding="utf8")
    succeed("score", model, text, out, *options)
    text.write_text(json.dumps(record) + "\n" + json.dumps({"text": "the"}), encoding="utf8")
    succeed("score", model, text, out, "--resume", *options)
    lines = out.read_text("utf8").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["doc", "1", "2"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("out.jsonl", b"precious notes"),
        ("out.jsonl", b'{"my": "data"}'),
        ("out.jsonl", b"precious\nnotes\n"),
        ("out.csv", b"precious notes"),
        ("out.csv", b"a,b\n1,2\n"),
        ("out.jsonl.gz", b"not zipped at all"),
        ("out.jsonl.gz", gzip.compress(b"precious notes", mtime=0)),
        ("out.csv.gz", gzip.compress(b"precious notes", mtime=0)[:-4]),
    ],
)
def test_what_is_no_output_is_not_touched(quick, text, tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    error = fail("score", "", text, tmp_path / name, "--resume")
    assert any(code in error for code in ("R506", "R508", "R509"))
    assert (tmp_path / name).read_bytes() == data


def test_a_damaged_member_is_no_interrupted_run(quick, text, tmp_path, flushing):
    out = tmp_path / "out.jsonl.gz"
    succeed("score", "", text, out, *flushing)
    data = bytearray(out.read_bytes())
    data[len(data) // 2] ^= 0xFF
    out.write_bytes(data)
    assert "R508" in fail("score", "", text, out, "--resume")
    assert out.read_bytes() == data


def test_a_document_that_is_cut_inside_a_whole_member_is_an_error(quick, text, tmp_path):
    plain, out = tmp_path / "out.jsonl", tmp_path / "out.jsonl.gz"
    succeed("score", "", text, plain, "--tokens")
    lines = plain.read_bytes().splitlines(keepends=True)
    for data in (b"".join(lines[:2]), b"".join(lines[:3])[:-5]):
        out.write_bytes(gzip.compress(data))
        assert "R509" in fail("score", "", text, out, "--tokens", "--resume")
        plain.write_bytes(data)
        succeed("score", "", text, plain, "--tokens", "--resume")
        assert len(read_records(plain)) == len(lines)


def test_stdin_can_be_given_again(quick, tmp_path):
    out = tmp_path / "out.jsonl"
    lines = "".join(line + "\n" for line in ENGLISH[:6])
    succeed("score", "", "-", out, input=lines)
    whole = out.read_bytes()
    out.write_bytes(whole[: len(whole) // 2])
    succeed("score", "", "-", out, "--resume", input=lines)
    assert_same(read_records(out), parse(whole, out.name))


# --- processes that are ended

SLOWLY = """
import time
import spacy_rnn.scoring.outputs as outputs
outputs._FLUSH_SIZE = 1
write = outputs.Output.write
def write_slowly(self, *args):
    write(self, *args)
    time.sleep(0.02)
outputs.Output.write = write_slowly
"""


@pytest.fixture
def long_text(tmp_path):
    chosen = random.Random(1)
    lines = [" ".join(chosen.choices(ENGLISH, k=chosen.randint(1, 4))) for _ in range(1500)]
    path = tmp_path / "long.txt"
    path.write_text("".join(line + "\n" * chosen.randint(1, 2) for line in lines), encoding="utf8")
    return path


def end_at(size, out, command, number):
    """Start a process and send it a signal when its output has so many bytes."""
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 300
    while not out.exists() or out.stat().st_size < size:
        assert child.poll() is None, child.communicate()[1].decode()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    child.send_signal(number)
    _, errors = child.communicate(timeout=300)
    return child.returncode, errors.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [KINDS[0], KINDS[5]],
)
def test_a_killed_run_loses_nothing(model, long_text, tmp_path, name, options):
    (tmp_path / "slowly.py").write_text(SLOWLY)
    expected, out = tmp_path / f"whole.{name}", tmp_path / name
    options = [*options, "--batch-size", "16"]
    succeed("score", model, long_text, expected, *options)
    command = [*PROGRAM, "score", model, long_text, out, *options]
    command = [*map(str, command), "--code", str(tmp_path / "slowly.py"), "--resume"]
    size = expected.stat().st_size
    chosen = random.Random(name)
    for share in sorted(chosen.uniform(0.02, 0.8) for _ in range(2)):
        code, _ = end_at(int(size * share), out, command, signal.SIGKILL)
        assert code == -signal.SIGKILL
    assert run_process(*command[4:]).returncode == 0
    assert_same(read_records(out), read_records(expected))


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_run_says_how_to_go_on(model, long_text, tmp_path, number, code):
    (tmp_path / "slowly.py").write_text(SLOWLY.replace("= 1", "= 1000"))
    out = tmp_path / "out.jsonl.gz"
    command = [*PROGRAM, "score", model, long_text, out, "--batch-size", 8, "--code"]
    command = [*map(str, command), str(tmp_path / "slowly.py")]
    returned, errors = end_at(3000, out, command, number)
    assert returned == code
    assert "--resume" in errors and "Traceback" not in errors
    reached = read_records(out)  # complete members
    assert 0 < len(reached) < 1500
    succeed("score", model, long_text, out, "--resume")
    found = read_records(out)
    assert [record["doc"] for record in found] == list(range(1, 1501))
