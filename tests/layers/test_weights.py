"""Weights in bytes: exact, always the same, and any other file only raises a clear error."""

import json
import pickle
import random
import struct
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load, save

from spacy_rnn.layers.weights import weights_from_bytes, weights_to_bytes
from spacy_rnn.network.language_model import RNNLanguageModel
from spacy_rnn.network.settings import NetworkSettings

SETTINGS = NetworkSettings(9, "lstm", 4, 4, 1, True, (4, 6))
CODE = r"^\[R01[0-2]\]"


def make_network(**changes):
    settings = replace(SETTINGS, **changes)
    return RNNLanguageModel(settings, list(range(settings.words)))


def expected_of(settings):
    """What a config says: all settings but those that follow from the vocabulary."""
    values = settings.to_dict()
    return {key: values[key] for key in values.keys() - {"words", "cutoffs"}}


def read(data, settings=SETTINGS):
    return weights_from_bytes(data, expected_of(settings))


def open_file(data):
    """The header of a safetensors file as a dictionary, and what follows it."""
    (size,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def close_file(header, rest):
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + rest


def forge(**changes):
    """A file whose header claims other settings."""
    header, rest = open_file(weights_to_bytes(make_network()))
    (entry,) = header["__metadata__"]
    claims = json.loads(header["__metadata__"][entry])
    claims["settings"].update(changes)
    del claims["checksum"]  # the checks of single settings must not need it
    header["__metadata__"][entry] = json.dumps(claims)
    return header, rest


def with_tensors(change):
    """A file with the right header and changed tensors."""
    data = weights_to_bytes(make_network())
    header, _ = open_file(data)
    tensors = load(data)
    change(tensors)
    return save(tensors, header["__metadata__"])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cutoffs": ()},
        {"cell": "gru", "depth": 3},
        {"cell": "rnn", "tied": False, "embedding_width": 3},
    ],
    ids=str,
)
def test_weights_and_settings_come_back_exactly(changes):
    network = make_network(**changes)
    loaded = read(weights_to_bytes(network), network.settings)
    assert loaded.settings == network.settings
    saved, found = network.parameters_by_name(), loaded.parameters_by_name()
    assert saved.keys() == found.keys()
    assert all(torch.equal(saved[name], found[name]) for name in saved)
    assert (loaded.softmax.weight is loaded.embedding) == network.settings.tied


def test_equal_weights_give_equal_bytes():
    network = make_network()
    assert len({weights_to_bytes(network) for _ in range(30)}) == 1


def test_loading_leaves_the_random_state_alone():
    data = weights_to_bytes(make_network())
    damaged = with_tensors(lambda tensors: tensors.pop("softmax.bias"))
    before = torch.random.get_rng_state()
    read(data)
    with pytest.raises(ValueError, match=CODE):
        read(damaged)
    assert torch.equal(torch.random.get_rng_state(), before)


OTHERS = {"cell": "gru", "embedding_width": 5, "width": 5, "depth": 2, "tied": False}


@pytest.mark.parametrize(("option", "value"), OTHERS.items())
def test_weights_of_other_settings_are_refused_and_both_values_named(option, value):
    data = weights_to_bytes(make_network())
    expected = {**expected_of(SETTINGS), option: value}
    saved = SETTINGS.to_dict()[option]
    with pytest.raises(ValueError, match=rf"R010.*{option}: {saved} saved, {value} here"):
        weights_from_bytes(data, expected)


def test_truncated_file_is_refused_wherever_it_ends():
    data = weights_to_bytes(make_network())
    places = {*range(12), *range(12, len(data), len(data) // 50), len(data) - 1}
    for place in places:
        with pytest.raises(ValueError, match=CODE):
            read(data[:place])
    with pytest.raises(ValueError, match=CODE):
        read(data + b"\0")


@pytest.mark.slow
def test_flipped_bit_in_the_header_is_refused_or_harmless():
    """Harmless: blanks."""
    network = make_network()
    data = weights_to_bytes(network)
    size = 8 + struct.unpack("<Q", data[:8])[0]
    refused = 0
    for place in range(size):
        damaged = bytearray(data)
        damaged[place] ^= 1 << (place % 8)
        try:
            loaded = read(bytes(damaged))
        except ValueError as error:
            assert str(error).startswith("[R01")
            refused += 1
        else:
            saved, found = network.parameters_by_name(), loaded.parameters_by_name()
            assert all(torch.equal(saved[name], found[name]) for name in saved)
            assert loaded.settings == SETTINGS
    assert refused > size * 0.95


def test_many_random_changes_never_raise_anything_else():
    data = weights_to_bytes(make_network())
    size = 8 + struct.unpack("<Q", data[:8])[0]
    generator = random.Random(0)
    for _ in range(1500):
        damaged = bytearray(data)
        for _ in range(generator.randint(1, 4)):
            damaged[generator.randrange(size)] = generator.randrange(256)
        try:
            read(bytes(damaged))
        except ValueError as error:
            assert str(error).startswith("[R01")


@pytest.mark.parametrize(
    "changes",
    [
        {"words": 10},
        {"words": -9},
        {"words": 10**12},
        {"words": 9.0},
        {"words": True},
        {"words": float("inf")},
        {"width": 4.0},
        {"embedding_width": 4.0},
        {"depth": True},
        {"tied": 1},
        {"cell": ["lstm"]},
        {"cell": "cnn"},
        {"cutoffs": None},
        {"cutoffs": "46"},
        {"cutoffs": []},
        {"cutoffs": [4]},
        {"cutoffs": [6, 4]},
        {"cutoffs": [4, 4]},
        {"cutoffs": [1, 4]},
        {"cutoffs": [4, 9]},
        {"cutoffs": [4.0, 6]},
        {"cutoffs": [4, [6]]},
        {"cutoffs": [4, float("nan")]},
        {"unknown": 1},
    ],
    ids=str,
)
def test_false_claims_of_the_header_are_refused(changes):
    with pytest.raises(ValueError, match=CODE):
        read(close_file(*forge(**changes)))


def test_claimed_sizes_allocate_nothing():
    """A file of a kilobyte that claims a million million words, in all places alike."""
    header, rest = forge(words=10**12)
    header["embedding"]["shape"] = [10**12, 4]
    with pytest.raises(ValueError, match=CODE):
        read(close_file(header, rest))
    header["embedding"]["data_offsets"] = [0, 16 * 10**12]
    with pytest.raises(ValueError, match=CODE):
        read(close_file(header, rest))
    data = weights_to_bytes(make_network())
    with pytest.raises(ValueError, match=CODE):
        read(struct.pack("<Q", 2**63) + data[8:])


def test_deeply_nested_header_is_refused():
    with pytest.raises(ValueError, match=CODE):
        read(close_file(b"[" * 100_000, b""))
    header, rest = forge()
    (entry,) = header["__metadata__"]
    header["__metadata__"][entry] = "[" * 100_000
    with pytest.raises(ValueError, match=CODE):
        read(close_file(header, rest))


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}, {"spacy-rnn": "{}"}], ids=str)
def test_foreign_safetensors_are_refused(metadata):
    with pytest.raises(ValueError, match="R011"):
        read(save({"embedding": torch.zeros(9, 4)}, metadata))


def set_value(value):
    def change(tensors):
        tensors["embedding"][3, 2] = value

    return change


CHANGES = {
    "missing": (lambda t: t.pop("softmax.bias"), "no weight 'softmax.bias'"),
    "extra": (lambda t: t.update(more=torch.zeros(2)), "unknown weight 'more'"),
    "half precision": (lambda t: t.update({"softmax.bias": torch.zeros(9).half()}), "float16"),
    "integers": (lambda t: t.update({"softmax.bias": torch.zeros(9).int()}), "int32"),
    "another shape": (lambda t: t.update({"softmax.bias": torch.zeros(3, 3)}), r"\(3, 3\)"),
    "NaN": (set_value(float("nan")), "'embedding' has values that are not finite"),
    "infinity": (set_value(float("inf")), "'embedding' has values that are not finite"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_tensors_that_do_not_fit_are_refused_and_named(change, message):
    with pytest.raises(ValueError, match=f"R012.*{message}"):
        read(with_tensors(change))


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_pickle_is_refused_and_never_run(tmp_path):
    path = tmp_path / "trap"
    buffer = tmp_path / "weights.pt"
    torch.save({"embedding": Trap(str(path))}, buffer)
    for data in (pickle.dumps(Trap(str(path))), buffer.read_bytes()):
        with pytest.raises(ValueError, match="R011"):
            read(data)
    assert not path.exists()
    pickle.loads(pickle.dumps(Trap(str(path)))).close()
    assert path.exists()
