"""The command line reference: what Typer knows of every command."""

from __future__ import annotations

from typing import Any

import typer
from spacy.cli._util import app
from spacy.util import registry
from typer.cli import get_docs_for_click
from typer.main import get_command

from .prose import escape

PREFIX = "python -m spacy rnn"
_INTRODUCTION = """# Command line reference

Every command with all its arguments and options, as `python -m spacy rnn COMMAND --help` shows
them. What they are for: [the command line](../command_line.md).
"""


def commands() -> dict[str, Any]:
    """RETURNS (Dict[str, Command]): The commands below `python -m spacy rnn`, by name."""
    registry.cli.get_all()
    return dict(sorted(get_command(app).commands["rnn"].commands.items()))  # type: ignore[attr-defined]


def commands_page() -> str:
    """RETURNS (str): The reference, as Markdown."""
    return "\n".join([_INTRODUCTION, *map(_describe, commands(), commands().values())])


def _describe(name: str, command: Any) -> str:
    context = typer.Context(command)
    text = get_docs_for_click(obj=command, ctx=context, name=name, call_prefix=PREFIX)
    _, _, rest = text.partition("\n")
    lines, is_code = [f"## {name}", ""], False
    for line in rest.strip().splitlines():
        is_code ^= line.startswith("```")
        if line.startswith("$ "):
            # names in braces are arguments
            line = line.removeprefix("$ ").replace("{", "").replace("}", "")
        lines.append(line if is_code or line.startswith(("```", "**")) else _escape(line))
    return "\n".join(lines).replace("```console", "```text") + "\n"


def _escape(line: str) -> str:
    mark, star, rest = line.partition("* ") if line.startswith("* ") else ("", "", line)
    return mark + star + escape(rest)
