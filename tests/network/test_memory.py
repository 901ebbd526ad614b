"""Freed memory stays with the process, so that a step doesn't fault its pages in again."""

import os
import platform
import subprocess
import sys

import pytest

# blocks of 16 MB, freed and allocated again and again, as a step does
FAULTS = """
import resource, sys
import torch
from spacy_rnn.network.memory import keep_freed_memory
done = keep_freed_memory()
for _ in range(30):  # until the heap has its shape
    torch.ones(1 << 22)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(1 << 22)
print(done, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
PAGES = (1 << 24) // 4096


def run(**variables):
    command = [sys.executable, "-c", FAULTS]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    answer, faults = done.stdout.split()
    return answer == "True", int(faults)


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_blocks_are_used_again_without_page_faults():
    kept, faults = run()
    assert kept
    assert faults < PAGES


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_thresholds_of_the_environment_are_left_alone():
    kept, faults = run(MALLOC_MMAP_THRESHOLD_="4194304")
    assert not kept
    assert faults > 5 * PAGES


# 50,000 blocks of 8 KB of which every tenth stays: the heap can't be cut at its end
PIECES = """
import os
from pathlib import Path
from spacy_rnn.network.memory import return_freed_memory
def held():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
blocks = [bytes(8000) for _ in range(50_000)]
full = held()
blocks = blocks[::10]
freed = held()
print(return_freed_memory(), full - freed, full - held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_pieces_can_be_given_back():
    command = [sys.executable, "-c", PIECES]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer, before, after = done.stdout.split()
    assert answer == "True"
    # nine tenths of 380 MB but for pages that hold a block that stays
    assert float(before) < 50 and float(after) > 150


CAPACITY = """
import os
import spacy_rnn.network.language_model
print(os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("given", [None, "7"])
def test_few_shapes_are_kept_unless_the_environment_says_otherwise(given):
    environment = {**os.environ}
    environment.pop("ONEDNN_PRIMITIVE_CACHE_CAPACITY", None)
    if given:
        environment["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = given
    command = [sys.executable, "-c", CAPACITY]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    # oneDNN keeps 1024 by itself
    assert int(done.stdout) == int(given) if given else int(done.stdout) < 1024
