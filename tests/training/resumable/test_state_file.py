"""A part of a training's state on the disk."""

import tracemalloc

import pytest
import torch

from spacy_rnn.training.resumable.state_file import StateFile

STATE = StateFile({"moment": torch.arange(6.0).view(2, 3).T, "empty": torch.zeros(0)}, {"a": [1]})


def test_the_file_has_the_bytes_of_the_state(tmp_path):
    STATE.to_disk(tmp_path / "state")
    data = (tmp_path / "state").read_bytes()
    assert data == STATE.to_bytes()
    again = StateFile.from_bytes(data)
    assert again.values == STATE.values
    assert torch.equal(again.tensors["moment"], STATE.tensors["moment"])


def test_the_file_is_written_without_a_copy_of_the_tensors(tmp_path):
    state = StateFile({"moment": torch.zeros(1 << 18)}, {})
    tracemalloc.start()
    state.to_disk(tmp_path / "state")
    on_disk = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    size = len(state.to_bytes())
    in_memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert on_disk < size / 2 < in_memory


def test_what_the_disk_refuses_is_the_systems_error(tmp_path):
    with pytest.raises(OSError):
        STATE.to_disk(tmp_path / "missing" / "state")
    (tmp_path / "state").mkdir()
    with pytest.raises(OSError):
        STATE.to_disk(tmp_path / "state")
