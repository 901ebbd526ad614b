"""`python -m spacy rnn …`: spaCy's command line loads it through an entry point."""

from typer import Typer

from .._compat.spacy_cli import app

rnn = Typer(name="rnn", no_args_is_help=True, add_completion=False)
app.add_typer(rnn)


@rnn.callback()
def describe() -> None:
    """Recurrent language models (spacy-rnn)."""


from . import (  # noqa: E402
    compare,  # noqa: F401
    evaluate,  # noqa: F401
    generate,  # noqa: F401
    init,  # noqa: F401
    items,  # noqa: F401
    predict,  # noqa: F401
    render,  # noqa: F401
    score,  # noqa: F401
    train,  # noqa: F401
    vocab,  # noqa: F401
)
