"""Files of weights that are damaged or made to do harm: noticed, no code run, no memory filled."""

import binascii
import json
import random
import struct

import pytest
import srsly
import torch
from hypothesis import strategies as st
from safetensors.torch import load, save

from spacy_rnn.layers.shim import RNNShim
from spacy_rnn.layers.weights import weights_from_bytes, weights_to_bytes

from ..hostile import damaged, flipped, fuzz, run_within, traps
from .test_weights import CODE, close_file, make_network, open_file

ALL = {
    "speller_width": 4,
    "symbols": 9,
    "symbol_cutoffs": (3, 5),
    "subword_rows": 7,
    "ngram_rows": 5,
}
NETWORK = make_network(direction="both", **ALL)
DATA = weights_to_bytes(NETWORK)
HEADER, TENSORS = open_file(DATA)
START = len(DATA) - len(TENSORS)
SMALL = weights_to_bytes(make_network(cell="rnn", cutoffs=()))
ODD = [
    None, True, False, -1, 0, 1, 2, 3, 7, 9, 255, 2**31, 2**32 + 9, 2**63, 2**64, 10**30, 1.5, 9.0,
    float("nan"), float("inf"), "", "9", "F32", "F16", "F4", "lstm", "cnn", [], [9], [9, 4],
    [0, 144], [-1, 5], [2**62, 4], [[[[]]]], {}, {"a": 1},
]  # fmt: skip


def refused_or_equal(data):
    """Either a clear error, or the very same network."""
    try:
        loaded = weights_from_bytes(data, {})
    except ValueError as error:
        assert str(error).startswith(("[R010]", "[R011]", "[R012]"))
        assert len(str(error)) < 2000
        return None
    assert loaded.settings == NETWORK.settings
    saved, found = NETWORK.parameters_by_name(), loaded.parameters_by_name()
    assert saved.keys() == found.keys()
    assert all(torch.equal(saved[name], found[name]) for name in saved)
    return loaded


# -- the checksum


def test_the_checksum_is_that_of_the_settings_and_all_weights_in_the_file():
    header = json.loads(HEADER["__metadata__"]["spacy-rnn"])
    parts = [json.dumps(header["settings"], sort_keys=True).encode()]
    for name in sorted(HEADER.keys() - {"__metadata__"}):
        begin, end = HEADER[name]["data_offsets"]
        parts += [name.encode(), TENSORS[begin:end]]
    assert int(header["checksum"], 16) == binascii.crc32(b"".join(parts))


def test_a_flipped_bit_in_any_byte_of_the_weights_is_noticed():
    begin = len(SMALL) - len(open_file(SMALL)[1])
    bits = random.Random(0)
    for place in range(begin, len(SMALL)):
        with pytest.raises(ValueError, match=CODE):
            weights_from_bytes(flipped(SMALL, place, bits.randrange(8)), {})
    weights_from_bytes(SMALL, {})


@fuzz(200, place=st.integers(START, len(DATA) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed_in_every_part_of_a_network(place, bit):
    with pytest.raises(ValueError, match=CODE):
        weights_from_bytes(flipped(DATA, place, bit), {})


def test_two_weights_of_one_shape_that_changed_places_are_noticed():
    tensors = load(DATA)
    names = ("encoder.layers.0.bias_ih_l0", "encoder.layers.0.bias_hh_l0")
    tensors[names[0]], tensors[names[1]] = tensors[names[1]], tensors[names[0]]
    with pytest.raises(ValueError, match=r"R011.*checksum"):
        weights_from_bytes(save(tensors, HEADER["__metadata__"]), {})


@pytest.mark.parametrize("checksum", [None, "", "0", 0, True, [], "00000000"])
def test_a_checksum_that_is_none_is_not_that_of_the_weights(checksum):
    header, entry = json.loads(json.dumps(HEADER)), json.loads(HEADER["__metadata__"]["spacy-rnn"])
    header["__metadata__"]["spacy-rnn"] = json.dumps({**entry, "checksum": checksum})
    with pytest.raises(ValueError, match=r"R011.*checksum"):
        weights_from_bytes(close_file(header, TENSORS), {})


def test_a_file_of_before_there_were_checksums_is_read():
    entry = json.loads(HEADER["__metadata__"]["spacy-rnn"])
    del entry["checksum"]
    assert refused_or_equal(save(load(DATA), {"spacy-rnn": json.dumps(entry)})) is not None


# -- random damage


@fuzz(600, data=damaged(DATA))
def test_damaged_files_are_refused(data):
    refused_or_equal(data)


@fuzz(600, header=damaged(DATA[8:START]))
def test_damaged_headers_of_the_right_length_are_refused(header):
    refused_or_equal(struct.pack("<Q", len(header)) + header + TENSORS)


@fuzz(300, data=st.binary(max_size=200))
def test_bytes_of_chance_are_refused(data):
    with pytest.raises(ValueError, match=CODE):
        weights_from_bytes(data, {})


PLACES = [(name, key) for name in HEADER if name != "__metadata__" for key in HEADER[name]]
CLAIMS = sorted(json.loads(HEADER["__metadata__"]["spacy-rnn"])["settings"])


@fuzz(
    800,
    entries=st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD)), max_size=3),
    claims=st.lists(st.tuples(st.sampled_from(CLAIMS), st.sampled_from(ODD)), max_size=3),
    checked=st.booleans(),
)
def test_edited_headers_are_refused(entries, claims, checked):
    """Shapes, types, offsets that overlap, and settings, as somebody would forge them."""
    header = json.loads(json.dumps(HEADER))
    for (name, key), value in entries:
        header[name][key] = value
    entry = json.loads(header["__metadata__"]["spacy-rnn"])
    entry["settings"].update(claims)
    if not checked:  # only then do the other checks have the last word
        del entry["checksum"]
    header["__metadata__"]["spacy-rnn"] = json.dumps(entry)
    refused_or_other_clusters(close_file(header, TENSORS))


def refused_or_other_clusters(data):
    """Without a checksum, clusters of other rows make a network too."""
    try:
        loaded = weights_from_bytes(data, {})
    except ValueError as error:
        assert str(error).startswith(("[R010]", "[R011]", "[R012]"))
    else:
        assert sum(p.numel() for p in loaded.parameters()) * 4 == len(TENSORS)


# -- sizes that aren't there

CLAIM = """
import json, struct, sys, time
from tests.layers.test_hostile_weights import DATA, HEADER, TENSORS, close_file
from spacy_rnn.layers.weights import weights_from_bytes
try:
    weights_from_bytes(DATA[:-1], {})
except ValueError:
    pass
def attempt(name, data):
    start = time.process_time()
    try:
        print(name, weights_from_bytes(data, {}))
    except Exception as error:
        print(name, type(error).__name__, str(error)[:6], time.process_time() - start < 30)
def forge(settings, before="", **tensors):
    header = json.loads(json.dumps(HEADER))
    entry = json.loads(header["__metadata__"]["spacy-rnn"])
    entry["settings"].update(settings)
    del entry["checksum"]
    header["__metadata__"]["spacy-rnn"] = json.dumps(entry)
    text = json.dumps(header)
    for name, shape in tensors.items():
        # safetensors reads one of two entries of a name, json the other one
        twice = json.dumps({name: {**HEADER[name], "shape": shape}})[1:-1]
        text = "{" + twice + ", " + text[1:] if before else text[:-1] + ", " + twice + "}"
    return close_file(text.encode(), TENSORS)
"""
CLAIMED = """
big = 10**9
for before in ("", "before"):
    attempt("words twice", forge({"words": big}, before, embedding=[big, 4]))
    attempt("symbols", forge({"symbols": big}, before, **{"speller.embedding": [big, 4]}))
    attempt("subwords", forge({"subword_rows": big}, before, **{"subwords.weight": [big, 4]}))
    attempt("n-grams", forge({"ngram_rows": big}, before, **{"subwords.ngram_weight": [big, 4]}))
for size in (10**6, 10**9, 2**31, 2**40, 2**63, 10**30, 10**400):
    attempt("width", forge({"width": size}))
    attempt("depth", forge({"depth": size}))
    attempt("speller", forge({"speller_width": size, "symbols": 9}))
attempt("rows", forge({"cutoffs": list(range(2, 9)) * 100_000}))
attempt("header", struct.pack("<Q", 39 << 20) + b"[],[" * (10 << 20))
lists = b'{"__metadata__":[' + b"[]," * (13 << 20) + b"[]]}"
attempt("lists", struct.pack("<Q", len(lists)) + lists)
empty = {f"w{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(3_400)}
deep = json.loads(json.dumps(HEADER))
entry = json.loads(deep["__metadata__"]["spacy-rnn"])
entry["settings"]["depth"] = 850
deep["__metadata__"]["spacy-rnn"] = json.dumps(entry)
attempt("layers", close_file({**empty, **deep}, TENSORS))
"""


@pytest.mark.slow
def test_claims_of_any_size_are_refused_in_little_memory():
    """Lists of 10⁹ rows would need 8 GB."""
    *lines, memory = run_within(700, CLAIM, CLAIMED)
    assert len(lines) == 8 + 21 + 4
    for line in lines:
        assert line.endswith(("ValueError [R011] True", "ValueError [R012] True")), line
    # headers of 40 MB are made here
    assert int(memory.split()[-1]) < 300


def test_the_error_of_a_file_with_thousands_of_weights_is_short():
    tensors = {f"w{number}": torch.zeros(1) for number in range(3000)}
    data = save({**load(DATA), **tensors}, HEADER["__metadata__"])
    with pytest.raises(ValueError, match=r"R012.*unknown weight.*and 2995 more") as caught:
        weights_from_bytes(data, {})
    assert len(str(caught.value)) < 1000


# -- code


def test_no_pickle_is_run_as_weights_or_in_their_container(tmp_path):
    trap = tmp_path / "trap"
    for kind, data in traps(trap).items():
        for state in (data, DATA[:START] + data, struct.pack("<Q", len(data)) + data):
            with pytest.raises(ValueError, match=r"R01[12]"):
                weights_from_bytes(state, {})
            for message in (data, srsly.msgpack_dumps({"config": {}, "state": state})):
                with pytest.raises(ValueError, match=r"R01[12]"):
                    RNNShim({}, "float32").from_bytes(message)
        assert not trap.exists(), kind
