"""A trainable recurrent language model as a spaCy pipeline component: `nlp.add_pipe("rnn_lm")`."""

from .about import __version__

__all__ = ["__version__"]
