"""A model of any direction, word by word, with the naive network of tests/network."""

import torch

from spacy_rnn.layers.shim import get_shim

from ..network import naive


class ByHand:
    """float64 copies of a model's weights, with gradients of their own. Without subwords."""

    def __init__(self, model):
        self.network = get_shim(model).network
        assert not self.network.settings.subword_rows
        self.vocabulary = model.attrs["vocabulary"]
        self.weights = naive.weights_of(self.network)

    def hidden(self, doc):
        """For each direction the states after `</s>` and after each token, as they are met."""
        rows = [self.vocabulary.row(token.text) for token in doc]
        result = []
        for reverse in self.network.directions:
            read = [1, *(reversed(rows) if reverse else rows)]
            stack = naive.stack_of(self.weights, reverse=reverse)
            result.append(naive.read(self.network.settings, stack, read)[0])
        return result

    def joint_hidden(self, doc):
        """(tokens, nO): after each token of the text, the directions side by side."""
        parts = []
        for reverse, states in zip(self.network.directions, self.hidden(doc), strict=True):
            states = states[1:]
            parts.append(torch.stack([*states][::-1]) if reverse and len(states) else states)
        return torch.cat(parts, dim=1)

    def log_probs(self, doc):
        """For each direction, log p of every symbol that is predicted, as they are met."""
        rows = [self.vocabulary.row(token.text) for token in doc]
        parts = []
        for reverse, states in zip(self.network.directions, self.hidden(doc), strict=True):
            targets = [*(reversed(rows) if reverse else rows), 1]
            table = naive.log_distribution(self.network.settings, self.weights, states)
            parts.append(table[torch.arange(len(targets)), torch.tensor(targets)])
        return parts

    def mean_loss(self, docs):
        """The mean over a direction's symbols; those of both are added."""
        directions = zip(*(self.log_probs(doc) for doc in docs), strict=True)
        return -sum(torch.cat(parts).mean() for parts in directions)

    def gradients(self, loss):
        given = torch.autograd.grad(loss, list(self.weights.values()), allow_unused=True)
        named = zip(self.weights.items(), given, strict=True)
        return {n: torch.zeros_like(w) if g is None else g for (n, w), g in named}
