"""What can't be a source says why, and what to set."""

import pytest
import spacy
import srsly
import torch
from spacy.language import Language

from spacy_rnn.layers.rnn_lm_model import build_rnn_lm
from spacy_rnn.layers.shim import get_shim
from spacy_rnn.layers.sources import SourceModel
from spacy_rnn.vocabulary import Vocabulary

from ..helpers import make_random
from .models import make_model, same_values, values_of

SHAPE = {"width": 6, "precision": "float32", "subword_rows": 16}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model0.bin"
    torch.manual_seed(0)
    path.write_bytes(make_model(subword_rows=16).to_bytes())
    return path


OTHER = {
    "cell": "gru",
    "width": 7,
    "depth": 2,
    "subword_rows": 0,
    "embedding_width": 4,
    "direction": "both",
}


@pytest.mark.parametrize("option", OTHER)
def test_another_shape_is_named_with_both_values(option, saved):
    options = {**SHAPE, option: OTHER[option], "source": str(saved)}
    if option == "embedding_width":
        options["tied"] = False
    model = build_rnn_lm(**options)
    there = {**SHAPE, "cell": "lstm", "depth": 1, "embedding_width": 6, "direction": "forward"}
    expected = f"{option}: {there[option]} there, {OTHER[option]} here"
    with pytest.raises(ValueError, match="R020") as raised:
        model.initialize()
    assert expected in str(raised.value)
    assert str(saved) in str(raised.value)
    assert ("tied" in str(raised.value)) == (option == "embedding_width")


def test_other_ngrams_are_named(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(make_model(ngram_rows=16).to_bytes())
    shape = {**SHAPE, "subword_rows": 0, "ngram_rows": 16, "ngram_max": 4, "source": str(path)}
    with pytest.raises(ValueError, match=r"R020.*ngram_max: 5 there, 4 here"):
        build_rnn_lm(**shape).initialize()


def test_all_differences_are_named_at_once(saved):
    model = build_rnn_lm(**{**SHAPE, "depth": 3, "cell": "rnn"}, source=str(saved))
    with pytest.raises(ValueError, match=r"cell: lstm there, rnn here; depth: 1 there, 3 here"):
        model.initialize()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999])
def test_a_file_that_ends_too_early_is_damaged(share, saved, tmp_path):
    data = saved.read_bytes()
    (tmp_path / "model").write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match=r"R021.*model.*Copy it again"):
        SourceModel(tmp_path / "model")


@pytest.mark.slow
def test_every_damaged_byte_is_an_error_of_ours_or_another_weight(saved, tmp_path):
    """No bug of the reader, such as an AttributeError, reaches the user."""
    data, path = saved.read_bytes(), tmp_path / "model"
    generator = torch.Generator().manual_seed(0)
    places = torch.randint(len(data), (150,), generator=generator).tolist()
    raised = 0
    for place in [*range(60), *places]:
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            SourceModel(path)
        except ValueError as error:
            raised += 1
            assert str(error).startswith("[R021]"), error
    assert raised > 10


def _rows_of_other_vocabulary(message):
    message["attrs"][0]["vocabulary"] = Vocabulary([("x", 1)]).to_bytes()


def _without_network(message):
    message["shims"] = [[srsly.msgpack_dumps({"config": {}, "state": b""})]]


def _without_vocabulary(message):
    for attrs in message["attrs"]:
        attrs.pop("vocabulary", None)


@pytest.mark.parametrize(
    "change", [_rows_of_other_vocabulary, _without_network, _without_vocabulary]
)
def test_a_file_without_what_belongs_together_is_refused(change, saved, tmp_path):
    message = srsly.msgpack_loads(saved.read_bytes())
    change(message)
    (tmp_path / "model").write_bytes(srsly.msgpack_dumps(message))
    with pytest.raises(ValueError, match=r"R021"):
        SourceModel(tmp_path / "model")


@pytest.mark.parametrize("content", [b"[1, 2]", b"PK\x03\x04", srsly.msgpack_dumps([1, {"a": 2}])])
def test_a_foreign_file_is_refused(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match="R021"):
        SourceModel(tmp_path / "file")


def test_a_path_without_anything_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    cnn = spacy.blank("xx")
    tagger = cnn.add_pipe("tagger")
    tagger.add_label("A")
    cnn.initialize()
    cnn.to_disk(tmp_path / "cnn")
    for name in ("missing", "empty", "cnn"):
        with pytest.raises(ValueError, match=r"R019.*`source`") as raised:
            SourceModel(tmp_path / name)
        assert str(tmp_path / name) in str(raised.value)
    with pytest.raises(ValueError, match=r"R021.*holds no trained language model"):
        SourceModel(tmp_path / "cnn" / "tagger")


def test_an_error_leaves_the_weights_of_the_model_alone(saved, tmp_path):
    model = make_model(source=str(saved), initialize=False, subword_rows=16)
    model.initialize()
    before = values_of(model)
    saved_bytes = saved.read_bytes()
    model.init.source = str(tmp_path / "missing")
    with pytest.raises(ValueError, match="R019"):
        model.initialize()
    assert same_values(values_of(model), before)
    assert saved.read_bytes() == saved_bytes


def test_a_pipeline_of_two_components_without_that_name_is_ambiguous(tmp_path):
    nlp = make_random(["a b c d e f"], name="first")
    nlp.add_pipe("second", source=make_random(["u v w x y z"], name="second"))
    nlp.to_disk(tmp_path)
    with pytest.raises(ValueError, match=r"R024.*first, second"):
        SourceModel(tmp_path)
    assert "a" in SourceModel(tmp_path / "first").vocabulary


def test_a_pipeline_of_two_components_gives_the_one_named_rnn_lm(tmp_path):
    first = make_random(["a b c d e f"], name="first")
    nlp: Language = make_random(["u v w x y z"])
    nlp.add_pipe("first", source=first, before="rnn_lm")
    nlp.to_disk(tmp_path)
    network = get_shim(nlp.get_pipe("rnn_lm").model).network
    found = SourceModel(tmp_path)
    assert "x" in found.vocabulary and "a" not in found.vocabulary
    assert torch.equal(found.network.embedding, network.embedding)
