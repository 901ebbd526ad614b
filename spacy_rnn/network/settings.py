"""What the shape of every weight follows from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

DIRECTIONS: dict[str, tuple[bool, ...]] = {
    "forward": (False,),
    "backward": (True,),
    "both": (False, True),
}

# What a speller knows: the letters of the word, or the context and the vocabulary too.
SPELLINGS = ("plain", "context")


@dataclass(frozen=True)
class NetworkSettings:
    """What the shape of every weight follows from.

    words (int): Rows of the vocabulary, `<unk>` and `</s>` included.
    cell (str): "rnn", "gru" or "lstm".
    embedding_width (int): Width of the embedding.
    width (int): Width of the hidden states of a direction.
    depth (int): Number of recurrent layers.
    tied (bool): Whether the softmax uses the embedding's rows (Press & Wolf 2017).
    cutoffs (Tuple[int, ...]): First rows of the softmax clusters; empty for the full softmax.
    direction (str): "forward", "backward" or "both".
    subword_rows (int): Rows of the table of subword features; 0 for none.
    speller_width (int): Width of the speller's embedding and hidden states; 0 for no speller.
    symbols (int): Rows of the speller's alphabet, the end of a word included.
    symbol_cutoffs (Tuple[int, ...]): Like `cutoffs`, of the speller.
    spelling (str): "plain", or "context": the speller knows the context and the vocabulary.
    speller_ngram_rows (int): Rows of the speller's table of n-grams of symbols; 0 for none.
    ngram_rows (int): Rows of the table of character n-grams; 0 for none.
    ngram_min, ngram_max (int): The sizes of these n-grams.
    softmax (bool): Whether there is a softmax; without one it is an encoder.
    """

    words: int
    cell: str
    embedding_width: int
    width: int
    depth: int
    tied: bool
    cutoffs: tuple[int, ...] = ()
    direction: str = "forward"
    subword_rows: int = 0
    speller_width: int = 0
    symbols: int = 0
    symbol_cutoffs: tuple[int, ...] = ()
    spelling: str = SPELLINGS[0]
    ngram_rows: int = 0
    ngram_min: int = 3
    ngram_max: int = 5
    softmax: bool = True
    speller_ngram_rows: int = 0

    @property
    def speller(self) -> NetworkSettings | None:
        """RETURNS (Optional[NetworkSettings]): Those of the speller, an LSTM of one layer."""
        if not self.speller_width:
            return None
        width = self.speller_width
        return NetworkSettings(
            words=self.symbols,
            cell="lstm",
            embedding_width=width,
            width=width,
            depth=1,
            tied=True,
            cutoffs=self.symbol_cutoffs,
            subword_rows=self.speller_ngram_rows,
        )

    @property
    def lower_widths(self) -> list[int]:
        """RETURNS (List[int]): Of what each layer of a direction reads, from below."""
        return [self.embedding_width, *([self.width] * (self.depth - 1))]

    def to_dict(self) -> dict[str, Any]:
        lists = {name: list(getattr(self, name)) for name in ("cutoffs", "symbol_cutoffs")}
        return {**asdict(self), **lists}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkSettings:
        names = ("cutoffs", "symbol_cutoffs")
        return cls(**{**values, **{name: tuple(values.get(name, ())) for name in names}})
