"""What is saved and loaded predicts the same bits; what is damaged gives one clear error."""

import copy
import pickle

import numpy as np
import pytest
import spacy
import srsly
import torch

from ..helpers import ENGLISH, SMALL, make_pipeline, make_trained, weights_of

TEXTS = [ENGLISH[0], "", "the zeppelin paints .", " "]


def blank(lm=None, **config):
    """A pipeline with the settings of a variant, not initialized."""
    model = {"@architectures": "spacy-rnn.RNNLM.v1", **SMALL}
    if lm is not None:
        settings = lm.shim.network.settings.to_dict()
        for name in ("words", "symbols", "symbol_cutoffs"):
            settings.pop(name)
        model.update(settings)
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_lm", config={"model": model, **config})
    return nlp


def assert_identical(nlp, other):
    lm, copied = nlp.get_pipe("rnn_lm"), other.get_pipe("rnn_lm")
    for text in TEXTS:
        one, two = nlp(text)._.rnn_lm, other(text)._.rnn_lm
        assert np.array_equal(one.hidden, two.hidden)
        assert np.array_equal(one.log_probs, two.log_probs)
        assert one.end_log_prob == two.end_log_prob
        assert np.array_equal(one.final_state["h"], two.final_state["h"])
        assert one.next == two.next
    assert lm.label_data == copied.label_data
    assert lm.generate("the", seed=3) == copied.generate("the", seed=3)
    assert lm.to_bytes(exclude=["vocab"]) == copied.to_bytes(exclude=["vocab"])


def test_a_pipeline_on_disk_is_the_same_when_loaded(variant, tmp_path):
    variant.to_disk(tmp_path)
    assert_identical(variant, spacy.load(tmp_path))


def test_a_pipeline_in_bytes_is_the_same_when_loaded(variant):
    nlp = blank(variant.get_pipe("rnn_lm"))
    assert_identical(variant, nlp.from_bytes(variant.to_bytes()))


@pytest.mark.parametrize("duplicate", [lambda nlp: pickle.loads(pickle.dumps(nlp)), copy.deepcopy])
def test_a_pickled_or_copied_pipeline_is_the_same(variant, duplicate):
    duplicated = duplicate(variant)
    assert_identical(variant, duplicated)
    lm, other = variant.get_pipe("rnn_lm"), duplicated.get_pipe("rnn_lm")
    before = weights_of(lm)
    other.shim.network.embedding.data += 1
    assert np.array_equal(before["embedding"], weights_of(lm)["embedding"])


def test_a_component_alone_goes_to_disk_and_bytes(variant, tmp_path):
    lm = variant.get_pipe("rnn_lm")
    lm.to_disk(tmp_path / "lm")
    from_disk = blank(lm)
    from_disk.get_pipe("rnn_lm").from_disk(tmp_path / "lm")
    assert_identical(variant, from_disk)
    from_bytes = blank(lm)
    from_bytes.get_pipe("rnn_lm").from_bytes(lm.to_bytes())
    assert_identical(variant, from_bytes)
    assert_identical(variant, pickle.loads(pickle.dumps(from_disk)))


def test_saving_the_same_weights_twice_gives_the_same_files(trained, tmp_path):
    for name in ("one", "two"):
        trained.to_disk(tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*"))
    assert any(file.name == "model" for file in files)
    for file in files:
        if (tmp_path / "one" / file).is_file():
            assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_settings_of_the_component_come_back_from_the_config(tmp_path):
    nlp = make_pipeline(top_k=3, annotations=["next", "hidden"], min_count=2)
    nlp.to_disk(tmp_path)
    lm = spacy.load(tmp_path).get_pipe("rnn_lm")
    assert (lm.top_k, lm.annotations, lm.min_count) == (3, ("next", "hidden"), 2)


def test_every_word_is_in_the_string_store_after_loading(trained, tmp_path):
    trained.get_pipe("rnn_lm").to_disk(tmp_path, exclude=["vocab"])
    nlp = blank()
    nlp.get_pipe("rnn_lm").from_disk(tmp_path, exclude=["vocab"])
    assert "neighbour" in nlp.vocab.strings


def test_loading_leaves_the_random_state_alone(trained):
    data = trained.get_pipe("rnn_lm").to_bytes(exclude=["vocab"])
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    blank().get_pipe("rnn_lm").from_bytes(data, exclude=["vocab"])
    assert torch.equal(torch.rand(2), expected)


def test_a_model_that_is_not_initialized_can_be_saved(tmp_path):
    blank().to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    with pytest.raises(ValueError, match="R015"):
        nlp("the")
    again = blank().from_bytes(nlp.to_bytes())
    with pytest.raises(ValueError, match="R015"):
        again("the")


def test_a_model_of_another_attribute_is_refused(tmp_path):
    make_pipeline(model={"attr": "LOWER"}).to_disk(tmp_path)
    with pytest.raises(ValueError, match=r"R304.*R010.*attr: LOWER there, ORTH here"):
        spacy.load(tmp_path, config={"components.rnn_lm.model.attr": "ORTH"})


def test_a_loaded_model_can_be_trained_on(trained, tmp_path):
    trained.to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    text = ENGLISH[0]
    before = nlp(text)._.rnn_perplexity
    examples = [spacy.training.Example(nlp.make_doc(text), nlp.make_doc(text))]
    for _ in range(15):
        nlp.update(examples, sgd=nlp.create_optimizer())
    assert nlp(text)._.rnn_perplexity < before


def model_bytes(lm):
    return srsly.msgpack_loads(lm.to_bytes(exclude=["vocab"]))["model"]


def with_model(lm, data):
    message = srsly.msgpack_loads(lm.to_bytes(exclude=["vocab"]))
    return srsly.msgpack_dumps({**message, "model": data})


def truncated(lm):
    return model_bytes(lm)[:-200]


def flipped(lm):
    data = bytearray(model_bytes(lm))
    place = data.index(b"spacy-rnn.v1")
    data[place] ^= 1
    return bytes(data)


def empty(lm):
    return b""


def foreign(lm):
    """The model of another component."""
    return spacy.blank("xx").add_pipe("tagger").model.to_bytes()


def no_msgpack(lm):
    return b"\x93\x01\x02 no model at all"


def of_another_vocabulary(lm):
    """The weights of one model and the words of another."""
    other = make_pipeline([" ".join(f"q{i}" for i in range(50))]).get_pipe("rnn_lm")
    mixed = srsly.msgpack_loads(model_bytes(lm))
    mixed["shims"] = srsly.msgpack_loads(model_bytes(other))["shims"]
    return srsly.msgpack_dumps(mixed)


def of_another_width(lm):
    return model_bytes(make_pipeline(model={"width": 13}).get_pipe("rnn_lm"))


def of_another_cell(lm):
    return model_bytes(make_pipeline(model={"cell": "gru"}).get_pipe("rnn_lm"))


DAMAGES = [
    truncated,
    flipped,
    empty,
    foreign,
    no_msgpack,
    of_another_vocabulary,
    of_another_width,
    of_another_cell,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damaged_or_foreign_data_is_refused_and_nothing_is_lost(trained, tmp_path, damage):
    nlp = make_trained()
    lm = nlp.get_pipe("rnn_lm")
    data = damage(lm)
    before = nlp(ENGLISH[0])._.rnn_lm
    with pytest.raises(ValueError, match="R304"):
        lm.from_bytes(with_model(lm, data))
    nlp.to_disk(tmp_path)
    (tmp_path / "rnn_lm" / "model").write_bytes(data)
    with pytest.raises(ValueError, match="R304"):
        spacy.load(tmp_path)
    with pytest.raises(ValueError, match="R304"):
        lm.from_disk(tmp_path / "rnn_lm", exclude=["vocab"])
    # the component works as before
    assert_identical(trained, nlp)
    assert np.array_equal(nlp(ENGLISH[0])._.rnn_lm.hidden, before.hidden)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    nlp = make_pipeline()
    nlp.get_pipe("rnn_lm").shim.network.embedding.data[2, 3] = float("nan")
    nlp.to_disk(tmp_path)
    with pytest.raises(ValueError, match=r"R304.*embedding"):
        spacy.load(tmp_path)
