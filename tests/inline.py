"""Taggers with a recurrent network of their own, for the tests of all rooms."""

import json
from collections import Counter

import spacy
import torch
from spacy.training import Example
from thinc.api import fix_random_seed

from .helpers import ENGLISH


def tags_of(doc):
    return ["ABC"[len(token) % 3] for token in doc]


def tagged(nlp, texts=ENGLISH[:12]):
    docs = [nlp.make_doc(text) for text in texts]
    return [Example.from_dict(doc, {"tags": tags_of(doc)}) for doc in docs]


def write_words(path, texts=ENGLISH):
    """The vocabulary of texts as `python -m spacy rnn vocab` writes it."""
    counts = Counter(word for text in texts for word in text.split())
    counts["</s>"] = len(texts)
    path.write_text(json.dumps(list(counts.items())), "utf8")
    return str(path)


def add_tagger(nlp, name="tagger", **layer):
    layer = {"@architectures": "spacy-rnn.RNNTok2Vec.v1", "precision": "float32", **layer}
    layers = {"@architectures": "spacy.Tagger.v2", "tok2vec": layer}
    return nlp.add_pipe("tagger", name=name, config={"model": layers})


def tagger_pipeline(texts=ENGLISH[:12], *, seed=0, **layer):
    """An initialized English pipeline of one such tagger; options are those of the layer."""
    nlp = spacy.blank("xx")
    add_tagger(nlp, **layer)
    fix_random_seed(seed)
    nlp.initialize(lambda: tagged(nlp, texts))
    return nlp


def shim_of(nlp, component="tagger"):
    """The only shim of a component."""
    model = nlp.get_pipe(component).model
    (shim,) = [shim for node in model.walk() for shim in node.shims]
    return shim


def network_weights(nlp, component="tagger"):
    """Copies of all weights of the network in a component, by name."""
    named = shim_of(nlp, component).network.parameters_by_name().items()
    return {name: p.detach().clone() for name, p in named}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)
