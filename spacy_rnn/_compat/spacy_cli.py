"""The parts of spaCy's command line that `python -m spacy rnn` is made of.

They are private (`spacy.cli._util`), but every command of spaCy uses them. Where one is missing,
`python -m spacy rnn` isn't there, and the component works.
"""

from spacy.cli._util import (
    app,
    import_code,
    parse_config_overrides,
    setup_gpu,
    show_validation_error,
)

__all__ = [
    "app",
    "import_code",
    "parse_config_overrides",
    "setup_gpu",
    "show_validation_error",
]
