"""What was read so far, one token after the other, with all that was computed of it.

Somebody who types goes over the same few states again and again: the word behind them grows by a
letter, is taken back, is cut otherwise. So a state keeps its softmax, and the states after the
tokens that were tried behind it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple
from weakref import ref

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
        self._softmax = StateSoftmax(network.softmax, state.h[-1])
        # the hash of a token's form → the state after it, and its log-probability; recent ones only
        self.after: dict[int, Step] = {}
        # after which state it is kept, and under which hash
        self._kept_by: tuple[ref[ReadState], int] | None = None
        # by identity, the latest used last; weak, so that a text that is dropped is freed at once
        self._recent: OrderedDict[int, ref[ReadState]] = (
            OrderedDict() if before is None else before._recent
        )
        self.touch()

    def touch(self) -> None:
        """It is used now: others are forgotten before it."""
        recent = self._recent
        recent.pop(id(self), None)
        recent[id(self)] = ref(self)
        if len(recent) <= _RECENT:
            return
        for key, found in list(recent.items()):
            if found() is None:
                recent.pop(key, None)
        while len(recent) > _RECENT:
            state = recent.popitem(last=False)[1]()
            if state is not None:
                state.leave()

    @property
    def softmax(self) -> StateSoftmax:
        """RETURNS (StateSoftmax): log p(word | the text). Asking for it is a use of the state."""
        self.touch()
        return self._softmax

    @property
    def end_log_prob(self) -> float:
        """RETURNS (float): Natural log p(`</s>` | the text)."""
        row = torch.tensor([BOUNDARY_ROW], device=self.state.h.device)
        return float(self.softmax.row_log_probs(row))

    def keep(self, key: int, step: Step) -> None:
        """Keep what follows a token, as long as its state is recent.

        key (int): The hash of the token's form.
        step (Step): The token, read after this state.
        """
        step.state._kept_by = ref(self), key
        self.after[key] = step

    def forget(self) -> None:
        """Keep the state alone."""
        self._softmax.forget()
        self.after = {}

    def leave(self) -> None:
        """Keep the state alone, and only where it was fed: the state before it lets it go."""
        self.forget()
        if self._kept_by is None:
            return
        before, key = self._kept_by[0](), self._kept_by[1]
        if before is None:
            return
        step = before.after.get(key)
        if step is not None and step.state is self:
            before.after.pop(key, None)

    def forget_recent(self) -> None:
        """Keep of this and of all recent states of its text and of its copies the states alone."""
        self.forget()
        for found in list(self._recent.values()):
            state = found()
            if state is not None:
                state.leave()
        self._recent.clear()


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
        step = last.after.get(key)  # once: a copy in another thread may forget it
        if step is None:
            break
        steps.append(step)
        last = step.state
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
        _, state = network.stack().read(vectors[place : place + 1], states[-1].state)
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
        steps.append(Step(states[place + 1], log_prob))
        last.keep(key, steps[-1])
    return steps


def _input_vectors(network: RNNLanguageModel, reading: Sequences) -> Tensor:
    """RETURNS (Tensor): float32 (n + 1, embedding_width), what is read, the boundary first."""
    words = reading.words
    ids = torch.from_numpy(reading.ids).to(network.device)
    if words is None:
        return network.word_vectors(ids)
    return network.word_vectors(*to_torch(words, network.device)).index_select(0, ids)
