"""docs/architecture.md and CONTRIBUTING.md agree with the tree."""

import re
from pathlib import Path

import spacy_rnn

from .test_rooms import ORDER

ROOT = Path(__file__).parents[1]
PACKAGE = Path(spacy_rnn.__file__).parent
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf8")


def section(title):
    """What stands under a title, up to the next one."""
    return ARCHITECTURE.split(f"\n{title}\n")[1].split("\n## ")[0].split("\n### ")[0]


def named_paths(text):
    """What is a path of this repository or of the package, among the words in backquotes."""
    words = re.findall(r"`([^`\s]+)`", text)
    path = r"[\w.\-]+/([\w.\-]+/?)*|[\w.\-]+\.(py|md|toml|txt|yml|cff)"
    return [word for word in words if re.fullmatch(path, word)]


def rooms():
    """The rows of the table of rooms: the room, and the files to begin with."""
    rows = [
        line.strip("|").split("|") for line in section("## The rooms").splitlines() if "|" in line
    ]
    return [(row[0].strip().strip("`/"), re.findall(r"`([^`]+)`", row[2])) for row in rows[2:]]


def test_the_table_of_rooms_has_all_of_them_in_their_order():
    named = [room for room, _ in rooms()]
    assert [room for room in named if "/" not in room] == ORDER
    folders = {path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("__init__.py")}
    assert set(named) == folders - {".", "_compat", "errors"} | {"base"}


def test_the_files_to_begin_with_are_in_their_room():
    for room, files in rooms():
        folder = PACKAGE if room == "base" else PACKAGE / room
        assert files and all((folder / name).exists() for name in files), room
    base = dict(rooms())["base"]
    modules = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py", "about.py"}
    assert {name for name in base if name.endswith(".py")} == modules


def test_compat_is_described_file_by_file():
    described = re.findall(
        r"`_compat/(\w+)\.py` \|", section("### Names that others don't promise")
    )
    modules = {path.stem for path in (PACKAGE / "_compat").glob("*.py")} - {"__init__"}
    assert set(described) == modules


def test_every_file_that_is_named_is_there():
    paths = named_paths(ARCHITECTURE.split("\n### Names that others don't promise\n")[1])
    assert len(paths) > 40
    assert not [p for p in paths if not (PACKAGE / p).exists() and not (ROOT / p).exists()]
    paths = named_paths(CONTRIBUTING)
    assert len(paths) > 40
    workflows = ROOT / ".github" / "workflows"
    assert not [p for p in paths if not (ROOT / p).exists() and not (workflows / p).exists()]


def test_every_name_that_contributing_gives_is_in_the_file_beside_it():
    """Identifiers in the second column of a table stand in one of the files of the first."""
    for line in CONTRIBUTING.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 2 or "/" not in cells[0]:
            continue
        paths = [ROOT / p for p in re.findall(r"`([^`]+)`", cells[0]) if not p.endswith("/")]
        names = re.findall(r"`(\w+)`", cells[1])
        if paths and names:
            code = "\n".join(path.read_text("utf8") for path in paths)
            assert not [name for name in names if not re.search(rf"\b{name}\b", code)], line


def test_the_glossary_says_each_word_once():
    rows = re.findall(r"^\| ([^|]+) \|", ARCHITECTURE.split("\n## Glossary\n")[1], re.MULTILINE)
    words = [
        word.strip()
        for row in rows
        if not row.startswith(("word", "name", "---"))
        for word in row.split(",")
    ]
    assert len(words) == len(set(words)) > 50
