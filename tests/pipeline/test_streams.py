"""Truncated backpropagation through time: states carried from one batch to the next."""

import io
import random

import numpy as np
import pytest
import torch
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Adam, Config

from spacy_rnn.corpus.streams import StreamCorpus, batch_by_stream
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.corpus.windows import Window, read_mark, split_document, write_mark

from ..helpers import make_pipeline, make_trained, weights_of
from .reference import Reference, words_of

TEXTS = [
    "the baker paints an old boat . a tired sailor forgets the harbour . the grey cat",
    "our neighbour watches",
    "the baker carries zeppelin two green pears . the baker",
    "a letter !",
    "a tired sailor paints the harbour . our neighbour carries a letter ! the grey cat forgets",
]
VARIANTS = [
    {"cell": "lstm", "depth": 2},
    {"cell": "gru"},
    {"cell": "rnn", "depth": 2, "cutoffs": [6, 15]},
]


def make_docs(nlp):
    return [Doc(nlp.vocab, words=text.split()) for text in TEXTS]


def mark_streams(docs, window):
    """Every document is a stream of its own; a batch holds the next window of each."""
    turns = {}
    for stream, doc in enumerate(docs):
        for turn, part in enumerate(split_document(doc, window)):
            place = read_mark(part) or Window(None, True)
            write_mark(part, place._replace(stream=stream, turn=turn, carried=turn > 0))
            turns.setdefault(turn, []).append(Example(part, part))
    return [turns[turn] for turn in sorted(turns)]


def read_streams(nlp, docs, **options):
    reader = StreamCorpus(lambda nlp: [Example(doc, doc) for doc in docs], **options)
    return list(batch_by_stream(reader(nlp)))


def loss_of(lm, batches):
    losses = {}
    for batch in batches:
        lm.update(batch, losses=losses)
        lm.shim.network.zero_grad()
    return losses["rnn_lm"], losses["rnn_lm_tokens"]


@pytest.mark.parametrize("model", VARIANTS, ids=str)
@pytest.mark.parametrize("window", [1, 3, 100])
def test_windows_with_the_state_carried_have_the_loss_of_the_whole_documents(model, window):
    nlp = make_trained(model=model)
    lm, docs = nlp.get_pipe("rnn_lm"), make_docs(nlp)
    reference = Reference(lm)
    expected = -sum(reference.read(words_of(doc)).log_probs.sum() for doc in docs)
    loss, tokens = loss_of(lm, mark_streams(docs, window))
    assert loss == pytest.approx(expected, rel=1e-5)
    assert tokens == sum(len(doc) + 1 for doc in docs)


@pytest.mark.parametrize("model", VARIANTS, ids=str)
@pytest.mark.parametrize("reset", [True, False])
def test_state_of_the_last_document_is_carried_on_unless_it_is_reset(model, reset):
    nlp = make_trained(model=model)
    lm, docs = nlp.get_pipe("rnn_lm"), make_docs(nlp)
    reference, expected, trace = Reference(lm), 0.0, None
    for doc in docs:
        trace = reference.read(words_of(doc), after=None if reset else trace)
        expected -= trace.log_probs.sum()
    loss, _ = loss_of(lm, read_streams(nlp, docs, streams=1, window=4, reset=reset))
    assert loss == pytest.approx(expected, rel=1e-5)


def test_the_next_epoch_starts_from_the_zero_state():
    nlp = make_trained()
    lm, docs = nlp.get_pipe("rnn_lm"), make_docs(nlp)
    batches = read_streams(nlp, docs, streams=2, window=3, reset=False)
    assert loss_of(lm, batches) == loss_of(lm, batches)


def test_the_order_of_a_batch_does_not_matter():
    nlp = make_trained()
    lm, docs = nlp.get_pipe("rnn_lm"), make_docs(nlp)
    batches = mark_streams(docs, 3)
    expected, _ = loss_of(lm, batches)
    shuffled = [random.Random(0).sample(batch, len(batch)) for batch in batches]
    assert loss_of(lm, shuffled)[0] == pytest.approx(expected, rel=1e-6)
    # spaCy copies the examples, and splits a batch to accumulate gradients
    parts = [[e] for batch in batches for e in batch]
    losses = {}
    for part in parts:
        nlp.update(part, sgd=False, losses=losses)
    assert losses["rnn_lm"] == pytest.approx(expected, rel=1e-6)


def test_prediction_in_between_changes_nothing():
    nlp = make_trained()
    lm, docs = nlp.get_pipe("rnn_lm"), make_docs(nlp)
    batches = mark_streams(docs, 3)
    expected = loss_of(lm, batches)
    losses = {}
    for batch in batches:
        lm.update(batch, losses=losses)
        nlp.evaluate([Example(doc, doc) for doc in docs])
        nlp("the baker paints")
        lm.update([Example(docs[0], docs[0])], losses={})  # a whole document, of no stream
        lm.shim.network.zero_grad()
    assert (losses["rnn_lm"], losses["rnn_lm_tokens"]) == expected


def test_gradient_does_not_reach_back_into_the_last_window():
    """The gradient of a window is that of plain torch with the state as a constant."""
    nlp = make_pipeline(model={"width": 5})
    lm = nlp.get_pipe("rnn_lm")
    docs = [Doc(nlp.vocab, words=TEXTS[0].split()[:6])]
    first, second = mark_streams(docs, 3)
    lm.update(first)
    lm.shim.network.zero_grad()
    lm.update(second)
    found = {n: p.grad.clone() for n, p in lm.shim.network.parameters_by_name().items()}
    network = lm.shim.network
    network.zero_grad()
    rows = torch.tensor([1, *lm.vocabulary.rows(docs)[0].tolist()])
    layer = network.encoder.layers[0]
    with torch.no_grad():
        _, state = layer(network.embedding[rows[:3], None])
    hidden, _ = layer(network.embedding[rows[3:], None], state)
    logits = hidden[:, 0] @ network.softmax.weight.T + network.softmax.bias
    torch.nn.functional.cross_entropy(logits, torch.tensor([*rows[4:], 1])).backward()
    for name, parameter in network.parameters_by_name().items():
        torch.testing.assert_close(found[name], parameter.grad, atol=1e-6, rtol=1e-4)


def test_two_windows_of_a_stream_in_one_batch_are_refused():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    batches = mark_streams(make_docs(nlp), 3)
    before = weights_of(lm)
    with pytest.raises(ValueError, match=r"R318.*stream 0.*batch_by_stream"):
        nlp.update(batches[0] + batches[1], sgd=Adam(0.1))
    assert all(np.array_equal(before[name], value) for name, value in weights_of(lm).items())


@pytest.mark.parametrize("order", [[1], [0, 2], [0, 1, 1], [1, 0]])
def test_windows_out_of_order_are_refused(order):
    nlp = make_pipeline()
    batches = mark_streams(make_docs(nlp), 3)
    with pytest.raises(ValueError, match=r"R319.*max_epochs = -1"):
        for number in order:
            nlp.get_pipe("rnn_lm").update(batches[number])


def test_initialization_forgets_what_was_carried():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    first, second, *_ = mark_streams(make_docs(nlp), 3)
    lm.update(first)
    nlp.initialize(lambda: first)
    with pytest.raises(ValueError, match="R319"):
        lm.update(second)


CONFIG = """
[nlp]
lang = "xx"
pipeline = ["rnn_lm"]

[components]

[components.rnn_lm]
factory = "rnn_lm"

[components.rnn_lm.model]
@architectures = "spacy-rnn.RNNLM.v1"
width = 24
precision = "float32"

[corpora]

[corpora.dev]
@readers = "spacy-rnn.TextCorpus.v1"

[training]
seed = 0
gpu_allocator = null
train_corpus = "corpora.train"
dev_corpus = "corpora.dev"
max_epochs = -1
max_steps = 800
eval_frequency = 400

[training.batcher]
@batchers = "spacy-rnn.batch_by_stream.v1"

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.01

[training.logger]
@loggers = "spacy-rnn.ConsoleLogger.v1"
progress_bar = false
"""
TOPICS = ("storm", "garden", "market", "tower")
WINDOW, REPEATS = 8, 12


def write_documents(path, count, seed):
    """A topic, drawn once, comes twice in every window."""
    draw = random.Random(seed)
    texts = [" ".join([f"so it {draw.choice(TOPICS)} goes"] * REPEATS) for _ in range(count)]
    path.write_text("\n".join(texts), encoding="utf8")
    return str(path)


def train_on(tmp_path, train_corpus, training):
    config = Config().from_str(CONFIG)
    labels = [[word, 10] for word in ("so", "it", "goes", *TOPICS)]
    config["initialize"] = {"components": {"rnn_lm": {"labels": labels}}}
    config["corpora"]["train"] = train_corpus
    config["corpora"]["dev"]["path"] = write_documents(tmp_path / "dev.txt", 40, 2)
    config["training"].update(training)
    nlp, _ = train(init_nlp(config), stdout=io.StringIO(), stderr=io.StringIO())
    return nlp


@pytest.mark.slow
def test_carrying_the_state_beats_not_carrying_it(tmp_path):
    text = {"@readers": "spacy-rnn.TextCorpus.v1"}
    text["path"] = write_documents(tmp_path / "train.txt", 120, 1)
    streams = {"@readers": "spacy-rnn.StreamCorpus.v1", "streams": 16, "window": WINDOW}
    windows = {**text, "max_length": WINDOW}
    carrying = train_on(tmp_path, {**streams, "corpus": text}, {})
    by_number = {"@batchers": "spacy.batch_by_sequence.v1", "size": 16}
    blind = train_on(tmp_path, windows, {"max_epochs": 0, "batcher": by_number})
    docs = list(create_text_corpus(tmp_path / "dev.txt")(carrying))
    parts = [split_document(example.reference, WINDOW) for example in docs]
    marked = mark_streams([example.reference for example in docs], WINDOW)
    carried_loss, tokens = loss_of(carrying.get_pipe("rnn_lm"), marked)
    examples = [[Example(part, part)] for document in parts for part in document]
    blind_loss, _ = loss_of(blind.get_pipe("rnn_lm"), examples)
    # without the state, the first topic of every window is one of four, whatever the model
    least = len(docs) * (4 * REPEATS // WINDOW) * np.log(len(TOPICS))
    assert blind_loss > 0.97 * least
    assert carried_loss < 0.75 * least
    assert tokens == len(docs) * (4 * REPEATS + 1)


def test_a_norm_that_the_text_does_not_tell_is_read_at_a_windows_start():
    texts = ["I don't know .", "we do not know ."]
    nlp = make_pipeline(texts, lang="en", model={"attr": "NORM"})
    lm = nlp.get_pipe("rnn_lm")
    doc = nlp.make_doc(texts[0])
    assert [token.norm_ for token in doc][2] == "not"
    reference = Reference(lm)
    expected = -reference.read([token.norm_ for token in doc]).log_probs.sum()
    for window in (1, 3):
        loss, _ = loss_of(lm, mark_streams([doc], window))
        assert loss == pytest.approx(expected, rel=1e-5)


def test_a_step_that_failed_can_be_tried_again(monkeypatch):
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    first, second, *_ = mark_streams(make_docs(nlp), 3)
    lm.update(first, sgd=Adam(0.01))
    original = lm.get_loss
    monkeypatch.setattr(lm, "get_loss", lambda *args: (1.0, original(*args)[1] * np.float32("inf")))
    with pytest.raises(ValueError, match="R014"):
        lm.update(second, sgd=Adam(0.01))
    monkeypatch.undo()
    assert lm.update(second, sgd=Adam(0.01))["rnn_lm_tokens"] > 0


def test_loading_forgets_what_was_carried():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    first, second, *_ = mark_streams(make_docs(nlp), 3)
    lm.update(first)
    lm.from_bytes(lm.to_bytes())
    with pytest.raises(ValueError, match="R319"):
        lm.update(second)
