"""Corpora of any bytes: their text, or a clear error, and always little memory."""

import gzip
import json
import os
import tempfile
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
import spacy
import srsly
from hypothesis import strategies as st
from spacy.tokens import DocBin, Span
from spacy.vocab import Vocab

from spacy_rnn.training.corpus import create_text_corpus
from spacy_rnn.training.docbins import read_docbin
from spacy_rnn.training.text_files import find_files, read_jsonl, read_lines, read_text

from ..hostile import ODD, TEXTS, damaged, flipped, fuzz, no_hang, run_within, traps

NLP, FRESH = spacy.blank("xx"), spacy.blank("xx")


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


@fuzz(1200, content=BYTES, zipped=st.booleans())
def test_a_text_file_of_any_bytes_is_its_lines_or_an_error(content, zipped):
    name, packed = ("a.txt.gz", gzip.compress(content)) if zipped else ("a.txt", content)
    found = read(name, packed)
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


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "gb18030", "utf-8-sig"])
def test_other_encodings_are_an_error_unless_they_are_valid_utf8(encoding):
    text = "我爱北京。\nabc\n"
    expected = text.split() if encoding == "utf-8-sig" else "R206"
    assert read("a.txt", text.encode(encoding)) == expected


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


def test_utf16_of_nothing_but_ascii_is_valid_utf8_with_nuls():
    assert read("a.txt", "ab".encode("utf-16-le")) == ["a\0b\0"]


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

PACKED = gzip.compress("我爱北京。\nthe text\n".encode() * 3)


@pytest.mark.parametrize("name", ["a.txt.gz", "a.jsonl.gz", "a.spacy.gz"])
def test_a_gzip_file_cut_anywhere_is_an_error(name):
    content = {"a.txt.gz": b"one\ntwo\n" * 9, "a.jsonl.gz": LINE, "a.spacy.gz": SAVED}[name]
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
    assert found in ("R205", "R206", "R207") or set(found) <= {"我爱北京。", "the text"}


# -- .spacy


def make_docbin():
    doc, other = NLP.make_doc("The kettle can't sing."), NLP.make_doc("雨停了 x")
    doc.set_ents([Span(doc, 1, 2, label="THING")])
    for token in doc:
        token.tag_, token.norm_ = "NN", token.lower_ + "!"
        token.head, token.dep_ = doc[max(0, token.i - 1)], "x"
    doc.spans["sc"], doc.user_data["k"], doc.cats["c"] = [doc[0:2]], 1, 0.5
    return DocBin(docs=[doc, other], store_user_data=True).to_bytes()


SAVED = make_docbin()
RAW = zlib.decompress(SAVED)
MESSAGE = srsly.msgpack_loads(RAW)
DOCBIN_CODES = ("R205", "R212", "R217", "R219")


def read_fresh(content):
    """Into a vocabulary that doesn't know the words yet."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.spacy")
        path.write_bytes(content)
        FRESH.vocab = Vocab()
        try:
            examples = list(create_text_corpus(path, max_length=3)(FRESH))
            return [e.reference.text + "".join(t.norm_ for t in e.predicted) for e in examples]
        except ValueError as error:
            assert str(error)[1:5] in DOCBIN_CODES, error
            return None


@fuzz(500, data=damaged(RAW))
def test_a_docbin_with_a_damaged_message_is_read_or_refused(data):
    read_fresh(zlib.compress(data))


@fuzz(400, data=st.data())
def test_a_docbin_with_damaged_arrays_is_read_or_refused(data):
    name = data.draw(st.sampled_from(["tokens", "spaces", "lengths", "strings", "attrs"]))
    value = MESSAGE[name]
    if isinstance(value, bytes):
        value = data.draw(damaged(value))
    else:
        value = data.draw(st.lists(st.sampled_from([*value, 0, 64, 65, "a", None, 2**64 - 1])))
    read_fresh(zlib.compress(srsly.msgpack_dumps({**MESSAGE, name: value})))


@fuzz(400, content=damaged(SAVED) | st.binary(max_size=60))
def test_a_damaged_docbin_is_refused(content):
    """zlib has a checksum: nothing is read as something else."""
    expected = read_fresh(SAVED)
    assert read_fresh(content) in (None, expected)


def test_a_docbin_without_one_of_its_words_is_refused():
    array = np.frombuffer(MESSAGE["tokens"], "uint64").reshape(-1, len(MESSAGE["attrs"])).copy()
    array[1, 0] ^= np.uint64(1)
    data = zlib.compress(srsly.msgpack_dumps({**MESSAGE, "tokens": array.tobytes()}))
    assert read("a.spacy", data) == "R212"


def test_a_docbin_without_one_of_its_norms_is_refused():
    strings = [string for string in MESSAGE["strings"] if string != "kettle!"]
    assert len(strings) == len(MESSAGE["strings"]) - 1
    data = zlib.compress(srsly.msgpack_dumps({**MESSAGE, "strings": strings}))
    assert read_fresh(data) is None
    assert read_fresh(SAVED) is not None


def test_a_docbin_without_one_of_its_labels_is_refused():
    strings = [string for string in MESSAGE["strings"] if string != "THING"]
    assert len(strings) == len(MESSAGE["strings"]) - 1
    assert read_fresh(zlib.compress(srsly.msgpack_dumps({**MESSAGE, "strings": strings}))) is None


def test_no_pickle_is_run_as_a_corpus(tmp_path):
    trap = tmp_path / "trap"
    for data in traps(trap).values():
        for name in ("a.txt", "a.jsonl", "a.spacy", "a.txt.gz", "a.jsonl.gz", "a.spacy.gz"):
            for content in (data, gzip.compress(data), zlib.compress(data)):
                read(name, content)
        for key in MESSAGE:
            read("a.spacy", zlib.compress(srsly.msgpack_dumps({**MESSAGE, key: data})))
        user_data = srsly.msgpack_dumps({**MESSAGE, "user_data": [data, data]})
        assert read("a.spacy", zlib.compress(user_data)) == "R212"
    assert not trap.exists()


# -- bombs

BOMBS = """
import gzip, zlib
from pathlib import Path
import spacy
from spacy_rnn.training.corpus import create_text_corpus
from spacy_rnn.training.text_files import read_text
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
from spacy_rnn.training.text_files import LONGEST_LINE
text = '{"text": "a", "x": [' + "[]," * ((LONGEST_LINE - 40) // 3) + "0]}"
(folder / "a.jsonl").write_text(text)
del text
attempt("a.jsonl")
"""


def test_the_longest_line_of_json_is_read_in_bounded_memory(tmp_path):
    """33 million characters of the costliest kind: 11 million empty lists."""
    prepare, attempt = BOMBS[: BOMBS.index("def write")], READ[: READ.index('attempt("line')]
    *lines, memory = run_within(2000, prepare, attempt + LONGEST, tmp_path)
    assert lines == ["a.jsonl read"]
    assert int(memory.split()[-1]) < 1200


# -- what lies in a folder


def test_pipes_and_devices_are_refused_or_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    os.mkfifo(tmp_path / "pipe.jsonl.gz")
    (tmp_path / "zero.txt").symlink_to("/dev/zero")
    (tmp_path / "null.spacy").symlink_to("/dev/null")
    with no_hang():
        for path in list(tmp_path.iterdir()):
            with pytest.raises(ValueError, match=rf"R226.*{path.name}"):
                find_files([path])
        with pytest.raises(ValueError, match="R204"):
            find_files([tmp_path])
        (tmp_path / "text.txt").write_text("one\n")
        assert [e.reference.text for e in create_text_corpus(tmp_path)(NLP)] == ["one"]


def test_links_to_nowhere_and_to_themselves_are_errors(tmp_path):
    """Passed over, a part of a corpus could be missing and nobody would know."""
    for name, target in (("self.txt", "self.txt"), ("nowhere.txt", "not-there.txt")):
        folder = tmp_path / name[:-4]
        folder.mkdir()
        (folder / name).symlink_to(folder / target)
        with pytest.raises(ValueError, match=rf"R202.*{name}"):
            find_files([folder / name])
        with pytest.raises(ValueError, match=rf"R227.*{name}"):
            list(create_text_corpus(folder)(NLP))


def test_a_folder_with_the_name_of_a_file_is_a_folder(tmp_path):
    folder = tmp_path / "a.txt"
    folder.mkdir()
    with pytest.raises(ValueError, match="R204"):
        find_files([folder])
    (folder / "b.txt").write_text("one\n")
    assert find_files([folder]) == [folder / "b.txt"]
    for reader in (read_lines, lambda path: read_text(path, "line"), read_jsonl):
        with pytest.raises(ValueError, match=r"R227.*a\.txt.*directory"):
            list(reader(folder))
    with pytest.raises(ValueError, match=r"R227.*a\.txt"):
        list(read_docbin(folder, NLP.vocab))


def test_what_must_not_be_read_is_a_clear_error(tmp_path, monkeypatch):
    """The system's refusal is staged: an administrator, as whom tests may run, may read all."""
    path = tmp_path / "a.txt"
    path.write_text("one\n")
    reader = create_text_corpus(tmp_path)

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", "somewhere")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        with pytest.raises(ValueError, match=rf"R227.*{path} can't be read \(Permission denied\)"):
            list(reader(NLP))
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ValueError, match=r"R227.*Permission denied"):
        find_files([tmp_path])


@pytest.mark.parametrize("name", ["a\0.txt", "a" * 300 + ".txt", "a" * 5000 + ".txt", "\ud800.txt"])
def test_an_impossible_name_is_a_clear_error(tmp_path, name):
    with pytest.raises(ValueError, match=r"R202|R227"):
        find_files([tmp_path / name])


def test_odd_names_are_names(tmp_path):
    names = [f"{c}.txt" for c in ODD if c not in "\0/" and unicodedata.category(c) != "Cs"]
    for name in names:
        (tmp_path / name).write_text("one\n")
    assert {path.name for path in find_files([tmp_path])} == set(names)
