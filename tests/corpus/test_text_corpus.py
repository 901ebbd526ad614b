import ast
import json
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.util import get_words_and_spaces, registry
from spacy.vocab import Vocab

import spacy_rnn.corpus.text_corpus
from spacy_rnn.corpus.text_corpus import create_text_corpus, words_to_doc
from spacy_rnn.corpus.text_files import SourcePosition
from spacy_rnn.corpus.windows import Window, read_mark

from .conftest import (
    TEXTS,
    CountingTokenizer,
    read_docs,
    texts_of,
    words_of,
    write_corpus,
)

# --- formats ---


@pytest.mark.parametrize(
    "name", ["a.txt", "a.txt.gz", "a.jsonl", "a.jsonl.gz", "a.spacy", "a.spacy.gz", "a.TXT"]
)
@pytest.mark.parametrize("cache", [True, False])
def test_every_format_gives_the_same_documents(tmp_path, nlp, name, cache):
    path = write_corpus(tmp_path / name, TEXTS) if name != "a.TXT" else tmp_path / name
    if name == "a.TXT":
        path.write_bytes("".join(text + "\r\n" for text in TEXTS).encode())
    for _ in range(2):
        docs = read_docs(nlp, path, cache=cache)
        assert texts_of(docs) == TEXTS
        assert words_of(docs) == words_of([nlp.make_doc(text) for text in TEXTS])
        assert all(read_mark(doc) is None for doc in docs)


def test_folder_of_all_formats_is_read_in_order_of_names(tmp_path, nlp):
    for number, name in enumerate(["a.txt", "b/c.jsonl.gz", "b/d.spacy", "e.txt.gz"]):
        write_corpus(tmp_path / name, [f"{TEXTS[0]} {number}", f"{TEXTS[1]} {number}"])
    (tmp_path / "b" / "README.md").write_text("not a corpus")
    expected = [f"{text} {number}" for number in range(4) for text in TEXTS[:2]]
    assert texts_of(read_docs(nlp, tmp_path)) == expected
    listed = [str(tmp_path / "e.txt.gz"), tmp_path / "a.txt"]
    assert texts_of(read_docs(nlp, listed)) == expected[6:] + expected[:2]


def test_block_and_file_documents_keep_their_lines(tmp_path, nlp):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\nA stanza\r\nof two lines\n\n \nand one more\n\n")
    assert texts_of(read_docs(nlp, path)) == ["A stanza", "of two lines", "and one more"]
    blocks = ["A stanza\nof two lines", "and one more"]
    assert texts_of(read_docs(nlp, path, document="block")) == blocks
    whole = ["\nA stanza\nof two lines\n\n \nand one more\n"]
    assert texts_of(read_docs(nlp, path, document="file")) == whole


def test_text_has_the_key_that_text_key_says(tmp_path, nlp):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "not this", "body": "but this"}\n')
    assert texts_of(read_docs(nlp, path, text_key="body")) == ["but this"]


def test_json_tokens_are_never_tokenized(tmp_path, nlp):
    nlp.tokenizer = CountingTokenizer(nlp)
    records = [
        {"tokens": ["don't", "split"]},
        {"tokens": ["雨", "停了", "。"], "text": "雨停了 。"},
        {"tokens": ["two", "lines"], "text": "two\n lines"},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    docs = read_docs(nlp, path, tokenized=True)
    assert words_of(docs) == [["don't", "split"], ["雨", "停了", "。"], ["two", "\n ", "lines"]]
    assert [doc.has_unknown_spaces for doc in docs] == [True, False, False]
    assert texts_of(docs)[1:] == ["雨停了 。", "two\n lines"]
    assert not nlp.tokenizer.calls


def test_tokenized_lines_of_windows_have_the_same_words_in_every_format(tmp_path, nlp):
    text = "the cat\r\nsat down\r\n"
    (tmp_path / "a.txt").write_bytes(text.encode())
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": text.removesuffix("\r\n")}))
    for path in (tmp_path / "a.txt", tmp_path / "a.jsonl"):
        docs = read_docs(nlp, path, document="file", tokenized=True)
        assert words_of(docs) == [["the", "cat", "\n", "sat", "down"]]


def test_json_tokens_that_are_not_those_of_the_text_are_an_error(tmp_path, nlp):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one thing"}\n{"text": "one thing", "tokens": ["another"]}\n')
    with pytest.raises(ValueError, match=r"R221.*a\.jsonl, line 2"):
        read_docs(nlp, path)


def test_docbin_annotations_are_the_reference_and_predicted_is_bare(tmp_path, nlp):
    words = ["We", "ca", "n't", "see", "Oslo", "yet"]
    doc = Doc(nlp.vocab, words=words, tags=list("ABCDEF"), ents=["O"] * 4 + ["B-GPE", "O"])
    doc.cats = {"travel": 1.0}
    path = tmp_path / "a.spacy"
    DocBin(docs=[doc, Doc(nlp.vocab), Doc(nlp.vocab, words=[" "])]).to_disk(path)
    nlp.tokenizer = CountingTokenizer(nlp)
    (example,) = create_text_corpus(path)(nlp)
    assert words_of([example.predicted, example.reference]) == [words, words]
    assert [t.tag_ for t in example.reference] == list("ABCDEF")
    assert [e.text for e in example.reference.ents] == ["Oslo"]
    assert example.reference.cats == {"travel": 1.0}
    assert not example.predicted.has_annotation("TAG")
    assert not example.predicted.cats
    assert not nlp.tokenizer.calls

    parts = list(create_text_corpus(path, max_length=4)(nlp))
    assert words_of(eg.predicted for eg in parts) == [words[:4], words[4:]]
    assert [t.tag_ for eg in parts for t in eg.reference] == list("ABCDEF")
    assert [e.text for eg in parts for e in eg.reference.ents] == ["Oslo"]
    marks = [(read_mark(eg.predicted), read_mark(eg.reference)) for eg in parts]
    first = Window(None, False, following=words[4])
    assert marks == [(first,) * 2, (Window("see", True),) * 2]


def test_docbin_docs_without_annotations_are_held_once(tmp_path, nlp):
    bare, marked = Doc(nlp.vocab, words=["We", "see"]), Doc(nlp.vocab, words=["a", "b", "c"])
    noted = Doc(nlp.vocab, words=["x", "y"])
    noted.user_data["note"] = 1
    path = tmp_path / "a.spacy"
    DocBin(docs=[bare, marked, noted], store_user_data=True).to_disk(path)
    examples = list(create_text_corpus(path, max_length=2)(nlp))
    assert words_of(e.predicted for e in examples) == [["We", "see"], ["a", "b"], ["c"], ["x", "y"]]
    shared = [example.predicted is example.reference for example in examples]
    assert shared == [True, True, True, False]
    assert read_mark(examples[2].predicted) == Window("b", True)


def test_windows_that_were_saved_are_still_windows(tmp_path, nlp):
    text = tmp_path / "a.txt"
    text.write_text("one two three four five six seven\n")
    path = tmp_path / "a.spacy"
    DocBin(docs=read_docs(nlp, text, max_length=4), store_user_data=True).to_disk(path)
    again = [example.predicted for example in create_text_corpus(path, max_length=2)(nlp)]
    expected = read_docs(nlp, text, max_length=2)
    assert [(d.text, read_mark(d)) for d in again] == [(d.text, read_mark(d)) for d in expected]


# --- text that is tokenized already ---


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_tokenized_text_is_split_at_spaces(tmp_path, nlp, name):
    nlp.tokenizer = CountingTokenizer(nlp)
    line = " 雨 停了 , don't\u00a0 @-@  <unk> \u3000 U.S.A. "
    docs = read_docs(nlp, write_corpus(tmp_path / name, [line]), tokenized=True)
    words = ["雨", "停了", ",", "don't\u00a0", "@-@", "<unk>", "\u3000", "U.S.A."]
    assert words_of(docs) == [words]
    assert texts_of(docs) == [line.strip(" ").replace("  ", " ")]
    assert not nlp.tokenizer.calls


def test_line_end_inside_a_tokenized_document_is_a_token(tmp_path, nlp):
    path = tmp_path / "a.txt"
    path.write_text(" a b \n c \n\n d \n")
    options = {"tokenized": True, "document": "block"}
    docs = read_docs(nlp, path, **options)
    assert words_of(docs) == [["a", "b", "\n", "c"], ["d"]]
    assert texts_of(docs) == ["a b\nc", "d"]
    docs = read_docs(nlp, path, line_end="<eos>", **options)
    assert texts_of(docs) == ["a b <eos> c <eos>", "d <eos>"]


@pytest.mark.parametrize(("document", "max_length"), [("line", 0), ("file", 35)])
def test_wikitext_has_its_published_number_of_tokens(data_folder, nlp, document, max_length):
    path = data_folder / "wikitext-2" / "valid.txt"
    lines = path.read_text(encoding="utf8").split("\n")[:-1]
    options = {"document": document, "tokenized": True, "max_length": max_length}
    if document == "line":
        docs = read_docs(nlp, path, **options)
        assert words_of(docs) == [line.split() for line in lines if line.split()]
        assert texts_of(docs) == [line.strip() for line in lines if line.strip()]
    else:
        docs = read_docs(nlp, path, line_end="<eos>", **options)
        expected = [word for line in lines for word in [*line.split(), "<eos>"]]
        assert [word for words in words_of(docs) for word in words] == expected
        assert len(expected) == 217_646
        assert [read_mark(doc).final for doc in docs] == [False] * (len(docs) - 1) + [True]


# --- lengths and limits ---


@pytest.mark.parametrize("tokenized", [True, False])
def test_sizes_count_tokens_and_documents(tmp_path, nlp, tokenized):
    texts = ["one", "one two three", "one two", "one two three four five"]
    path = write_corpus(tmp_path / "a.txt", texts)
    options = {"tokenized": tokenized}
    assert texts_of(read_docs(nlp, path, min_length=2, **options)) == texts[1:]
    assert texts_of(read_docs(nlp, path, min_length=2, limit=2, **options)) == texts[1:3]
    split = read_docs(nlp, path, min_length=3, max_length=2, limit=2, **options)
    assert words_of(split) == [
        ["one", "two"],
        ["three"],
        ["one", "two"],
        ["three", "four"],
        ["five"],
    ]
    marks = [
        Window(None, False, following="three"),
        Window("two", True),
        Window(None, False, following="three"),
        Window("two", False, following="five"),
        Window("four", True),
    ]
    assert [read_mark(doc) for doc in split] == marks
    assert texts_of(read_docs(nlp, path, limit=3, cache=False, **options)) == texts[:3]


def test_windows_of_a_tokenized_text_are_those_of_the_same_doc(tmp_path, nlp):
    path = write_corpus(tmp_path / "a.txt", ["a b c d e f g"])
    tokenized = read_docs(nlp, path, max_length=3, tokenized=True)
    plain = read_docs(nlp, path, max_length=3)
    assert [(d.text, read_mark(d)) for d in tokenized] == [(d.text, read_mark(d)) for d in plain]


# --- names ---


def test_registered_name_resolves_with_every_default_filled_in(tmp_path):
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    block = {"@readers": "spacy-rnn.TextCorpus.v1", "path": str(path)}
    filled = registry.fill({"reader": block})["reader"]
    assert filled == {
        **block,
        "document": "line",
        "tokenized": False,
        "line_end": None,
        "text_key": "text",
        "min_length": 0,
        "max_length": 0,
        "limit": 0,
        "cache": True,
    }
    reader = registry.resolve({"reader": filled})["reader"]
    assert texts_of(example.reference for example in reader(spacy.blank("xx"))) == TEXTS


def test_room_needs_none_of_the_other_rooms_libraries():
    folder = Path(spacy_rnn.corpus.text_corpus.__file__).parent
    imported = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.Import):
                imported.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add((node.module or "").partition(".")[0])
    assert not imported & {"torch", "jieba", "cupy", "thinc"}


@given(
    st.lists(st.text("ab 雨\n", min_size=1, max_size=3), max_size=6),
    st.text("ab 雨\n", max_size=14),
    st.booleans(),
)
def test_words_are_put_into_their_text_as_spacy_does(words, other, fits):
    text = "".join(f"{word}{other[i : i + 1].strip('ab雨')}" for i, word in enumerate(words))
    text = text if fits else other
    place = SourcePosition(Path("a.jsonl"), 1)
    try:
        expected = get_words_and_spaces(words, text)
    except ValueError:
        expected = None
    if not text:
        return
    try:
        doc = words_to_doc(words, text, place, Vocab())
        found = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
    except ValueError as error:
        assert "R221" in str(error)
        found = None
    assert found == expected
