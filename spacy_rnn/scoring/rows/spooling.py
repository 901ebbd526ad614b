"""Keep what comes through the standard input, where it has to be read more than once."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from ...corpus.open_files import STDIN, open_binary


def spool_stdin() -> Path:
    """RETURNS (Path): A file of what the standard input holds up to its end, which is removed when
    the process ends."""
    number, name = tempfile.mkstemp(prefix="spacy-rnn-")
    path = Path(name)
    atexit.register(path.unlink, missing_ok=True)
    with os.fdopen(number, "wb") as file, open_binary(STDIN) as given:
        shutil.copyfileobj(given, file)
    return path
