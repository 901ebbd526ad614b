"""The README's commands are the ones that CI runs."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_ci_runs_the_two_commands_of_the_readme():
    blocks = re.findall(r"```bash\n(.*?)\n```", (ROOT / "README.md").read_text("utf8"), re.DOTALL)
    main_job, tests = blocks[:2]
    assert "\n" not in main_job and main_job.endswith("-m spacy project run all")
    assert "\n" not in tests and " -m pytest" in tests
    script = (ROOT / ".ci" / "run").read_text("utf8").splitlines()
    assert main_job in script
    assert tests in script


def test_every_promise_names_a_test_that_is_there():
    promises = (ROOT / "README.md").read_text("utf8").split("## What we promise")[1]
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", promises.split("\n## ")[0])
    assert len(named) > 20
    for path, name in named:
        assert f"\ndef {name}(" in (ROOT / path).read_text("utf8"), (path, name)
