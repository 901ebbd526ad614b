"""What the numbers should be: one token after the other, in float64, as the definitions say."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from spacy_rnn.spelling import hash_features

CELLS = {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}


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
        weight = self.weights.get("softmax.weight", self.weights["embedding"])
        logits = weight @ hidden + self.weights["softmax.bias"]
        bounds = [*self.settings.cutoffs, len(weight)]
        if len(bounds) == 1:
            return torch.log_softmax(logits, 0)
        clusters = self.weights["softmax.cluster_weight"] @ hidden
        clusters = clusters + self.weights["softmax.cluster_bias"]
        head = torch.log_softmax(torch.cat([logits[: bounds[0]], clusters]), 0)
        parts = [head[: bounds[0]]]
        for number, (start, stop) in enumerate(pairwise(bounds)):
            inside = torch.log_softmax(logits[start:stop], 0)
            parts.append(head[bounds[0] + number] + inside)
        return torch.cat(parts)

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
