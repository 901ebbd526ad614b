"""The network: embedding → recurrent stack → softmax. Pure torch; ids in, numbers out.

A backward model reads from right to left: its sequences come reversed, nothing else differs. With
both directions there are two stacks, neither of which sees what the other one read, and one
embedding and one softmax for both (as in ELMo, Peters et al. 2018). The speller, for words that the
vocabulary doesn't have, is a language model too: of the characters of a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .clusters import ClusterSoftmax
from .dropout import locked_dropout
from .initialization import initialize_embedding
from .layout import make_layout
from .lookup import look_up
from .memory import limit_shape_cache
from .missing_softmax import MissingSoftmax
from .recurrent import RecurrentStack, State
from .settings import DIRECTIONS, NetworkSettings
from .shapes import round_up
from .softmax import FullSoftmax, SoftmaxHead
from .speller_start import SpellerStart
from .subwords import SubwordTable

limit_shape_cache()

# In training, lengths are rounded up to it: fewer, larger segments at the price of some padding.
_TRAINING_MULTIPLE = 8

# Names of the stacks' weights; a forward model's are those of a model of one direction.
_STACKS = {False: "encoder", True: "backward_encoder"}


class RNNLanguageModel(nn.Module):
    """p(w_t | w_1 … w_{t−1}) from a recurrent network (Mikolov et al. 2010).

    Dropout (one rate, locked: see dropout.py) is applied to the embeddings, between layers and to
    the last hidden states before the softmax, and only when a rate is passed: train() and eval()
    make no difference, so one network can predict in several threads.

    settings (NetworkSettings): The shape.
    counts (Sequence[int]): (words,) how often each row is a target in the training text; the
        bias of the softmax starts as the log of the relative frequency.
    symbol_counts (Optional[Sequence[int]]): (symbols,) in how many words each symbol of the
        speller's alphabet is; the bias of its softmax starts from them.
    """

    softmax: SoftmaxHead
    subwords: SubwordTable | None
    speller: RNNLanguageModel | None
    # of a speller that knows the context: where it starts from, for each direction
    starts: nn.ModuleDict | None

    def __init__(
        self,
        settings: NetworkSettings,
        counts: Sequence[int] | np.ndarray,
        symbol_counts: Sequence[int] | np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = nn.Parameter(torch.empty(settings.words, settings.embedding_width))
        initialize_embedding(self.embedding)
        self.subwords = None
        if settings.subword_rows or settings.ngram_rows:
            tables = settings.subword_rows, settings.embedding_width, settings.ngram_rows
            self.subwords = SubwordTable(*tables)
        shape = settings.cell, settings.embedding_width, settings.width, settings.depth
        for reverse in DIRECTIONS[settings.direction]:
            self.add_module(_STACKS[reverse], RecurrentStack(*shape))
        self.speller = self.starts = None
        if not settings.softmax:
            self.softmax = MissingSoftmax()
            return
        weight = self.embedding
        if not settings.tied:
            weight = nn.Parameter(torch.empty(settings.words, settings.width))
            initialize_embedding(weight)
        # half a count more, so that a word that never occurred keeps a finite logarithm
        smoothed = torch.as_tensor(np.asarray(counts), dtype=torch.float64) + 0.5
        log_prior = (smoothed / smoothed.sum()).log().float()
        if settings.cutoffs:
            self.softmax = ClusterSoftmax(weight, log_prior, settings.cutoffs)
        else:
            self.softmax = FullSoftmax(weight, log_prior)
        if settings.speller is not None:
            zeros = np.zeros(settings.symbols, dtype=np.int64)
            given = zeros if symbol_counts is None else symbol_counts
            self.speller = RNNLanguageModel(settings.speller, given)
            if settings.spelling == "context":
                starts = {
                    _STACKS[reverse]: SpellerStart(settings.width, settings.speller_width)
                    for reverse in DIRECTIONS[settings.direction]
                }
                self.speller.starts = nn.ModuleDict(starts)

    @property
    def device(self) -> torch.device:
        return self.embedding.device

    @property
    def directions(self) -> tuple[bool, ...]:
        """RETURNS (Tuple[bool, ...]): For each stack, whether it reads from right to left."""
        return DIRECTIONS[self.settings.direction]

    @property
    def spells_in_context(self) -> bool:
        """RETURNS (bool): Whether it has a speller that knows the context."""
        return self.speller is not None and self.speller.starts is not None

    def spells_with(self, symbols: int) -> bool:
        """RETURNS (bool): Whether the speller, if there is one, has so many symbols."""
        return self.speller is None or self.settings.symbols == symbols

    def spell_from(
        self, hidden: Tensor, *, reverse: bool = False, known: Tensor | None = None
    ) -> State:
        """RETURNS (State): What the speller starts from; see `SpellerStart`.

        reverse (bool): Which stack the states are of.
        """
        assert self.speller is not None and self.speller.starts is not None
        return self.speller.starts[_STACKS[reverse]](hidden, known)

    def stack(self, reverse: bool = False) -> RecurrentStack:
        """RETURNS (RecurrentStack): The one that reads from left to right, or the other one."""
        return cast(RecurrentStack, getattr(self, _STACKS[reverse]))

    def word_vectors(self, rows: Tensor | None, features: Tensor | None = None) -> Tensor:
        """What the stacks read of words: their embedding, and their spelling if it counts.

        rows (Optional[Tensor]): int64 (n,), of the vocabulary; None for the whole table.
        features (Optional[Tensor]): int64 (n, k), of the subword table; None for the rows' own.
        RETURNS (Tensor): float32 (n, embedding_width).
        """
        if rows is None:
            return self.embedding
        vectors = look_up(self.embedding, rows)
        return vectors if self.subwords is None else vectors + self.subwords(rows, features)

    def parameters_by_name(self) -> dict[str, nn.Parameter]:
        """RETURNS (Dict[str, Parameter]): Every parameter once, tied ones under one name."""
        return dict(self.named_parameters(remove_duplicate=True))

    def groups(self) -> list[list[str]]:
        """RETURNS (List[List[str]]): The names of all weights in depth + 2 groups, from below: the
        embedding with the subword table, each recurrent layer (of all directions), the softmax
        with the speller."""
        result: list[list[str]] = [[] for _ in range(self.settings.depth + 2)]
        for name in self.parameters_by_name():
            group = -1
            if name.startswith(("embedding", "subwords")):
                group = 0
            elif ".layers." in name and not name.startswith("speller"):
                group = 1 + int(name.split(".layers.")[1].split(".")[0])
            result[group].append(name)
        return result

    def precision(self, dtype: torch.dtype) -> AbstractContextManager[Any]:
        """RETURNS (autocast): A context in which the recurrence's products run in `dtype`."""
        low = dtype != torch.float32
        if not low and not torch.is_autocast_enabled(self.device.type):
            return nullcontext()  # a sentence waits for less
        return torch.autocast(self.device.type, dtype if low else torch.bfloat16, enabled=low)

    def encode(
        self,
        ids: Tensor,
        lengths: np.ndarray,
        state: State | None = None,
        *,
        words: Tensor | None = None,
        reverse: bool = False,
        dropout: float = 0.0,
        multiple: int = 1,
        lower: list[Tensor] | None = None,
    ) -> tuple[Tensor, State]:
        """Run the recurrence.

        ids (Tensor): int64 (n,), the sequences' rows of `words` one after another, in the order
            in which they are read.
        lengths (ndarray): int64 (sequences,), all > 0, with sum n; there may be no sequence.
        state (Optional[State]): The state before each sequence; zeros if None.
        words (Optional[Tensor]): float32 (m, embedding_width), what ids stand for; None for the
            embedding.
        reverse (bool): Which stack reads.
        dropout (float): Rate of locked dropout.
        multiple (int): See `make_layout`; the returned state is exact only with 1.
        lower (Optional[List[Tensor]]): Gets what each layer reads, after its dropout: float32 (n,
            embedding_width), then (n, width) for each layer but the last, in the order of `ids`.
        RETURNS (Tuple[Tensor, State]): float32 (n, width) hidden states in the order of `ids`,
            and the state after each sequence, in the order of `lengths`.
        """
        if not len(lengths):
            nothing = self.embedding.new_zeros(0, self.settings.width)
            if lower is not None:
                embedded = self.embedding.new_zeros(0, self.settings.embedding_width)
                lower += [embedded, *([nothing] * (self.settings.depth - 1))]
            return nothing, self.stack(reverse).zero_state(0)
        if len(lengths) == 1 and not dropout:
            return self._encode_one(ids, state, words, reverse, multiple, lower)
        positions, stack = len(ids), self.stack(reverse)
        in_steps = not dropout and stack.reads_in_steps(positions, int(lengths.max()))
        if in_steps:
            multiple = 1
        if multiple > 1:
            ids, lengths, state = _fill_up(ids, lengths, state)
        layout = make_layout(lengths, multiple=multiple)
        order = torch.from_numpy(layout.order).to(self.device)
        from_flat = torch.from_numpy(layout.from_flat).to(self.device)
        to_flat = torch.from_numpy(layout.to_flat).to(self.device)
        sequence = torch.from_numpy(layout.sequence).to(self.device) if dropout else None
        state = stack.zero_state(len(lengths)) if state is None else _reorder(state, order)
        read = ids.index_select(0, from_flat)
        if in_steps:
            rows, index = torch.unique(read, return_inverse=True)
            vectors = self._read_vectors(rows, words)
            packed, state = stack.read_in_steps(vectors, index, layout, state, lower)
        else:
            packed = self._read_vectors(read, words)
            if sequence is not None:
                packed = locked_dropout(packed, sequence, len(lengths), dropout)
            packed, state = stack(
                packed, layout, state, sequence=sequence, dropout=dropout, lower=lower
            )
        if lower is not None:
            lower[:] = [below.index_select(0, to_flat[:positions]) for below in lower]
        if sequence is not None:
            packed = locked_dropout(packed, sequence, len(lengths), dropout)
        return packed.index_select(0, to_flat[:positions]), _reorder(state, torch.argsort(order))

    def _encode_one(
        self,
        ids: Tensor,
        state: State | None,
        words: Tensor | None,
        reverse: bool,
        multiple: int,
        lower: list[Tensor] | None,
    ) -> tuple[Tensor, State]:
        """What `encode` does, where there is nothing to sort: a sentence waits for less."""
        stack, length = self.stack(reverse), len(ids)
        if length % multiple:
            ids = functional.pad(ids, (0, -length % multiple))
        state = stack.zero_state(1) if state is None else state
        hidden, state = stack.read(self._read_vectors(ids, words), state, lower)
        if lower is not None:
            lower[:] = [below[:length] for below in lower]
        return hidden[:length], state

    def _read_vectors(self, ids: Tensor, words: Tensor | None) -> Tensor:
        return look_up(self.embedding, ids) if words is None else words.index_select(0, ids)

    def read(self, ids: Tensor, state: State, features: Tensor | None = None) -> State:
        """Read on in one sequence; what `encode` does, without laying out a batch.

        ids (Tensor): int64 (n,), n > 0; rows of the vocabulary.
        state (State): Before the first one, (depth, 1, width) each.
        features (Optional[Tensor]): See `word_vectors`.
        RETURNS (State): After the last one.
        """
        return self.stack().read(self.word_vectors(ids, features), state)[1]

    def forward(
        self,
        ids: Tensor,
        lengths: np.ndarray,
        targets: Tensor | None,
        *,
        words: Tensor | None = None,
        reverse: bool = False,
        state: State | None = None,
        final_state: bool = False,
        dropout: float = 0.0,
        dtype: torch.dtype = torch.float32,
        lower: list[Tensor] | None = None,
    ) -> tuple[Tensor, Tensor | None, State | None]:
        """The training pass: hidden states, and log-probabilities of targets, with gradients.

        ids, lengths, words, reverse, state, dropout, lower: See `encode`.
        targets (Optional[Tensor]): int64 (n,), what follows each id; None leaves the softmax out.
        final_state (bool): Whether the state after each sequence is wanted.
        dtype (torch.dtype): What matrix products run in.
        RETURNS (Tuple[Tensor, Optional[Tensor], Optional[State]]): float32 (n, width), float32
            (n,) natural log-probabilities, and the state.
        """
        multiple = 1 if final_state else _TRAINING_MULTIPLE
        with self.precision(dtype):
            hidden, after = self.encode(
                ids,
                lengths,
                state,
                words=words,
                reverse=reverse,
                dropout=dropout,
                multiple=multiple,
                lower=lower,
            )
        kept = after if final_state else None
        if targets is None:
            return hidden, None, kept
        return hidden, self.softmax.target_log_probs(hidden, targets, dtype), kept


def _fill_up(
    ids: Tensor, lengths: np.ndarray, state: State | None
) -> tuple[Tensor, np.ndarray, State | None]:
    """Add sequences of one row that nobody asks for, so that few numbers of sequences are met."""
    more = int(round_up(np.array(len(lengths)))) - len(lengths)
    if not more:
        return ids, lengths, state
    if state is not None:
        h, c = (None if t is None else functional.pad(t, (0, 0, 0, more)) for t in state)
        assert h is not None
        state = State(h, c)
    return functional.pad(ids, (0, more)), np.append(lengths, np.ones(more, np.int64)), state


def _reorder(state: State, index: Tensor) -> State:
    c = None if state.c is None else state.c.index_select(1, index)
    return State(state.h.index_select(1, index), c)
