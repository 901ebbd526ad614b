"""Corpora of any bytes: their text, or a clear error, and always little memory."""

import gzip
import json
import tempfile
from pathlib import Path

import pytest
import spacy
from hypothesis import strategies as st
from spacy.tokens import DocBin

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.corpus.text_files import read_jsonl, read_lines

from ..hostile import TEXTS, damaged, flipped, fuzz, run_within

NLP = spacy.blank("xx")


def read(name, content, **options):
    """RETURNS (Union[List[str], str]): The documents of a file, or the code of the error."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        try:
            reader = create_text_corpus(path, cache=False, **options)
            return [example.reference.text for example in reader(NLP)]
        except ValueError as error:
            message = str(error)
            assert message[0] == "[" and message[5] == "]", message
            assert str(path) in message
            assert len(message) < 600 + 3 * len(str(path))
            return message[1:5]


# -- .txt

BYTES = st.one_of(
    st.binary(max_size=60),
    TEXTS.map(str.encode),
    st.lists(st.sampled_from([b"\r", b"\n", b"\xef\xbb\xbf", b"a", "爱".encode(), b"\xff", b" "]))
    .map(b"".join)
    .filter(bool),
)


def is_wide(found, content):
    """Whether the file was taken for UTF-16: only bytes that aren't UTF-8, or have zeros in every
    other place, may be."""
    if found != "R561":
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return True
    places = [content[:4096][i::2] for i in (0, 1)]
    assert max(place.count(0) / len(place) for place in places) > 0.4
    return True


@fuzz(1200, content=BYTES, zipped=st.booleans())
def test_a_text_file_of_any_bytes_is_its_lines_or_an_error(content, zipped):
    name, packed = ("a.txt.gz", gzip.compress(content)) if zipped else ("a.txt", content)
    found = read(name, packed)
    if is_wide(found, content):
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        assert found == "R206"
        return
    lines = [line.removesuffix("\r") for line in text.split("\n")[:-1]] + text.split("\n")[-1:]
    lines = [line for line in lines if line.strip()]
    assert found == (lines or "R205")


@pytest.mark.parametrize("document", ["block", "file"])
@fuzz(300, content=BYTES)
def test_longer_documents_of_any_bytes_have_the_text_of_the_file(document, content):
    found = read("a.txt", content, document=document)
    if is_wide(found, content):
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        assert found == "R206"
        return
    if not text.strip():
        assert found == "R205"
        return
    assert isinstance(found, list)
    visible = [line for line in text.split("\n") if line.strip()]
    joined = [line for text in found for line in text.split("\n") if line.strip()]
    assert [line.removesuffix("\r") for line in visible[:-1]] == joined[:-1]
    assert joined[-1] in (visible[-1], visible[-1].removesuffix("\r"))


@pytest.mark.parametrize("content", [b"\xef", b"\xef\xbb", b"a\n\xef\xbb", "爱".encode()[:2]])
def test_a_file_that_ends_within_a_character_is_an_error(content):
    """Half a byte order mark too, which Python's own decoder takes for an empty file."""
    assert read("a.txt", content) == "R206"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_byte_order_mark_counts_for_no_limit(tmp_path, end):
    path = tmp_path / "a.txt"
    path.write_bytes(("\ufeff" + "爱" * 5 + end).encode())
    assert list(read_lines(path, 5)) == ["爱" * 5]
    with pytest.raises(ValueError, match="R218"):
        list(read_lines(path, 4))
    path.write_bytes("\ufeff".encode())
    assert list(read_lines(path)) == []


# -- .jsonl

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**80), 2**80),
        st.floats(),
        st.text(max_size=6),
        st.sampled_from(["a", "a b", " ", "", "\ud83d", "\0", "x" * 50]),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=5,
)
RECORDS = st.dictionaries(st.sampled_from(["text", "tokens", "id", "x"]), JSON, max_size=3)
HALF = {chr(code) for code in range(0xD800, 0xE000)}


@fuzz(600, record=RECORDS | JSON)
def test_a_record_of_any_json_is_a_document_or_an_error(record):
    found = read("a.jsonl", json.dumps(record).encode())
    text, words = (
        record.get(key) if isinstance(record, dict) else None for key in ("text", "tokens")
    )
    strings = [text] if isinstance(text, str) else []
    strings += words if isinstance(words, list) else []
    if isinstance(found, list):
        (doc,) = found
        assert strings and not HALF & set("".join(strings))
        assert doc == (text if isinstance(text, str) else doc)
        if isinstance(words, list) and words:
            assert "".join(doc.split()) == "".join("".join(words).split())
        return
    assert found in ("R205", "R209", "R210", "R211", "R221")
    if found == "R209":
        assert not isinstance(text, str) and words is None
    if found == "R211":
        assert HALF & set("".join(strings))


LINE = json.dumps({"text": "我爱 a\nb", "tokens": ["我爱", "a", "b"], "id": [1, None]}).encode()


@fuzz(600, content=damaged(LINE) | st.binary(max_size=40))
def test_a_damaged_record_is_a_document_or_an_error(content):
    found = read("a.jsonl", content)
    assert isinstance(found, list) or found in (
        *("R205", "R206", "R208", "R209", "R210", "R211", "R221"),
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"text": "a", "text": "b"}', ["b"]),
        (b'{"text": "a", "x": NaN, "y": -Infinity, "z": 1e999}', ["a"]),
        (b'{"text": "a", "x": ' + b"9" * 4000 + b"}", ["a"]),
        (b'{"text": "a", "x": ' + b"9" * 5000 + b"}", "R208"),
        (b'{"text": ' + b"9" * 10**6 + b"}", "R208"),
        (b'{"text": "a", "x": ' + b"[" * 10**6, "R208"),
        (b'{"a":' * 10**5 + b"1" + b"}" * 10**5, "R208"),
        (b'{"text": "\\ud83d\\ude00"}', ["😀"]),
        (b'{"text": "\\ude00\\ud83d"}', "R211"),
        (b'{"tokens": ["\\ud83d", "\\ude00"]}', "R211"),
        (b'{"text": "\\u0000"}', ["\0"]),
        (b'{"text": "a\0b"}', "R208"),
        (b'\xef\xbb\xbf{"text": "a"}', ["a"]),
        (b'{"text": "a"} {"text": "b"}', "R208"),
        (b'{"tokens": {"a": 1}}', "R210"),
        (b'{"tokens": "ab"}', "R210"),
        (b'{"tokens": [["a"]]}', "R210"),
        (b'{"text": "ab", "tokens": ["b", "a"]}', "R221"),
        (b'{"text": "a", "tokens": [" ", "a"]}', ["a"]),
        (b'{"\\ud800": 1, "text": "a"}', ["a"]),
    ],
)  # fmt: skip
def test_odd_records(line, expected):
    assert read("a.jsonl", line) == expected


def test_an_id_of_any_depth_is_kept_or_refused(tmp_path):
    """Some depths can be read, but not written."""
    path = tmp_path / "a.jsonl"
    for depth in range(600, 1000, 3):
        path.write_text(f'{{"text": "a", "id": {"[" * depth + "]" * depth}}}', "utf8")
        errors = []
        documents = list(read_jsonl(path, id_key="id", on_error=errors.append))
        assert len(documents) + len(errors) == 1
        assert all("R208" in str(error) or "R517" in str(error) for error in errors)


# -- .gz

PACKED = gzip.compress("我爱北京。\nthe text\n".encode() * 3, mtime=0)


@pytest.mark.parametrize("name", ["a.txt.gz", "a.jsonl.gz", "a.spacy.gz"])
def test_a_gzip_file_cut_anywhere_is_an_error(name):
    docbin = DocBin(
        docs=[NLP.make_doc("The kettle can't sing."), NLP.make_doc("雨停了")]
    ).to_bytes()
    content = {"a.txt.gz": b"one\ntwo\n" * 9, "a.jsonl.gz": LINE, "a.spacy.gz": docbin}[name]
    packed = gzip.compress(content)
    for end in range(0, len(packed), 1 + len(packed) // 200):
        assert read(name, packed[:end]) == "R207"
    assert isinstance(read(name, packed), list)


def test_a_flipped_bit_in_a_gzip_file_is_an_error_or_harmless():
    """Harmless: the time and the system in its header."""
    texts = read("a.txt.gz", PACKED)
    harmless = 0
    for place in range(len(PACKED)):
        for bit in range(8):
            found = read("a.txt.gz", flipped(PACKED, place, bit))
            assert found in (texts, "R206", "R207")
            harmless += found == texts
    assert harmless < 8 * 10


@fuzz(500, content=damaged(PACKED))
def test_a_damaged_gzip_file_is_an_error_or_has_a_part_of_the_text(content):
    found = read("a.txt.gz", content)
    # R561: what is left looks like UTF-16
    assert found in ("R205", "R206", "R207", "R561") or set(found) <= {"我爱北京。", "the text"}


# -- bombs

BOMBS = """
import gzip, zlib
from pathlib import Path
import spacy
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.corpus.text_files import read_text
nlp = spacy.blank("xx")
folder = Path(sys.argv[1])
def write(name, head, unit, megabytes):
    block = unit * ((1 << 20) // len(unit))
    with gzip.open(folder / name, "wb", 6) as file:
        file.write(head)
        for _ in range(megabytes):
            file.write(block)
    assert (folder / name).stat().st_size < 10**6
write("line.txt.gz", b"", b"a", 200)
write("wide.txt.gz", b"", b"\\xf0\\xa0\\x80\\x80", 200)
write("empty.txt.gz", b"", b"\\n", 16)
write("list.jsonl.gz", b'{"text":[', b"[],", 100)
write("tokens.jsonl.gz", b'{"tokens":[', b'"aa",', 100)
write("nul.jsonl.gz", b"", b"\\0", 100)
write("twice.spacy.gz", b"", b"\\0", 300)
deflate = zlib.compressobj(6)
parts = [deflate.compress(b"\\xdd\\x3f\\xff\\xff\\xff")]
parts += [deflate.compress(b"\\x90" * (1 << 20)) for _ in range(300)]
(folder / "lists.spacy").write_bytes(b"".join([*parts, deflate.flush()]))
inner = (folder / "lists.spacy").read_bytes()
with gzip.open(folder / "lists.spacy.gz", "wb") as file:
    file.write(inner)
"""
READ = """
def attempt(name, **options):
    try:
        for example in create_text_corpus(folder / name, **options)(nlp):
            pass
        print(name, "read")
    except ValueError as error:
        print(name, str(error)[1:5])
attempt("line.txt.gz")
attempt("line.txt.gz", document="file", tokenized=True)
attempt("wide.txt.gz", tokenized=True)
attempt("empty.txt.gz", document="file")
for name in ("list.jsonl.gz", "tokens.jsonl.gz", "nul.jsonl.gz"):
    attempt(name)
for name in ("twice.spacy.gz", "lists.spacy", "lists.spacy.gz"):
    attempt(name)
"""


@pytest.mark.slow
def test_small_files_that_become_huge_are_read_in_bounded_memory(tmp_path):
    """A third of a megabyte at most, and up to 300 MB when they are decompressed."""
    *lines, memory = run_within(1200, BOMBS, READ, tmp_path)
    assert lines == [
        "line.txt.gz R213",
        "line.txt.gz R218",
        "wide.txt.gz R218",
        "empty.txt.gz R213",
        "list.jsonl.gz R218",
        "tokens.jsonl.gz R218",
        "nul.jsonl.gz R218",
        "twice.spacy.gz R228",
        "lists.spacy R228",
        "lists.spacy.gz R228",
    ]
    assert int(memory.split()[-1]) < 800


LONGEST = """
from spacy_rnn.corpus.text_files import LONGEST_LINE
text = '{"text": "a", "x": [' + "[]," * ((LONGEST_LINE - 40) // 3) + "0]}"
(folder / "a.jsonl").write_text(text)
del text
attempt("a.jsonl")
"""


@pytest.mark.slow
def test_the_longest_line_of_json_is_read_in_bounded_memory(tmp_path):
    """33 million characters of the costliest kind: 11 million empty lists."""
    prepare, attempt = BOMBS[: BOMBS.index("def write")], READ[: READ.index('attempt("line')]
    *lines, memory = run_within(2000, prepare, attempt + LONGEST, tmp_path)
    assert lines == ["a.jsonl read"]
    assert int(memory.split()[-1]) < 1200
