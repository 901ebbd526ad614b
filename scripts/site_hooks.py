"""Hooks of MkDocs: the pages that are made when the site is built (`mkdocs.yml` names this file).

`mkdocs build --strict` writes the site to the folder `site`. With RUN_TUTORIAL=1 the notebooks of
the tutorial run first, which takes a minute or two and gives their pictures.
"""

from __future__ import annotations

import os
from typing import Any

from mkdocs.structure.files import File, Files
from site_pages.api import api_page
from site_pages.attributes import attributes_page
from site_pages.coded_messages import messages_page
from site_pages.commands import commands_page
from site_pages.configuration import configuration_page
from site_pages.griffe_style import HouseStyle
from site_pages.notebooks import notebook_page
from site_pages.outside import (
    PAGES,
    ROOT,
    file_page,
    free_pipes,
    hold_words,
    linked_files,
    mark_commands,
    rewrite,
    source_of,
)

REFERENCES = {
    "reference/configuration.md": configuration_page,
    "reference/commands.md": commands_page,
    "reference/api.md": api_page,
    "reference/attributes.md": attributes_page,
    "reference/errors.md": messages_page,
}
# mkdocs.yml names it; imported here, it is found from any folder
EXTENSION = HouseStyle
_held: dict[str, str] = {}


def on_files(files: Files, *, config: Any) -> Files:
    """RETURNS (Files): The pages of docs/, and those that are made."""
    run = os.environ.get("RUN_TUTORIAL") == "1"
    made = {uri: page() for uri, page in REFERENCES.items()}
    made |= {uri: (ROOT / path).read_text("utf8") for path, uri in PAGES.items()}
    for lang in ("en", "zh"):
        for path in sorted((ROOT / "docs" / "tutorial" / lang).glob("*.ipynb")):
            files.remove(files.src_uris[f"tutorial/{lang}/{path.name}"])
            page, held = notebook_page(path, lang, run=run)
            made[f"tutorial/{lang}/{path.name}.md"] = page
            _held.update(held)
    texts = {file.src_uri: file.content_string for file in files.documentation_pages()} | made
    linked = {path for uri, text in texts.items() for path in linked_files(text, source_of(uri))}
    made |= {f"files/{path}.md": file_page(path) for path in sorted(linked)}
    for uri, text in made.items():
        files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """RETURNS (str): The page, with links that lead to pages of the site, and its language."""
    uri = page.file.src_uri
    # the theme's labels, and the language that the page declares
    if uri.endswith("_zh.md") or uri.startswith("tutorial/zh/"):
        page.meta["language"] = "zh"
    if uri.startswith(("files/", "reference/")):
        return free_pipes(markdown)
    return mark_commands(free_pipes(rewrite(markdown, source_of(uri), uri)))


def on_page_content(html: str, *, page: Any, **_: Any) -> str:
    """RETURNS (str): The page with the tutorial's pictures and formulas. No name is broken."""
    for place, made in _held.items():
        html = html.replace(f"<p>{place}</p>", made).replace(place, made)
    html = hold_words(html)
    return f'<div class="reference">{html}</div>' if page.file.src_uri in REFERENCES else html
