"""What a network did while it read one text, as plain arrays and words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import Errors, counted
from ..validation import check_size
from .step_table import StepTable, one_line, words_text

# What every layer has, beside the gates of its cell.
STATES = ("h", "c")
# Numbers of a vector that a line of a terminal has room for.
_UNITS_OF_STEPS, _UNITS_OF_STEP = 3, 8


@dataclass(frozen=True, eq=False, repr=False)
class LayerTrace:
    """One recurrent layer at every step. Gates that the cell doesn't have are None.

    h (ndarray): float32 (steps, width), the hidden state after each step.
    c (Optional[ndarray]): float32 (steps, width), the cell state after each step (LSTM).
    gates (Dict[str, ndarray]): float32 (steps, width) each. LSTM: "input", "forget", "candidate",
        "output". GRU: "reset", "update", "candidate". An Elman network has none. Gates are from 0
        to 1, candidates from −1 to 1; `network/gates.py` has the equations.
    """

    h: np.ndarray
    c: np.ndarray | None
    gates: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """What a network did while it read one text: see `RNNLM.trace`.

    For n tokens that are read there are n + 1 steps, in the order of reading. Step 0 reads the
    boundary `</s>`; step t reads token t. "What came" at a step is what the next step reads; after
    the last token it is `</s>`.

    cell (str): "rnn", "gru" or "lstm".
    direction (str): "forward" or "backward": which way it was read.
    words (List[str]): (steps,) what was read: the tokens' own text.
    places (ndarray): int64 (steps,), which token of the Doc that is; −1 for `</s>`. White space
        that the model skips has no step.
    rows (ndarray): int64 (steps,), the row of the vocabulary; 0 is `<unk>`, 1 is `</s>`.
    embedding (ndarray): float32 (steps, embedding_width), the row of the embedding table.
    subwords (Optional[ndarray]): float32 (steps, embedding_width), what the spelling adds to it in
        a model with `subword_rows`. The first layer reads the sum: `inputs`.
    layers (List[LayerTrace]): The recurrent layers, from below.
    top_words (List[List[str]]): (steps, k) the most probable next words, `<unk>` left out.
    top_rows (ndarray): int64 (steps, k), their rows.
    top_log_probs (ndarray): float32 (steps, k), their natural log-probabilities, falling.
    top_logits (Optional[ndarray]): float32 (steps, k), what the softmax is taken of; None with
        softmax clusters, which have no such number.
    came (List[str]): (steps,) what came.
    came_rows (ndarray): int64 (steps,), its row.
    log_probs (ndarray): float32 (steps,), its natural log-probability, an unknown word spelled if
        there is a speller: `doc._.rnn_lm.log_probs` and at the end `end_log_prob`.
    ranks (ndarray): int64 (steps,), its place among all words, from 1; −1 for an unknown word.
    lang (str): The language of the Doc.
    """

    cell: str
    direction: str
    words: list[str]
    places: np.ndarray
    rows: np.ndarray
    embedding: np.ndarray
    subwords: np.ndarray | None
    layers: list[LayerTrace]
    top_words: list[list[str]]
    top_rows: np.ndarray
    top_log_probs: np.ndarray
    top_logits: np.ndarray | None
    came: list[str]
    came_rows: np.ndarray
    log_probs: np.ndarray
    ranks: np.ndarray
    lang: str = ""

    def __len__(self) -> int:
        """RETURNS (int): The number of steps: a token's and one."""
        return len(self.words)

    @property
    def inputs(self) -> np.ndarray:
        """RETURNS (ndarray): float32 (steps, embedding_width), what the first layer reads."""
        return self.embedding if self.subwords is None else self.embedding + self.subwords

    @property
    def h(self) -> np.ndarray:
        """RETURNS (ndarray): float32 (depth, steps, width), the hidden states of all layers."""
        return np.stack([layer.h for layer in self.layers])

    @property
    def c(self) -> np.ndarray | None:
        """RETURNS (Optional[ndarray]): float32 (depth, steps, width), of an LSTM."""
        found = [layer.c for layer in self.layers if layer.c is not None]
        return np.stack(found) if found else None

    @property
    def value_names(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): What `units` can give: "h", "c" of an LSTM, the gates."""
        layer = self.layers[0]
        return (*(STATES if layer.c is not None else STATES[:1]), *layer.gates)

    def units(self, value: str = "h", layer: int = -1) -> np.ndarray:
        """One value of all units at every step.

        value (str): "h", "c" or a gate of the cell: see `value_names`.
        layer (int): From 0, or from the last one backwards: −1.
        RETURNS (ndarray): float32 (steps, width).
        RAISES (ValueError): If this network has no such value or layer.
        """
        names = self.value_names
        if value not in names:
            known = ", ".join(map(repr, names))
            raise ValueError(Errors.R792.format(value=value, cell=self.cell, known=known))
        chosen = self.layers[self.layer_number(layer)]
        found = {"h": chosen.h, "c": chosen.c, **chosen.gates}[value]
        assert found is not None
        return found

    def layer_number(self, layer: int) -> int:
        """RETURNS (int): Of a layer, counted from 0.
        RAISES (ValueError): If there is no such layer.
        """
        depth = len(self.layers)
        is_number = isinstance(layer, int | np.integer) and not isinstance(layer, bool)
        if not is_number or not -depth <= layer < depth:
            raise ValueError(Errors.R793.format(layer=layer, depth=depth, last=depth - 1))
        return int(layer) % depth

    def next_words(self, step: int) -> list[tuple[str, float]]:
        """RETURNS (List[Tuple[str, float]]): The most probable words after a step, falling."""
        probabilities = np.exp(self.top_log_probs[step]).tolist()
        return list(zip(self.top_words[step], probabilities, strict=True))

    def table(
        self, step: int | None = None, *, units: int | None = None, words: int = 3, layer: int = -1
    ) -> StepTable:
        """The steps as a table, to be read in a terminal or a notebook.

        step (Optional[int]): None for one row a step: what was read, its row of the vocabulary, the
            beginning of h, the most probable next words, and what came, with its probability and
            its rank. A number for that step alone, with a row for every vector: the embedding, and
            the gates, c and h of all layers.
        units (Optional[int]): How many numbers of each vector are shown; None for what fits a line.
        words (int): How many next words.
        layer (int): Whose h the rows of steps show.
        RETURNS (StepTable): str() of it is the text; `.rows` has a dict for each row, for
            `pandas.DataFrame(trace.table().rows)`; a notebook shows it as a table.
        RAISES (ValueError): For a step or layer that isn't there, or a number out of range.
        """
        if units is not None:
            check_size("units", units, least=1)
        check_size("words", words, least=1)
        number = self.layer_number(layer)
        if step is None:
            return self._table_of_steps(number, units or _UNITS_OF_STEPS, words)
        is_number = isinstance(step, int | np.integer) and not isinstance(step, bool)
        if not is_number or not -len(self) <= step < len(self):
            raise ValueError(Errors.R794.format(step=step, steps=len(self), last=len(self) - 1))
        return self._table_of_step(int(step) % len(self), units or _UNITS_OF_STEP, words)

    def __repr__(self) -> str:
        layers = "1 layer" if len(self.layers) == 1 else f"{len(self.layers)} layers"
        width = self.layers[0].h.shape[1]
        return (
            f"<Trace of {counted(len(self), 'step')}: {self.cell}, {layers} of {width} units, "
            f"{self.direction}; see .table()>"
        )

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _table_of_steps(self, layer: int, units: int, words: int) -> StepTable:
        rows = []
        for step in range(len(self)):
            row = {
                "step": step,
                "token": self.words[step],
                "row": int(self.rows[step]),
                "h": self.layers[layer].h[step],
                "next words": self.next_words(step)[:words],
                "came": self.came[step],
                "p": math.exp(self.log_probs[step]),
                "rank": None if self.ranks[step] < 0 else int(self.ranks[step]),
            }
            rows.append(row)
        return StepTable("", rows, units)

    def _table_of_step(self, step: int, units: int, words: int) -> StepTable:
        vectors = [("embedding", self.embedding)]
        if self.subwords is not None:
            vectors.append(("subwords", self.subwords))
        for number, layer in enumerate(self.layers):
            prefix = f"layer {number} " if len(self.layers) > 1 else ""
            named = [*layer.gates.items(), ("c", layer.c), ("h", layer.h)]
            vectors += [(prefix + name, value) for name, value in named if value is not None]
        rows = [
            {"vector": name, "mean": float(value[step].mean()), "units": value[step]}
            for name, value in vectors
        ]
        return StepTable(self._describe(step, words), rows, units)

    def _describe(self, step: int, words: int) -> str:
        rank = "no rank" if self.ranks[step] < 0 else f"rank {self.ranks[step]}"
        return (
            f"Step {step} reads {one_line(self.words[step])} (row {self.rows[step]}). Next: "
            f"{words_text(self.next_words(step)[:words])}. {one_line(self.came[step])} came: "
            f"surprisal {max(0.0, -self.log_probs[step] / math.log(2)):.2f} bits, {rank}."
        )
