"""A command's errors, each one line on stderr."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import typer

from .._compat.spacy_cli import show_validation_error
from ..config_errors import ConfigError
from ..messages import complain
from .flags import with_flags

P = ParamSpec("P")
R = TypeVar("R")

# Our messages and spaCy's begin with a code.
_CODE = re.compile(r"\[[A-Z]\d{3}\]")


def plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command: what its user can put right is one line on stderr and exit code 1, and
    speaks of options by their flags.

    command (Callable): The command. Errors without a code are mistakes of ours and keep their
        traceback.
    RETURNS (Callable): The command with the same arguments.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BrokenPipeError:  # who reads stdout has enough; the command line knows about it
            raise
        except (ValueError, TypeError, OSError) as error:
            if not isinstance(error, OSError) and not _CODE.search(str(error)):
                raise
            complain(with_flags(" ".join(str(error).split()), command))
            raise typer.Exit(1) from error

    return run


@contextmanager
def show_config_errors(path: Path | None = None, *, hint_fill: bool = True) -> Iterator[None]:
    """Show what spaCy finds wrong with a config as its own commands do; our errors of settings are
    left to `plain_errors`.

    path (Optional[Path]): The config, for hints.
    hint_fill (bool): Whether to name the command that fills in what is missing.
    RAISES (ValueError): For a setting of ours that can't be used.
    """
    with show_validation_error(path, hint_fill=hint_fill):
        try:
            yield
        except ConfigError as error:
            raise ValueError(str(error)) from error
