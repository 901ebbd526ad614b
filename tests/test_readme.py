"""The README's commands are the ones that CI runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_ci_runs_the_two_commands_of_the_readme(name):
    blocks = re.findall(r"```bash\n(.*?)\n```", (ROOT / name).read_text("utf8"), re.DOTALL)
    main_job, tests = blocks[:2]
    assert "\n" not in main_job and main_job.endswith("-m spacy project run all")
    assert "\n" not in tests and " -m pytest" in tests
    script = (ROOT / ".ci" / "run").read_text("utf8").splitlines()
    assert main_job in script
    assert tests in script


def test_every_promise_names_a_test_that_is_there():
    promises = (ROOT / "docs" / "promises.md").read_text("utf8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", promises)
    assert len(named) > 20
    for path, name in named:
        assert f"\ndef {name}(" in (ROOT / path).read_text("utf8"), (path, name)


def parts(name):
    """The sections: how many rows each table has, its links, and its code."""
    found = []
    for section in (ROOT / name).read_text("utf8").split("\n## "):
        links = [link for link in re.findall(r"\]\((.+?)\)", section) if "README" not in link]
        links = [link.replace("_zh.md", ".md") for link in links]  # a page in the same language
        code = re.findall(r"```\w+\n(.*?)\n```", section, re.DOTALL)
        found.append((sum(line.startswith("|") for line in section.splitlines()), links, code))
    return found


def test_both_readmes_say_the_same_in_every_section():
    assert parts("README.md") == parts("README.zh.md")


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf8").splitlines()) < 130


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_every_link_of_the_readme_leads_to_a_file(name):
    text = (ROOT / name).read_text("utf8")
    links = re.findall(r"\]\((.+?)\)", text) + re.findall(r'(?:src|srcset)="(.+?)"', text)
    local = [link.partition("#")[0] for link in links if not link.startswith("https://")]
    assert len(local) > 20 and not [path for path in local if not (ROOT / path).exists()]
