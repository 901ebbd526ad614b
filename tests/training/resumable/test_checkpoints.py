"""Checkpoints and model folders outlive a kill, a full disk and a torn file."""

import contextlib
import json
import os
import resource
import shutil
from pathlib import Path

import pytest

from spacy_rnn.training.resumable import folders
from spacy_rnn.training.resumable.checkpoints import Checkpoints, check_files
from spacy_rnn.training.resumable.folders import remove_folder, restore_folder, write_folder

from .trainings import Told, begin, bytes_of, make_config, run_killed, run_whole


def fill_with(text):
    def fill(folder):
        for name in ("a", "b", "deep/c"):
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text + name)

    return fill


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def moments(monkeypatch, tmp_path):
    """Copies of a folder before every change on the disk that `folders` makes: what a kill at
    that moment would leave."""
    root, copies = tmp_path / "root", []
    root.mkdir()

    def keep():
        copies.append(tmp_path / f"moment-{len(copies)}")
        shutil.copytree(root, copies[-1])

    def noticing(function):
        def run(*args, **kwargs):
            keep()
            return function(*args, **kwargs)

        return run

    def remove_one_by_one(folder):
        for path in sorted(folder.rglob("*"), reverse=True):
            keep()
            path.rmdir() if path.is_dir() else path.unlink()
        keep()
        folder.rmdir()

    monkeypatch.setattr(Path, "rename", noticing(Path.rename))
    monkeypatch.setattr(Path, "mkdir", noticing(Path.mkdir))
    monkeypatch.setattr(Path, "write_text", noticing(Path.write_text))
    monkeypatch.setattr(folders.shutil, "rmtree", remove_one_by_one)
    yield root, copies
    keep()


def test_a_folder_is_the_old_one_or_the_new_one_at_every_moment(moments):
    root, copies = moments
    target = root / "model"
    write_folder(target, fill_with("old "))
    old = content(target)
    begun = len(copies)
    write_folder(target, fill_with("new "))
    new = content(target)
    assert old != new and len(copies) > begun + 8
    seen = []
    for copy in list(copies[begun:]):
        restore_folder(copy / "model")
        seen.append(content(copy / "model"))
        assert [path.name for path in copy.iterdir()] == ["model"]
    assert all(each in (old, new) for each in seen)
    assert seen[0] == old and seen[-1] == new


def test_a_removed_folder_is_whole_or_gone_at_every_moment(moments):
    root, copies = moments
    write_folder(root / "model", fill_with("old "))
    old, begun = content(root / "model"), len(copies)
    remove_folder(root / "model")
    for copy in list(copies[begun:]):
        restore_folder(copy / "model")
        assert content(copy / "model") in (old, {})


def test_there_is_a_usable_checkpoint_at_every_moment(moments):
    root, copies = moments
    checkpoints = Checkpoints(root)
    known = {}
    for step in (1, 2, 3, 4):
        path = checkpoints.write(step, fill_with(f"{step} "))
        known[path.name] = content(path)
        if step == 1:
            begun = len(copies)
    assert [path.name[-1] for path in checkpoints.paths()] == ["3", "4"]
    newest = []
    for copy in list(copies[begun:]):
        found = Checkpoints(copy).find(pytest.fail)
        assert content(found) == known[found.name]
        newest.append(found.name)
    assert newest == sorted(newest)
    assert len(set(newest)) >= 3


@pytest.mark.parametrize("harm", ["torn", "flipped", "missing", "no list", "not json", "foreign"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path, harm):
    checkpoints = Checkpoints(tmp_path)
    first = checkpoints.write(5, fill_with("first "))
    last = checkpoints.write(9, fill_with("last "))
    file, names = last / "deep" / "c", last / "files.json"
    if harm == "torn":
        os.truncate(file, 3)
    elif harm == "flipped":
        data = bytearray(file.read_bytes())
        data[2] ^= 4
        file.write_bytes(data)
    elif harm == "missing":
        file.unlink()
    elif harm == "no list":
        names.unlink()
    elif harm == "not json":
        os.truncate(names, 20)
    else:
        names.write_text(json.dumps({"format": "another", "files": {}}))
    told = []
    assert checkpoints.find(told.append) == first
    assert len(told) == 1 and "R604" in told[0] and last.name in told[0]
    # the damaged one makes room for one of the same training, and never counts as one that is kept
    checkpoints.write(7, fill_with("again "))
    assert [path.name[-1] for path in checkpoints.paths()] == ["5", "7"]
    check_files(checkpoints.paths()[-1])


def test_only_damaged_checkpoints_are_an_error(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    (checkpoints.write(5, fill_with("")) / "a").write_text("changed")
    with pytest.raises(ValueError, match="R605"):
        checkpoints.find(lambda text: None)


@contextlib.contextmanager
def no_room(size):
    """No file can grow beyond so many bytes: writing fails within it, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.slow
def test_a_full_disk_leaves_the_checkpoint_before_and_the_training_goes_on(texts, tmp_path):
    config = make_config(texts, training__eval_frequency=100)
    whole = run_whole(config, tmp_path / "whole")
    told = Told()
    run = begin(config, tmp_path / "out", every=3, told=told)
    step = run.loop.step

    def step_with_a_full_disk():
        if run.loop.progress.steps == 6:
            room.enter_context(no_room(2000))
        if run.loop.progress.steps == 12:
            room.close()
        return step()

    run.loop.step = step_with_a_full_disk
    with contextlib.ExitStack() as room:
        run.execute()
    assert [text.split(":")[0] for text in told.warned] == [
        f"[W601] No checkpoint after step {steps} in {tmp_path / 'out' / 'checkpoint'}"
        for steps in (9, 12)
    ]
    assert bytes_of(run.loop.nlp) == bytes_of(whole)
    paths = Checkpoints(tmp_path / "out" / "checkpoint").paths()
    assert [path.name for path in paths] == ["step-000000015", "step-000000017"]


@pytest.mark.slow
def test_a_model_that_can_not_be_written_leaves_the_one_before(texts, undisturbed, tmp_path):
    config = make_config(texts)
    run = begin(config, tmp_path / "out", every=3)
    step, kept = run.loop.step, {}

    def step_with_a_full_disk():
        if run.loop.progress.steps == 6:
            kept.update(files_of(tmp_path / "out" / "model-last"))
            room.enter_context(no_room(2000))
        return step()

    run.loop.step = step_with_a_full_disk
    with (
        contextlib.ExitStack() as room,
        pytest.raises(ValueError, match=rf"R618.*{tmp_path}.out.*large"),
    ):
        run.execute()
    assert kept and files_of(tmp_path / "out" / "model-last") == kept
    assert files_of(tmp_path / "out" / "model-best") == kept
    resumed = run_whole(config, tmp_path / "out", resume=True)
    assert bytes_of(resumed) == undisturbed.weights()


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_torn_checkpoint_costs_the_steps_since_the_one_before(texts, undisturbed, tmp_path):
    config = make_config(texts)
    run_killed(config, tmp_path / "out", 13, every=4)
    last = tmp_path / "out" / "checkpoint" / "step-000000012"
    os.truncate(last / "pipeline" / "rnn_lm" / "model", 1000)
    told = Told()
    resumed = run_whole(config, tmp_path / "out", every=4, resume=True, told=told)
    assert "R604" in told.warned[0]
    assert "Going on after 8 steps" in told.said[0]
    assert bytes_of(resumed) == undisturbed.weights()
