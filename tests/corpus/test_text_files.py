import gzip
import json
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_rnn.corpus.text_files import find_files, read_jsonl, read_lines, read_text


def read_texts(path, document="line"):
    return ["\n".join(raw.lines) for raw in read_text(path, document)]


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


# --- lines ---


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(
        st.one_of(
            st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"),
            st.sampled_from("\r\n \u2028\x85\x0b\x0c\x1c"),
        ),
        max_size=60,
    )
)
def test_only_newline_and_carriage_return_newline_end_a_line(tmp_path, text):
    path = write(tmp_path / "a.txt", text)
    expected = re.split("\r?\n", text)
    assert list(read_lines(path)) == (expected if expected[-1] else expected[:-1])


def test_byte_order_mark_is_dropped_at_the_beginning_only(tmp_path):
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbffirst\n\xef\xbb\xbfsecond\n")
    assert list(read_lines(path)) == ["first", "\ufeffsecond"]


def test_concatenated_gzip_files_are_one_file(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"one\ntw") + gzip.compress(b"o\nthree\n"))
    assert list(read_lines(path)) == ["one", "two", "three"]


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_line_limit_counts_the_characters_of_the_text(tmp_path, end):
    path = write(tmp_path / "a.txt", "12345" + end)
    assert list(read_lines(path, 5)) == ["12345"]
    with pytest.raises(ValueError, match=r"R218.*a\.txt, line 1: a line of more than 4 char"):
        list(read_lines(path, 4))


def test_bytes_that_are_not_utf8_are_found_in_their_line(tmp_path):
    path = write(tmp_path / "a.txt", "好\n".encode() * 5000 + "晴天\n".encode("gb18030") + b"x\n")
    lines = read_lines(path)
    assert [next(lines) for _ in range(5000)] == ["好"] * 5000
    with pytest.raises(ValueError, match=r"R206.*a\.txt, line 5001: byte 0xC7 is not UTF-8.*iconv"):
        next(lines)


@pytest.mark.parametrize(
    "data",
    [
        b"this was never compressed\n",
        gzip.compress(b"words and words\n" * 100)[:-12],
        gzip.compress(b"words and words\n" * 100)[:-8] + b"\0" * 8,
        gzip.compress(b"words")[:10] + b"\xff" * 30,
    ],
    ids=["foreign", "truncated", "wrong checksum", "damaged"],
)
def test_broken_gzip_file_is_named(tmp_path, data):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"R207.*a\.txt\.gz.*Get it anew"):
        list(read_lines(path))


@pytest.mark.slow
def test_large_file_is_read_in_bounded_memory(tmp_path):
    path = tmp_path / "a.txt"
    line = "a quiet line of text that nobody keeps\n" * 25
    with path.open("w") as file:
        file.writelines(line + "\n" for _ in range(5_000))
    assert path.stat().st_size > 4_800_000
    tracemalloc.start()
    count = sum(1 for raw in read_text(path, "block") for _ in raw.lines)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 125_000
    assert peak < 200_000


def test_line_without_end_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 20_000_000)
    tracemalloc.start()
    with pytest.raises(ValueError, match="R213"):
        list(read_text(path, "line", 10_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000


# --- documents of a .txt file ---

LINES = "\n \nfirst line\nsecond line\n\n\t\n\u3000\nthird line\r\nfourth line\n\n"


def test_line_document_is_every_line_that_is_not_empty(tmp_path):
    path = write(tmp_path / "a.txt", LINES)
    assert read_texts(path) == ["first line", "second line", "third line", "fourth line"]
    assert [raw.place.line for raw in read_text(path, "line")] == [3, 4, 8, 9]


def test_block_document_keeps_its_inner_line_ends(tmp_path):
    path = write(tmp_path / "a.txt", LINES)
    assert read_texts(path, "block") == ["first line\nsecond line", "third line\nfourth line"]
    assert [raw.place.line for raw in read_text(path, "block")] == [3, 8]


def test_blocks_that_nobody_reads_are_skipped(tmp_path):
    path = write(tmp_path / "a.txt", "one\ntwo\n\nthree\nfour\n\nfive\n")
    assert len(list(read_text(path, "block"))) == 3


def test_file_document_is_the_whole_file_without_its_last_line_end(tmp_path):
    path = write(tmp_path / "a.txt", LINES)
    assert read_texts(path, "file") == [LINES.replace("\r\n", "\n")[:-1]]


@pytest.mark.parametrize("document", ["line", "block", "file"])
@pytest.mark.parametrize("content", ["", "\n", " \n\n \t\r\n", "\u3000"])
def test_file_of_white_space_has_no_document(tmp_path, document, content):
    assert read_texts(write(tmp_path / "a.txt", content), document) == []


# --- documents of a .jsonl file ---


def test_json_text_is_taken_as_it_is(tmp_path):
    texts = ["plain", "two\nlines\r\n", " \u2028 ", "NUL \0 inside", "🚲"]
    path = write(tmp_path / "a.jsonl", "\n\n".join(json.dumps({"body": t}) for t in texts))
    raws = [("\n".join(raw.lines), raw.place.line) for raw in read_jsonl(path, "body")]
    # The third is white space: U+2028 is no line end, but no word either.
    assert raws == [(texts[0], 1), (texts[1], 3), (texts[3], 7), (texts[4], 9)]


@pytest.mark.parametrize(
    ("record", "text", "words"),
    [
        ({"tokens": ["a", "b"]}, None, ["a", "b"]),
        ({"text": "a b", "tokens": ["a", "b"]}, "a b", ["a", "b"]),
        ({"text": "a b", "tokens": 2}, "a b", None),
        ({"text": "a b", "tokens": []}, "a b", None),
        ({"text": None, "tokens": ["a"]}, None, ["a"]),
    ],
)
def test_json_tokens_stand_beside_or_instead_of_the_text(tmp_path, record, text, words):
    (raw,) = read_jsonl(write(tmp_path / "a.jsonl", json.dumps(record)))
    assert raw.words == words
    assert ("\n".join(raw.lines) or None) == text


@pytest.mark.parametrize("record", ['{"text": ""}', '{"text": " \\n"}', '{"tokens": []}'])
def test_empty_json_documents_are_skipped(tmp_path, record):
    assert list(read_jsonl(write(tmp_path / "a.jsonl", record + '\n{"text": "x"}')))[1:] == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "never closed', r"R208.*not valid JSON"),
        ("[" * 100_000, r"R208.*not valid JSON"),
        ("just words", r"R208.*not valid JSON"),
        ('{"body": "other key"}', r"R209.*key 'text'.*'tokens'.*text_key"),
        ('{"text": 3}', r"R209"),
        ('{"text": null}', r"R209"),
        ('["a list"]', r"R209"),
        ('{"tokens": "a string"}', r"R210.*list of strings"),
        ('{"tokens": ["a", ""]}', r"R210"),
        ('{"tokens": ["a", 1]}', r"R210"),
        ('{"text": "a 1", "tokens": ["a", 1]}', r"R210"),
        ('{"text": "half \\ud83d a pair"}', r"R211.*U\+D83D"),
        ('{"tokens": ["fine", "\\udeb2"]}', r"R211.*U\+DEB2"),
    ],
)
def test_bad_json_line_is_named(tmp_path, line, message):
    path = write(tmp_path / "a.jsonl", '{"text": "good"}\n\n' + line + "\n")
    raws = read_jsonl(path)
    assert list(next(raws).lines) == ["good"]
    with pytest.raises(ValueError, match=message) as error:
        next(raws)
    assert f"{path}, line 3:" in str(error.value)


# --- finding files ---


def test_folder_is_searched_in_order_and_hidden_and_foreign_files_are_skipped(tmp_path):
    names = ["b.txt", "a/z.txt", "a/B.JSONL", "a/c/d.txt.gz", "a.txt", "c.spacy.gz"]
    skipped = [".hidden.txt", ".git/x.txt", "notes.md", "a.txt.bak", "x.gz", "txt"]
    for name in [*names, *skipped]:
        write(tmp_path / name, "x")
    (tmp_path / "folder.txt").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in find_files([tmp_path])]
    assert found == ["a/B.JSONL", "a/c/d.txt.gz", "a/z.txt", "a.txt", "b.txt", "c.spacy.gz"]


def test_listed_paths_keep_their_order(tmp_path):
    b, a = write(tmp_path / "b.txt", "x"), write(tmp_path / "f" / "a.txt", "x")
    assert find_files([b, a.parent]) == [b, a]


def test_linked_folder_is_searched_once(tmp_path):
    path = write(tmp_path / "a" / "x.txt", "x")
    try:
        (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    assert find_files([tmp_path]) == [path]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.txt", r"R202.*missing\.txt"),
        ("text.doc", r"R203.*text\.doc.*\.txt, \.jsonl, \.spacy"),
        ("text", r"R203"),
        ("folder", r"R204.*folder.*\.txt, \.jsonl, \.spacy"),
    ],
)
def test_path_that_gives_no_file_is_named(tmp_path, name, message):
    write(tmp_path / "text.doc", "x")
    write(tmp_path / "text", "x")
    write(tmp_path / "folder" / "read.me", "x")
    with pytest.raises(ValueError, match=message):
        find_files([Path(tmp_path / name)])
