"""How long a step of a training takes on this machine, found by making some."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Config, fix_random_seed

_WARM_UP, _TIMED = 4, 9


def seconds_per_step(
    config: Config, labels: list[list[Any]], tokens: int, length: int, *, unknown: float = 0.05
) -> float:
    """Time steps of a language model on documents of random words, as often as the text has them.

    config (Config): The training's config, with the component `rnn_lm`. If that has no loss of its
        own, the steps of the network under the components that listen are timed, without theirs.
    labels (List[List]): The vocabulary, ``[[word, count], …]``.
    tokens (int): How many tokens a step reads.
    length (int): About how many tokens a document or a window has.
    unknown (float): The share of unknown words, which a speller learns.
    RETURNS (float): Seconds by the clock; the median of some steps after the first ones.
    """
    nlp = util.load_model_from_config(config)
    fix_random_seed(0)
    lm: Any = nlp.get_pipe("rnn_lm")
    lm.initialize(lambda: iter(()), labels=labels)
    optimizer = nlp.create_optimizer()
    drop = config.interpolate()["training"]["dropout"]
    seconds = []
    for batch in _batches(nlp, labels, tokens, length, unknown):
        start = perf_counter()
        if lm.lm_weight:
            lm.update(batch, sgd=optimizer, drop=drop, losses={})
        else:
            _learn_from_listeners(lm, batch, optimizer)
        seconds.append(perf_counter() - start)
    return median(seconds[_WARM_UP:])


def _learn_from_listeners(lm: Any, batch: list[Example], optimizer: Any) -> None:
    """What a step costs a network that only gets the gradients of others."""
    vectors, backprop = lm.model.begin_update([example.predicted for example in batch])
    backprop(vectors)
    lm.model.finish_update(optimizer)


def words_of_a_language(count: int = 30_000) -> list[list[Any]]:
    """RETURNS (List[List]): A vocabulary of made-up words, as frequent as Zipf's law has it, for a
    text that isn't known yet: ``[[word, count], …]``."""
    words = [[f"w{rank}", max(1, 1_000_000 // rank)] for rank in range(1, count + 1)]
    return [["<unk>", 50_000], ["</s>", 50_000], *words]


def _batches(
    nlp: Language, labels: list[list[Any]], tokens: int, length: int, unknown: float
) -> Iterator[list[Example]]:
    words = [word for word, _ in labels[2:]]
    counts = np.array([count for _, count in labels[2:]], dtype=np.float64)
    # a file of words may have no counts
    shares = counts / counts.sum() if counts.any() else np.full(len(words), 1 / len(words))
    draw = np.random.default_rng(0)
    for step in range(_WARM_UP + _TIMED):
        batch = []
        for number in range(max(1, round(tokens / length))):
            rows = draw.choice(len(words), size=length, p=shares)
            rare = draw.random(length) < unknown
            text = [
                f"{words[row]}{step}{number}" if is_rare else words[row]
                for row, is_rare in zip(rows.tolist(), rare.tolist(), strict=True)
            ]
            doc = Doc(nlp.vocab, words=text)
            batch.append(Example(doc, doc))
        yield batch
