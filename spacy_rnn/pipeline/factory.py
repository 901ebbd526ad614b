"""The factory "rnn_lm", in a module of its own because every `spacy.blank` imports it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from thinc.api import Model

from .._compat.spacy import interpolate_optimizers
from ..config_errors import checks_settings
from ..defaults import default_config

if TYPE_CHECKING:
    from .rnn_lm import RNNLM

# every pipeline imports this module before its optimizer is made
interpolate_optimizers()


@Language.factory(
    "rnn_lm",
    assigns=[
        "doc._.rnn_lm",
        "doc._.rnn_next",
        "doc._.rnn_surprisal",
        "doc._.rnn_mean_surprisal",
        "doc._.rnn_perplexity",
        "doc.tensor",
        "token._.rnn_hidden",
        "token._.rnn_next",
        "token._.rnn_surprisal",
        "span._.rnn_surprisal",
        "span._.rnn_mean_surprisal",
    ],
    default_config=default_config(),
    default_score_weights={
        "lm_prob": 1.0,
        "lm_perplexity": None,
        "lm_perplexity_open": None,
        "lm_bits_per_char": None,
        "lm_acc": None,
        "lm_oov": None,
    },
)
@checks_settings
def make_rnn_lm(
    nlp: Language,
    name: str,
    model: Model,
    top_k: int,
    annotations: list[str],
    min_count: int,
    max_size: int | None,
    lm_weight: float,
    cache_window: int,
    cache_weight: float,
    cache_flatness: float,
    scorer: Callable[..., dict[str, Any]] | None,
) -> "RNNLM":
    """Create the component; see `spacy_rnn.RNNLM` for the arguments."""
    from .rnn_lm import RNNLM

    lm = RNNLM(
        nlp.vocab,
        model,
        name,
        top_k=top_k,
        annotations=annotations,
        min_count=min_count,
        max_size=max_size,
        lm_weight=lm_weight,
        cache_window=cache_window,
        cache_weight=cache_weight,
        cache_flatness=cache_flatness,
        scorer=scorer,
        tokenizer=nlp.tokenizer,
    )
    lm.join_pipeline(nlp)
    return lm
