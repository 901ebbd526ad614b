"""`rnn score` and empty documents: left out and counted, or a record for each."""

import json

import pytest
from spacy.tokens import DocBin

from spacy_rnn import BatchScorer

from .conftest import assert_same, fail, parse, read_records, succeed

TEXTS = ["the grey cat", "", "  ", "a letter !", "\u3000", ""]
FILLED = [1, 4]


@pytest.fixture(params=["texts.txt", "texts.jsonl", "texts.spacy"])
def texts(request, nlp, tmp_path):
    path = tmp_path / request.param
    if path.suffix == ".txt":
        path.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf8")
    elif path.suffix == ".jsonl":
        lines = (json.dumps({"text": text}) + "\n" for text in TEXTS)
        path.write_text("".join(lines), encoding="utf8")
    else:
        DocBin(docs=map(nlp.make_doc, TEXTS)).to_disk(path)
    return path


def test_empty_documents_are_counted(quick, texts, tmp_path):
    out = tmp_path / "out.jsonl"
    done = succeed("score", "", texts, out)
    assert "2 documents, 6 tokens" in done.stderr
    assert "left out: 4 empty documents (--keep-empty" in done.stderr
    assert len(read_records(out)) == 2
    # those before the end of the output were counted then
    whole = out.read_bytes()
    out.write_bytes(whole.splitlines(keepends=True)[0])
    assert "left out: 4 empty documents" in succeed("score", "", texts, out, "--resume").stderr
    assert "left out: 2 empty documents" in succeed("score", "", texts, out, "--resume").stderr
    assert_same(read_records(out), parse(whole, out.name))


def test_kept_ones_have_the_numbers_that_tables_get(quick, model, texts, tmp_path):
    out = tmp_path / "out.jsonl"
    done = succeed("score", "", texts, out, "--keep-empty")
    assert "6 documents, 8 tokens" in done.stderr and "left out" not in done.stderr
    records = read_records(out)
    assert [record["doc"] for record in records] == [1, 2, 3, 4, 5, 6]
    if texts.suffix != ".spacy":
        assert [record["line"] for record in records] == [1, 2, 3, 4, 5, 6]
    table = BatchScorer(model)({"text": TEXTS})
    for name in ("tokens", "characters", "surprisal", "end_surprisal", "perplexity"):
        assert [record[name] for record in records] == pytest.approx(list(table[name]), rel=1e-5)
    assert records[1]["tokens"] == 0 and records[1]["bits_per_char"] is None


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_a_run_that_keeps_them_goes_on_after_any_document(quick, texts, tmp_path, name):
    out = tmp_path / name
    succeed("score", "", texts, out, "--keep-empty")
    whole = out.read_bytes()
    lines = whole.splitlines(keepends=True)
    for count in range(len(lines)):
        out.write_bytes(b"".join(lines[:count]))
        succeed("score", "", texts, out, "--keep-empty", "--resume")
        assert_same(read_records(out), parse(whole, name))


def test_words_separated_by_spaces_and_whole_files_can_be_empty_too(quick, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, text in (("a.txt", "the boat"), ("b.txt", ""), ("c.txt", "\n \n")):
        (folder / name).write_text(text)
    options = ["--document", "file"]
    done = succeed("score", "", folder, *options)
    assert "left out: 2 empty documents" in done.stderr
    for more in ([], ["--tokenized"]):
        done = succeed("score", "", folder, *options, "--keep-empty", *more)
        records = parse(done.stdout_bytes, "jsonl")
        assert [record["file"] for record in records] == ["a.txt", "b.txt", "c.txt"]
        assert records[1]["tokens"] == 0
    done = succeed("score", "", folder / "c.txt", "--tokenized", "--keep-empty")
    assert [record["tokens"] for record in parse(done.stdout_bytes, "jsonl")] == [0, 0]


def test_empty_lines_between_blocks_and_objects_are_no_documents(quick, tmp_path):
    blocks, objects = tmp_path / "b.txt", tmp_path / "o.jsonl"
    blocks.write_text("the\nboat\n\n\nof\n\n")
    objects.write_text('{"text": "of"}\n\n{"text": ""}\n')
    done = succeed("score", "", blocks, "--document", "block", "--keep-empty")
    assert [record["line"] for record in parse(done.stdout_bytes, "jsonl")] == [1, 5]
    done = succeed("score", "", objects, "--keep-empty")
    assert [record["line"] for record in parse(done.stdout_bytes, "jsonl")] == [1, 3]
    done = succeed("score", "", objects)
    assert "left out: 1 empty document (" in done.stderr


def test_tokens_of_empty_documents_are_an_error(quick, tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("the boat\n\n")
    assert "R550" in fail("score", "", path, "--tokens", "--keep-empty")
