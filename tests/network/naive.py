"""The network once more, as naive as can be: float64, one word of one sequence at a time.

It shares no code with the package, only the names of the weights.
"""

import numpy as np
import torch

from spacy_rnn.network.language_model import RNNLanguageModel
from spacy_rnn.network.settings import NetworkSettings

# Every kind of softmax: tied or not, full or in clusters.
SOFTMAXES = [(True, ()), (False, ()), (True, (5, 9, 16)), (False, (2, 3))]


def make_network(
    *, cell="lstm", words=23, embedding_width=None, width=6, depth=1, tied=True, cutoffs=(), seed=0
):
    """A network whose weights, biases too, are all random, so that none of them drops out."""
    embedding_width = embedding_width or (width if tied else width - 2)
    settings = NetworkSettings(words, cell, embedding_width, width, depth, tied, cutoffs)
    network = RNNLanguageModel(settings, [1] * words)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters_by_name().values():
            parameter.normal_(0, 0.5, generator=generator)
    return network


def make_batch(lengths, words=23, seed=0):
    """Random ids and targets of sequences of the given lengths, and the lengths as an array."""
    generator = np.random.default_rng(seed)
    ids, targets = generator.integers(0, words, size=(2, sum(lengths)))
    return ids, targets, np.array(lengths, dtype=np.int64)


def weights_of(network):
    """float64 copies of all weights by name; leaves of a graph of their own."""
    named = network.parameters_by_name().items()
    return {name: p.detach().double().requires_grad_() for name, p in named}


def step(cell, weights, layer, x, h, c):
    """One step of one layer for one sequence, or a row for each of several: the next h and c."""
    prefix = f"encoder.layers.{layer}."
    from_input = x @ weights[prefix + "weight_ih_l0"].T + weights[prefix + "bias_ih_l0"]
    from_state = h @ weights[prefix + "weight_hh_l0"].T + weights[prefix + "bias_hh_l0"]
    if cell == "rnn":
        return torch.tanh(from_input + from_state), c
    if cell == "gru":
        input_parts, state_parts = from_input.chunk(3, -1), from_state.chunk(3, -1)
        reset = torch.sigmoid(input_parts[0] + state_parts[0])
        update = torch.sigmoid(input_parts[1] + state_parts[1])
        new = torch.tanh(input_parts[2] + reset * state_parts[2])
        return (1 - update) * new + update * h, c
    entry, forget, candidate, out = (from_input + from_state).chunk(4, -1)
    c = torch.sigmoid(forget) * c + torch.sigmoid(entry) * torch.tanh(candidate)
    return torch.sigmoid(out) * torch.tanh(c), c


def stack_of(weights, *, reverse):
    """The weights of one direction's stack, under the names of the forward one."""
    if not reverse:
        return weights
    prefix = "backward_"
    return weights | {
        name.removeprefix(prefix): w for name, w in weights.items() if name.startswith(prefix)
    }


def read(settings, weights, ids, state=None):
    """Hidden states (n, width) of one sequence, and the final h and c (depth, width)."""
    zeros = torch.zeros(settings.depth, settings.width, dtype=torch.float64)
    h, c = ([*part] for part in (state or (zeros, zeros)))
    hidden = []
    for row in ids:
        x = weights["embedding"][int(row)]
        for layer in range(settings.depth):
            h[layer], c[layer] = step(settings.cell, weights, layer, x, h[layer], c[layer])
            x = h[layer]
        hidden.append(x)
    return torch.stack(hidden), (torch.stack(h), torch.stack(c))


def log_distribution(settings, weights, hidden):
    """log p of every word after every hidden state, from exponentials and sums."""
    matrix = weights["embedding" if settings.tied else "softmax.weight"]
    scores = (hidden @ matrix.T + weights["softmax.bias"]).exp()
    if not settings.cutoffs:
        return (scores / scores.sum(1, keepdim=True)).log()
    first, edges = settings.cutoffs[0], [*settings.cutoffs, settings.words]
    clusters = hidden @ weights["softmax.cluster_weight"].T + weights["softmax.cluster_bias"]
    head = torch.cat([scores[:, :first], clusters.exp()], dim=1)
    head = head / head.sum(1, keepdim=True)
    parts = [head[:, :first]]
    for number in range(len(settings.cutoffs)):
        inside = scores[:, edges[number] : edges[number + 1]]
        parts.append(head[:, first + number, None] * inside / inside.sum(1, keepdim=True))
    return torch.cat(parts, dim=1).log()


def score(settings, weights, ids, targets, lengths):
    """Hidden states and log-probabilities of the targets, sequence after sequence."""
    hidden = torch.cat([read(settings, weights, part)[0] for part in split(ids, lengths)])
    log_probs = log_distribution(settings, weights, hidden)
    return hidden, log_probs[torch.arange(len(ids)), torch.as_tensor(targets)]


def split(flat, lengths):
    """Cut a flat array into its sequences."""
    return np.split(flat, np.cumsum(lengths)[:-1])


def best_rows(log_probs, k, exclude):
    """The k best rows of one distribution by falling value, ties by row, as Python sorts them."""
    order = sorted(range(len(log_probs)), key=lambda row: (-log_probs[row], row))
    return [row for row in order if row != exclude][:k]
