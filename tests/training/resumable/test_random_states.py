"""Random numbers go on where they were."""

import random

import numpy as np
import pytest
import torch

from spacy_rnn.training.resumable.random_states import (
    PythonRandom,
    get_random_states,
    set_random_states,
)
from spacy_rnn.training.resumable.state_file import StateFile


def draw():
    return (
        [random.random(), random.gauss(0, 1), random.randrange(10**9)],
        [np.random.random(), np.random.normal(), np.random.randint(10**9)],
        torch.rand(3).tolist() + torch.randn(3).tolist(),
    )


# the second half of a pair of normal deviates is a part of the state
@pytest.mark.parametrize("before", [0, 1, 2, 5])
def test_all_generators_go_on(before):
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    for _ in range(before):
        draw()
    data = StateFile(get_random_states(5), {}).to_bytes()
    expected = [draw() for _ in range(4)]
    random.seed(2)
    np.random.seed(2)
    torch.manual_seed(2)
    set_random_states(StateFile.from_bytes(data).tensors)
    assert [draw() for _ in range(4)] == expected


def test_states_of_python_and_numpy_survive_as_tensors():
    random.gauss(0, 1)
    np.random.normal()
    kept = PythonRandom.now()
    expected = draw()[:2]
    again = PythonRandom.from_tensors(kept.to_tensors())
    assert again.python == kept.python
    again.use()
    assert draw()[:2] == expected


def test_values_that_json_holds_come_back_exactly():
    values = {"score": 0.1 + 0.2, "losses": {"rnn_lm": 1e-300}, "results": [[0.3, 5]], "none": None}
    tensors = {"a": torch.rand(3, 2), "b": torch.zeros(0, dtype=torch.int64)}
    state = StateFile.from_bytes(StateFile(tensors, values).to_bytes())
    assert state.values == values
    assert all(torch.equal(state.tensors[name], tensor) for name, tensor in tensors.items())
