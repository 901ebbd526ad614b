"""A stub of a language model, and a training of it."""

import io
import math
from collections import Counter

from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config

from ..corpus.conftest import nlp as nlp


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


CONFIG = """
[nlp]
lang = "xx"
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
