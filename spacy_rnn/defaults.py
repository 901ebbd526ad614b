"""What options are where nobody says otherwise: of the models, and of the component.

The factory, the architectures, the classes that they make and the configs all take them from here.
A saved pipeline has all its options in its config, so that another default changes only new ones.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class ModelDefaults:
    """The options of "spacy-rnn.RNNLM.v1", which says what each means; in the order of configs."""

    cell: str = "lstm"
    width: int = 256
    embedding_width: int | None = None
    depth: int = 1
    direction: str = "forward"
    tied: bool = True
    subword_rows: int = 0
    ngram_rows: int = 0
    ngram_min: int = 3
    ngram_max: int = 5
    speller_width: int = 0
    speller_ngram_rows: int = 0
    spelling: str = "plain"
    softmax: bool = True
    cutoffs: str | list[int] | None = "auto"
    precision: str = "auto"
    prediction_precision: str = "float32"
    attr: str = "ORTH"
    white_space: str = "read"
    normalize: str = "none"
    vocabulary: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class ComponentDefaults:
    """The options of `spacy_rnn.RNNLM`, which says what each means; in the order of configs."""

    top_k: int = 5
    annotations: tuple[str, ...] = ("hidden", "log_probs", "next", "final_state", "tensor")
    min_count: int = 1
    max_size: int | None = None
    lm_weight: float = 1.0
    cache_window: int = 0
    cache_weight: float = 0.1
    cache_flatness: float = 0.3


MODEL = ModelDefaults()
# An encoder for other components sees both sides of a word, and how it is spelled.
ENCODER = replace(MODEL, direction="both", subword_rows=10_000)
COMPONENT = ComponentDefaults()


def default_config() -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The factory's default config."""
    options = asdict(COMPONENT)
    options["annotations"] = list(COMPONENT.annotations)
    return {
        "model": {"@architectures": "spacy-rnn.RNNLM.v1", **asdict(MODEL)},
        **options,
        "scorer": {"@scorers": "spacy-rnn.lm_scorer.v1"},
    }
