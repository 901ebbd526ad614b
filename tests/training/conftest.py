"""Helpers: corpora in every format, a tokenizer that counts, a stub of a language model."""

import gzip
import io
import json
import math
from collections import Counter
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import registry
from thinc.api import Config

from spacy_rnn.training.corpus import create_text_corpus

TEXTS = [
    "The kettle can't sing before breakfast.",
    "雨停了，巷子里的猫又出来晒太阳。",
    "  Two spaces lead;  two more follow the semicolon.",
    "A line\u2028separator and a next\x85line stay inside.",
    "Emoji 🚲 ride along, e\u0301 too.",
]


@pytest.fixture
def nlp():
    return spacy.blank("en")


def write_corpus(path, texts, nlp=None):
    """Write texts in the format that the file's name asks for."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".txt"):
        data = "".join(text + "\n" for text in texts).encode()
    elif name.endswith(".jsonl"):
        data = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    else:
        nlp = nlp or spacy.blank("en")
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
        self.tokenizer = spacy.blank("en", vocab=nlp.vocab).tokenizer
        self.calls = Counter()

    def __call__(self, text):
        self.calls[text] += 1
        return self.tokenizer(text)


@registry.tokenizers("spacy-rnn-tests.CountingTokenizer.v1")
def create_counting_tokenizer():
    return CountingTokenizer


class StubModel:
    """Reports losses and scores as a language model does, and annotates what it is given.

    Each token costs 2 nats, and each document's end too, so the perplexity is always exp(2).
    """

    is_trainable = True
    model = None

    def __init__(self, name):
        self.name = name
        self.annotated_before = []

    def __call__(self, doc):
        self.annotated_before.append(bool(doc.cats or doc.user_data or doc.has_annotation("TAG")))
        doc.cats["seen"] = 1.0
        doc.user_data["seen"] = True
        for token in doc:
            token.tag_ = "SEEN"
        return doc

    def initialize(self, get_examples, *, nlp=None):
        self.words = Counter(t.text for example in get_examples() for t in example.reference)

    def update(self, examples, *, drop=0.0, sgd=None, losses=None):
        tokens = sum(len(example.predicted) + 1 for example in examples)
        losses[self.name] = losses.get(self.name, 0.0) + 2.0 * tokens
        losses[f"{self.name}_tokens"] = losses.get(f"{self.name}_tokens", 0) + tokens
        return losses

    def score(self, examples, **kwargs):
        return {"lm_perplexity": math.exp(2), "lm_acc": 0.25, "lm_prob": math.exp(-2)}


@Language.factory("spacy_rnn_tests_stub", default_score_weights={"lm_prob": 1.0})
def create_stub(nlp, name):
    return StubModel(name)


@pytest.fixture
def data_folder():
    folder = Path(__file__).parents[2] / ".." / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the corpora beside the repository")
    return folder


CONFIG = """
[nlp]
lang = "en"
pipeline = ["stub"]
tokenizer = {"@tokenizers": "spacy-rnn-tests.CountingTokenizer.v1"}

[components]

[components.stub]
factory = "spacy_rnn_tests_stub"

[corpora]

[corpora.train]
@readers = "spacy-rnn.TextCorpus.v1"

[corpora.dev]
@readers = "spacy-rnn.TextCorpus.v1"

[training]
seed = 0
gpu_allocator = null
train_corpus = "corpora.train"
dev_corpus = "corpora.dev"
max_epochs = 3
max_steps = 100
eval_frequency = 2

[training.batcher]
@batchers = "spacy.batch_by_words.v1"
size = 6
tolerance = 0

[training.logger]
@loggers = "spacy-rnn.ConsoleLogger.v1"
"""


def run_training(
    train_path, dev_path, *, components=None, training=None, logger=None, max_length=0, **options
):
    """Run what `spacy train` runs, on a stub or other components, and return what it prints."""
    config = Config().from_str(CONFIG)
    config["corpora"]["train"].update(path=str(train_path), max_length=max_length, **options)
    config["corpora"]["dev"].update(path=str(dev_path), **options)
    if components:
        config["components"] = components
        config["nlp"]["pipeline"] = list(components)
    config["training"].update(training or {})
    config["training"]["logger"].update(logger or {})
    stdout = io.StringIO()
    nlp, _ = train(init_nlp(config), stdout=stdout, stderr=io.StringIO())
    return nlp, stdout.getvalue()
