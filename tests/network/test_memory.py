"""Freed memory stays with the process, so that a step doesn't fault its pages in again."""

import os
import subprocess
import sys

import pytest

# one block of 64 MB, freed and allocated again and again, as a step does
FAULTS = """
import resource, sys
import torch
from spacy_rnn.network.memory import keep_freed_memory
done = keep_freed_memory()
for _ in range(30):  # until the heap has its shape
    torch.ones(1 << 24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(1 << 24)
print(done, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
PAGES = (1 << 26) // 4096


def run(**variables):
    command = [sys.executable, "-c", FAULTS]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    answer, faults = done.stdout.split()
    return answer == "True", int(faults)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is on Linux")
def test_freed_blocks_are_used_again_without_page_faults():
    kept, faults = run()
    if not kept:
        pytest.skip("another C library than glibc")
    assert faults < PAGES


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is on Linux")
def test_thresholds_of_the_environment_are_left_alone():
    kept, faults = run(MALLOC_MMAP_THRESHOLD_="33554432")
    assert not kept
    assert faults > 5 * PAGES


GROWTH = """
import resource, sys
import numpy as np
import torch
from spacy_rnn.network.inference import Wanted, predict
from spacy_rnn.network.language_model import NetworkSettings, RNNLanguageModel
network = RNNLanguageModel(NetworkSettings(3000, "lstm", 64, 64, 1, True), [1] * 3000)
generator = np.random.default_rng(0)

def batches(count):
    for _ in range(count):
        lengths = generator.integers(1, 120, 40)
        ids = generator.integers(0, 3000, lengths.sum())
        predict(network, ids, lengths, ids, Wanted(hidden=True, log_probs=True), exclude=0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

print(batches(12), batches(60))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="megabytes on Linux only")
def test_ever_new_shapes_do_not_fill_the_memory():
    """Five times as many batches, each of other lengths, need hardly more memory."""
    command = [sys.executable, "-c", GROWTH]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("ONEDNN_PRIMITIVE_CACHE_CAPACITY", None)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    before, after = map(int, done.stdout.split())
    assert after < 1.1 * before
