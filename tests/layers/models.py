"""Small models and documents for the tests of the layers."""

import spacy
import torch
from spacy.tokens import Doc

from spacy_rnn.corpus.windows import Window, write_mark
from spacy_rnn.layers.network_outputs import Outputs
from spacy_rnn.layers.rnn_lm_model import build_rnn_lm
from spacy_rnn.layers.sequences import sequences_from_docs
from spacy_rnn.layers.shim import get_shim
from spacy_rnn.network.inference import Wanted
from spacy_rnn.vocabulary import Vocabulary

VOCAB = spacy.blank("xx").vocab
ENTRIES = [[word, 30 - 2 * number] for number, word in enumerate("一二三四五六七八九十abcd")]
TEXTS = ["一二三", "四", "", "五六七八九十一二", "三z四", "a b c d a b"]


def make_doc(text, window=None):
    """A Doc of one-character words."""
    doc = Doc(VOCAB, words=list(text.replace(" ", "")))
    if window is not None:
        write_mark(doc, Window(*window))
    return doc


def make_docs(texts=TEXTS):
    return [make_doc(text) for text in texts]


def make_model(*, initialize=True, entries=ENTRIES, **options):
    """A model with random weights and biases, 6 units wide if nothing else is said."""
    options = {"width": 6, "precision": "float32", "cutoffs": [3, 7], **options}
    model = build_rnn_lm(**options)
    if initialize:
        attr = model.attrs["vocabulary"].attr
        model.attrs["vocabulary"] = Vocabulary(entries, attr=attr)
        model.initialize()
        with torch.no_grad():
            for parameter in get_shim(model).network.parameters():
                parameter.normal_(0, 0.5)
    return model


def parameters_of(model):
    return get_shim(model).network.parameters_by_name()


def values_of(model):
    """Copies of all weights by name."""
    return {name: p.detach().clone() for name, p in parameters_of(model).items()}


def same_values(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def log_probs_of(model, docs):
    """One training pass; the log-probabilities and the callback for their gradient."""
    sequences = sequences_from_docs(model, docs)[0]
    sequences.wanted = Wanted(log_probs=True)
    (outputs,), backprop = model.layers[0].begin_update([sequences])
    return outputs.log_probs, lambda d: backprop([Outputs(None, d)])


def train(model, docs, optimizer, steps=3):
    """Plain maximum likelihood."""
    for _ in range(steps):
        log_probs, backprop = log_probs_of(model, docs)
        backprop(model.ops.alloc1f(len(log_probs)) - 1 / len(log_probs))
        model.finish_update(optimizer)
        optimizer.step_schedules()
