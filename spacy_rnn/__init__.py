"""A trainable recurrent language model as a spaCy pipeline component: `nlp.add_pipe("rnn_lm")`."""

from importlib import import_module
from typing import Any

from .about import __version__

# Entry points import this package at every spacy.blank: what needs torch is imported on first use.
_LAZY = {
    "RNNLM": "pipeline.rnn_lm",
    "BatchScorer": "batch_scorer",
    "LMOutput": "pipeline.output",
    "Vocabulary": "vocabulary",
    "JiebaTokenizer": "tokenizers.jieba_tokenizer",
    "register_extensions": "pipeline.extensions",
    "release_memory": "pipeline.releasing",
    "render": "rendering",
}

__all__ = [
    "RNNLM",
    "BatchScorer",
    "JiebaTokenizer",
    "LMOutput",
    "Vocabulary",
    "__version__",
    "register_extensions",
    "release_memory",
    "render",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
