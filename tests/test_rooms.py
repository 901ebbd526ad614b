"""The order of the rooms: each imports only those below it, and no module is in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import spacy_rnn

ROOT = Path(spacy_rnn.__file__).parent
ORDER = [
    "base",
    "tokenizers",
    "corpus",
    "vocabulary",
    "network",
    "layers",
    "pipeline",
    "training",
    "scoring",
    "rendering",
    "serve",
    "cli",
]
# What several modules define, each for itself, because thinc or `render` calls it by that name.
INTERFACES = {"_forward", "_initialize", "_no_backprop", "draw", "legend"}


def modules():
    """All modules by their dotted names below the package."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
PACKAGES = {name for name, path in MODULES.items() if path.name == "__init__.py"}


def room_of(name):
    first = name.split(".")[0]
    return first if first in PACKAGES and first not in ("", "_compat", "errors") else "base"


def imports_of(name):
    """The package's own modules that a module imports, wherever in it the import stands."""
    path = MODULES[name]
    package = name.split(".") if name in PACKAGES else name.split(".")[:-1]
    package = [part for part in package if part]
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            above = package[: len(package) - node.level + 1]
        elif (node.module or "").split(".")[0] == "spacy_rnn":
            above = []
        else:
            continue
        target = (node.module or "").removeprefix("spacy_rnn").strip(".").split(".")
        base = ".".join([*above, *filter(None, target)])
        for alias in node.names:
            inner = f"{base}.{alias.name}".strip(".")
            yield inner if inner in MODULES else base


def test_every_room_is_in_the_order():
    assert {room_of(name) for name in MODULES} == set(ORDER)


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_only_rooms_below_it(room):
    upwards = [
        (name, imported)
        for name in MODULES
        if room_of(name) == room and name  # the package itself names everything, lazily
        for imported in imports_of(name)
        if ORDER.index(room_of(imported)) > ORDER.index(room)
    ]
    assert not upwards


def test_no_module_is_in_a_circle_of_imports():
    graph = {
        # a package's modules may use what it shows of itself only through its own modules
        name: {imported for imported in imports_of(name) if imported != name}
        for name in MODULES
        if name and not (name in PACKAGES and name == "cli")
    }
    # the commands register themselves with `cli`, which then imports them
    for name in graph:
        graph[name].discard("cli" if name.startswith("cli.") else name)
    assert list(TopologicalSorter(graph).static_order())


def test_the_network_knows_nothing_of_the_package_but_the_names_of_torch():
    imported = {i for name in MODULES if room_of(name) == "network" for i in imports_of(name)}
    assert {i for i in imported if room_of(i) != "network"} == {"_compat.torch"}


def test_private_names_of_torch_spacy_and_thinc_are_used_in_compat_only():
    offenders = []
    for name, path in MODULES.items():
        if name.startswith("_compat"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(node, ast.ImportFrom) and not node.level:
                parts = (node.module or "").split(".")
                names = [*parts, *(alias.name for alias in node.names)]
                private = [n for n in names if n.startswith("_") and not n.startswith("__")]
                if parts[0] in ("torch", "spacy", "thinc") and private:
                    offenders.append((name, node.module))
            if isinstance(node, ast.Attribute) and node.attr.startswith("_foreach"):
                offenders.append((name, node.attr))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                is_private = node.attr.startswith("_") and not node.attr.startswith("__")
                if node.value.id in ("torch", "spacy", "thinc") and is_private:
                    offenders.append((name, node.attr))
    assert not offenders


def test_a_name_of_a_class_or_function_means_one_thing():
    places = {}
    for name, path in MODULES.items():
        for node in ast.parse(path.read_text("utf8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("__"):
                places.setdefault(node.name, []).append(name)
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert not twice.keys() - INTERFACES, twice


def test_a_name_of_a_module_stands_in_one_room():
    names = [name.split(".")[-1] for name in MODULES if name and not name.startswith("_compat")]
    # `vocabulary` is the room and its main module; a command has the name of its room
    allowed = {"vocabulary", "items", "pairs", "serve"}
    twice = {name for name in names if names.count(name) > 1} - allowed
    assert not twice
