"""What was read so far, one token after the other, with all that was computed of it.

Somebody who types goes over the same few states again and again: the word behind them grows by a
letter, is taken back, is cut otherwise. So a state keeps its softmax, and the states after the
tokens that were tried behind it.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..network.forks import no_fork_meanwhile
from ..network.language_model import RNNLanguageModel
from ..network.recurrent import State
from ..network.state_softmax import StateSoftmax
from ..vocabulary.symbols import BOUNDARY_ROW
from ..vocabulary.vocabulary import Vocabulary
from .continuing import read_on
from .finite import check_finite
from .network_outputs import to_torch
from .open_vocabulary import spell_tokens, spelling_positions
from .sequences import Sequences, sequences_from_docs
from .shim import get_shim

# So many states keep what was computed of them: a whole softmax each, at most.
_RECENT = 24
# More tokens are faster read at once.
MOST_STEPS = 16


class ReadState:
    """The state after some text.

    network (RNNLanguageModel): What read it.
    state (State): The state, (depth, 1, width) each.
    before (Optional[ReadState]): One whose memory of recent states it shares.
    """

    def __init__(
        self, network: RNNLanguageModel, state: State, before: ReadState | None = None
    ) -> None:
        self.state = state
        self.softmax = StateSoftmax(network.softmax, state.h[-1])
        # the hash of a token's form → the state after it, and its log-probability
        self.after: dict[int, Step] = {}
        self._recent: deque[ReadState] = deque() if before is None else before._recent
        self.touch()

    def touch(self) -> None:
        """It is used now: others are forgotten before it."""
        with suppress(ValueError):
            self._recent.remove(self)
        self._recent.append(self)
        while len(self._recent) > _RECENT:
            self._recent.popleft().forget()

    @property
    def end_log_prob(self) -> float:
        """RETURNS (float): Natural log p(`</s>` | the text)."""
        row = torch.tensor([BOUNDARY_ROW], device=self.state.h.device)
        return float(self.softmax.row_log_probs(row))

    def forget(self) -> None:
        """Keep the state alone."""
        self.softmax.forget()
        self.after = {}

    def forget_recent(self) -> None:
        """Keep the states alone, of all that share this one's memory: those of other cuts too."""
        for state in (self, *self._recent):
            state.forget()


class Step(NamedTuple):
    """A token that was read.

    state (ReadState): The state after it.
    log_prob (float): Its natural log-probability, with its spelling if it is unknown and there is a
        speller.
    """

    state: ReadState
    log_prob: float


def read_at_once(model: Model, doc: Doc, start: ReadState) -> tuple[np.ndarray, ReadState]:
    """RETURNS (Tuple[ndarray, ReadState]): float32 (n,), log-probabilities of the tokens that are
    read, and the state after them."""
    (made,) = read_on(model, [doc], start.state)
    return made.log_probs[:-1].copy(), ReadState(get_shim(model).network, made.state, start)


@no_fork_meanwhile
@torch.no_grad()
def read_steps(model: Model, doc: Doc, start: ReadState) -> list[Step]:
    """Read a few tokens, each state of which is wanted.

    model (Model): "spacy-rnn.RNNLM.v1" with a forward direction.
    doc (Doc): The tokens, at most MOST_STEPS.
    start (ReadState): After what was read before.
    RETURNS (List[Step]): One for each token that is read.
    RAISES (ValueError): If a number isn't finite.
    """
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    steps: list[Step] = []
    last = start
    start.touch()
    forms = vocabulary.forms_of([doc])
    keys = forms.keys.tolist()
    for key in keys:
        if key not in last.after:
            break
        steps.append(last.after[key])
        last = steps[-1].state
        last.touch()
    if len(steps) == len(keys):
        return steps
    # of what is new: a speller takes longer than anything else here
    first = len(steps) if forms.read is None else int(np.flatnonzero(forms.read)[len(steps)])
    return steps + _read_new(model, doc[first:].as_doc() if first else doc, last)


def _read_new(model: Model, doc: Doc, start: ReadState) -> list[Step]:
    network = get_shim(model).network
    reading = sequences_from_docs(model, [doc])[0]
    rows = torch.from_numpy(reading.targets).to(network.device)
    vectors = _input_vectors(network, reading)
    states = [start]
    for place in range(1, len(vectors)):
        state = network.stack().read(vectors[place : place + 1], states[-1].state)
        states.append(ReadState(network, state, start))
    asked = spelling_positions(model, reading)
    contexts = None
    if asked is not None and len(asked):
        contexts = torch.cat([states[place].state.h[-1] for place in asked.tolist()])
    spelling = spell_tokens(model, reading, contexts)
    steps = []
    for place, key in enumerate(reading.tokens.keys.tolist()):
        last = states[place]
        log_prob = float(last.softmax.row_log_probs(rows[place : place + 1]))
        if spelling is not None:
            log_prob += float(spelling[place])
        check_finite(get_shim(model).description, np.array([log_prob]))
        last.after[key] = Step(states[place + 1], log_prob)
        steps.append(last.after[key])
    return steps


def _input_vectors(network: RNNLanguageModel, reading: Sequences) -> Tensor:
    """RETURNS (Tensor): float32 (n + 1, embedding_width), what is read, the boundary first."""
    words = reading.words
    ids = torch.from_numpy(reading.ids).to(network.device)
    if words is None:
        return network.word_vectors(ids)
    return network.word_vectors(*to_torch(words, network.device)).index_select(0, ids)
