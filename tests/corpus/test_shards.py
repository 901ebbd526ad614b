"""Each of several processes reads its part of the corpus, and together they read all of it."""

import copy

import pytest
from spacy.training import Example

from spacy_rnn.corpus.shards import take_shard
from spacy_rnn.corpus.streams import create_stream_corpus
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.corpus.windows import count_predictions, read_mark, split_document

from .conftest import write_corpus

TEXTS = [f"document {number} " + "word " * (number % 4) for number in range(11)]


class CountingTokenizer:
    def __init__(self, nlp):
        self.tokenizer, self.texts = nlp.tokenizer, []

    def __call__(self, text):
        self.texts.append(text)
        return self.tokenizer(text)


def read(reader, nlp):
    return [example.predicted.text for example in reader(nlp)]


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.spacy", "a.txt.gz"])
@pytest.mark.parametrize("count", [1, 2, 3, 11])
def test_parts_make_up_the_corpus(tmp_path, nlp, name, count):
    write_corpus(tmp_path / "texts" / name, TEXTS)
    write_corpus(tmp_path / "texts" / ("b" + name), TEXTS[:3])
    reader = create_text_corpus(tmp_path / "texts")
    whole = read(reader, nlp)
    assert len(whole) == 14
    for rank in range(count):
        assert read(take_shard(reader, rank, count), nlp) == whole[rank::count]


def test_documents_of_others_are_not_tokenized(tmp_path, nlp):
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    nlp.tokenizer = CountingTokenizer(nlp)
    read(take_shard(create_text_corpus(path, cache=False), 1, 3), nlp)
    assert nlp.tokenizer.texts == TEXTS[1::3]


@pytest.mark.parametrize("options", [{"limit": 7}, {"limit": 7, "min_length": 3}])
def test_a_limit_holds_for_all_parts_together(tmp_path, nlp, options):
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    reader = create_text_corpus(path, **options)
    whole = read(reader, nlp)
    assert len(whole) == 7
    assert [read(take_shard(reader, rank, 2), nlp) for rank in (0, 1)] == [whole[::2], whole[1::2]]


def test_windows_of_a_document_stay_together(tmp_path, nlp):
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    reader = create_text_corpus(path, max_length=2)
    for rank in range(2):
        words = [w for e in take_shard(reader, rank, 2)(nlp) for w in e.predicted.text.split()]
        assert words == [word for text in TEXTS[rank::2] for word in text.split()]


def test_streams_are_laid_out_of_a_part(tmp_path, nlp):
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    reader = create_stream_corpus(create_text_corpus(path), streams=2, window=2)
    for rank in range(2):
        examples = list(take_shard(reader, rank, 2)(nlp))
        words = sorted(w for e in examples for w in e.predicted.text.split())
        assert words == sorted(word for text in TEXTS[rank::2] for word in text.split())
        assert {read_mark(e.predicted).stream for e in examples} == {0, 1}


def test_examples_of_any_other_reader_are_counted_off(nlp):
    def reader(nlp):
        for text in TEXTS:
            yield Example(nlp.make_doc(text), nlp.make_doc(text))

    assert read(take_shard(reader, 2, 4), nlp) == TEXTS[2::4]
    assert take_shard(reader, 0, 1) is reader


def test_a_part_without_documents_is_an_error(tmp_path, nlp):
    path = write_corpus(tmp_path / "a.txt", TEXTS[:2])
    with pytest.raises(ValueError, match="R612"):
        read(take_shard(create_text_corpus(path), 2, 3), nlp)


@pytest.mark.parametrize("reverse", [False, True])
def test_predictions_are_counted_as_the_loss_counts_them(trained, reverse):
    docs = [trained.make_doc(text) for text in (*TEXTS, "")]
    parts = [part for doc in docs for part in split_document(doc, 2)]
    # every token once; and for each document, whole or in windows, one boundary
    assert count_predictions(parts, reverse=reverse) == sum(map(len, docs)) + len(docs)


def test_counts_are_those_of_the_component(trained):
    lm = copy.deepcopy(trained.get_pipe("rnn_lm"))
    docs = [part for text in TEXTS for part in split_document(trained.make_doc(text), 3)]
    losses = {}
    lm.update([Example(doc, doc) for doc in docs], losses=losses)
    assert lm.count_predictions(docs) == [losses["rnn_lm_tokens"]]
