"""LSTM layers whose weights are packed once: torch's numbers, and never those of old weights."""

import copy
import gc
import pickle

import numpy as np
import pytest
import torch

from spacy_rnn._compat import torch as compat
from spacy_rnn.network import packed_lstm
from spacy_rnn.network.layout import make_layout
from spacy_rnn.network.packed_lstm import run_layer
from spacy_rnn.network.recurrent import RecurrentStack, State

from . import naive

packs = pytest.mark.skipif(not compat.packs_lstm(), reason="torch was built without oneDNN")


def make_layer(input_width=5, width=7):
    torch.manual_seed(0)
    layer = torch.nn.LSTM(input_width, width)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(0, 0.7)
    return layer


@pytest.fixture
def packings(monkeypatch):
    """How often weights were packed."""
    seen = []

    def pack(*weights):
        seen.append(weights)
        return compat.pack_lstm(*weights)

    monkeypatch.setattr(packed_lstm, "pack_lstm", pack)
    return seen


def read(layer, inputs, state):
    with torch.no_grad():
        return run_layer(layer, inputs, *state)


def assert_as_torch(layer, inputs, state):
    """Bit for bit: the same code runs on the same weights."""
    found = read(layer, inputs, state)
    with torch.no_grad():
        output, (h, c) = layer(inputs, state)
    for ours, theirs in zip(found, (output, h, c), strict=True):
        assert torch.equal(ours, theirs)


@packs
@pytest.mark.parametrize("sequences", [1, 3, 40])
@pytest.mark.parametrize("steps", [1, 2, 30])
def test_numbers_are_those_of_torch_whatever_the_shape(packings, steps, sequences):
    layer = make_layer()
    state = torch.randn(1, sequences, 7), torch.randn(1, sequences, 7)
    before = [part.clone() for part in state]
    for _ in range(2):
        assert_as_torch(layer, torch.randn(steps, sequences, 5), state)
    assert len(packings) == 1
    assert all(map(torch.equal, state, before))


@packs
def test_a_part_of_a_larger_state_is_read_as_it_is():
    layer, whole = make_layer(), torch.randn(2, 1, 4, 7)
    assert_as_torch(layer, torch.randn(3, 4, 5)[:, :2], tuple(whole[:, :, :2]))


@packs
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_stack_gives_the_same_without_packing(monkeypatch, cell):
    torch.manual_seed(0)
    stack, lengths = RecurrentStack(cell, 5, 7, 2), np.array([4, 1, 4, 2])
    inputs, layout = torch.randn(11, 5), make_layout(lengths)
    results = []
    for can in (True, False):
        monkeypatch.setattr(packed_lstm, "packs_lstm", lambda can=can: can)
        with torch.no_grad():
            hidden, state = stack(inputs, layout, stack.zero_state(4))
            _, one = stack.read(inputs[:1], stack.zero_state(1))
        results.append([t for t in (hidden, *state, *one) if t is not None])
    for packed, plain in zip(*results, strict=True):
        assert torch.equal(packed, plain)


def multiply(weight):
    with torch.no_grad():
        weight.mul_(2)


def switch_a_unit_off(weight):
    weight.data[3:4] = 0


def stop_listening_to_a_unit(weight):
    weight.data[:, 3] = 0


def change_through_numpy(weight):
    weight.detach().numpy()[:] = 0.1


def give_other_data(weight):
    weight.data = weight.data + 1


OF_ANY = [multiply, switch_a_unit_off, change_through_numpy, give_other_data]
CHANGES = [(name, change) for name in ("weight_ih_l0", "weight_hh_l0") for change in OF_ANY]
CHANGES += [("weight_ih_l0", stop_listening_to_a_unit), ("weight_hh_l0", stop_listening_to_a_unit)]
CHANGES += [("bias_ih_l0", change) for change in OF_ANY]


@packs
@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_changed_weights_are_packed_anew(packings, name, change):
    layer, inputs = make_layer(), torch.randn(4, 1, 5)
    state = torch.randn(1, 1, 7), torch.randn(1, 1, 7)
    before = read(layer, inputs, state)[0]
    change(getattr(layer, name))
    assert not torch.equal(read(layer, inputs, state)[0], before)
    assert_as_torch(layer, inputs, state)
    assert len(packings) == (1 if name.startswith("bias") else 2)


@packs
@pytest.mark.parametrize("input_width", [1, 5, 8, 40])
def test_a_change_of_any_row_or_column_is_noticed(packings, input_width):
    layer, inputs = make_layer(input_width), torch.randn(4, 1, input_width)
    state = torch.randn(1, 1, 7), torch.randn(1, 1, 7)
    for weight in (layer.weight_ih_l0, layer.weight_hh_l0):
        for part in (*weight.data.unbind(0), *weight.data.unbind(1)):
            read(layer, inputs, state)
            del packings[:]
            part += 0.5
            assert_as_torch(layer, inputs, state)
            assert len(packings) == 1


@packs
def test_weights_in_another_order_in_memory_are_read_by_torch(packings):
    layer, inputs = make_layer(), torch.randn(4, 1, 5)
    turned = layer.weight_hh_l0.detach().t().contiguous().t()
    layer.weight_hh_l0 = torch.nn.Parameter(turned)
    assert_as_torch(layer, inputs, (torch.randn(1, 1, 7), torch.randn(1, 1, 7)))
    assert packings == []


@packs
@pytest.mark.parametrize("lengths", [[6], [4, 1, 4, 2, 4, 4, 3, 4, 4, 4]], ids=["one", "many"])
def test_a_layer_with_a_hook_is_called(packings, lengths):
    network, told = naive.make_network(depth=2), []
    ids, _, lengths = naive.make_batch(lengths)
    network.stack().layers[1].register_forward_hook(lambda *call: told.append(call))
    with torch.no_grad():
        network.encode(torch.from_numpy(ids), lengths)
    assert told


@packs
def test_no_copy_and_no_file_holds_packed_weights_and_they_go_with_the_layer(packings):
    layer, state = make_layer(), (torch.zeros(1, 1, 7), torch.zeros(1, 1, 7))
    inputs = torch.randn(2, 1, 5)
    gc.collect()  # what other tests left
    kept, size = len(packed_lstm._KEPT), len(pickle.dumps(layer))
    expected = read(layer, inputs, state)[0]
    assert len(pickle.dumps(layer)) == size
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(read(other, inputs, state)[0], expected)
    assert len(packings) == 3
    del layer, other
    packings.clear()
    gc.collect()
    assert len(packed_lstm._KEPT) == kept


@packs
def test_only_predictions_in_float32_are_read_so(packings):
    layer, inputs = make_layer(), torch.randn(2, 1, 5)
    state = State(torch.zeros(1, 1, 7), torch.zeros(1, 1, 7))
    run_layer(layer, inputs, *state)[0].sum().backward()
    assert layer.weight_hh_l0.grad.any()
    with torch.autocast("cpu", torch.bfloat16):
        read(layer, inputs, state)
    double = make_layer().double()
    read(double, inputs.double(), [part.double() for part in state])
    with torch.backends.mkldnn.flags(enabled=False):
        assert_as_torch(layer, inputs, state)
    assert not packings
    read(layer, inputs, state)
    assert len(packings) == 1


def test_weights_that_do_not_tell_when_they_change_are_never_kept(packings):
    with torch.inference_mode():
        layer, state = make_layer(), (torch.zeros(1, 1, 7), torch.zeros(1, 1, 7))
        assert_as_torch(layer, torch.randn(2, 1, 5), state)
    assert not packings
