"""What is built and uploaded works where the source isn't."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_built_wheel_and_sdist_train_save_and_load_with_the_source_away(tmp_path):
    command = [sys.executable, str(ROOT / "scripts" / "check_wheel.py"), "--borrow"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" trains, saves, loads and scores") == 2
