"""A command's errors, each one line on stderr."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer

from ..messages import complain

P = ParamSpec("P")
R = TypeVar("R")

# Our messages and spaCy's begin with a code.
_CODE = re.compile(r"\[[A-Z]\d{3}\]")


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
            complain(" ".join(str(error).split()))
            raise typer.Exit(1) from error

    return run
