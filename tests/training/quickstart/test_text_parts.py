"""A text in three parts: every document in one of them, in its order."""

import gzip
import json

import pytest

from spacy_rnn.training.quickstart.text_parts import split_text


def lines_of(path):
    return path.read_text("utf8").splitlines()


def numbered(count):
    return [f"document number {number}" for number in range(count)]


def test_every_document_is_in_one_part_and_one_of_ten_is_kept_for_each_check(tmp_path):
    texts = numbered(47)
    source = tmp_path / "novel.txt"
    source.write_text("\n".join(texts) + "\n", encoding="utf8")
    parts = split_text(source, tmp_path / "parts")
    train, dev, test = (lines_of(path) for path in (parts.train, parts.dev, parts.test))
    assert sorted(train + dev + test) == sorted(texts)
    assert dev == texts[4::10]
    assert test == texts[9::10]
    assert train == [text for text in texts if text not in dev + test]
    assert (parts.document, parts.documents) == ("line", 47)


def test_blocks_of_lines_between_empty_ones_stay_together(tmp_path):
    blocks = [f"title {number}\nfirst line\nsecond line" for number in range(20)]
    source = tmp_path / "chapters.txt"
    source.write_text("\n\n".join(blocks) + "\n", encoding="utf8")
    parts = split_text(source, tmp_path / "parts")
    assert parts.document == "block"
    read = [path.read_text("utf8").strip().split("\n\n") for path in (parts.dev, parts.test)]
    assert read == [blocks[4::10], blocks[9::10]]
    assert len(parts.train.read_text("utf8").strip().split("\n\n")) == 16


def test_paragraphs_with_empty_lines_between_them_are_lines(tmp_path):
    source = tmp_path / "paragraphs.txt"
    source.write_text("\n\n".join(numbered(30)), encoding="utf8")
    parts = split_text(source, tmp_path / "parts")
    assert parts.document == "line"
    assert lines_of(parts.dev) == numbered(30)[4::10]


def test_a_long_text_gives_up_less_of_itself(tmp_path):
    source = tmp_path / "long.txt"
    texts = [f"{number} " + "word " * 4000 for number in range(120)]
    source.write_text("\n".join(texts), encoding="utf8")
    assert 2_000_000 < source.stat().st_size < 20_000_000
    parts = split_text(source, tmp_path / "parts")
    assert [line.split()[0] for line in lines_of(parts.dev)] == [str(n) for n in range(9, 120, 20)]


def test_a_folder_and_zipped_json_are_read(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("\n".join(numbered(12)), encoding="utf8")
    with gzip.open(folder / "b.txt.gz", "wt", encoding="utf8") as file:
        file.write("\n".join(numbered(12)))
    assert split_text(folder, tmp_path / "one").documents == 24
    records = tmp_path / "records.jsonl"
    texts = [f"line one of {number}\nline two" for number in range(20)]
    lines = (json.dumps({"body": text}) for text in texts)
    records.write_text("\n".join(lines), encoding="utf8")
    parts = split_text(records, tmp_path / "two", text_key="body")
    found = [json.loads(line)["text"] for line in lines_of(parts.test)]
    assert found == texts[9::10]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a.txt": "one\ntwo\n"}, "R643.*2 documents"),
        ({"a.spacy": ""}, "R642.*spacy"),
        ({"a.txt": "x\n" * 30, "b.jsonl": '{"text": "x"}\n'}, "R642"),
    ],
)
def test_a_text_that_cannot_be_split_is_one_clear_error(files, code, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf8")
    with pytest.raises(ValueError, match=code):
        split_text(folder, tmp_path / "parts")
