"""`lm.trace` against torch's own modules, and against the numbers that Docs have."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from spacy.tokens import Doc

from spacy_rnn import Trace

from ..helpers import CHINESE, ENGLISH, make_pipeline, make_random
from ..network import naive

EVERYTHING = ["hidden", "log_probs", "next", "final_state", "tensor", "entropy", "rank"]
TEXT = "the baker paints a zeppelin ."
CELLS = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
# (cell, depth, tied, cutoffs)
SHAPES = list(product(CELLS, (1, 2), (True, False), (None, [6, 15])))


def make_shape(cell, depth, tied, cutoffs):
    model = {"cell": cell, "depth": depth, "tied": tied, "cutoffs": cutoffs}
    if not tied:
        model["embedding_width"] = 7
    return make_random(model=model, annotations=EVERYTHING)


@pytest.fixture(scope="module", params=SHAPES, ids=lambda shape: "-".join(map(str, shape)))
def shaped(request):
    return make_shape(*request.param)


@pytest.fixture(scope="module")
def lstm():
    return make_random(annotations=EVERYTHING).get_pipe("rnn_lm")


def run_torch(network, inputs, dtype):
    """The embedding through torch's own module of that cell and depth, with the same weights."""
    settings, stack = network.settings, network.stack()
    plain = CELLS[settings.cell](settings.embedding_width, settings.width, settings.depth)
    weights = {
        name.replace("_l0", f"_l{number}"): parameter
        for number, layer in enumerate(stack.layers)
        for name, parameter in layer.named_parameters()
    }
    plain.load_state_dict(weights)
    with torch.no_grad():
        return plain.to(dtype)(inputs.to(dtype))


# --- torch


def test_states_are_those_of_torchs_module_on_the_same_weights(shaped):
    lm = shaped.get_pipe("rnn_lm")
    network, trace = lm.network, lm.trace(TEXT)
    assert trace.rows.tolist() == [1, *(lm.vocabulary.row(w) for w in TEXT.split())]
    inputs = network.embedding.detach()[torch.from_numpy(trace.rows)]
    assert_array_equal(trace.embedding, inputs.numpy())
    for dtype in (torch.float32, torch.float64):
        output, final = run_torch(network, inputs, dtype)
        assert_allclose(trace.layers[-1].h, output, atol=1e-5)
        h, c = final if trace.cell == "lstm" else (final, None)
        assert_allclose(trace.h[:, -1], h, atol=1e-5)
        if c is not None:
            assert_allclose(trace.c[:, -1], c, atol=1e-5)


def test_probabilities_are_those_of_the_plain_softmax(shaped):
    lm = shaped.get_pipe("rnn_lm")
    network, trace = lm.network, lm.trace(TEXT, k=7)
    weights = naive.weights_of(network)
    hidden = torch.from_numpy(trace.layers[-1].h).double()
    wanted = naive.log_distribution(network.settings, weights, hidden).detach().numpy()
    for step, (rows, row) in enumerate(zip(trace.top_rows, trace.came_rows, strict=True)):
        assert rows.tolist() == naive.best_rows(wanted[step], 7, exclude=0)
        assert_allclose(trace.top_log_probs[step], wanted[step][rows], atol=1e-5)
        assert trace.log_probs[step] == pytest.approx(wanted[step][row], abs=1e-5)
        assert trace.top_words[step] == [lm.vocabulary.words[r] for r in rows]
    if network.settings.cutoffs:
        assert trace.top_logits is None
    else:
        logits = hidden @ network.softmax.weight.detach().double().T + network.softmax.bias.detach()
        listed = logits.gather(1, torch.from_numpy(trace.top_rows))
        assert_allclose(trace.top_logits, listed, atol=1e-5)
        # one constant at each step, the log of the softmax's sum, leads to log-probabilities
        sums = torch.logsumexp(logits, dim=1)[:, None].expand(-1, 7)
        assert_allclose(trace.top_logits - trace.top_log_probs, sums, atol=1e-5)


# --- the document's own numbers


def test_a_trace_has_the_numbers_of_the_document(shaped):
    for text in (TEXT, "", "zeppelin"):
        check_document(shaped.get_pipe("rnn_lm"), shaped(text))


def check_document(lm, doc):
    output, trace = doc._.rnn_lm, lm.trace(doc)
    assert len(trace) == len(doc) + 1
    assert trace.words == ["</s>", *(token.text for token in doc)]
    assert trace.came == [*(token.text for token in doc), "</s>"]
    assert trace.places.tolist() == [-1, *range(len(doc))]
    assert_allclose(trace.layers[-1].h[1:], output.hidden, atol=1e-5)
    assert_allclose(trace.h[:, -1], output.final_state["h"], atol=1e-5)
    if trace.cell == "lstm":
        assert_allclose(trace.c[:, -1], output.final_state["c"], atol=1e-5)
    assert_allclose(trace.log_probs[:-1], output.log_probs, atol=1e-5)
    assert trace.log_probs[-1] == pytest.approx(output.end_log_prob, abs=1e-5)
    assert_array_equal(trace.ranks[:-1], output.rank)
    for step in range(len(trace)):
        words, probabilities = zip(*trace.next_words(step), strict=True)
        known_words, known = zip(*output.next_words.at(step), strict=True)
        assert words == known_words
        assert_allclose(probabilities, known, atol=1e-5)


def test_text_and_its_document_give_the_same_trace(lstm):
    doc = lstm.tokenizer(TEXT)
    assert_array_equal(lstm.trace(TEXT).layers[0].gates["forget"], lstm.trace(doc).units("forget"))


@pytest.mark.parametrize("cell", CELLS)
def test_each_direction_has_a_trace_in_its_order_of_reading(cell):
    nlp = make_random(
        model={"cell": cell, "direction": "both", "depth": 2, "subword_rows": 50,
               "speller_width": 4, "spelling": "context", "white_space": "skip"},
        annotations=EVERYTHING,
    )  # fmt: skip
    lm = nlp.get_pipe("rnn_lm")
    doc = nlp(Doc(nlp.vocab, words=["the", " ", "zeppelin", "\n", "cat", ".", "  "]))
    forward, backward = lm.trace(doc), lm.trace(doc, direction="backward")
    output, width = doc._.rnn_lm, lm.network.settings.width
    assert forward.direction == "forward" and backward.direction == "backward"
    assert forward.places.tolist() == [-1, 0, 2, 4, 5]
    assert backward.places.tolist() == [-1, 5, 4, 2, 0]
    assert backward.came == ["." , "cat", "zeppelin", "the", "</s>"]  # fmt: skip
    for trace, half, own in (
        (forward, slice(None, width), output),
        (backward, slice(width, None), output.backward),
    ):
        places = trace.places[1:]
        assert_allclose(trace.layers[-1].h[1:], output.hidden[places, half], atol=1e-5)
        assert_allclose(trace.log_probs[:-1], own.log_probs[places], atol=1e-5)
        assert trace.log_probs[-1] == pytest.approx(own.end_log_prob, abs=1e-5)
        assert_array_equal(trace.ranks[:-1], own.rank[places])
        assert_allclose(trace.h[:, -1], own.final_state["h"], atol=1e-5)
        # what the layers read is the embedding and the spelling; `<unk>` has only the latter
        step = trace.words.index("zeppelin")
        assert trace.rows[step] == 0 and np.abs(trace.subwords[step]).sum() > 0
        assert not trace.subwords[0].any()
        assert_allclose(trace.inputs, trace.embedding + trace.subwords)


def test_a_backward_model_is_traced_from_its_end():
    lm = make_random(model={"direction": "backward"}).get_pipe("rnn_lm")
    assert lm.trace("the cat .").words == ["</s>", ".", "cat", "the"]
    with pytest.raises(ValueError, match=r"R790.*forward.*'backward'"):
        lm.trace("the cat .", direction="forward")


def test_a_literal_boundary_in_the_text_is_a_token_and_not_the_boundary(lstm):
    doc = Doc(lstm.vocab, words=["</s>", "cat"])
    trace = lstm.trace(doc)
    assert trace.words == ["</s>", "</s>", "cat"]
    assert trace.rows.tolist()[:2] == [1, 0] and trace.places.tolist() == [-1, 0, 1]
    assert trace.ranks[0] == -1


def test_the_network_is_the_one_that_predicts(lstm):
    network = lstm.network
    assert network is lstm.shim.network
    rows = torch.tensor([1, lstm.vocabulary.row("the")])
    state = network.read(rows, network.stack().zero_state(1))
    log_probs = network.softmax.log_distribution(state.h[-1])[0].detach()
    words, probabilities = lstm.next_distribution("the")
    assert_allclose(log_probs.exp(), probabilities, atol=1e-6)
    assert words[lstm.trace("the", k=1).top_rows[1, 0]] == lstm.trace("the", k=1).top_words[1][0]


# --- options and errors


def test_values_and_layers_are_chosen_by_name_and_number(lstm):
    trace = lstm.trace(TEXT)
    assert trace.value_names == ("h", "c", "input", "forget", "candidate", "output")
    for name in trace.value_names:
        assert trace.units(name).shape == (7, 12) and trace.units(name).dtype == np.float32
    assert trace.units("c", 0) is trace.layers[0].c
    with pytest.raises(ValueError, match=r"R792.*lstm.*'reset'.*'h', 'c', 'input'"):
        trace.units("reset")
    for layer in (1, -2, True, 0.5, "0"):
        with pytest.raises(ValueError, match=r"R793"):
            trace.units("h", layer)


def test_an_elman_network_has_hidden_states_only():
    lm = make_random(model={"cell": "rnn"}).get_pipe("rnn_lm")
    trace = lm.trace(TEXT)
    assert trace.value_names == ("h",) and trace.c is None and trace.layers[0].gates == {}


def test_the_number_of_next_words_is_that_of_the_component_or_what_fits():
    nlp = make_pipeline(["一 二"], top_k=2)
    lm = nlp.get_pipe("rnn_lm")
    assert lm.trace("一").top_rows.shape == (2, 2)
    assert lm.trace("一", k=3).top_rows.shape == (2, 3)
    lm.top_k = 9
    assert lm.trace("一").top_rows.shape == (2, 3)
    with pytest.raises(ValueError, match="R308"):
        lm.trace("一", k=4)
    with pytest.raises(ValueError, match="R009"):
        lm.trace("一", k=0)


def test_what_cannot_be_traced_is_one_clear_error(lstm, monkeypatch):
    with pytest.raises(TypeError, match="R316"):
        lstm.trace(["the"])
    monkeypatch.setattr("spacy_rnn.pipeline.tracing.MOST_TOKENS", 3)
    with pytest.raises(ValueError, match=r"R791.*at most 3 tokens.*has 4.*doc\[:3\]\.as_doc\(\)"):
        lstm.trace("the cat watches .")
    empty = make_pipeline().add_pipe("rnn_lm", name="second")
    with pytest.raises(ValueError, match="R015"):
        _ = empty.network
    lm = make_random().get_pipe("rnn_lm")
    with torch.no_grad():
        lm.network.softmax.bias[3] = math.inf
    with pytest.raises(ValueError, match="R371"):
        lm.trace("the")


# --- the tables


def test_the_table_of_steps_says_what_was_read_expected_and_came(chinese):
    lm = chinese.get_pipe("rnn_lm")
    trace = lm.trace(CHINESE[0])
    table = trace.table(units=2, words=1)
    frame = pd.DataFrame(table.rows)
    assert frame["token"].tolist() == trace.words and frame["came"].tolist() == trace.came
    assert_allclose(frame["p"], np.exp(trace.log_probs))
    assert_allclose(np.stack(frame["h"]), trace.layers[0].h)
    header, line, *lines = str(table).split("\n")
    assert header.split() == ["step", "token", "row", "h", "next", "words", "came", "p", "rank"]
    assert len(lines) == len(trace) and set(line) == {"-", " "}
    first = trace.layers[0].h[1]
    shown = f"{first[0]:5.2f} {first[1]:5.2f} …"
    assert shown in lines[1] and trace.words[1] in lines[1]
    assert repr(table) == str(table)


def test_the_table_of_a_step_has_every_vector(lstm):
    trace = lstm.trace(TEXT)
    table = trace.table(-3)
    assert [row["vector"] for row in table.rows] == [
        "embedding", "input", "forget", "candidate", "output", "c", "h"
    ]  # fmt: skip
    assert_array_equal(table.rows[2]["units"], trace.units("forget")[4])
    assert table.rows[2]["mean"] == pytest.approx(trace.units("forget")[4].mean(), abs=1e-6)
    assert str(table).startswith("Step 4 reads a (row ")
    for step in (7, -8, True, "1"):
        with pytest.raises(ValueError, match=r"R794.*7, from 0 to 6"):
            trace.table(step)


def test_a_step_of_two_layers_names_them():
    lm = make_random(model={"cell": "gru", "depth": 2, "subword_rows": 20}).get_pipe("rnn_lm")
    names = [row["vector"] for row in lm.trace(TEXT).table(1).rows]
    gates = ("reset", "update", "candidate", "h")
    assert names == ["embedding", "subwords", *(f"layer {i} {g}" for i in (0, 1) for g in gates)]


def test_words_that_hold_html_or_line_ends_stay_words_in_a_table(lstm):
    doc = Doc(lstm.vocab, words=["<b>hi</b>", "\n"])
    trace = lstm.trace(doc)
    html = trace._repr_html_()
    assert "<b>" not in html and "&lt;b&gt;hi&lt;/b&gt;" in html
    assert str(trace.table()).count("\n") == len(trace) + 1 and r'"\n"' in str(trace.table())
    assert "&lt;b&gt;" in trace.table(1)._repr_html_()


def test_a_trace_introduces_itself(lstm):
    trace = lstm.trace(ENGLISH[0])
    assert isinstance(trace, Trace)
    assert repr(trace) == (
        f"<Trace of {len(ENGLISH[0].split()) + 1} steps: lstm, 1 layer of 12 units, forward; "
        "see .table()>"
    )
