"""What a command tells its user: on stderr, so that stdout holds nothing but results."""

from __future__ import annotations

import sys

import typer
from tqdm import tqdm


def inform(text: str) -> None:
    """Say how it went."""
    _write_stderr("✔ " + text, typer.colors.GREEN)


def warn(text: str) -> None:
    """Say what may surprise."""
    _write_stderr("⚠ " + text, typer.colors.YELLOW)


def answer(text: str) -> None:
    """Write a result to stdout: in UTF-8, whatever the locale is, unless it is a terminal."""
    if sys.stdout.isatty():
        encoding = sys.stdout.encoding or "ascii"
        typer.echo(text.encode(encoding, "backslashreplace").decode(encoding))
    else:
        typer.echo(text.encode("utf8", "backslashreplace"))


def complain(text: str) -> None:
    """Say what ended the command."""
    _write_stderr("✘ " + text, typer.colors.RED)


def _write_stderr(text: str, color: str) -> None:
    if sys.stderr.isatty():
        text = typer.style(text, fg=color)
    encoding = sys.stderr.encoding or "ascii"
    # above a progress bar, if there is one
    tqdm.write(text.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)
