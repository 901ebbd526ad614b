"""A speller, and the same in a few lines with a gradient."""

from itertools import product

import numpy as np
import torch
from spacy.tokens import Doc

from spacy_rnn.layers.learned_spelling import learn_spelling
from spacy_rnn.layers.open_vocabulary import spell_tokens
from spacy_rnn.layers.sequences import sequences_from_docs

from ..helpers import make_random
from ..network import naive
from ..pipeline.reference import ReferenceSpeller, words_of

# the last three of the first line occur once in the training text
ENTRIES = {"ab": 9, "ba": 7, "abc": 5, "cb": 2, "猫": 1, "狗猫": 1, "c": 1}
# many, so that the bytes, which no word has, are worth a softmax cluster of their own
ENTRIES |= {"".join(letters): 2 for letters in [*product("defghij", repeat=3)][::2]}
TEXTS_OF_ENTRIES = [" ".join([word] * count) for word, count in ENTRIES.items()]
DOCS = [["ab", "zz", "ba", "zz"], [], ["猫", "獏é", "ab", "c"], ["ab"], ["<unk>", "</s>", "fad"]]
# "<unk>" is a missing word: nobody knows how it is spelled
UNKNOWN = ["zz", "zz", "獏é", "</s>", "fad"]
LEARNED = [*UNKNOWN, "猫", "c"]
TRAINED = {"model": {"speller_width": 4, "width": 5}, "min_count": 17, "top_k": 1}
TEXTS = ["the grey cat watches", "", "zeppelin", "our zeppelin paints the harbour ."]


class Speller:
    """A pipeline, its component, and the naive speller with a gradient."""

    def __init__(self, nlp):
        self.nlp = nlp
        self.lm = nlp.get_pipe("rnn_lm")
        self.network = self.lm.shim.network
        self.reference = ReferenceSpeller(self.lm)

    def total(self, words):
        """Σ log p(spelling), as it is trained: 1 − p(end | end) isn't divided by."""
        self.reference.weights = self.weights = naive.weights_of(self.network.speller)
        parts = [torch.zeros((), dtype=torch.float64)]
        for word in words:
            symbols = self.reference.symbols(word)
            table = self.reference.table(symbols)
            parts.append(table[torch.arange(len(symbols) + 1), torch.tensor([*symbols, 0])].sum())
        return torch.stack(parts).sum()

    def gradients(self, loss):
        loss.backward()
        return {f"speller.{name}": value.grad.numpy() for name, value in self.weights.items()}

    def unknown(self, texts):
        """Tokens that are learned: unknown ones, as this vocabulary has no rare words."""
        words = [word for text in texts for word in words_of(self.nlp.make_doc(text))]
        return [word for word in words if word not in self.lm.vocabulary]


def entries_speller(**model):
    return Speller(make_random(texts=TEXTS_OF_ENTRIES, model={"speller_width": 4, **model}))


def english_speller(*, lm_weight=1.0, **model):
    """Of a vocabulary of three words, so that many are unknown."""
    options = {**TRAINED, "model": {**TRAINED["model"], **model}}
    return Speller(make_random(**options, lm_weight=lm_weight))


def docs_of(speller, lists=DOCS):
    return [Doc(speller.nlp.vocab, words=words) for words in lists]


def spell_docs(model, docs):
    return spell_tokens(model, sequences_from_docs(model, docs)[0])


def learn(model, docs, dropout=0.0):
    """Of a plain speller."""
    return learn_spelling(model, docs, sequences_from_docs(model, docs), None, dropout)


def check(found, expected):
    for name, value in expected.items():
        scale = np.abs(value).max()
        assert scale > 0, name
        np.testing.assert_allclose(found[name], value, atol=3e-4 * scale, err_msg=name)


def others(weights):
    return {name: value for name, value in weights.items() if not name.startswith("speller.")}


def assert_same(before, after):
    assert before.keys() == after.keys()
    for name in before:
        assert np.array_equal(before[name], after[name]), name
