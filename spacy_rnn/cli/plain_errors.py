"""A command's errors and warnings, each one line on stderr."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import typer

from .._compat.spacy_cli import show_validation_error
from ..config_errors import ConfigError
from ..messages import complain, warn
from .flags import with_flags

P = ParamSpec("P")
R = TypeVar("R")

# Our messages and spaCy's begin with a code.
_CODE = re.compile(r"\[[A-Z]\d{3}\]")


def plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command: what its user can put right is one line on stderr and exit code 1, and
    speaks of options by their flags. So do its warnings, each once.

    command (Callable): The command. Errors without a code are mistakes of ours and keep their
        traceback.
    RETURNS (Callable): The command with the same arguments.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with plain_warnings(command):
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
def plain_warnings(command: Callable[..., object]) -> Iterator[None]:
    """Show our warnings as a command shows its own, without the line of code that warns.

    command (Callable): The command, whose flags are named.
    """
    before, told = warnings.formatwarning, set[str]()

    def tell(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        line: str | None = None,
    ) -> str:
        text = " ".join(str(message).split())
        if not _CODE.match(text):
            return before(message, category, filename, lineno, line)
        if text not in told:
            told.add(text)
            warn(with_flags(text, command))
        return ""

    # not `showwarning`, which pytest and `catch_warnings` take for themselves
    warnings.formatwarning = tell
    try:
        yield
    finally:
        warnings.formatwarning = before


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
