"""`python -m spacy rnn train`: killed and stopped at any moment, and continued."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
import spacy
from spacy.util import load_config

from ..helpers import ROOT, run_spacy
from ..training.resumable.trainings import bytes_of, make_config, run_whole, write_texts


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """The path of a config."""
    folder = tmp_path_factory.mktemp("training")
    write_texts(folder)
    config = make_config(folder, training__max_steps=60, training__eval_frequency=15)
    config.to_disk(folder / "config.cfg")
    return folder / "config.cfg"


@pytest.fixture(scope="module")
def expected(config):
    """The weights that an undisturbed training makes of it."""
    return bytes_of(run_whole(load_config(config, interpolate=False), config.parent / "whole"))


def start(config, output, *more):
    command = [sys.executable, "-m", "spacy", "rnn", "train", str(config), "--output", str(output)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*command, "--checkpoint-every", "3", *more],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_checkpoint(process, output, after=0):
    """Wait until there is a checkpoint of a later step."""
    while process.poll() is None:
        steps = [int(p.name[-9:]) for p in (output / "checkpoint").glob("step-*")]
        if steps and max(steps) > after:
            return max(steps)
        time.sleep(0.005)
    raise AssertionError(process.communicate()[0])


@pytest.mark.slow
def test_a_training_that_is_killed_again_and_again_ends_with_the_same_weights(
    config, expected, tmp_path
):
    draw, reached = random.Random(), 0
    for _ in range(3):
        process = start(config, tmp_path / "out", "--resume")
        reached = wait_for_checkpoint(process, tmp_path / "out", reached)
        time.sleep(draw.uniform(0, 0.3))  # anywhere: in a step, an evaluation, a checkpoint
        process.kill()
        process.communicate()
    process = start(config, tmp_path / "out", "--resume")
    output = process.communicate()[0]
    assert process.returncode == 0, output
    assert bytes_of(spacy.load(tmp_path / "out" / "model-last")) == expected
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "checkpoint",
        "model-best",
        "model-last",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_a_step_with_a_checkpoint(config, expected, tmp_path, number):
    process = start(config, tmp_path / "out")
    wait_for_checkpoint(process, tmp_path / "out")
    process.send_signal(number)
    output = process.communicate()[0]
    assert process.returncode == 128 + number, output
    assert "--resume goes on" in output
    last = max((tmp_path / "out" / "checkpoint").glob("step-*"))
    assert bytes_of(spacy.load(last / "pipeline")) == bytes_of(
        spacy.load(tmp_path / "out" / "model-last")
    )
    process = start(config, tmp_path / "out", "--resume")
    assert f"Going on after {int(last.name[-9:])} steps" in process.communicate()[0]
    assert bytes_of(spacy.load(tmp_path / "out" / "model-last")) == expected


def test_settings_can_be_given_on_the_command_line(config, tmp_path):
    done = run_spacy(
        *("rnn", "train", config, "--output", tmp_path / "out", "--training.max_steps", 5)
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "checkpoint" / "step-000000006").is_dir()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--resume", "--overwrite"], "R511"),
        (["--checkpoint-every", 0], "R009"),
        (["--gpu-id", 63], "R516"),
    ],
)
def test_wrong_options_are_one_clear_line(config, tmp_path, arguments, message):
    done = run_spacy("rnn", "train", config, "--output", tmp_path / "out", *arguments)
    assert done.exit_code == 1
    assert message in done.output and "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_a_missing_config_is_one_clear_line(tmp_path):
    done = run_spacy("rnn", "train", tmp_path / "no.cfg", "--output", tmp_path / "out")
    assert done.exit_code == 1 and "R613" in done.output


def test_a_second_training_in_the_folder_is_one_clear_line(config, tmp_path):
    arguments = ("rnn", "train", config, "--output", tmp_path, "--training.max_steps", 1)
    assert run_spacy(*arguments).exit_code == 0
    done = run_spacy(*arguments)
    assert done.exit_code == 1 and "R601" in done.output
