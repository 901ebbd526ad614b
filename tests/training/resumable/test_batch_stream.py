"""The batches of a training that goes on are the rest of those without a break."""

import random

import numpy as np
import pytest
import spacy
from spacy.training import Example
from spacy.training.loop import create_train_batches
from thinc.api import fix_random_seed

from spacy_rnn.corpus.plain_examples import ExampleMaker
from spacy_rnn.corpus.streams import StreamCorpus, batch_by_stream
from spacy_rnn.training.resumable.batch_stream import Batches


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("xx")


def corpus(nlp):
    for number in range(23):
        doc = nlp.make_doc(f"document {number} " + "word " * (number % 5))
        yield Example(doc, doc)


def bare_corpus(nlp):
    """The same as bare words, whose Docs come and go."""
    maker = ExampleMaker(nlp.vocab, plain=True)
    return (maker.from_bare_doc(example.predicted) for example in corpus(nlp))


def drawing_corpus(nlp):
    """Draws while it is read, as augmenters do."""
    for example in corpus(nlp):
        if random.random() < 0.7 and np.random.random() < 0.9:
            yield example


def by_four(examples):
    batch = []
    for example in examples:
        batch.append(example)
        if len(batch) == 4:
            yield batch
            batch = []
    if batch:
        yield batch


class Growing:
    """Batches whose sizes go on growing over the epochs."""

    def __init__(self):
        self.size = 0

    def __call__(self, examples):
        batch = []
        for example in examples:
            batch.append(example)
            if len(batch) > self.size % 6:
                self.size += 1
                yield batch
                batch = []
        if batch:
            yield batch


def make(nlp, kind, seed=3):
    """Reader, batcher, max_epochs and whether the batcher repeats itself."""
    fix_random_seed(seed)
    streams = StreamCorpus(drawing_corpus, streams=3, window=2, shuffle=4)
    reader, batcher, epochs, repeats = {
        "shuffled": (corpus, by_four, 0, True),
        "bare words": (bare_corpus, by_four, 0, True),
        "three epochs": (corpus, by_four, 3, True),
        "drawing": (drawing_corpus, by_four, 0, True),
        "growing": (corpus, Growing(), 0, False),
        "streams": (streams, batch_by_stream, -1, True),
        "streamed, growing": (drawing_corpus, Growing(), -1, False),
    }[kind]
    return Batches(nlp, reader, batcher, epochs, repeats=repeats)


KINDS = [
    "shuffled",
    "bare words",
    "three epochs",
    "drawing",
    "growing",
    "streams",
    "streamed, growing",
]


def take(batches, count):
    taken = []
    for _ in range(count):
        epoch = batches.peek()
        if epoch is None:
            break
        # what components draw must not matter
        random.random(), np.random.random()
        taken.append((epoch, [example.predicted.text for example in batches.take()]))
    return taken


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("done", [1, 5, 6, 11, 17, 18])
def test_rest_is_the_same(nlp, kind, done):
    whole = take(make(nlp, kind), 30)
    first = make(nlp, kind)
    assert take(first, done) == whole[:done]
    tensors, values = first.get_state()
    again = make(nlp, kind, seed=99)
    random.seed(0)
    before = random.getstate(), np.random.get_state()[1].tolist()
    again.set_state(tensors, values)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
    assert take(again, 30 - done) == whole[done:]


@pytest.mark.parametrize("kind", KINDS)
def test_state_of_a_continued_training_can_be_continued(nlp, kind):
    whole = take(make(nlp, kind), 24)
    taken, state = [], None
    for part in (3, 4, 8, 9):
        batches = make(nlp, kind)
        if state is not None:
            batches.set_state(*state)
        taken += take(batches, part)
        state = batches.get_state()
    assert taken == whole


def test_a_batch_that_waits_is_not_lost(nlp):
    whole = take(make(nlp, "shuffled"), 12)
    first = make(nlp, "shuffled")
    take(first, 6)
    assert first.peek() == 1  # a batch of the next epoch was drawn, and not taken
    again = make(nlp, "shuffled")
    again.set_state(*first.get_state())
    assert take(again, 6) == whole[6:]


@pytest.mark.parametrize("max_epochs", [0, 2, -1])
def test_batches_are_those_of_spacy(nlp, max_epochs):
    fix_random_seed(5)
    theirs = create_train_batches(nlp, corpus, by_four, max_epochs)
    expected = []
    for epoch, batch in theirs:
        expected.append((epoch, [example.predicted.text for example in batch]))
        if len(expected) == 16:
            break
    fix_random_seed(5)
    ours = take(Batches(nlp, corpus, by_four, max_epochs, repeats=True), 16)
    assert ours == expected


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_a_corpus_without_examples_is_an_error(nlp, max_epochs):
    with pytest.raises(ValueError, match="R612"):
        Batches(nlp, lambda nlp: [], by_four, max_epochs, repeats=True).peek()


@pytest.mark.parametrize("kind", ["shuffled", "streams", "growing"])
def test_a_corpus_that_became_shorter_is_an_error(nlp, kind):
    first = make(nlp, kind)
    take(first, 17)
    state = first.get_state()
    again = make(nlp, kind)
    again._corpus = lambda nlp: list(corpus(nlp))[:3]
    if kind == "streams":
        again._corpus = StreamCorpus(again._corpus, streams=3, window=2, shuffle=4)
    with pytest.raises(ValueError, match="R611"):
        again.set_state(*state)
