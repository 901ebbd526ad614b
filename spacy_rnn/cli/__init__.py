"""`python -m spacy rnn …`: spaCy's command line loads it through an entry point."""

from typer import Typer

from .._compat.spacy_cli import app

rnn = Typer(name="rnn", no_args_is_help=True, add_completion=False)
app.add_typer(rnn)


@rnn.callback()
def describe() -> None:
    """Recurrent language models (spacy-rnn)."""


from . import (  # noqa: E402, F401
    compare,
    evaluate,
    export,
    generate,
    import_model,
    init,
    items,
    pairs,
    predict,
    render,
    score,
    serve,
    train,
    vocab,
)
