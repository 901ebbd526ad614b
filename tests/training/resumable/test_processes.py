"""Several processes that train together do what one would do."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from spacy_rnn.training.resumable.checkpoints import Checkpoints
from spacy_rnn.training.resumable.processes import Processes

from ...helpers import ROOT
from .split_batch import train_parts
from .trainings import TAGGER, annotate, last_letter, make_config, stream_config, write_texts

pytestmark = pytest.mark.slow

SPLIT = Path(__file__).with_name("split_batch.py")
SPLITS = {
    "clusters": {"training__batcher__size": 60, "components__rnn_lm__model__cutoffs": [6, 15]},
    "windows in both directions": {
        "training__batcher__size": 60,
        "components__rnn_lm__model__direction": "both",
        "corpora__train__max_length": 5,
    },
    "parts": {
        "training__batcher__size": 120,
        "training__accumulate_gradient": 3,
        "components__rnn_lm__model__direction": "both",
        "corpora__train__max_length": 5,
    },
    # of a batch of one document only one process gets anything
    "empty shares": {"training__batcher__size": 1},
}


def torchrun(*args):
    """Start a program in two processes of one thread each."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node=2", *map(str, args)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=environment, cwd=ROOT, **pipes)


def finish(process, code=0):
    output, _ = process.communicate(timeout=300)
    assert process.returncode == code, output
    return output


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """The configs, and what two processes made of them."""
    folder = tmp_path_factory.mktemp("split")
    write_texts(folder)
    still = {"training__dropout": 0.0}
    configs = {name: make_config(folder, **still, **more) for name, more in SPLITS.items()}
    listening = make_config(folder, **still, **TAGGER, **annotate(folder, "tags", last_letter))
    configs["listener"] = listening
    path = folder / "configs.json"
    path.write_text(json.dumps(configs))
    finish(torchrun(SPLIT, path, folder))
    made = {
        name: [dict(np.load(folder / f"{name}-{rank}.npz")) for rank in range(2)]
        for name in configs
    }
    return configs, made


@pytest.mark.parametrize("name", SPLITS)
def test_two_processes_on_halves_of_a_batch_do_what_one_does_on_the_whole(splits, name):
    configs, made = splits
    before, alone = train_parts(configs[name], Processes())
    for weight in alone:
        np.testing.assert_allclose(made[name][0][weight], alone[weight], rtol=0, atol=1e-6)
    assert max(np.abs(alone[weight] - before[weight]).max() for weight in alone) > 1e-2


@pytest.mark.parametrize("name", [*SPLITS, "listener"])
def test_weights_stay_the_same_in_all_processes(splits, name):
    first, second = splits[1][name]
    assert first.keys() == second.keys()
    for weight in first:
        assert np.array_equal(first[weight], second[weight]), weight


def test_components_that_listen_learn_in_several_processes(splits):
    configs, made = splits
    before, _ = train_parts(configs["listener"], Processes())
    for weight in ("rnn_lm.1.embedding", "tagger.3.W"):
        assert np.abs(made["listener"][0][weight] - before[weight]).max() > 1e-2


def test_processes_that_were_stopped_go_on_as_if_they_had_not_been(texts, tmp_path):
    config = stream_config(texts, training__max_steps=60, training__eval_frequency=20)
    path = tmp_path / "config.cfg"
    config.to_disk(path)
    command = ["-m", "spacy", "rnn", "train", path, "--checkpoint-every", 5, "--output"]
    finish(torchrun(*command, tmp_path / "whole"))
    process = torchrun(*command, tmp_path / "broken")
    checkpoints = tmp_path / "broken" / "checkpoint"
    while not any(checkpoints.glob("step-*")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    # torchrun's own exit code after a signal
    assert "Stopped after" in finish(process, 1)
    (last,) = Checkpoints(checkpoints).paths()[-1:]
    assert last.name < "step-000000061"
    finish(torchrun(*command, tmp_path / "broken", "--resume"))
    for name in ("meta.json", "rnn_lm/model", "rnn_lm/spacing"):
        whole, broken = (tmp_path / x / "model-last" / name for x in ("whole", "broken"))
        assert whole.read_bytes() == broken.read_bytes()
