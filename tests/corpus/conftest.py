"""Corpora in every format, and a tokenizer that counts."""

import gzip
import json
from collections import Counter

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.util import registry

from spacy_rnn.corpus.text_corpus import create_text_corpus

TEXTS = [
    "The kettle can't sing before breakfast.",
    "雨停了，巷子里的猫又出来晒太阳。",
    "  Two spaces lead;  two more follow the semicolon.",
    "A line\u2028separator and a next\x85line stay inside.",
    "Emoji 🚲 ride along, e\u0301 too.",
]


@pytest.fixture
def nlp():
    return spacy.blank("xx")


def write_corpus(path, texts, nlp=None):
    """Write texts in the format that the file's name asks for."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".txt"):
        data = "".join(text + "\n" for text in texts).encode()
    elif name.endswith(".jsonl"):
        data = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    else:
        nlp = nlp or spacy.blank("xx")
        data = DocBin(docs=[nlp.make_doc(text) for text in texts]).to_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


def read_docs(nlp, path, **options):
    return [example.reference for example in create_text_corpus(path, **options)(nlp)]


def texts_of(docs):
    return [doc.text for doc in docs]


def words_of(docs):
    return [[token.text for token in doc] for doc in docs]


class CountingTokenizer:
    """spaCy's English tokenizer, and how often it was given each text."""

    def __init__(self, nlp):
        self.tokenizer = spacy.blank("xx", vocab=nlp.vocab).tokenizer
        self.calls = Counter()

    def __call__(self, text):
        self.calls[text] += 1
        return self.tokenizer(text)


@registry.tokenizers("spacy-rnn-tests.CountingTokenizer.v1")
def create_counting_tokenizer():
    return CountingTokenizer
