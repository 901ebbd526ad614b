"""The parts of a docstring in the style of this package, which is spaCy's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from inspect import cleandoc
from itertools import takewhile

# "name (Type): …", "one, other (Type, Type): …", "one, other: …"
_ITEM = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: \((.+?)\))?: (.*)", re.DOTALL)
_OUTCOME = re.compile(r"(RETURNS|YIELDS|RAISES) \((.+?)\): (.*)", re.DOTALL)
_CODE = re.compile(r"(EXAMPLE|CONFIG):")
_STARTS = re.compile(r"\*{0,2}\w+(?:, \*{0,2}\w+)* \(.+?\): |(EXAMPLE|CONFIG):")


@dataclass
class Item:
    """An argument, or what comes back.

    name (str): Of the argument; RETURNS, YIELDS or RAISES of the rest.
    type (str): As the docstring has it; empty if it says none.
    text (str): What it means, as one line of Markdown.
    """

    name: str
    type: str
    text: str


@dataclass
class Docstring:
    """A docstring's parts.

    description (str): What isn't any of the following, as Markdown.
    arguments (List[Item]): In their order.
    outcomes (List[Item]): What is returned, yielded and raised.
    code (Dict[str, str]): By EXAMPLE and CONFIG.
    """

    description: str = ""
    arguments: list[Item] = field(default_factory=list)
    outcomes: list[Item] = field(default_factory=list)
    code: dict[str, str] = field(default_factory=dict)

    def meaning(self, name: str) -> str | None:
        """RETURNS (Optional[str]): What is said of an argument; None if nothing is."""
        return next((item.text for item in self.arguments if item.name == name), None)


def parse(text: str | None) -> Docstring:
    """RETURNS (Docstring): The parts of a docstring, which may be empty."""
    found = Docstring()
    lines = cleandoc(text or "").splitlines()
    count, prose = len(lines), list[str]()
    while lines:
        first, *rest = lines
        is_code = _CODE.fullmatch(first)
        goes_on = _is_in_code if is_code else _is_indented
        if len(rest) + 1 == count and _OUTCOME.match(first):
            goes_on = _is_in_paragraph  # `cleandoc` leaves no indent below the first line
        below = [*takewhile(goes_on, rest)] if first else []
        lines = rest[len(below) :]
        joined = " ".join([first, *(line.strip() for line in below)])
        if is_code:
            found.code[is_code[1]] = cleandoc("\n" + "\n".join(below)).strip()
        elif outcome := _OUTCOME.fullmatch(joined):
            found.outcomes.append(Item(outcome[1], outcome[2], outcome[3]))
        elif (item := _ITEM.fullmatch(joined)) and (item[2] or "," in item[1]):
            found.arguments += _divide(item[1], item[2] or "", item[3])
        else:
            prose += [first, *below]
    found.description = "\n".join(prose).strip()
    return found


def _is_indented(line: str) -> bool:
    """An item goes on in lines that are indented."""
    return line.startswith(" ")


def _is_in_paragraph(line: str) -> bool:
    """A paragraph ends at an empty line, or where the next item begins."""
    return bool(line) and not _STARTS.match(line)


def _is_in_code(line: str) -> bool:
    """Code has empty lines in it."""
    return line.startswith(" ") or not line


def _divide(names: str, types: str, text: str) -> list[Item]:
    """One item for each name; the types are as many as the names, or one for all."""
    each = re.split(r", (?![^\[]*\])", types)
    several = names.split(", ")
    if len(each) != len(several):
        each = [types] * len(several)
    return [Item(name, kind, text) for name, kind in zip(several, each, strict=True)]


def to_google(text: str) -> str:
    """RETURNS (str): The docstring in the style that mkdocstrings reads."""
    parts = parse(text)
    sections = [parts.description] if parts.description else []
    if parts.arguments:
        lines = [f"    {item.name} ({item.type}): {item.text}" for item in parts.arguments]
        sections.append("\n".join(["Args:", *lines]))
    for name, title in (("RETURNS", "Returns"), ("YIELDS", "Yields"), ("RAISES", "Raises")):
        lines = [f"    {o.type}: {o.text}" for o in parts.outcomes if o.name == name]
        if lines:
            sections.append("\n".join([f"{title}:", *lines]))
    for name, language in (("CONFIG", "ini"), ("EXAMPLE", "pycon")):
        if name in parts.code:
            sections.append(f"```{language}\n{parts.code[name]}\n```")
    return "\n\n".join(sections)
