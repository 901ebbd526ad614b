"""What of a corpus is read when, what is kept, and what spaCy's training makes of it."""

import gc
import gzip
import os
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
import spacy

from spacy_rnn.corpus.text_corpus import create_text_corpus

from ..training.conftest import run_training
from .conftest import (
    TEXTS,
    CountingTokenizer,
    read_docs,
    texts_of,
    write_corpus,
)


def test_nothing_is_opened_before_it_is_asked_for_and_all_is_closed(tmp_path, nlp, monkeypatch):
    opened = []
    for module, name in [(Path, "open"), (gzip, "open")]:
        original = getattr(module, name)

        def record(*args, _original=original, **kwargs):
            opened.append(_original(*args, **kwargs))
            return opened[-1]

        monkeypatch.setattr(module, name, record)
    names = ["a.txt", "b.jsonl.gz", "c.txt.gz"]
    paths = [tmp_path / name for name in names]
    for path in paths:
        write_corpus(path, TEXTS)
    opened.clear()
    examples = create_text_corpus(tmp_path)(nlp)
    assert opened == []
    next(examples)
    assert len(opened) == 1
    rest = create_text_corpus(tmp_path)(nlp)
    assert len(list(islice(rest, len(TEXTS) + 1))) == len(TEXTS) + 1
    assert [file.closed for file in opened] == [False, True, False]
    del examples
    rest.close()
    gc.collect()
    assert all(file.closed for file in opened)


@pytest.mark.slow
def test_corpus_is_streamed_in_bounded_memory_without_cache(tmp_path, nlp):
    line = " ".join(["word"] * 99) + "\n"
    path = write_corpus(tmp_path / "a.txt.gz", [line * 1000])
    options = {"tokenized": True, "document": "file", "cache": False}
    tracemalloc.start()
    reader = create_text_corpus(path, max_length=100, **options)
    count = sum(len(example.predicted) for example in reader(nlp))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Every line end is a token, but that of the file.
    assert count == 100_000
    assert peak < 200_000


def test_without_cache_nothing_is_kept(tmp_path, nlp):
    nlp.tokenizer = CountingTokenizer(nlp)
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    for _ in range(2):
        read_docs(nlp, path, cache=False)
    assert set(nlp.tokenizer.calls.values()) == {2}


def test_changed_file_is_read_anew_and_only_new_texts_are_tokenized(tmp_path, nlp):
    nlp.tokenizer = CountingTokenizer(nlp)
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    stat = path.stat()
    read_docs(nlp, path)
    changed = [TEXTS[0].replace("kettle", "canary"), *TEXTS[1:]]
    write_corpus(path, changed)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert texts_of(read_docs(nlp, path)) == changed
    assert nlp.tokenizer.calls == dict.fromkeys([*TEXTS, changed[0]], 1)


def test_reading_a_part_first_tokenizes_nothing_twice(tmp_path, nlp):
    nlp.tokenizer = CountingTokenizer(nlp)
    reader = create_text_corpus(write_corpus(tmp_path / "a.txt", TEXTS), max_length=3)
    list(islice(reader(nlp), 4))
    read_docs(nlp, tmp_path, limit=3)
    assert len(list(zip(reader(nlp), reader(nlp), strict=True))) > len(TEXTS)
    assert nlp.tokenizer.calls == dict.fromkeys(TEXTS, 1)


# --- with spaCy's own training ---


def train_stub(tmp_path, **options):
    """Train on three texts in windows of three tokens, and evaluate on the other two."""
    train_path = write_corpus(tmp_path / "train.txt", TEXTS[:3])
    dev_path = write_corpus(tmp_path / "dev.txt", TEXTS[3:])
    nlp, _ = run_training(train_path, dev_path, max_length=3, **options)
    return nlp, nlp.get_pipe("stub")


def test_training_tokenizes_every_text_once(tmp_path):
    nlp, stub = train_stub(tmp_path)
    evaluations = len(stub.annotated_before) // 2
    assert evaluations >= 3
    # Language.evaluate itself tokenizes every development text, to time it.
    assert nlp.tokenizer.calls == {
        **dict.fromkeys(TEXTS[:3], 1),
        **dict.fromkeys(TEXTS[3:], 1 + evaluations),
    }
    expected = [t.text for text in TEXTS[:3] for t in spacy.blank("xx").make_doc(text)]
    assert sorted(stub.words.elements()) == sorted(expected)


def test_training_without_cache_tokenizes_at_every_reading(tmp_path):
    nlp, stub = train_stub(tmp_path, cache=False)
    evaluations = len(stub.annotated_before) // 2
    assert nlp.tokenizer.calls == {
        **dict.fromkeys(TEXTS[:3], 2),
        **dict.fromkeys(TEXTS[3:], 2 * evaluations),
    }


def test_annotations_of_one_evaluation_do_not_reach_the_next(tmp_path):
    _, stub = train_stub(tmp_path)
    assert len(stub.annotated_before) >= 6
    assert not any(stub.annotated_before)


@pytest.mark.parametrize("name", ["a.txt", "a.spacy"])
def test_annotating_the_docs_themselves_does_not_reach_the_next_reading(tmp_path, nlp, name):
    nlp.add_pipe("spacy_rnn_tests_stub", name="stub")
    reader = create_text_corpus(write_corpus(tmp_path / name, TEXTS))
    for _ in range(3):
        docs = [example.predicted for example in reader(nlp)]
        assert not any(doc.cats or doc.user_data or doc.has_annotation("TAG") for doc in docs)
        list(nlp.pipe(docs))
        assert all(doc.cats and doc.user_data for doc in docs)


def test_streamed_corpus_trains_for_many_epochs(tmp_path):
    path = write_corpus(tmp_path / "a.jsonl.gz", TEXTS)
    training = {"max_epochs": -1, "max_steps": 40}
    nlp, table = run_training(path, path, training=training, cache=False)
    assert table.splitlines()[-1].split()[1] == "40"
    assert nlp.tokenizer.calls[TEXTS[0]] > 3
