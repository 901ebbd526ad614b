"""What pyproject.toml says of the package agrees with the pins and with the tools."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import spacy_rnn

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
PROJECT = SETTINGS["project"]
# CuPy needs a GPU's driver: it is not among what the tests ran with.
UNPINNED = {"cuda12x", "cuda13x"}


def test_every_requirement_has_a_pin_in_its_range():
    lines = (ROOT / "constraints.txt").read_text("utf8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    pins = {canonicalize_name(name): version for name, version in pairs}
    extras = PROJECT["optional-dependencies"]
    texts = [*PROJECT["dependencies"]]
    texts += [text for extra in extras.keys() - UNPINNED for text in extras[extra]]
    for text in texts:
        wanted = Requirement(text)
        assert pins[canonicalize_name(wanted.name)] in wanted.specifier, text


def test_the_tools_take_the_oldest_python_that_is_promised():
    promised = SpecifierSet(PROJECT["requires-python"])
    oldest = min((3, minor) for minor in range(5, 30) if promised.contains(f"3.{minor}"))
    named = [line.rpartition(" :: ")[2] for line in PROJECT["classifiers"] if ":: 3." in line]
    assert tuple(map(int, named[0].split("."))) == oldest
    assert SETTINGS["tool"]["ruff"]["target-version"] == "py{}{}".format(*oldest)
    assert SETTINGS["tool"]["mypy"]["python_version"] == "{}.{}".format(*oldest)


def test_the_extras_of_the_package_are_what_the_tests_install():
    extras = PROJECT["optional-dependencies"]
    optional = {text for extra in ("fast", "pkuseg", "ray", "serve") for text in extras[extra]}
    assert optional <= set(extras["test"])


def test_the_citation_has_the_version_and_authors_of_the_package():
    citation = (ROOT / "CITATION.cff").read_text("utf8")
    short = spacy_rnn.__version__.rpartition(".")[0]
    assert f"Version {short}." in (ROOT / "README.md").read_text("utf8")
    assert f"版本 {short}。" in (ROOT / "README.zh.md").read_text("utf8")
    assert f"\nversion: {spacy_rnn.__version__}\n" in citation
    newest = re.search(r"^## (\d\S*)(.*)$", (ROOT / "CHANGELOG.md").read_text("utf8"), re.MULTILINE)
    assert newest and newest[1] == spacy_rnn.__version__
    assert re.fullmatch(r" \(\d{4}-\d\d-\d\d\)", newest[2])
    (authors,) = PROJECT["authors"]
    assert f'name: "{authors["name"]}"' in citation
    assert f"the {PROJECT['name']} authors" == authors["name"]
    assert authors["name"] in (ROOT / "LICENSE").read_text("utf8")
