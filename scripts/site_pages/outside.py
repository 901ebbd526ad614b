"""Pages of the site from files that lie outside docs/, and links that lead to them."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Pages of their own, by where they lie in the repository.
PAGES = {
    "README.md": "index.md",
    "README.zh.md": "index_zh.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
    "configs/README.md": "configs.md",
}
_LINK = re.compile(r"(?<=\]\()([^()\s]+)(?=\))")
_PICTURE = re.compile(
    r'<picture>\s*<source [^>]*srcset="(?P<dark>[^"]+)">\s*'
    r'<img alt="(?P<alt>[^"]*)" src="(?P<light>[^"]+)"[^>]*>\s*</picture>'
)
_CODE = re.compile(r"(^ *```.*?^ *```|`[^`\n]*`)", re.DOTALL | re.MULTILINE)
# A file that is named in backquotes; on the site the name is a link
_NAMED = re.compile(
    r"(?<!\[)`((?:docs/[\w/]+|[\w/]*README(?:\.zh)?|CHANGELOG|CONTRIBUTING)\.md)`(?!\])"
)
# Tags, and the words between them
_WORD = re.compile(r"<[^>]*>|[^\s<>]+")
_HELD = 30  # characters of a word: what is longer may be broken
_LANGUAGES = {".cfg": "ini", ".toml": "toml", ".yml": "yaml", ".py": "python", ".cff": "yaml"}


def source_of(uri: str) -> str:
    """RETURNS (str): Where the page of a site's address lies in the repository."""
    return {page: path for path, page in PAGES.items()}.get(uri, f"docs/{uri}")


def page_of(path: str) -> str:
    """RETURNS (str): The address in the site of a file or folder of the repository."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/").replace(".ipynb", ".ipynb.md")
    return PAGES.get(path, f"files/{path}.md")


def free_pipes(markdown: str) -> str:
    """RETURNS (str): The page as Python-Markdown reads tables: in code, `\\|` is two characters."""
    rows = re.compile(r"^\|.*$", re.MULTILINE)
    code = re.compile(r"`[^`]+`")
    return rows.sub(
        lambda row: code.sub(lambda span: span[0].replace("\\|", "|"), row[0]), markdown
    )


def mark_commands(markdown: str) -> str:
    """RETURNS (str): The page with a class at fenced commands, whose lines are wrapped."""
    return re.sub(r"^( *)```bash$", r"\1```{ .bash .commands }", markdown, flags=re.MULTILINE)


def hold_words(html: str) -> str:
    """RETURNS (str): The page in which no line of code is broken within an option, a path or a
    name, unless it is very long. A whole command in a line of text has the class `command`.
    """

    def hold(word: re.Match[str]) -> str:
        is_held = word[0][0] != "<" and len(word[0]) <= _HELD and re.search(r"[-_.(]", word[0])
        return f'<span class="held">{word[0]}</span>' if is_held else word[0]

    def hold_all(code: re.Match[str]) -> str:
        is_command = code[0].startswith("<code>python ")
        start = '<code class="command">' if is_command else "<code>"
        return start + _WORD.sub(hold, code[1]) + "</code>"

    return re.sub(r"<code>(.*?)</code>", hold_all, html, flags=re.DOTALL)


def linked_files(markdown: str, source: str) -> set[str]:
    """RETURNS (Set[str]): What a page links to outside docs/, as paths of the repository.

    markdown (str): Of the page.
    source (str): Where the page lies in the repository.
    """
    targets = {_resolve(link, source) for link in _links(markdown)}
    return {path for path in targets if path and not path.startswith("docs/")} - PAGES.keys()


def rewrite(markdown: str, source: str, uri: str) -> str:
    """RETURNS (str): The page with links that lead to pages of the site.

    markdown (str): As the repository has it.
    source (str): Where it lies in the repository.
    uri (str): Its address in the site.
    """
    here = posixpath.dirname(uri)

    def lead(link: str) -> str:
        path = _resolve(link, source)
        if path is None:
            return link
        mark = "#" + link.partition("#")[2] if "#" in link else ""
        return posixpath.relpath(page_of(path), here or ".") + mark

    def picture(found: re.Match[str]) -> str:
        both = ((lead(found[theme]), theme) for theme in ("light", "dark"))
        return "\n".join(f"![{found['alt']}]({path}#only-{theme})" for path, theme in both)

    def named(found: re.Match[str]) -> str:
        is_page = found[1] in PAGES or (ROOT / found[1]).exists()
        to = lead(posixpath.relpath(found[1], posixpath.dirname(source) or "."))
        return f"[{found[0]}]({to})" if is_page and found[1] != source else found[0]

    parts = _CODE.split(markdown)
    for i in range(1, len(parts), 2):
        parts[i] = _NAMED.sub(named, parts[i]) if parts[i - 1][-1:] != "[" else parts[i]
    for i in range(0, len(parts), 2):
        text = _LINK.sub(lambda found: lead(found[0]), parts[i])
        parts[i] = _PICTURE.sub(picture, text)
    return "".join(parts)


def file_page(path: str) -> str:
    """RETURNS (str): A page that shows a file of the repository, or lists a folder.
    RAISES (FileNotFoundError): If there is none.
    """
    place = ROOT / path
    if place.is_dir():
        names = sorted(each.name for each in place.iterdir() if not each.name.startswith("_"))
        return f"# {path}\n\n" + "\n".join(f"- `{name}`" for name in names) + "\n"
    text = place.read_text("utf8")
    fence = "`" * 4
    language = _LANGUAGES.get(place.suffix, "text")
    return f"# {path}\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n"


def _links(markdown: str) -> list[str]:
    return [link for part in _CODE.split(markdown)[::2] for link in _LINK.findall(part)]


def _resolve(link: str, source: str) -> str | None:
    """A link's target as a path of the repository; None if it leads elsewhere or stays here."""
    target = link.partition("#")[0]
    if not target or re.match(r"[a-z]+:", target):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
