"""What a command tells its user: on stderr, so that stdout holds nothing but results."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer
from tqdm import tqdm

P = ParamSpec("P")
R = TypeVar("R")

# Our messages and spaCy's begin with a code.
_CODE = re.compile(r"\[[A-Z]\d{3}\]")


def inform(text: str) -> None:
    """Say how it went."""
    _write("✔ " + text, typer.colors.GREEN)


def warn(text: str) -> None:
    """Say what may surprise."""
    _write("⚠ " + text, typer.colors.YELLOW)


def answer(text: str) -> None:
    """Write a result to stdout: in UTF-8, whatever the locale is, unless it is a terminal."""
    if sys.stdout.isatty():
        encoding = sys.stdout.encoding or "ascii"
        typer.echo(text.encode(encoding, "backslashreplace").decode(encoding))
    else:
        typer.echo(text.encode("utf8", "backslashreplace"))


def _write(text: str, color: str) -> None:
    if sys.stderr.isatty():
        text = typer.style(text, fg=color)
    encoding = sys.stderr.encoding or "ascii"
    # above a progress bar, if there is one
    tqdm.write(text.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)


def plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command: what its user can put right is one line on stderr and exit code 1.

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
            _write("✘ " + " ".join(str(error).split()), typer.colors.RED)
            raise typer.Exit(1) from error

    return run
