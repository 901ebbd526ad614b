"""Processes that are started after torch has run threads give what one process gives.

The programs are in process_cases.py; one that hangs is ended, and fails.
"""

import multiprocessing
import os
import subprocess
import sys

import pytest

from ..helpers import ROOT
from . import process_cases

pytestmark = pytest.mark.slow

METHODS = multiprocessing.get_all_start_methods()
needs_fork = pytest.mark.skipif("fork" not in METHODS, reason="the system cannot fork")


def run(case, *args, seconds=200):
    """Run one of the programs in a session of its own, so that its children end with it."""
    program = [sys.executable, "-W", "ignore", "-m", process_cases.__name__, case.__name__, *args]
    environment = {**os.environ, "OMP_NUM_THREADS": "4"}
    options = {"cwd": ROOT, "env": environment, "start_new_session": True}
    child = subprocess.Popen(program, stdout=-1, stderr=subprocess.STDOUT, text=True, **options)
    try:
        output, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, 9)
        pytest.fail(f"{case.__name__} hangs: {child.communicate()[0]}")
    assert child.returncode == 0, output


@pytest.mark.parametrize(
    ("method", "tokenizers"),
    [
        ("fork", ["jieba", "english"]),
        ("spawn", ["jieba", "english"]),
        ("forkserver", ["jieba"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pipe_with_two_processes_gives_what_one_gives(method, tokenizers):
    if method not in METHODS:
        pytest.skip(f"the system cannot {method}")
    run(process_cases.pipe, method, *tokenizers)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_text_that_cannot_be_read_is_an_error_unless_it_was_taken_out_before(method):
    if method not in METHODS:
        pytest.skip(f"the system cannot {method}")
    run(process_cases.bad_text, method)


@needs_fork
def test_workers_forked_after_loading_predict_while_their_parent_does():
    run(process_cases.pool)


@needs_fork
def test_processes_can_be_forked_in_the_middle_of_predictions():
    """Without the gate of `network/forks.py` one of some fifty children hangs."""
    run(process_cases.busy, "20")


@needs_fork
def test_processes_can_be_forked_while_a_thread_makes_what_is_made_once():
    run(process_cases.half_made)


@needs_fork
def test_a_thread_of_a_child_can_have_more_threads_of_torch():
    run(process_cases.threads_in_children)
