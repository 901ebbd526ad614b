"""What the numbers should be: one token after the other, in float64, as the definitions say.

The words of a document, read by the naive network of tests/network.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch
from spacy.strings import hash_string

from spacy_rnn.vocabulary.subword_features import hash_features

from ..network import naive


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
        network = lm.shim.network
        self.words = list(lm.vocabulary.words)
        self.settings = network.settings
        self.weights = {name: w.detach() for name, w in naive.weights_of(network).items()}
        self.stack = naive.stack_of(self.weights, reverse=reverse)

    def row(self, word):
        return self.words.index(word) if word in self.words[2:] else 0

    def vector(self, word):
        """What is read of a word: its embedding, and the vectors of its spelling."""
        vector = self.weights["embedding"][self.row(word)]
        if self.settings.subword_rows and word != "<unk>":
            for feature in hash_features(word, self.settings.subword_rows):
                vector = vector + self.weights["subwords.weight"][feature]
        if self.settings.ngram_rows and word != "<unk>":
            rows = ngram_rows_of(word, self.settings)
            for row in rows:
                vector = vector + self.weights["subwords.ngram_weight"][row] / len(rows) ** 0.5
        return vector

    @torch.no_grad()
    def read(self, words, start=None, after=None):
        """words: of the whole document. start: the word that is read first; None for the boundary.
        after: the Trace of what was read before; None for the zero state."""
        first = self.weights["embedding"][1] if start is None else self.vector(start)
        vectors = torch.stack([first, *map(self.vector, words)])
        state = None
        if after is not None:
            state = torch.from_numpy(after.h), torch.from_numpy(after.c)
        given = {**self.stack, "embedding": vectors}
        hidden, (h, c) = naive.read(self.settings, given, range(len(vectors)), state)
        distributions = naive.log_distribution(self.settings, self.weights, hidden)
        targets = [*map(self.row, words), 1]
        log_probs = distributions[range(len(targets)), targets]
        return Trace(*(part.numpy() for part in (hidden, distributions, log_probs, h, c)))

    def top(self, log_distribution, k):
        """The k likeliest words: never the unknown word, ties by row."""
        order = np.argsort(-log_distribution, kind="stable")
        return [self.words[row] for row in order if row != 0][:k]


def ngram_rows_of(word, settings):
    """The rows of all n-grams of a short word, by their hashes."""
    marked, rows = "<" + word.lower() + ">", []
    for start in range(len(marked)):
        for stop in range(start + settings.ngram_min, start + settings.ngram_max + 1):
            gram = marked[start:stop]
            if stop <= len(marked) and (start, stop) not in ((0, 1), (len(word) + 1, stop)):
                key = hash_string("ng" + gram)
                rows += [key % 2**32 % settings.ngram_rows, key // 2**32 % settings.ngram_rows]
    return rows


def symbol_rows_of(read, rows):
    """The rows of the last two to four symbols that were read; 0 is the beginning."""

    def mix(number):
        number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        number = (number ^ number >> 27) * 0x94D049BB133111EB % 2**64
        return number ^ number >> 31

    found, key = [], read[-1]
    for size, before in zip((2, 3, 4), read[-2::-1], strict=False):
        key = mix((key * 0x9E3779B97F4A7C15 + before) % 2**64)
        found.append(mix((key + size) % 2**64) % (rows - 1) + 1)
    return found


class ReferenceSpeller:
    """p(spelling) of words that a component doesn't know, written down in the plainest way."""

    def __init__(self, lm):
        self.lm = lm
        self.words = lm.vocabulary.words
        words_with = Counter(c for word in self.words[2:] for c in set(word))
        shared = [c for c, count in words_with.items() if count >= 2]
        self.characters = sorted(shared, key=lambda c: (-words_with[c], ord(c)))
        network = lm.shim.network
        self.settings = network.settings.speller
        self.in_context = network.settings.spelling == "context"
        own = {name: w.detach() for name, w in naive.weights_of(network).items()}
        prefix = "speller."
        self.weights = {
            name.removeprefix(prefix): w for name, w in own.items() if name.startswith(prefix)
        }

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

    def start(self, context, *, reverse=False):
        """h and c before the first symbol of a word that is predicted in a state of the network."""
        if not self.in_context:
            return None
        name = f"starts.{'backward_' * reverse}encoder."
        joint = self.weights[name + "weight"] @ context + self.weights[name + "bias"]
        h, c = joint.chunk(2)
        return torch.tanh(h)[None], c[None]

    def table(self, symbols, start=None):
        """log p of every symbol at every place of a word, as if it could end anywhere."""
        vectors = [self.weights["embedding"][0]]
        for place, symbol in enumerate(symbols):
            vector = self.weights["embedding"][symbol]
            if self.settings.subword_rows:
                read = [0, *map(self.code, symbols[: place + 1])]
                for row in symbol_rows_of(read, self.settings.subword_rows):
                    vector = vector + self.weights["subwords.weight"][row]
            vectors.append(vector)
        given = {**self.weights, "embedding": torch.stack(vectors)}
        hidden, _ = naive.read(self.settings, given, range(len(vectors)), start)
        return naive.log_distribution(self.settings, self.weights, hidden)

    def code(self, symbol):
        """Of a character its code point and one, of a byte a number above all of these."""
        last = len(self.characters)
        return 1 + (
            ord(self.characters[symbol - 1]) if symbol <= last else 0x110000 + symbol - last - 1
        )

    @torch.no_grad()
    def log_prob(self, word, start=None):
        """Natural log p(spelling), given that a word isn't empty nor, in context, a known one."""
        symbols = self.symbols(word)
        table = self.table(symbols, start)
        targets = [*symbols, 0]
        total = table[range(len(targets)), targets].sum()
        for place in self.shut(word):
            total = total - torch.logsumexp(table[place, 1:], 0)
        return float(total)

    def shut(self, word):
        """The places at which the word can't end."""
        known = {*self.words[2:], "<unk>"} if self.in_context else set()
        begun = [n for n in range(1, len(word)) if word[:n] in known]
        return [0, *(len(self.symbols(word[:n])) for n in begun)]

    def log_probs(self, words, *, reverse=False, after=None):
        """What spelling adds to each of the words of a document: 0 where the vocabulary has the
        word, and where one is missing.

        reverse, after: which way they are read, and the Trace of what was read before."""
        known = [*self.words[2:], "<unk>"]
        order = words[::-1] if reverse else words
        trace = Reference(self.lm, reverse=reverse).read(order, after=after)
        contexts = torch.from_numpy(trace.hidden)[: len(words)]
        if after is not None:
            contexts[0] = torch.from_numpy(after.hidden[-1])
        contexts = contexts.flip(0) if reverse else contexts
        return np.array(
            [
                0.0 if word in known else self.log_prob(word, self.start(context, reverse=reverse))
                for word, context in zip(words, contexts, strict=True)
            ]
        )


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
