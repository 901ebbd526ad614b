"""Direction and spelling are settings of the weights: saved with them, and checked."""

import json
import pickle
import struct

import numpy as np
import pytest
import srsly

from spacy_rnn.layers.rnn_lm_model import build_rnn_lm
from spacy_rnn.layers.shim import get_shim
from spacy_rnn.layers.sources import SourceModel

from .models import make_docs, make_model

NEW = ("direction", "subword_rows")


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("duplicate", ["bytes", "disk", "pickle", "copy"])
def test_saved_models_predict_the_same_bits(direction, duplicate, tmp_path):
    options = {"direction": direction, "depth": 2, "subword_rows": 30}
    model, docs = make_model(**options), make_docs()
    model.to_disk(tmp_path / "model")
    loaded = {
        "bytes": lambda: make_model(initialize=False, **options).from_bytes(model.to_bytes()),
        "disk": lambda: make_model(initialize=False, **options).from_disk(tmp_path / "model"),
        "pickle": lambda: pickle.loads(pickle.dumps(model)),
        "copy": model.copy,
    }[duplicate]()
    for one, other in zip(model.predict(docs), loaded.predict(docs), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("option", "saved", "here"),
    [
        ("direction", "forward", "backward"),
        ("direction", "backward", "both"),
        ("direction", "both", "forward"),
        ("subword_rows", 0, 30),
        ("subword_rows", 30, 0),
        ("subword_rows", 30, 31),
        ("ngram_rows", 0, 30),
        ("ngram_rows", 30, 31),
        ("ngram_min", 3, 2),
        ("ngram_max", 5, 6),
    ],
)
def test_weights_of_other_settings_are_refused_and_both_values_named(option, saved, here):
    data = get_shim(make_model(**{option: saved})).to_bytes()
    shim = get_shim(make_model(initialize=False, **{option: here}))
    with pytest.raises(ValueError, match=f"R010.*{option}: {saved} saved, {here} here"):
        shim.from_bytes(data)


def with_claims(data, change):
    """The bytes of a model whose header claims other settings."""
    message = srsly.msgpack_loads(data)
    shims = []
    for layer in message["shims"]:
        layers = []
        for shim in layer:
            content = srsly.msgpack_loads(shim)
            content["state"] = _rewritten(content["state"], change)
            layers.append(srsly.msgpack_dumps(content))
        shims.append(layers)
    return srsly.msgpack_dumps({**message, "shims": shims})


def _without_new(settings):
    for name in NEW:
        del settings[name]


def _rewritten(state, change):
    (size,) = struct.unpack("<Q", state[:8])
    header = json.loads(state[8 : 8 + size])
    ((entry, text),) = header["__metadata__"].items()
    claims = json.loads(text)
    change(claims["settings"])
    del claims["checksum"]  # the first files had none
    header["__metadata__"][entry] = json.dumps(claims)
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + state[8 + size :]


@pytest.mark.parametrize("options", [{}, {"depth": 2, "cell": "gru", "cutoffs": None}], ids=str)
def test_a_model_saved_before_the_settings_existed_is_a_forward_one_without_spelling(options):
    model, docs = make_model(**options), make_docs()
    data = with_claims(model.to_bytes(), _without_new)
    assert b"subword_rows" in model.to_bytes() and b"subword_rows" not in data
    loaded = make_model(initialize=False, **options).from_bytes(data)
    assert get_shim(loaded).network.settings == get_shim(model).network.settings
    for one, other in zip(model.predict(docs), loaded.predict(docs), strict=True):
        np.testing.assert_array_equal(one, other)
    for option, value in (("direction", "backward"), ("subword_rows", 30)):
        with pytest.raises(ValueError, match=f"R010.*{option}"):
            make_model(initialize=False, **options, **{option: value}).from_bytes(data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direction": "left"}, "R008.*direction.*'left'.*forward, backward, both"),
        ({"subword_rows": -1}, "R309.*subword_rows.*-1"),
        ({"subword_rows": 1}, "R309.*subword_rows.*1"),
        ({"ngram_rows": -1}, "R309.*ngram_rows.*-1"),
        ({"ngram_min": 4, "ngram_max": 3}, "R009.*ngram_max.*at least 4, not 3"),
    ],
    ids=str,
)
def test_wrong_settings_are_refused_at_once(options, message):
    with pytest.raises(ValueError, match=message):
        build_rnn_lm(**options)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("subword_rows", -5),
        ("subword_rows", 10**13),
        ("subword_rows", "20"),
        ("ngram_rows", -1),
        ("ngram_min", 0),
        ("ngram_max", "5"),
        ("depth", -1),
        ("depth", 10**9),
        ("width", 0),
        ("direction", "sideways"),
        ("cell", "transformer"),
    ],
)
def test_a_source_whose_header_claims_the_impossible_is_refused(option, value, tmp_path):
    data = make_model(subword_rows=16).to_bytes()
    damaged = with_claims(data, lambda settings: settings.update({option: value}))
    (tmp_path / "model").write_bytes(damaged)
    with pytest.raises(ValueError, match="R021"):
        SourceModel(tmp_path / "model")


def test_width_of_both_directions_is_known_before_initialization():
    for direction, width in (("forward", 6), ("backward", 6), ("both", 12)):
        assert make_model(initialize=False, direction=direction).get_dim("nO") == width
        assert make_model(direction=direction).get_dim("nO") == width
