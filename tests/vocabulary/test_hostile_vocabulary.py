"""Vocabulary files and bytes that are damaged or odd: a clear error, or the words they hold."""

import gc
import json
import tempfile
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import spacy
import srsly
from hypothesis import strategies as st

from spacy_rnn.cli.vocab import write_vocabulary
from spacy_rnn.packing import unpack
from spacy_rnn.vocabulary import BOUNDARY, UNKNOWN, Vocabulary

from ..hostile import TEXTS, damaged, flipped, fuzz, no_hang, traps

CODES = ("[R001]", "[R002]", "[R004]", "[R005]", "[R006]", "[R011]")
WORDS = [["爱", 5], ["the", 5], ["e\u0301", 3], ["😀", 2], ["\0", 1], [UNKNOWN, 7], [BOUNDARY, 4]]
SAVED = Vocabulary(WORDS, attr="LOWER").to_bytes()
NLP = spacy.blank("xx")
FILE = json.dumps(WORDS, ensure_ascii=False).encode()

COUNTS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, 1, 2**62, 2**63 - 1, 2**63, -1, True, False, None, "3", [], {}]),
    st.floats(),
)
ENTRIES = st.one_of(
    st.tuples(st.text(max_size=3), st.integers(0, 9)).map(list),
    st.tuples(st.sampled_from(["a", "b", "", " ", UNKNOWN, BOUNDARY, "\0"]), COUNTS).map(list),
    st.lists(COUNTS, max_size=3),
    COUNTS,
)


def read(content):
    """RETURNS (Optional[Vocabulary]): That of a file of such bytes; None after a clear error."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "words.json")
        path.write_bytes(content)
        return attempt(Vocabulary.from_file, path)


def attempt(load, *args):
    try:
        return load(*args)
    except ValueError as error:
        assert str(error).startswith(CODES)
        assert len(str(error)) < 700
        assert not isinstance(error, UnicodeError)
        return None


def is_right(entry):
    """What the file's format asks of an entry, said a second time."""
    if not isinstance(entry, list) or len(entry) != 2:
        return False
    word, count = entry
    return type(word) is str and word != "" and type(count) is int and 0 <= count < 2**63


# -- JSON files


@fuzz(800, entries=st.lists(ENTRIES, max_size=5))
def test_a_file_is_read_if_all_of_its_entries_are_right(entries):
    vocabulary = read(json.dumps(entries).encode())
    right = all(map(is_right, entries))
    words = [entry[0] for entry in entries] if right else []
    known = [word for word in words if word not in (UNKNOWN, BOUNDARY)]
    assert (vocabulary is not None) == (right and bool(known) and len(set(words)) == len(words))
    if vocabulary is not None:
        assert sorted(vocabulary.words[2:]) == sorted(known)
        assert all([word, count] in vocabulary.labels for word, count in entries)


@fuzz(500, content=damaged(FILE) | st.binary(max_size=40))
def test_a_damaged_file_is_an_error_or_another_vocabulary(content):
    vocabulary = read(content)
    if vocabulary is not None:
        assert vocabulary.words[:2] == [UNKNOWN, BOUNDARY] and len(vocabulary) > 2
        assert (vocabulary.counts >= 0).all()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"[" * 1000 + b"]" * 1000, "R005"),
        (b"[" * 10**6, "R004"),
        (b'[["a", 1], ' + b"[" * 1000 + b"]" * 1000 + b"]", "R005"),
        (b'{"a": 1, "a": 2}', "R005"),
        (b'[["a", 1], ["a", 1]]', "R006"),
        (b'[["\\ud800", 1]]', "R005"),
        (b'[["\\ud83d\\ude00", 1], ["\xf0\x9f\x98\x80", 1]]', "R006"),
        (b'[["a", ' + b"9" * 5000 + b"]]", "R00[45]"),
        (b'[["a", NaN]]', "R00[45]"),
        (b'[["a", -1]]', "R005"),
        (b'[["a", 1]]'.decode().encode("utf-16"), "R004"),
        (b'[["\xff", 1]]', "R004"),
        (b"-", "R004"),
        (b'[["' + b"a" * 10**7 + b'", -1]]', "R005"),
        (b'[["' + b"a" * 10**6 + b'", 1], ["' + b"a" * 10**6 + b'", 1]]', "R006"),
    ],
)
def test_odd_json_is_a_short_error(tmp_path, content, code):
    path = tmp_path / "words.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=code) as caught:
        Vocabulary.from_file(path)
    assert len(str(caught.value)) < 700


def test_a_path_of_a_dash_is_a_file_and_not_the_standard_input(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with no_hang(), pytest.raises(ValueError, match="R004"):
        Vocabulary.from_file("-")
    Path("-").write_bytes(FILE)
    assert len(Vocabulary.from_file("-")) == len(WORDS)


@pytest.mark.slow
def test_a_million_words_are_read():
    entries = [[f"w{number}", number % 1000] for number in range(10**6)]
    with no_hang(200):
        vocabulary = read(json.dumps(entries).encode())
    assert len(vocabulary) == 10**6 + 2
    assert vocabulary.words[2] == min(f"w{number}" for number in range(999, 10**6, 1000))


def test_counts_of_any_size_make_a_model():
    for count in (0, 2**63 - 1):
        nlp = spacy.blank("xx")
        lm = nlp.add_pipe("rnn_lm", config={"model": {"width": 4}})
        lm.initialize(lambda: [], labels=[[f"w{number}", count] for number in range(3000)])
        assert np.isfinite(nlp("w1 w2999 x")._.rnn_perplexity)


# -- bytes of a model


def test_a_flipped_bit_anywhere_in_the_saved_words_is_noticed():
    for place in range(len(SAVED)):
        for bit in range(8):
            with pytest.raises(ValueError, match="R011"):
                Vocabulary.from_bytes(flipped(SAVED, place, bit))


def test_the_checksum_is_that_of_words_and_counts():
    message = srsly.msgpack_loads(SAVED)
    words = "\n".join(["LOWER", *(word for word, _ in message["labels"])]).encode()
    counts = b"".join(count.to_bytes(8, "little") for _, count in message["labels"])
    assert message["checksum"] == zlib.crc32(words + counts)


def test_counts_that_put_words_into_another_order_are_noticed():
    """The rows of the embedding would be those of other words."""
    message = srsly.msgpack_loads(SAVED)
    message["labels"][2][1], message["labels"][5][1] = 1, 9
    with pytest.raises(ValueError, match=r"R011.*checksum"):
        Vocabulary.from_bytes(srsly.msgpack_dumps(message))


def test_bytes_of_before_there_were_checksums_are_read():
    message = srsly.msgpack_loads(SAVED)
    del message["checksum"]
    assert Vocabulary.from_bytes(srsly.msgpack_dumps(message)).to_bytes() == SAVED


@fuzz(1500, data=damaged(SAVED) | st.binary(max_size=30))
def test_damaged_bytes_are_refused(data):
    vocabulary = attempt(Vocabulary.from_bytes, data)
    assert vocabulary is None or vocabulary.to_bytes() == SAVED
    assert gc.isenabled()


# What srsly's decoder makes arrays, numbers and times of, wherever it stands.
_KEYS = st.sampled_from(["attr", "labels", "checksum", b"nd", b"type", b"shape", b"data", b"kind"])
_VALUES = st.recursive(
    st.one_of(
        st.sampled_from([None, True, False, b"", b"V", b"O", "f4", "<i8", "O", "V9", "S", 2**63]),
        st.sampled_from(["ORTH", "a", b"abcdefgh", "(2,)f4", "{4", "M8", 1.5, -1]),
        st.binary(max_size=9),
        st.integers(-3, 9),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=8,
)


@fuzz(500, message=st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_a_message_of_any_other_kind_is_refused(message):
    vocabulary = attempt(Vocabulary.from_bytes, srsly.msgpack_dumps(message))
    assert vocabulary is None or not vocabulary
    assert gc.isenabled()


def test_an_error_leaves_the_garbage_collector_on():
    for data in (b"\xc1", b"\x81", b"", srsly.msgpack_dumps({b"nd": False, b"type": "f4"})[:-1]):
        with pytest.raises(ValueError):
            unpack(data)
        assert gc.isenabled()
    gc.disable()
    try:
        unpack(SAVED)
        assert not gc.isenabled()  # one that was off stays off
    finally:
        gc.enable()


def test_declared_lengths_fill_no_memory():
    """Arrays, maps and strings of 4 GB, alone and in each other."""
    heads = [b"\xdd", b"\xdf", b"\xdb", b"\xc6", b"\xc9"]
    tracemalloc.start()
    for head in heads:
        for inner in heads:
            for data in (head + b"\xff" * 4, (head + b"\xff" * 4 + inner + b"\xff" * 4) * 100):
                assert attempt(Vocabulary.from_bytes, data) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10**6


def test_no_pickle_is_run_as_a_vocabulary(tmp_path):
    trap = tmp_path / "trap"
    for data in traps(trap).values():
        assert read(data) is None
        assert attempt(Vocabulary.from_bytes, data) is None
        assert attempt(Vocabulary.from_bytes, srsly.msgpack_dumps({"labels": data})) is None
    assert not trap.exists()


# -- the command


@fuzz(150, texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_words_of_any_text_come_back_from_the_file_that_the_command_writes(texts):
    wanted = [text for text in texts if text.strip()]
    with tempfile.TemporaryDirectory() as folder:
        corpus, output = Path(folder, "text.jsonl"), Path(folder, "words.json")
        corpus.write_text("\n".join(json.dumps({"text": text}) for text in texts), "utf8")
        if not wanted:
            with pytest.raises(ValueError, match="R205"):
                write_vocabulary(NLP, corpus, output, {})
            return
        write_vocabulary(NLP, corpus, output, {})
        found = Vocabulary.from_file(output)
    expected = Vocabulary.from_docs([NLP.make_doc(text) for text in wanted])
    assert found.labels == expected.labels
