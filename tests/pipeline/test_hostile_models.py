"""Pipelines on text of any kind, and models that are damaged or made to do harm."""

import gc
import pickle
import struct

import numpy as np
import pytest
import spacy
import srsly
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import fix_random_seed

import spacy_rnn
from spacy_rnn.pipeline.output import LMOutput

from ..helpers import SMALL
from ..hostile import PIECES, TEXTS, damaged, flipped, fuzz, run_within, traps
from ..rendering.reading import read as read_html

MODEL = {"@architectures": "spacy-rnn.RNNLM.v1", **SMALL, "width": 6, "speller_width": 4}
MODEL |= {"spelling": "context"}
KEPT = ["hidden", "tensor", "log_probs", "next", "final_state", "entropy", "rank"]
NUMBERS = ("hidden", "log_probs", "spelling", "closed_log_probs", "entropy", "rank")
PROBES = ["我爱你 the <unk>", "", "e\u0301 x\0"]


def make_pipeline(initialize=True):
    tokenizer = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1"}
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": tokenizer}})
    nlp.add_pipe("rnn_lm", config={"model": MODEL, "annotations": KEPT, "top_k": 3})
    if initialize:
        fix_random_seed(0)
        docs = [nlp.make_doc(text) for text in (*PIECES, "我爱北京", "the 3.5")]
        nlp.initialize(lambda: [Example(doc, doc) for doc in docs])
    return nlp


NLP = make_pipeline()
OTHER = make_pipeline(initialize=False)
EXPECTED = [NLP(text)._.rnn_lm.to_dict() for text in PROBES]


def same(one, other):
    return srsly.msgpack_dumps(one) == srsly.msgpack_dumps(other)


# -- text


@pytest.mark.slow
@fuzz(300, text=TEXTS | st.text(max_size=40))
def test_every_number_of_any_text_is_finite_and_survives(text):
    doc = NLP(text)
    output = doc._.rnn_lm
    assert doc.text == text
    assert len(output) == len(doc)
    for name in NUMBERS:
        assert np.isfinite(getattr(output, name)).all(), name
    assert np.isfinite([output.end_log_prob, doc._.rnn_surprisal]).all()
    assert output.perplexity >= 1  # infinite for a word of hundreds of characters
    assert all(np.isfinite(state).all() for state in output.final_state.values())
    assert all(token._.rnn_surprisal >= 0 for token in doc)
    stored = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (again,) = DocBin().from_bytes(stored).get_docs(spacy.vocab.Vocab())
    assert again.text == text
    for copied in (again._.rnn_lm, srsly.msgpack_loads(srsly.msgpack_dumps(output))):
        assert same(copied.to_dict(), output.to_dict())
    assert same(Doc(doc.vocab).from_bytes(doc.to_bytes())._.rnn_lm.to_dict(), output.to_dict())


@fuzz(200, text=TEXTS, style=st.sampled_from(["surprisal", "next"]), page=st.booleans())
def test_pictures_of_any_text_are_made_of_known_elements_only(text, style, page):
    doc = NLP(text)
    marks = {"marks": lambda token: token.text[::-1]} if page else {}
    html = spacy_rnn.render(doc, style=style, page=page, jupyter=False, **marks)
    root = read_html(html)
    html.encode("utf8")
    assert not any(code in html for code in "\0\x0b\x0c\x7f\u200b\u202e\u2066\u2069\ufeff\uffff")
    for element in root.walk():
        assert not any(name.startswith("on") or name in ("href", "src") for name in element.attrs)
    if style == "surprisal":
        assert len(list(root.all("ruby"))) == len(doc)


LONG = """
from spacy_rnn.pipeline.output import LMOutput
from tests.pipeline.test_hostile_models import NLP
NLP("我爱北京")
texts = {"的": "的" * 10**6, "a": "a" * 10**6}
"""
PREDICT = """
import math
for name, text in texts.items():
    doc = NLP(text)
    assert doc.text == text and math.isfinite(doc._.rnn_surprisal), name
    del doc
    print(name)
"""


@pytest.mark.slow
def test_a_megabyte_without_a_space_is_scored_in_bounded_memory():
    """One word of a million letters is spelled; a million words are read."""
    *lines, memory = run_within(6000, LONG, PREDICT, seconds=250)
    assert lines == ["的", "a"]
    assert int(memory.split()[-1]) < 2500


# -- models


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "pipeline"
    NLP.to_disk(path)
    return path


LM = NLP.get_pipe("rnn_lm").to_bytes(exclude=["vocab"])
BYTES = srsly.msgpack_loads(LM)["model"]


def load_model(data):
    """Load the bytes of the component's model.

    RETURNS (bool): Whether it was taken; then it predicts what the saved one does, or else the
        error is ours.
    """
    lm = OTHER.get_pipe("rnn_lm")
    try:
        lm.from_bytes(srsly.msgpack_dumps({"model": data}))
    except ValueError as error:
        assert str(error).startswith("[R304]")
        assert len(str(error)) < 3000
        return False
    if lm.shim._model is not None:
        found = [OTHER(text)._.rnn_lm.to_dict() for text in PROBES]
        assert all(map(same, found, EXPECTED))
    return True


def test_the_model_itself_is_taken():
    assert load_model(BYTES)


@fuzz(500, data=damaged(BYTES))
def test_a_damaged_model_is_refused_or_predicts_the_same(data):
    load_model(data)


@fuzz(500, place=st.integers(0, len(BYTES) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_changes_no_prediction(place, bit):
    load_model(flipped(BYTES, place, bit))


@pytest.mark.slow
def test_most_flipped_bits_are_refused():
    """Those of thinc's own names and of settings of training aren't."""
    places = range(0, len(BYTES), 37)
    taken = sum(load_model(flipped(BYTES, place, place % 8)) for place in places)
    assert taken < len(places) / 50


MESSAGE = srsly.msgpack_loads(BYTES)
ODD = [None, 0, 1, -1, 2**63, 1.5, "a", b"a", b"", [], [[]], {}, {"a": 1}, [{}], [b"a"], [[b"a"]]]


@fuzz(400, data=st.data())
def test_a_model_with_parts_of_other_kinds_is_refused(data):
    """What thinc's file holds: nodes, attributes, parameters, shims."""
    message = srsly.msgpack_loads(BYTES)
    part = message
    for _ in range(data.draw(st.integers(1, 4))):
        keys = sorted(part) if isinstance(part, dict) else range(len(part))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(part[key], (dict, list)) or not part[key]:
            break
        parent, part = part, part[key]
        part = part or parent
    keys = sorted(part) if isinstance(part, dict) else range(len(part))
    part[data.draw(st.sampled_from(keys))] = data.draw(st.sampled_from(ODD))
    load_model(srsly.msgpack_dumps(message))


def test_a_damaged_folder_of_a_component_is_refused(folder, tmp_path):
    """Cut at a hundred places, as a full disk would."""
    model = folder / "rnn_lm" / "model"
    whole = model.read_bytes()
    (tmp_path / "cfg").write_text("{}")
    for end in range(0, len(whole), len(whole) // 100):
        (tmp_path / "model").write_bytes(whole[:end])
        with pytest.raises(ValueError, match="R304"):
            OTHER.get_pipe("rnn_lm").from_disk(tmp_path, exclude=["vocab"])
    model.write_bytes(whole[:-1])
    try:
        with pytest.raises(ValueError, match="R304"):
            spacy.load(folder)
    finally:
        model.write_bytes(whole)


# -- code


def test_no_pickle_is_run_wherever_it_stands_in_a_model(folder, tmp_path):
    trap = tmp_path / "trap"
    (tmp_path / "cfg").write_text("{}")
    state = srsly.msgpack_loads(MESSAGE["shims"][1][0])
    for kind, data in traps(trap).items():
        lm = OTHER.get_pipe("rnn_lm")
        shims = [
            data,
            srsly.msgpack_dumps({**state, "state": data}),
            srsly.msgpack_dumps({**state, "state": struct.pack("<Q", len(data)) + data}),
            srsly.msgpack_dumps({**state, "config": data, "state": data}),
        ]
        models = [data]
        for shim in shims:
            models.append(srsly.msgpack_dumps({**MESSAGE, "shims": [[], [shim]]}))
        for attribute in ("vocabulary", "dropout_rate"):
            attrs = [{**attrs, attribute: data} for attrs in MESSAGE["attrs"]]
            models.append(srsly.msgpack_dumps({**MESSAGE, "attrs": attrs, "shims": [[], [data]]}))
        for model in models:
            with pytest.raises(ValueError, match="R304"):
                lm.from_bytes(srsly.msgpack_dumps({"model": model}))
            (tmp_path / "model").write_bytes(model)
            with pytest.raises(ValueError, match="R304"):
                lm.from_disk(tmp_path, exclude=["vocab"])
        assert not trap.exists(), kind


def test_no_pickle_is_run_as_any_file_of_a_pipeline(folder, tmp_path):
    """Most of these files are spaCy's, and so are the errors."""
    trap = tmp_path / "trap"
    data = pickle.dumps(traps(trap)["protocol 4"]) + traps(trap)["protocol 4"]
    for file in sorted(folder.rglob("*")):
        if file.is_dir():
            continue
        whole = file.read_bytes()
        try:
            for content in (data, traps(trap)["zip of torch.save"]):
                file.write_bytes(content)
                try:
                    spacy.load(folder)
                except Exception:
                    assert not trap.exists(), file
        finally:
            file.write_bytes(whole)
    assert not trap.exists()


# -- outputs

OUTPUT = NLP("我爱 the x")._.rnn_lm.to_dict()
ARRAYS = [
    np.zeros(0, "f4"),
    np.zeros((7, 3), "f4"),
    np.zeros(5, "i4"),
    np.full((5, 3), 99, "i4"),
    np.full((5, 3), -1, "i4"),
    np.zeros(5, "S3"),
    np.float32(1),
]


def check_output(data):
    """A message is no output, a clear error, or an output of which everything can be read."""
    try:
        output = srsly.msgpack_loads(data)
    except Exception as error:  # srsly's own are of any kind
        assert not isinstance(error, (KeyError, AttributeError)), repr(error)
        return None
    finally:
        gc.enable()
    if not isinstance(output, LMOutput):
        return None
    repr(output), output.next, output.surprisal, output.perplexity, output.cache_perplexity
    output.surprisal_of(0, len(output))
    assert LMOutput.from_dict(output.to_dict()).offsets is output.offsets
    return output


def test_layers_without_a_layer_are_an_error_and_no_layers_are_none():
    with pytest.raises(ValueError, match=r"R330.*lower_layers"):
        srsly.msgpack_loads(srsly.msgpack_dumps({**OUTPUT, "lower_layers": []}))
    gc.enable()  # srsly leaves it off after an error
    made = srsly.msgpack_loads(srsly.msgpack_dumps({**OUTPUT, "lower_layers": None}))
    assert made.lower_layers is None


@fuzz(1000, name=st.sampled_from(sorted(OUTPUT)), value=st.sampled_from([*ODD, *ARRAYS]))
def test_an_output_with_a_part_of_another_kind_is_a_clear_error(name, value):
    message = {**OUTPUT, name: value}
    if name == "__spacy_rnn_output__":
        return
    output = check_output(srsly.msgpack_dumps(message))
    if output is None:
        with pytest.raises(ValueError, match="R330"):
            srsly.msgpack_loads(srsly.msgpack_dumps(message))
        gc.enable()
    else:
        # numbers may be of any kind
        numbers = ("reverse", "end_entropy", "end_rank")
        assert value is None or name in ("final_state", *numbers) or name.endswith("prob")


@fuzz(1500, data=damaged(srsly.msgpack_dumps(OUTPUT)))
def test_a_damaged_output_is_an_error_or_can_be_read(data):
    check_output(data)


def test_a_mark_alone_is_no_output():
    for message in ({"__spacy_rnn_output__": 1}, {"__spacy_rnn_output__": None, "offsets": [1]}):
        with pytest.raises(ValueError, match=r"R330.*offsets"):
            srsly.msgpack_loads(srsly.msgpack_dumps(message))
    gc.enable()
