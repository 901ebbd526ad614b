"""Chapters of the tutorial as pages of the site."""

from __future__ import annotations

import posixpath
import re
from html import escape
from pathlib import Path
from typing import Any

import nbformat

_NOTES = {
    "en": "This page is the notebook `{path}`. [Run it]({index}) to change what it does{pictures}.",
    "zh": "本页就是笔记本 `{path}`。[运行它]({index})，就可以改一改再试{pictures}。",
}
_PICTURES = {
    "en": "; its pictures appear when it runs",
    "zh": "；图在运行之后才会出现",
}
# Code, which is left as it is, or a formula: on lines of its own, or in a line
_FORMULA = re.compile(r"(```.*?```|`[^`]*`)|\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL)
# Words in a formula
_TEXT = re.compile(r"\\text\{[^}]*\}")


def notebook_page(path: Path, lang: str, *, run: bool) -> tuple[str, dict[str, str]]:
    """RETURNS (Tuple[str, Dict[str, str]]): The page as Markdown, and the pictures and formulas in
        it as HTML by the word that holds their place.

    path (Path): The notebook.
    lang (str): "en" or "zh".
    run (bool): Whether to run it, which takes seconds and gives the pictures; else what it printed
        when it was saved is shown.
    """
    notebook = nbformat.read(path, as_version=4)
    if run:
        from nbclient import NotebookClient

        where = {"metadata": {"path": str(path.parent)}}
        NotebookClient(notebook, timeout=1800, kernel_name="python3", resources=where).execute()
    held: dict[str, str] = {}
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(_hold_formulas(cell.source, f"{path.stem}-{lang}", held))
            continue
        parts.append(f"```python\n{cell.source}\n```")
        printed, shown = _outputs(cell)
        if printed:
            parts.append(f"```{{ .text .printed }}\n{printed.rstrip()}\n```")
        for html in shown:
            place = f"picture-{path.stem}-{lang}-{len(held)}-"
            held[place] = html
            parts.append(place)
    note = _NOTES[lang].format(
        path=posixpath.join("docs", "tutorial", lang, path.name),
        index="../README.md",
        pictures="" if run else _PICTURES[lang],
    )
    title, rest = parts[0].split("\n", 1) if "\n" in parts[0] else (parts[0], "")
    return "\n\n".join([title, f"*{note}*", rest, *parts[1:]]) + "\n", held


def _outputs(cell: Any) -> tuple[str, list[str]]:
    """What a cell printed, and the HTML of what it displayed."""
    printed, shown = "", []
    for output in cell.outputs:
        printed += output.get("text", "")
        if "text/html" in output.get("data", {}):
            shown.append(output["data"]["text/html"])
    return printed, shown


def _hold_formulas(markdown: str, name: str, held: dict[str, str]) -> str:
    """The text with a word in the place of each formula, which `held` gets as MathML."""
    from latex2mathml.converter import convert

    def hold(found: re.Match[str]) -> str:
        code, block, inline = found.groups()
        if code:
            return code
        place = f"formula-{name}-{len(held)}-"
        # the converter copies a text as it is
        tex = _TEXT.sub(lambda text: escape(text[0], quote=False), block or inline)
        held[place] = convert(tex, display="block" if block else "inline")
        return place

    return _FORMULA.sub(hold, markdown)
