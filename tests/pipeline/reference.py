"""What the numbers should be: one token after the other, in float64, as the definitions say."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from spacy_rnn.vocabulary.subword_features import hash_features

CELLS = {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}


def log_distribution(weights, cutoffs, hidden):
    weight = weights.get("softmax.weight", weights["embedding"])
    logits = weight @ hidden + weights["softmax.bias"]
    bounds = [*cutoffs, len(weight)]
    if len(bounds) == 1:
        return torch.log_softmax(logits, 0)
    clusters = weights["softmax.cluster_weight"] @ hidden
    clusters = clusters + weights["softmax.cluster_bias"]
    head = torch.log_softmax(torch.cat([logits[: bounds[0]], clusters]), 0)
    parts = [head[: bounds[0]]]
    for number, (start, stop) in enumerate(pairwise(bounds)):
        inside = torch.log_softmax(logits[start:stop], 0)
        parts.append(head[bounds[0] + number] + inside)
    return torch.cat(parts)


@dataclass
class Trace:
    """All there is to know of one document; index 0 is after the boundary symbol.

    hidden: (n + 1, width). log_distributions: (n + 1, words).
    log_probs: of the n tokens and of the end. h, c: (depth, width) after the last token.
    """

    hidden: np.ndarray
    log_distributions: np.ndarray
    log_probs: np.ndarray
    h: np.ndarray
    c: np.ndarray


class Reference:
    """A language model written down in the plainest way, with the weights of a component.

    reverse: whether its stack is the one that is given the words of a document from the last to
    the first.
    """

    def __init__(self, lm, *, reverse=False):
        self.stack = "backward_encoder" if reverse else "encoder"
        self.words = list(lm.vocabulary.words)
        self.settings = lm.shim.network.settings
        parameters = lm.shim.network.parameters_by_name()
        self.weights = {name: p.detach().double() for name, p in parameters.items()}
        self.cells = [self._cell(number) for number in range(self.settings.depth)]

    def _cell(self, number):
        settings = self.settings
        inputs = settings.width if number else settings.embedding_width
        cell = CELLS[settings.cell](inputs, settings.width).double()
        prefix = f"{self.stack}.layers.{number}."
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        cell.load_state_dict({name: self.weights[f"{prefix}{name}_l0"] for name in names})
        return cell

    def row(self, word):
        return self.words.index(word) if word in self.words[2:] else 0

    def vector(self, word):
        """What is read of a word: its embedding, and the vectors of its spelling."""
        vector = self.weights["embedding"][self.row(word)]
        if self.settings.subword_rows and word != "<unk>":
            for feature in hash_features(word, self.settings.subword_rows):
                vector = vector + self.weights["subwords.weight"][feature]
        return vector

    def log_distribution(self, hidden):
        return log_distribution(self.weights, self.settings.cutoffs, hidden)

    @torch.no_grad()
    def read(self, words, start=None, after=None):
        """words: of the whole document. start: the word that is read first; None for the boundary.
        after: the Trace of what was read before; None for the zero state."""
        rows = [self.row(word) for word in words]
        first = self.weights["embedding"][1] if start is None else self.vector(start)
        zero = torch.zeros(self.settings.width, dtype=torch.float64)
        states = [(zero, zero) for _ in self.cells]
        if after is not None:
            states = list(zip(torch.from_numpy(after.h), torch.from_numpy(after.c), strict=True))
        hidden, distributions = [], []
        for x in [first, *map(self.vector, words)]:
            for number, cell in enumerate(self.cells):
                h, c = states[number]
                if self.settings.cell == "lstm":
                    h, c = cell(x, (h, c))
                else:
                    h = cell(x, h)
                states[number], x = (h, c), h
            hidden.append(x.numpy())
            distributions.append(self.log_distribution(x).numpy())
        targets = [*rows, 1]
        return Trace(
            np.stack(hidden),
            np.stack(distributions),
            np.array([d[row] for d, row in zip(distributions, targets, strict=True)]),
            torch.stack([h for h, _ in states]).numpy(),
            torch.stack([c for _, c in states]).numpy(),
        )

    def top(self, log_distribution, k):
        """The k likeliest words: never the unknown word, ties by row."""
        order = np.argsort(-log_distribution, kind="stable")
        return [self.words[row] for row in order if row != 0][:k]


class ReferenceSpeller:
    """p(spelling) of words that a component doesn't know, written down in the plainest way."""

    def __init__(self, lm):
        self.words = lm.vocabulary.words
        words_with = Counter(c for word in self.words[2:] for c in set(word))
        shared = [c for c, count in words_with.items() if count >= 2]
        self.characters = sorted(shared, key=lambda c: (-words_with[c], ord(c)))
        network = lm.shim.network
        self.cutoffs = network.settings.symbol_cutoffs
        own = [n for n in network.parameters_by_name() if n.startswith("speller.")]
        parameters = network.parameters_by_name()
        self.weights = {n.removeprefix("speller."): parameters[n].detach().double() for n in own}
        self.width = self.weights["embedding"].shape[1]
        self.cell = nn.LSTMCell(self.width, self.width).double()
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        layer = "encoder.layers.0."
        self.cell.load_state_dict({name: self.weights[f"{layer}{name}_l0"] for name in names})

    def symbols(self, word):
        """Characters that two words have, the bytes of others; 0 is the end of a word."""
        result = []
        for character in word:
            if character in self.characters:
                result.append(1 + self.characters.index(character))
            else:
                first = 1 + len(self.characters)
                result += [first + byte for byte in character.encode("utf8")]
        return result

    @torch.no_grad()
    def log_prob(self, word):
        """Natural log p(spelling), given that a word isn't empty."""
        zero = torch.zeros(self.width, dtype=torch.float64)
        h, c = zero, zero
        total, read = 0.0, 0
        for place, symbol in enumerate([*self.symbols(word), 0]):
            h, c = self.cell(self.weights["embedding"][read], (h, c))
            distribution = log_distribution(self.weights, self.cutoffs, h)
            if not place:
                total -= torch.logsumexp(distribution[1:], 0)
            total, read = total + distribution[symbol], symbol
        return float(total)

    def log_probs(self, words):
        """What spelling adds to each of the words: 0 where the vocabulary has the word, and where
        one is missing."""
        known = [*self.words[2:], "<unk>"]
        return np.array([0.0 if word in known else self.log_prob(word) for word in words])


def words_of(doc):
    return [token.text for token in doc]


def run_on(reference, words, steps):
    """The likeliest continuation, found by reading the whole text again for every word."""
    words = list(words)
    for _ in range(steps):
        word = reference.top(reference.read(words).log_distributions[-1], 1)[0]
        if word == "</s>":
            break
        words.append(word)
    return words
