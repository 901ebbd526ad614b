"""What the language model keeps of a Doc: `doc._.rnn_lm`. No torch; DocBin and pickle keep it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from ..errors import Errors, counted
from ..network.measures import NETWORK_MEASURES

_LN2 = float(np.log(2.0))
_MARK = "__spacy_rnn_output__"


@dataclass
class NextWords:
    """The most probable next words after `</s>` and after every token.

    words (Sequence[str]): A table of words that `index` points into.
    index (ndarray): int32 (n_tokens + 1, k).
    probabilities (ndarray): float32 (n_tokens + 1, k), falling in every row.
    """

    words: Sequence[str]
    index: np.ndarray
    probabilities: np.ndarray

    def at(self, position: int) -> list[tuple[str, float]]:
        """RETURNS (List[Tuple[str, float]]): After `position` tokens of the Doc."""
        probabilities = self.probabilities[position].tolist()
        words = [self.words[i] for i in self.index[position].tolist()]
        return list(zip(words, probabilities, strict=True))


class LMOutput:
    """The numbers of a language model for one Doc of n tokens. What wasn't kept is None. With
    `direction = "backward"`, read "after" for "before" and "previous" for "next".

    offsets (ndarray): int32 (n,), where each token began; tells if the Doc was retokenized.
    word_hashes (Optional[ndarray]): uint32 (n,), the lower half of the hash of each token's text;
        tells if the Doc has other words. None in an output that was saved without it.
    hidden (Optional[ndarray]): float32 (n, nO), the last layer's state after reading each token.
    lower_layers (Optional[List[ndarray]]): float32 (n, …) each, what is below `hidden`: the
        embedding of each token that was read, with its spelling if that is read, for each
        direction, then the states of all layers but the last.
    log_probs (Optional[ndarray]): float32 (n,), natural log p(token | all tokens before it). An
        unknown word's is log p(`<unk>` | …), and with a speller + log p(spelling).
    end_log_prob (Optional[float]): natural log p(`</s>` | the whole Doc), for a window of a longer
        document too, though scoring leaves it out there.
    final_state (Optional[Dict[str, ndarray]]): "h", and "c" of an LSTM: float32 (depth, width),
        the state of every layer after the last token.
    next_words (Optional[NextWords]): See there.
    spelling (Optional[ndarray]): float32 (n,), with a speller the part of `log_probs` that is log
        p(spelling): 0 for words of the vocabulary.
    closed_log_probs (Optional[ndarray]): float32 (n,), with a speller `log_probs` without it.
    entropy (Optional[ndarray]): float32 (n,), in bits, −Σ p log2 p of the distribution over the
        closed vocabulary that each token was predicted with: all unknown words are one word,
        `<unk>` (Shannon 1948; in reading, Hale 2003). Spelling adds to what is expected.
    rank (Optional[ndarray]): int32 (n,), the place of each token in the list of next words, from 1;
        −1 for an unknown word, which is in no list.
    end_entropy, end_rank (Optional[float], Optional[int]): The same of the closing `</s>`. None in
        an output that was saved without it.
    cache_log_probs, cache_end_log_prob (Optional[ndarray], Optional[float]): `log_probs` and
        `end_log_prob` with the neural cache, where the component has one.
    skipped (Optional[ndarray]): bool (n,), white space that a model with `white_space = "skip"`
        didn't read: its log-probability and entropy are 0, its rank is missing (-1), its state and
        next words are those of the token before. None if all tokens were read.
    unknown (Optional[ndarray]): bool (n,), which tokens the vocabulary doesn't have. Kept together
        with `log_probs`; None in an output that was saved without it.
    backward (Optional[LMOutput]): With `direction = "both"`, the numbers of the backward direction,
        p(token | all tokens after it); its hidden states stand beside the forward ones in `hidden`.
    reverse (bool): Whether these numbers are of the direction from right to left.

    Entropy and rank are what `network/measures.py` names; of each measure there an output has the
    numbers of the tokens under its name, and that of `</s>` with "end_" in front.
    """

    entropy: np.ndarray | None
    rank: np.ndarray | None
    end_entropy: float | None
    end_rank: int | None

    def __init__(
        self,
        offsets: np.ndarray,
        *,
        word_hashes: np.ndarray | None = None,
        hidden: np.ndarray | None = None,
        lower_layers: list[np.ndarray] | None = None,
        log_probs: np.ndarray | None = None,
        end_log_prob: float | None = None,
        final_state: dict[str, np.ndarray] | None = None,
        next_words: NextWords | None = None,
        spelling: np.ndarray | None = None,
        closed_log_probs: np.ndarray | None = None,
        cache_log_probs: np.ndarray | None = None,
        cache_end_log_prob: float | None = None,
        skipped: np.ndarray | None = None,
        unknown: np.ndarray | None = None,
        backward: LMOutput | None = None,
        reverse: bool = False,
        **measures: Any,
    ) -> None:
        others = measures.keys() - {*_MEASURES, *_ENDS}
        if others:
            raise TypeError(f"LMOutput() has no argument {min(others)!r}")
        self.offsets = offsets
        self.word_hashes = word_hashes
        self.hidden = hidden
        self.lower_layers = lower_layers
        self.log_probs = log_probs
        self.end_log_prob = end_log_prob
        self.final_state = final_state
        self.next_words = next_words
        self.spelling = spelling
        self.closed_log_probs = closed_log_probs
        self.cache_log_probs = cache_log_probs
        self.cache_end_log_prob = cache_end_log_prob
        self.skipped = skipped
        self.unknown = unknown
        self.backward = backward
        self.reverse = reverse
        for name in (*_MEASURES, *_ENDS):
            setattr(self, name, measures.get(name))

    def set_measure(self, name: str, values: np.ndarray) -> None:
        """Keep a measure of the network.

        name (str): One of NETWORK_MEASURES.
        values (ndarray): (n + 1,), of each token and of the closing `</s>`.
        """
        setattr(self, name, values[:-1].copy())
        setattr(self, NETWORK_MEASURES[name].end_name, values[-1].item())

    def __len__(self) -> int:
        return len(self.offsets)

    def __repr__(self) -> str:
        kept = [name for name in (*_FIELDS, "backward") if getattr(self, name) is not None]
        return f"LMOutput({counted(len(self), 'token')}: {', '.join(kept) or 'nothing kept'})"

    @property
    def read(self) -> np.ndarray:
        """RETURNS (ndarray): bool (n,), which tokens were read."""
        return np.ones(len(self), dtype=bool) if self.skipped is None else ~self.skipped

    def count_read(self, start: int, end: int) -> int:
        """RETURNS (int): How many of the tokens start … end − 1 were read."""
        skipped = 0 if self.skipped is None else int(self.skipped[start:end].sum())
        return max(0, end - start) - skipped

    @property
    def layers(self) -> list[np.ndarray] | None:
        """RETURNS (Optional[List[ndarray]]): float32 (n, …) each: the embedding, and the states of
        every layer, the directions side by side."""
        if self.lower_layers is None or self.hidden is None:
            return None
        return [*self.lower_layers, self.hidden]

    @property
    def next(self) -> list[list[tuple[str, float]]] | None:
        """RETURNS (List): For each token the most probable next words and their probabilities."""
        if self.next_words is None:
            return None
        return [self.next_words.at(i + 1) for i in range(len(self))]

    @property
    def surprisal(self) -> np.ndarray | None:
        """RETURNS (ndarray): float32 (n,), −log2 p of each token, in bits."""
        return None if self.log_probs is None else -self.log_probs / np.float32(_LN2)

    @property
    def cache_perplexity(self) -> float | None:
        """RETURNS (float): `perplexity` with the neural cache."""
        return self._perplexity_of(self.cache_log_probs, self.cache_end_log_prob)

    @property
    def perplexity(self) -> float | None:
        """RETURNS (float): exp(−(Σ log p + log p(`</s>`)) / (n + 1)) for n tokens that were read;
        with a speller, the one that includes spelling."""
        return self._perplexity_of(self.log_probs, self.end_log_prob)

    def _perplexity_of(self, log_probs: np.ndarray | None, end: float | None) -> float | None:
        if log_probs is None or end is None:
            return None
        total = float(log_probs.sum(dtype=np.float64)) + end
        with np.errstate(over="ignore"):  # an endless spelled word has an infinite one
            return float(np.exp(-total / (self.count_read(0, len(self)) + 1)))

    def surprisal_of(self, start: int, end: int) -> float | None:
        """RETURNS (float): The sum of the surprisals of tokens start … end − 1, in bits."""
        if self.log_probs is None:
            return None
        # 0.0 - x: the surprisal of no token is 0.0, not -0.0
        return (0.0 - float(self.log_probs[start:end].sum(dtype=np.float64))) / _LN2

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict): Arrays, numbers and words only; `from_dict` is the inverse."""
        message: dict[str, Any] = {_MARK: 1, "offsets": self.offsets, "reverse": self.reverse}
        message["word_hashes"] = self.word_hashes
        for name in _FIELDS[:-1]:
            message[name] = getattr(self, name)
        if self.next_words is not None:
            used, index = np.unique(self.next_words.index, return_inverse=True)
            message["next_words"] = [self.next_words.words[i] for i in used.tolist()]
            message["next_index"] = index.reshape(self.next_words.index.shape).astype(np.int32)
            message["next_probabilities"] = self.next_words.probabilities
        if self.backward is not None:
            message["backward"] = self.backward.to_dict()
        return message

    @classmethod
    def from_dict(cls, message: dict[str, Any]) -> LMOutput:
        """Make an output of what `to_dict` gave, from a file perhaps.
        RAISES (ValueError): If it is damaged: of other types, or of other lengths.
        """
        _check_message(message)
        next_words = None
        if message.get("next_words") is not None:
            words = list(message["next_words"])
            next_words = NextWords(words, message["next_index"], message["next_probabilities"])
        fields = {name: message.get(name) for name in _FIELDS[:-1]}
        backward = message.get("backward")
        if isinstance(backward, dict):  # a decoder of nested messages may have made it already
            backward = cls.from_dict(backward)
        fields |= {"next_words": next_words, "backward": backward}
        fields["word_hashes"] = message.get("word_hashes")
        return cls(message["offsets"], reverse=bool(message.get("reverse")), **fields)

    def __reduce__(self) -> tuple[Any, ...]:
        return LMOutput.from_dict, (self.to_dict(),)

    def __deepcopy__(self, memo: dict[int, Any]) -> LMOutput:
        """Copies arrays, shares the table of words: `doc.copy()` must not copy a vocabulary."""
        arrays = {name: _copied(getattr(self, name)) for name in _FIELDS[:-1]}
        table = self.next_words
        if table is not None:
            table = NextWords(table.words, table.index.copy(), table.probabilities.copy())
        backward = copy.deepcopy(self.backward, memo)
        arrays |= {"next_words": table, "backward": backward, "reverse": self.reverse}
        arrays["word_hashes"] = _copied(self.word_hashes)
        return LMOutput(self.offsets.copy(), **arrays)


_MEASURES = (*NETWORK_MEASURES,)
_ENDS = tuple(measure.end_name for measure in NETWORK_MEASURES.values())
_FIELDS = (
    "hidden",
    "lower_layers",
    "log_probs",
    "end_log_prob",
    "final_state",
    "spelling",
    "closed_log_probs",
    *_MEASURES,
    *_ENDS,
    "cache_log_probs",
    "cache_end_log_prob",
    "skipped",
    "unknown",
    "next_words",
)


# What there is of each token: the kinds of numbers, as numpy names them, and the dimensions.
_OF_TOKENS = {
    "word_hashes": ("u", 1),
    "hidden": ("f", 2),
    "log_probs": ("f", 1),
    "spelling": ("f", 1),
    "closed_log_probs": ("f", 1),
    **{m.name: ("f" if m.dtype.startswith("f") else "iu", 1) for m in NETWORK_MEASURES.values()},
    "cache_log_probs": ("f", 1),
    "skipped": ("b", 1),
    "unknown": ("b", 1),
}


def _check_message(message: dict[str, Any]) -> None:
    offsets = message.get("offsets")
    if not _is_array(offsets, "iu", 1):
        raise ValueError(Errors.R330.format(error="offsets"))
    wrong = [
        name
        for name, (kinds, dimensions) in _OF_TOKENS.items()
        if (value := message.get(name)) is not None
        and not (_is_array(value, kinds, dimensions) and len(value) == len(offsets))
    ]
    for name in ("end_log_prob", "cache_end_log_prob", *_ENDS):
        if not isinstance(message.get(name), (float, int, np.number, type(None))):
            wrong.append(name)
    if not isinstance(message.get("reverse"), (bool, type(None))):
        wrong.append("reverse")
    states = {} if message.get("final_state") is None else message["final_state"]
    if not (isinstance(states, dict) and all(_is_array(h, "f", 2) for h in states.values())):
        wrong.append("final_state")
    lower = message.get("lower_layers")
    if lower is not None and not _are_layers(lower, len(offsets)):
        wrong.append("lower_layers")
    if message.get("next_words") is not None and not _is_table(message, len(offsets) + 1):
        wrong.append("next_words")
    backward = message.get("backward")
    if not isinstance(backward, (dict, LMOutput, type(None))) or (
        isinstance(backward, LMOutput) and len(backward) != len(offsets)
    ):
        wrong.append("backward")
    if wrong:
        raise ValueError(Errors.R330.format(error=", ".join(wrong)))


def _is_array(value: Any, kinds: str, dimensions: int) -> TypeGuard[np.ndarray]:
    return isinstance(value, np.ndarray) and value.dtype.kind in kinds and value.ndim == dimensions


def _are_layers(value: Any, tokens: int) -> bool:
    """Whether it is what the layers read, that of the lowest one at least."""
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(_is_array(part, "f", 2) and len(part) == tokens for part in value)
    )


def _is_table(message: dict[str, Any], rows: int) -> bool:
    """Whether the next words are as `NextWords` has them."""
    words, index = message["next_words"], message.get("next_index")
    probabilities = message.get("next_probabilities")
    if not (isinstance(words, (list, tuple)) and all(isinstance(word, str) for word in words)):
        return False
    if not (_is_array(index, "iu", 2) and _is_array(probabilities, "f", 2)):
        return False
    if index.shape != probabilities.shape or len(index) != rows:
        return False
    return not index.size or (index.min() >= 0 and index.max() < len(words))


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: array.copy() for key, array in value.items()}
    if isinstance(value, list):
        return [array.copy() for array in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def encode_output(obj: Any, chain: Callable[[Any], Any] | None = None) -> Any:
    """srsly's msgpack hook: an `LMOutput` becomes a dict."""
    if isinstance(obj, LMOutput):
        return obj.to_dict()
    return obj if chain is None else chain(obj)


def decode_output(obj: Any, chain: Callable[[Any], Any] | None = None) -> Any:
    """srsly's msgpack hook: the dict becomes an `LMOutput` again."""
    if isinstance(obj, dict) and _MARK in obj:
        return LMOutput.from_dict(obj)
    return obj if chain is None else chain(obj)
