"""A trainable recurrent language model as a spaCy pipeline component: `nlp.add_pipe("rnn_lm")`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .about import __version__

if TYPE_CHECKING:
    from .pipeline.extensions import register_extensions
    from .pipeline.output import LMOutput
    from .pipeline.rnn_lm import RNNLM
    from .pipeline.trace import Trace
    from .rendering import render
    from .scoring.batch_scorer import BatchScorer
    from .scoring.doc_rows import to_df, to_rows
    from .scoring.items.score_items import score_items
    from .scoring.pairs.score_pairs import score_pairs
    from .scoring.releasing import release_memory
    from .tokenizers.jieba_tokenizer import JiebaTokenizer
    from .vocabulary import Vocabulary

# Entry points import this package at every spacy.blank: what needs torch is imported on first use.
_LAZY = {
    "RNNLM": "pipeline.rnn_lm",
    "BatchScorer": "scoring.batch_scorer",
    "JiebaTokenizer": "tokenizers.jieba_tokenizer",
    "LMOutput": "pipeline.output",
    "Trace": "pipeline.trace",
    "Vocabulary": "vocabulary",
    "register_extensions": "pipeline.extensions",
    "release_memory": "scoring.releasing",
    "render": "rendering",
    "score_items": "scoring.items.score_items",
    "score_pairs": "scoring.pairs.score_pairs",
    "to_df": "scoring.doc_rows",
    "to_rows": "scoring.doc_rows",
}

__all__ = [
    "RNNLM",
    "BatchScorer",
    "JiebaTokenizer",
    "LMOutput",
    "Trace",
    "Vocabulary",
    "__version__",
    "register_extensions",
    "release_memory",
    "render",
    "score_items",
    "score_pairs",
    "to_df",
    "to_rows",
]


if not TYPE_CHECKING:  # to a type checker it would mean that every name is there

    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
