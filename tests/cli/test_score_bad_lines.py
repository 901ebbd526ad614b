"""`rnn score --bad-lines`: stop at what can't be read, or leave it out and say so."""

import gzip
import json

import pytest
from spacy.language import Language
from spacy.tokens import DocBin

from .conftest import assert_same, fail, parse, read_records, succeed

GOOD = ["the grey cat", "our neighbour", "the harbour ."]
JSON = [json.dumps({"text": text}).encode() for text in GOOD]
BAD_JSON = {
    b'{"text": "never closed': "R208",
    b'{"other": "key"}': "R209",
    b'{"text": 3}': "R209",
    b'{"tokens": "no list"}': "R210",
    b'{"text": "half \\ud83d"}': "R211",
    b'{"text": "a b", "tokens": ["a", "c"]}': "R221",
    b'{"text": "fine", "id": "\\ud83d"}': "R517",
    b'{"text": "fine", "id": NaN}': "R517",
    b'{"text": "' + b"long " * 300_000 + b'"}': "R213",
    '{"text": "天"}'.encode("gb18030"): "R206",
}
BAD_TEXT = {"天气".encode("gb18030"): "R206", b"long " * 300_000: "R213"}


def write(path, lines, end=b"\n"):
    data = b"".join(line + end for line in lines)
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


def _files():
    for name, good, bad in (
        ("text.jsonl", JSON, BAD_JSON),
        ("text.txt", [text.encode() for text in GOOD], BAD_TEXT),
    ):
        for line, code in bad.items():
            yield pytest.param(name, good, line, code, id=f"{name} {code} {line[:20]!r}")


FILES = list(_files())


@pytest.mark.parametrize(("name", "good", "bad", "code"), FILES)
def test_a_bad_line_ends_the_run_after_those_before_it(quick, tmp_path, name, good, bad, code):
    path = write(tmp_path / name, [*good[:2], b"", bad, good[2]])
    out = tmp_path / "out.jsonl"
    error = fail("score", "", path, out)
    assert f"[{code}]" in error and f"{path}, line 4" in error
    assert "with 2 documents in the output" in error and "--resume --bad-lines skip" in error
    # it stops there again, and says as much about the whole output
    again = fail("score", "", path, out, "--resume")
    assert again == error
    assert [record["line"] for record in read_records(out)] == [1, 2]
    # when it was repaired
    write(path, [*good[:2], b"", good[0], good[2]])
    succeed("score", "", path, out, "--resume")
    assert [(r["doc"], r["line"]) for r in read_records(out)] == [(1, 1), (2, 2), (3, 4), (4, 5)]


def test_a_run_that_stopped_at_a_bad_line_can_leave_it_out(quick, tmp_path):
    path, out = tmp_path / "text.txt", tmp_path / "out.jsonl"
    write(path, [b"the boat", b"\xff", b"a letter"])
    fail("score", "", path, out)
    done = succeed("score", "", path, out, "--resume", "--bad-lines", "skip")
    assert [(r["doc"], r["line"]) for r in read_records(out)] == [(1, 1), (2, 3)]
    assert "left out: 1 document that can't be read" in done.stderr
    error = fail("score", "", path)
    assert "after 1 document, at one" in error and "with --bad-lines skip" in error
    assert "--resume" not in error


@pytest.mark.parametrize(("name", "good", "bad", "code"), FILES)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_bad_line_can_be_left_out(quick, tmp_path, name, good, bad, code, end):
    path = write(tmp_path / (name + ".gz"), [bad, *good[:2], bad, bad, good[2], bad], end)
    out = tmp_path / "out.jsonl"
    done = succeed("score", "", path, out, "--bad-lines", "skip")
    assert [(r["doc"], r["line"]) for r in read_records(out)] == [(1, 2), (2, 3), (3, 6)]
    reports = [line for line in done.stderr.splitlines() if f"[{code}]" in line]
    for number, report in zip((1, 4, 5, 7), reports, strict=True):
        assert f"{path}, line {number}" in report
    assert "left out: 4 documents" in done.stderr
    # those before the end of the output aren't reported again
    out.write_bytes(out.read_bytes()[:-20])
    done = succeed("score", "", path, out, "--bad-lines", "skip", "--resume")
    assert [(r["doc"], r["line"]) for r in read_records(out)] == [(1, 2), (2, 3), (3, 6)]
    assert done.stderr.count(f"[{code}]") == 3


def test_a_block_with_a_bad_line_is_left_out_as_a_whole(quick, tmp_path):
    path = write(tmp_path / "t.txt", [b"the", b"boat", b"", b"a", b"\xff", b"letter", b"", b"x"])
    options = ["--document", "block", "--bad-lines", "skip"]
    done = succeed("score", "", path, *options)
    found = parse(done.stdout_bytes, "jsonl")
    assert [(r["line"], r["characters"]) for r in found] == [(1, 8), (8, 1)]
    assert "line 5" in done.stderr
    for options in (["--document", "block"], ["--document", "file"]):
        assert "line 5" in fail("score", "", path, *options)


def test_a_tokenizer_that_fails_makes_a_bad_line(quick, tmp_path, monkeypatch):
    path = write(tmp_path / "t.txt", [b"the boat", b"fail here", b"a letter"])
    make_doc = quick.nlp.make_doc

    def stumble(text):
        if "fail" in text:
            raise ValueError("[X999] no such word")
        return make_doc(text)

    monkeypatch.setattr(quick.nlp, "make_doc", stumble)
    assert f"{path}, line 2: [X999]" in fail("score", "", path)
    done = succeed("score", "", path, "--bad-lines", "skip")
    assert [r["line"] for r in parse(done.stdout_bytes, "jsonl")] == [1, 3]


class Stumbling:
    """A component that merges the first two tokens of a Doc, and raises at some."""

    def __call__(self, doc):
        if len(doc) > 1:
            with doc.retokenize() as retokenizer:
                retokenizer.merge(doc[:2])
        if "fail" in doc.text:
            raise ValueError("[X999] it is too odd")
        return doc


@Language.factory("test_stumbling", retokenizes=True)
def make_stumbling(nlp, name):
    return Stumbling()


@pytest.fixture
def stumbling(quick):
    quick.nlp.add_pipe("test_stumbling", first=True)
    return quick


@pytest.mark.parametrize("name", ["t.txt", "t.spacy"])
def test_a_document_that_cannot_be_scored_is_a_bad_line(stumbling, tmp_path, name):
    texts = ["the boat", "a letter .", "fail here", "", "an old boat", "fail too", "the cat"]
    path, out = tmp_path / name, tmp_path / "out.jsonl"
    if name == "t.txt":
        write(path, [text.encode() for text in texts])
    else:
        DocBin(docs=map(stumbling.nlp.make_doc, texts)).to_disk(path)
    error = fail("score", "", path, out)
    assert f"{path}, {'line' if name == 't.txt' else 'document'} 3: [X999]" in error
    assert "with 2 documents in the output" in error
    expected = {}
    for options in ([], ["--batch-size", 1]):
        expected = succeed("score", "", path, "--bad-lines", "skip", *options)
        assert "left out: 2 documents that can't be read or scored" in expected.stderr
        records = parse(expected.stdout_bytes, "jsonl")
        assert [record["tokens"] for record in records] == [1, 2, 2, 1]
    # wherever it stopped, it goes on
    lines = expected.stdout_bytes.splitlines(keepends=True)
    for count in range(len(lines)):
        out.write_bytes(b"".join(lines[:count]))
        succeed("score", "", path, out, "--bad-lines", "skip", "--resume")
        assert_same(read_records(out), records)


@pytest.mark.parametrize("document", ["line", "block"])
@pytest.mark.parametrize("bad_lines", ["stop", "skip"])
def test_a_damaged_file_ends_the_run_in_any_case(quick, tmp_path, document, bad_lines):
    path = tmp_path / "text.txt.gz"
    path.write_bytes(gzip.compress(b"the boat\n\na letter\n\n" * 3000 + b"last\n")[:-12])
    out = tmp_path / "out.jsonl"
    options = ["--document", document, "--bad-lines", bad_lines]
    assert "R207" in fail("score", "", path, out, *options)
    assert len(read_records(out)) > 1000


def test_no_id_is_needed_where_ids_are_bad_elsewhere(quick, tmp_path):
    path = write(tmp_path / "t.jsonl", [b'{"text": "the boat", "id": "\\ud83d", "key": 1}'])
    found = parse(succeed("score", "", path, "--id-key", "key").stdout_bytes, "jsonl")
    assert found[0]["id"] == 1
