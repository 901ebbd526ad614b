"""The reference of errors and warnings: every code with its message, which says what to do."""

from __future__ import annotations

import re
from typing import Any

from spacy_rnn.errors import Errors, Warnings

from .prose import escape

_CODE = re.compile(r"[RW]\d{3}")
# {name!r}, {share:.1%}
_PLACE = re.compile(r"{(\w+)[!:][^}]*}")
_INTRODUCTION = """# Errors and warnings

Each message begins with its code and says what is wrong, then what to do. A word in braces stands
for what the message names: a file, an option, a number. Search this page for the code.
"""


def codes(messages: Any) -> list[str]:
    """RETURNS (List[str]): The codes that a class of messages has, in order."""
    return sorted(name for name in dir(messages) if _CODE.fullmatch(name))


def messages_page() -> str:
    """RETURNS (str): The reference, as Markdown."""
    parts = [_INTRODUCTION]
    for room in Errors.__bases__:
        title = re.sub(r"(?<!^)(?=[A-Z])", " ", room.__name__).capitalize()
        parts += _section(title, room)
    parts += _section("Warnings", Warnings)
    return "\n".join(parts)


def _section(title: str, messages: Any) -> list[str]:
    found = [f"## {title}\n"]
    for code in codes(messages):
        text = getattr(messages, code).removeprefix(f"[{code}] ")
        text = _PLACE.sub(r"{\1}", text)
        found.append(f"#### {code} {{ #{code.lower()} }}\n\n{escape(text)}\n")
    return found
