"""Dictionary files: what jieba reads from them, errors with line numbers, one copy a process."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from spacy_rnn.tokenizers.dictionary import (
    default_dictionary,
    read_dictionary,
    shared_dictionary,
)

from .jieba_oracle import read_by_jieba


def test_default_dictionary_is_jiebas(jieba_default):
    dictionary = default_dictionary()
    assert dictionary.total == jieba_default.total
    assert dictionary.frequencies == jieba_default.FREQ


@pytest.mark.parametrize(
    "text",
    [
        "北京 5 ns\n北京大学 3 nt\n爱 2",
        "北京大学 3\n北京 5\n",
        "北京 5\n爱 1\n北京 7\n",
        "不 0\n爱 4\n",
        "北京\u00b7站 5\r\n爱 1\r\n",
    ],
    ids=["tags", "longest first", "word twice", "frequency zero", "Windows line ends"],
)
def test_entries_are_what_jieba_reads(text):
    theirs = read_by_jieba(text.encode())
    ours = read_dictionary(text.encode(), "test")
    assert ours.frequencies == theirs.FREQ
    assert ours.total == theirs.total


def test_byte_order_mark_and_empty_lines_are_ignored():
    dictionary = read_dictionary("\ufeff\n北京 5\n\n  \n爱\t1\n".encode(), "test")
    assert dictionary.frequencies == {"北京": 5, "爱": 1, "北": 0}


@pytest.mark.parametrize("line", ["爱", "爱 x", "爱 -1", "爱 1.5", "爱 10000000000000", "5"])
def test_malformed_line_is_named(line):
    with pytest.raises(ValueError, match=r"\[R107\] Line 3 of the dictionary my\.txt"):
        read_dictionary(f"北京 5\n\n{line}\n你 1\n".encode(), "my.txt")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_line_of_another_encoding_is_named_with_a_byte_order_mark_too(mark):
    for before in (0, 1, 2):
        data = mark + "爱 1\n".encode() * before + "爱 1\n".encode("gb18030")
        with pytest.raises(ValueError, match=rf"\[R106\].*\(line {before + 1}\)"):
            read_dictionary(data, "my.txt")


def test_other_encoding_is_named():
    with pytest.raises(ValueError, match=r"\[R106\] The dictionary my\.txt .* \(line 2\)"):
        read_dictionary("a 5\n北京 5\n".encode("gbk"), "my.txt")


@pytest.mark.parametrize("text", ["", "\n \n", "爱 0\n"])
def test_dictionary_without_words_is_an_error(text):
    with pytest.raises(ValueError, match=r"\[R108\]"):
        read_dictionary(text.encode(), "my.txt")


def test_same_contents_are_read_once_by_all_threads():
    data = "\n".join(f"{chr(0x4E00 + n)}{chr(0x5E00 + n)} {n + 1}" for n in range(3000)).encode()
    with ThreadPoolExecutor(8) as threads:
        dictionaries = list(threads.map(lambda _: shared_dictionary(data, "test"), range(16)))
    assert all(dictionary is dictionaries[0] for dictionary in dictionaries)
    assert default_dictionary() is default_dictionary()
