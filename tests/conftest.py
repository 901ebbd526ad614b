"""Shared fixtures: pipelines that are trained once."""

import gc
import logging
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from spacy.tokens import DocBin

from . import hostile
from .helpers import CHINESE, load_script, make_trained, run_spacy, train_corpus, write_corpus

# Networks this small gain nothing by threads, and lose much where others use the cores too.
torch.set_num_threads(1)

# A shell's background job ignores Ctrl-C, and so would the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that are marked slow too")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)


def pytest_collection_finish(session):
    # What was imported and collected stays: looking through it again took a fifth of the time.
    gc.collect()
    gc.freeze()


def pytest_report_header(config):
    slow = "run too" if config.getoption("--slow") else "left out, --slow runs them too"
    share = f"{hostile.FACTOR:g} of the cases, SPACY_RNN_FUZZ_SEED={hostile.SEED} draws the same"
    return [f"slow tests: {slow}", f"hostile input: {share}"]


def pytest_terminal_summary(terminalreporter):
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"hostile input: SPACY_RNN_FUZZ_SEED={hostile.SEED}")


@pytest.fixture(scope="session")
def trained():
    """A small pipeline trained on English. Shared: tests must not change it."""
    return make_trained()


@pytest.fixture(scope="session")
def chinese():
    """A small pipeline trained on Chinese. Shared: tests must not change it."""
    return make_trained(CHINESE, lang="zh")


@pytest.fixture(scope="session")
def workflow(tmp_path_factory):
    """The files of the main job on a tiny corpus: text, train, evaluate. Read only."""
    root = tmp_path_factory.mktemp("workflow")
    text = write_corpus(root / "text")
    log = root / "log.jsonl"
    training = train_corpus(text, root / "out", **{"--paths.log": log})
    assert training.exception is None, training.output
    model, test, metrics = root / "out" / "model-best", root / "test.spacy", root / "test.json"
    nlp = load_script("prepare").load_tokenizer(model / "config.cfg", {})
    lines = (text / "test.txt").read_text("utf8").splitlines()
    DocBin(docs=[nlp.make_doc(line) for line in lines]).to_disk(test)
    evaluation = run_spacy("rnn", "evaluate", model, test, "--output", metrics)
    assert evaluation.exception is None, evaluation.output
    return SimpleNamespace(
        root=root,
        text=text,
        log=log,
        model=model,
        test=test,
        metrics=metrics,
        training=training.output,
        evaluation=evaluation.output,
        lines=lines,
    )


@pytest.fixture(scope="session")
def local_ray():
    """Ray on this machine: two workers and a CPU for what reads and writes."""
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    ray.init("local", num_cpus=3, include_dashboard=False, log_to_driver=False)
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    yield ray
    ray.shutdown()


@pytest.fixture
def data_folder():
    folder = Path(__file__).parents[1] / ".." / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the corpora beside the repository")
    return folder
