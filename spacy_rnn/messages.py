"""What a command tells its user: on stderr, so that stdout holds nothing but results."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from typing import IO

import typer
from tqdm import tqdm

# What steers a terminal: control characters, those of a line's end and tabs aside, and the marks
# that turn the direction of what follows.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def inform(text: str) -> None:
    """Say how it went."""
    _write_stderr("✔ " + text, typer.colors.GREEN)


def warn(text: str, file: IO[str] | None = None) -> None:
    """Say what may surprise.

    text (str): What it is.
    file (Optional[IO[str]]): Where; sys.stderr by default.
    """
    _write_stderr("⚠ " + text, typer.colors.YELLOW, file)


def answer(text: str) -> None:
    """Write a result to stdout: in UTF-8, whatever the locale is, unless it is a terminal. There,
    what would steer the terminal is shown as an escape."""
    if sys.stdout.isatty():
        typer.echo(encodable(printable(text), sys.stdout))
    else:
        typer.echo(text.encode("utf8", "backslashreplace"))


def complain(text: str) -> None:
    """Say what ended the command."""
    _write_stderr("✘ " + text, typer.colors.RED)


def printable(text: str) -> str:
    r"""RETURNS (str): The text with escapes such as \u001b or \u202e, which JSON and Python know,
    for the characters that would steer a terminal: words and paths may come from strangers. Line
    ends and tabs stay."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def encodable(text: str, stream: IO[str]) -> str:
    """RETURNS (str): The text with escapes for the characters that a stream's encoding lacks."""
    encoding = getattr(stream, "encoding", None)
    return text.encode(encoding, "backslashreplace").decode(encoding) if encoding else text


def _write_stderr(text: str, color: str, file: IO[str] | None = None) -> None:
    file = file or sys.stderr
    if file is None:  # the program was started without one
        return
    text = printable(text)
    # what can't be told ends nothing: the disk under a log is full, its reader has gone
    with suppress(OSError, ValueError):
        if file.isatty():
            text = typer.style(text, fg=color)
        # above a progress bar, if there is one
        tqdm.write(encodable(text, file), file=file)
