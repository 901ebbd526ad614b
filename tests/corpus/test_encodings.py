"""Files in other encodings than UTF-8 are said to be so, and UTF-8 is never taken for another."""

import gzip
import json

import pytest

from spacy_rnn.corpus.encodings import guess_wide_encoding
from spacy_rnn.corpus.open_files import DamagedFile
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.corpus.text_files import read_jsonl, read_text

from ..helpers import CHINESE, ENGLISH
from .test_hostile_files import NLP

TEXTS = {
    "ascii": "\n".join(ENGLISH),
    "typography": "She said: “We’re late…”\nNaïve façades – 5 €\n" * 3,
    "chinese": "\n".join(CHINESE),
    "mixed": "我用Python写了3个程序。\nThe end\n" * 3,
    "spaces": "\u3000\u3000我爱北京。\r\n\u3000\u3000他也爱。\r\n" * 3,
}
WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("name", TEXTS)
def test_wide_text_without_a_mark_is_told_with_its_encoding(name, encoding):
    data = TEXTS[name].encode(encoding)
    if name == "ascii" or encoding.startswith("utf-16"):
        assert (
            guess_wide_encoding(data).lower().replace("le", "-le").replace("be", "-be") == encoding
        )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(encoding):
    for text in ("", "a", *TEXTS.values()):
        assert guess_wide_encoding(text.encode(encoding)) == encoding.upper()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "big5", "shift-jis", "latin-1"]
)
def test_other_encodings_are_not_taken_for_wide_ones(encoding):
    for text in TEXTS.values():
        data = text.encode(encoding, "ignore")
        for end in (len(data), 7, 8, 9, 31, 100):
            assert guess_wide_encoding(data[:end]) is None


def test_zeros_in_text_are_text():
    for text in (
        "\0" * 50,
        "a\0b",
        "\0\0\0abcdef" * 9,
        "the cat\0sat on\0the mat",
        "a\0" + "b" * 50,
    ):
        assert guess_wide_encoding(text.encode()) is None


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.jsonl"])
def test_a_file_of_utf16_is_one_error_whatever_is_done_about_bad_lines(tmp_path, name):
    """Each of its lines would be a word of letters and zeros, or no JSON."""
    text = "\n".join(json.dumps({"text": line}) for line in ENGLISH)
    data = text.encode("utf-16-le")
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    errors = []
    with pytest.raises(DamagedFile, match=rf"R561.*{name}.*UTF-16LE.*iconv"):
        read = read_jsonl if "jsonl" in name else lambda *a, **b: read_text(*a, "line", **b)
        list(read(path, on_error=errors.append))
    assert errors == []
    with pytest.raises(ValueError, match="R561"):
        list(create_text_corpus(path)(NLP))
