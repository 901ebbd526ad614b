"""Text of the code as Markdown."""

import re
from collections.abc import Sequence

_SPAN = re.compile(r"(`[^`]+`)")
_SPECIAL = re.compile(r"([\\*_\[\]{}#])")


def escape(text: str) -> str:
    """RETURNS (str): Prose in which nothing but code between backquotes means something."""
    parts = _SPAN.split(text)
    for i in range(0, len(parts), 2):
        part = _SPECIAL.sub(r"\\\1", parts[i])
        parts[i] = part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(parts)


def cell(text: str) -> str:
    """RETURNS (str): Markdown as it stands in a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """RETURNS (str): A table, or nothing if it has no row."""
    if not rows:
        return ""
    lines = [head, ("---",) * len(head), *(tuple(map(cell, row)) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
