"""Documents that are read on from a state: what follows a prompt, or what was typed before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..network.forks import no_fork_meanwhile
from ..network.recurrent import State
from .finite import check_finite
from .network_outputs import to_torch
from .open_vocabulary import spell_tokens, spelling_positions
from .sequences import sequences_from_docs
from .shim import get_shim


class ReadOn(NamedTuple):
    """A Doc of n tokens that are read, after what was read before.

    hidden (Tensor): float32 (n + 1, width), the state in which each token is predicted, and the
        last one.
    log_probs (ndarray): float32 (n + 1,), natural log-probabilities of the tokens, spelled if they
        are unknown and there is a speller, and of `</s>`.
    state (State): After the last token, (depth, 1, width) each.
    """

    hidden: Tensor
    log_probs: np.ndarray
    state: State


@no_fork_meanwhile
@torch.no_grad()
def read_on(model: Model, docs: list[Doc], state: State) -> list[ReadOn]:
    """Read documents on, each from the same state.

    model (Model): "spacy-rnn.RNNLM.v1" with a forward direction.
    docs (List[Doc]): What may follow.
    state (State): After what was read before, (depth, 1, width) each.
    RETURNS (List[ReadOn]): One for each Doc.
    RAISES (ValueError): If a number isn't finite.
    """
    if not docs:
        return []
    network = get_shim(model).network
    reading = sequences_from_docs(model, docs)[0]
    starts = np.cumsum(reading.lengths) - reading.lengths
    body = np.ones(len(reading.ids), dtype=bool)
    body[starts] = False
    hidden = state.h[-1].expand(len(body), -1).clone()
    read = reading.lengths > 1
    after = [state] * len(docs)
    if read.any():
        sequences = int(read.sum())
        c = None if state.c is None else state.c.expand(-1, sequences, -1)
        before = State(state.h.expand(-1, sequences, -1), c)
        words = reading.words
        table = None if words is None else network.word_vectors(*to_torch(words, network.device))
        ids = torch.from_numpy(reading.ids[body]).to(network.device)
        made, last = network.encode(ids, reading.lengths[read] - 1, before, words=table)
        hidden[torch.from_numpy(body).to(network.device)] = made
        for column, number in enumerate(np.flatnonzero(read).tolist()):
            after[number] = _column(last, column)
    targets = torch.from_numpy(reading.targets).to(network.device)
    log_probs = network.softmax.target_log_probs(hidden, targets, torch.float32).cpu().numpy()
    check_finite(get_shim(model).description, log_probs)
    states = spelling_positions(model, reading)
    contexts = None if states is None else hidden[torch.from_numpy(states).to(hidden.device)]
    spelling = spell_tokens(model, reading, contexts)
    if spelling is not None:
        # what is predicted stands one position before what is read
        log_probs[np.flatnonzero(body) - 1] += spelling
    parts = zip(
        hidden.split(reading.lengths.tolist()),
        np.split(log_probs, np.cumsum(reading.lengths)[:-1]),
        after,
        strict=True,
    )
    return [ReadOn(*part) for part in parts]


def _column(state: State, number: int) -> State:
    part = slice(number, number + 1)
    return State(state.h[:, part], None if state.c is None else state.c[:, part])
