"""The README's commands are the ones that CI runs."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_ci_runs_the_two_commands_of_the_readme():
    blocks = re.findall(r"```bash\n(.*?)\n```", (ROOT / "README.md").read_text("utf8"), re.DOTALL)
    main_job, tests = blocks[:2]
    assert "\n" not in main_job and main_job.endswith("-m spacy project run all")
    assert "\n" not in tests and tests.endswith("-m pytest")
    script = (ROOT / ".ci" / "run").read_text("utf8").splitlines()
    assert main_job in script
    assert tests in script
