"""Large blocks of memory go back to the system."""

import os
import platform
import subprocess
import sys

import pytest

from spacy_rnn.heap import SETTINGS

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")

# the first block teaches glibc to keep such; small ones between the next keep its end where it is
_PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from spacy_rnn.heap import return_large_blocks

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

done = return_large_blocks() if sys.argv[1] == "yes" else None
block = np.ones(3 << 20)
del block
before = resident()
blocks, between = [], []
for _ in range(5):
    blocks.append(np.ones(2 << 20))
    between.append(np.ones(100))
blocks.clear()
print(done, resident() - before)
"""


def run(argument: str, **environment: str) -> tuple[str, float]:
    command = [sys.executable, "-c", _PROGRAM, argument]
    own = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    variables = {**own, **environment}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    answer, megabytes = done.stdout.split()
    return answer, float(megabytes)


def test_freed_blocks_are_kept_without_it_and_returned_with_it():
    kept = run("no")[1]
    answer, returned = run("yes")
    assert answer == "True"
    assert returned < 8 < 32 < kept


def test_what_the_environment_says_stands():
    assert run("yes", MALLOC_MMAP_THRESHOLD_="1000000000")[0] == "False"
    assert run("yes", GLIBC_TUNABLES="glibc.malloc.mmap_threshold=1000000")[0] == "False"
