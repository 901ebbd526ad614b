import gzip
import zlib

import pytest
import srsly

from spacy_rnn.corpus.text_corpus import create_text_corpus

from .conftest import TEXTS, read_docs, write_corpus


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "missing/train.txt"}, r"R202.*missing.train\.txt"),
        ({"max_length": -1}, r"R214.*max_length"),
        ({"min_length": -2}, r"R214.*min_length"),
        ({"limit": -1}, r"R214.*limit"),
        ({"max_length": 2.5}, r"R214.*max_length"),
        ({"limit": True}, r"R214.*limit"),
        ({"document": "sentence"}, r"R215.*'sentence'.*'line', 'block', 'file'"),
        ({"line_end": "<eos>"}, r"R216.*tokenized = true"),
        ({"line_end": "a b", "tokenized": True}, r"R216"),
        ({"line_end": "", "tokenized": True}, r"R216"),
    ],
)
def test_bad_option_is_an_error_at_once(tmp_path, options, message):
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    with pytest.raises(ValueError, match=message):
        create_text_corpus(**{"path": path, **options})


@pytest.mark.parametrize("path", [None, "", [], [None]])
def test_reading_without_a_path_is_an_error(nlp, path):
    """Not making the reader: spaCy makes those of a config that a run doesn't read, too."""
    reader = create_text_corpus(path)
    with pytest.raises(ValueError, match=r"R201.*--paths\.train"):
        list(reader(nlp))


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.jsonl", "a.spacy"])
def test_corpus_without_a_document_is_an_error(tmp_path, nlp, name):
    path = write_corpus(tmp_path / name, ["", "  "])
    with pytest.raises(ValueError, match=r"R205.*a\."):
        read_docs(nlp, path)


def test_corpus_of_short_documents_only_is_an_error(tmp_path, nlp):
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    with pytest.raises(ValueError, match=r"R205.*min_length = 99"):
        read_docs(nlp, path, min_length=99)


def test_file_that_went_away_is_an_error(tmp_path, nlp):
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    reader = create_text_corpus(path)
    path.unlink()
    with pytest.raises(ValueError, match="R202"):
        list(reader(nlp))


@pytest.mark.parametrize("document", ["line", "block", "file"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_text_that_the_tokenizer_would_refuse_is_an_error(tmp_path, nlp, document, name):
    path = write_corpus(tmp_path / name, ["x" * 20, "y" * 21])
    nlp.max_length = 20
    with pytest.raises(ValueError, match=r"R213.*line 2: more than 20 .*nlp\.max_length"):
        read_docs(nlp, path, document=document)
    nlp.max_length = 42
    assert len(read_docs(nlp, path, document=document)) in (1, 2)


@pytest.mark.parametrize("document", ["block", "file"])
def test_lines_that_are_too_long_together_are_an_error(tmp_path, nlp, document):
    path = write_corpus(tmp_path / "a.txt", ["x" * 15, "y" * 15])
    nlp.max_length = 30
    with pytest.raises(ValueError, match=r"R213.*line 1: more than 30"):
        read_docs(nlp, path, document=document)
    nlp.max_length = 31
    assert len(read_docs(nlp, path, document=document)) == 1


@pytest.mark.parametrize("name", ["a.txt", "a.spacy"])
def test_tokenized_document_that_evaluation_would_refuse_is_an_error(tmp_path, nlp, name):
    path = write_corpus(tmp_path / name, ["seven words are too long for this"])
    nlp.max_length = 20
    with pytest.raises(ValueError, match=r"R217.*set max_length"):
        read_docs(nlp, path, tokenized=True)
    assert len(read_docs(nlp, path, tokenized=True, max_length=3)) == 3


@pytest.mark.parametrize("keep", [0, 10, -10])
def test_broken_docbin_is_an_error(tmp_path, nlp, keep):
    path = write_corpus(tmp_path / "a.spacy", TEXTS)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"R212.*a\.spacy"):
        read_docs(nlp, path)


@pytest.mark.parametrize(
    "data",
    [b"plain text", gzip.compress(b"text"), b"x\x9c\x03\0\0\0\0\x01"],
    ids=["text", "gzip", "no docbin"],
)
def test_file_that_is_no_docbin_is_an_error(tmp_path, nlp, data):
    path = tmp_path / "a.spacy"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="R212"):
        read_docs(nlp, path)


def test_docbin_of_another_layout_is_an_error(tmp_path, nlp):
    path = tmp_path / "a.spacy"
    path.write_bytes(zlib.compress(srsly.msgpack_dumps({"attrs": [], "tokens": b""})))
    with pytest.raises(ValueError, match="R212"):
        read_docs(nlp, path)
