"""The architecture: Docs in, the state after every token out, with the gradients to match."""

import json

import numpy as np
import pytest
import torch
from spacy.util import registry
from thinc.api import Adam, set_dropout_rate

from spacy_rnn.layers.network_outputs import predict_sequences
from spacy_rnn.layers.rnn_lm_model import build_rnn_lm
from spacy_rnn.layers.sequences import sequences_from_docs
from spacy_rnn.layers.shim import get_shim
from spacy_rnn.network.inference import Wanted
from spacy_rnn.network.precision import resolve_precision
from spacy_rnn.vocabulary import BOUNDARY_ROW, UNKNOWN_ROW, Vocabulary
from tests.network import naive

from . import models
from .models import ENTRIES, make_doc, make_docs, make_model, parameters_of, values_of

TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}


def rows_of(model, doc):
    vocabulary = model.attrs["vocabulary"]
    return [vocabulary.row(token.text) for token in doc]


def naive_hidden(model, docs, weights=None):
    """The states after each token of each Doc, read alone, one token at a time."""
    settings = get_shim(model).network.settings
    weights = weights or naive.weights_of(get_shim(model).network)
    return [
        naive.read(settings, weights, [BOUNDARY_ROW, *rows_of(model, doc)])[0][1:] for doc in docs
    ]


# -- the contract of thinc


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_predict_and_begin_update_give_the_state_after_every_token(cell):
    model, docs = make_model(cell=cell, depth=2), make_docs()
    expected = naive_hidden(model, docs)
    predicted = model.predict(docs)
    trained, _ = model.begin_update(docs)
    for doc, one, other, states in zip(docs, predicted, trained, expected, strict=True):
        assert one.shape == other.shape == (len(doc), model.get_dim("nO"))
        assert one.dtype == other.dtype == np.float32
        np.testing.assert_allclose(one, states.detach(), **TOLERANCE)
        np.testing.assert_allclose(other, states.detach(), **TOLERANCE)


@pytest.mark.parametrize("tied", [True, False])
def test_backprop_gives_the_gradients_of_the_states(tied):
    model, docs = make_model(depth=2, tied=tied), make_docs()
    trained, backprop = model.begin_update(docs)
    generator = np.random.default_rng(0)
    d_hidden = [generator.normal(size=array.shape).astype("float32") for array in trained]
    assert backprop(d_hidden) == []
    weights = naive.weights_of(get_shim(model).network)
    states = torch.cat(naive_hidden(model, docs, weights))
    states.backward(torch.from_numpy(np.concatenate(d_hidden)).double())
    for name, parameter in parameters_of(model).items():
        if name.startswith("softmax"):
            assert parameter.grad is None
        else:
            expected = weights[name].grad
            torch.testing.assert_close(parameter.grad.double(), expected, atol=1e-4, rtol=1e-4)


def test_width_is_known_before_initialization():
    model = make_model(initialize=False, width=11)
    assert model.get_dim("nO") == 11
    assert make_model(width=11).get_dim("nO") == 11


def test_no_documents_give_no_arrays():
    model = make_model()
    assert model.predict([]) == []
    arrays, backprop = model.begin_update([])
    assert arrays == []
    assert backprop([]) == []
    model.finish_update(Adam(0.1))


def test_only_empty_documents_give_empty_arrays():
    model, docs = make_model(), make_docs(["", ""])
    assert [array.shape for array in model.predict(docs)] == [(0, 6), (0, 6)]
    arrays, backprop = model.begin_update(docs)
    assert [array.shape for array in arrays] == [(0, 6), (0, 6)]
    backprop(arrays)


def test_document_gets_the_same_in_any_batch():
    model, docs = make_model(depth=2), make_docs()
    together = model.predict(docs)
    for doc, array in zip(docs, together, strict=True):
        np.testing.assert_allclose(model.predict([doc])[0], array, **TOLERANCE)


def test_registered_name_makes_the_model():
    config = {"model": {"@architectures": "spacy-rnn.RNNLM.v1", "cell": "gru", "width": 5}}
    model = registry.resolve(config)["model"]
    assert model.get_dim("nO") == 5
    assert get_shim(model).settings["cell"] == "gru"


# -- dropout and precision


def test_dropout_rate_of_thinc_reaches_training_and_never_prediction():
    model, docs = make_model(width=40, depth=2), make_docs()
    before = np.concatenate(model.predict(docs))
    set_dropout_rate(model, 0.5)
    np.testing.assert_array_equal(np.concatenate(model.predict(docs)), before)
    trained, _ = model.begin_update(docs)
    dropped = np.concatenate(trained) == 0
    assert 0.3 < dropped.mean() < 0.7
    for array in trained:
        assert ((array == 0) == (array[:1] == 0)).all()
    again, _ = model.begin_update(docs)
    assert not np.array_equal(np.concatenate(again), np.concatenate(trained))
    set_dropout_rate(model, 0.0)
    without, _ = model.begin_update(docs)
    np.testing.assert_allclose(np.concatenate(without), before, **TOLERANCE)


@pytest.mark.skipif(
    resolve_precision("auto", torch.device("cpu")) != torch.bfloat16,
    reason="the processor has no bfloat16",
)
def test_bfloat16_is_for_training_only_and_close():
    docs = make_docs()
    exact, low = make_model(precision="float32"), make_model(precision="bfloat16")
    get_shim(low).network.load_state_dict(get_shim(exact).network.state_dict())
    for one, other in zip(exact.predict(docs), low.predict(docs), strict=True):
        np.testing.assert_array_equal(one, other)
    expected, _ = models.log_probs_of(exact, docs)
    found, backprop = models.log_probs_of(low, docs)
    assert found.dtype == np.float32
    assert not np.array_equal(found, expected)
    np.testing.assert_allclose(found, expected, atol=0.05)
    backprop(np.ones_like(found))
    assert {parameter.grad.dtype for parameter in parameters_of(low).values()} == {torch.float32}


@pytest.mark.parametrize("cutoffs", [None, [3, 7]])
def test_bfloat16_predictions_on_request_are_within_the_documented_tolerance(cutoffs):
    docs = make_docs()
    exact = make_model(width=64, cutoffs=cutoffs)
    low = make_model(width=64, cutoffs=cutoffs, prediction_precision="bfloat16")
    state = {n: 0.3 * p for n, p in get_shim(exact).network.state_dict().items()}
    for model in (exact, low):
        get_shim(model).network.load_state_dict(state)
    wanted = Wanted(hidden=True, log_probs=True, final_state=True)
    one, other = (
        predict_sequences(model, sequences_from_docs(model, docs), wanted)[0]
        for model in (exact, low)
    )
    difference = (one.log_probs - other.log_probs).abs()
    assert 0 < difference.max() < 0.1
    assert other.hidden.dtype == other.log_probs.dtype == other.state.h.dtype == torch.float32
    assert 0 < (one.hidden - other.hidden).abs().max() < 0.1


# -- log-probabilities


@pytest.mark.parametrize("cutoffs", ["auto", "fast", None, [2, 5, 9]])
def test_log_probs_score_every_token_and_the_end(cutoffs):
    model, docs = make_model(cutoffs=cutoffs), make_docs()
    found, _ = models.log_probs_of(model, docs)
    network = get_shim(model).network
    weights = naive.weights_of(network)
    expected = []
    for doc in docs:
        rows = rows_of(model, doc)
        hidden, _ = naive.read(network.settings, weights, [BOUNDARY_ROW, *rows])
        distribution = naive.log_distribution(network.settings, weights, hidden)
        expected += [distribution[i, row].item() for i, row in enumerate([*rows, BOUNDARY_ROW])]
    np.testing.assert_allclose(found, expected, **TOLERANCE)


def test_one_backward_pass_serves_states_and_log_probs():
    model, docs = make_model(), make_docs()
    sequences = sequences_from_docs(model, docs)[0]
    sequences.wanted = Wanted(log_probs=True)
    gradients = []
    for names in (["hidden"], ["log_probs"], ["hidden", "log_probs"]):
        (outputs,), backprop = model.layers[0].begin_update([sequences])
        ones = {name: np.ones_like(getattr(outputs, name)) for name in names}
        backprop([models.Outputs(ones.get("hidden"), ones.get("log_probs"))])
        gradients.append({n: p.grad for n, p in parameters_of(model).items()})
        get_shim(model).network.zero_grad()
    for name, both in gradients[2].items():
        parts = [part[name] for part in gradients[:2] if part[name] is not None]
        torch.testing.assert_close(both, sum(parts), atol=1e-4, rtol=1e-4)


def test_predicted_sequences_have_what_was_asked_for():
    model, docs = make_model(), make_docs()
    sequences = sequences_from_docs(model, docs)[0]
    wanted = Wanted(log_probs=True, top_k=len(ENTRIES) + 1)
    prediction = predict_sequences(model, [sequences], wanted)[0]
    expected, _ = models.log_probs_of(model, docs)
    np.testing.assert_allclose(prediction.log_probs, expected, **TOLERANCE)
    assert prediction.hidden is None
    # every word but the unknown one, the boundary too
    everything = set(range(len(ENTRIES) + 2)) - {UNKNOWN_ROW}
    assert all(set(rows) == everything for rows in prediction.top_rows.tolist())


# -- documents, windows, rows


def test_documents_read_the_boundary_first_and_predict_it_last():
    model, docs = make_model(), make_docs()
    sequences = sequences_from_docs(model, docs)[0]
    ids, targets = [], []
    for doc in docs:
        ids += [BOUNDARY_ROW, *rows_of(model, doc)]
        targets += [*rows_of(model, doc), BOUNDARY_ROW]
    assert sequences.ids.tolist() == ids
    assert sequences.targets.tolist() == targets
    assert sequences.lengths.tolist() == [len(doc) + 1 for doc in docs]
    assert sequences.scored.all()


def test_window_reads_the_previous_token_and_its_end_is_not_scored():
    model = make_model()
    row = model.attrs["vocabulary"].row
    docs = [
        make_doc("一二", (None, False)),
        make_doc("三四", ("二", False)),
        make_doc("五", ("四", True)),
        make_doc("", ("四", True)),
        make_doc("一"),
    ]
    sequences = sequences_from_docs(model, docs)[0]
    starts = sequences.ids[np.cumsum(sequences.lengths) - sequences.lengths].tolist()
    assert starts == [BOUNDARY_ROW, row("二"), row("四"), row("四"), BOUNDARY_ROW]
    expected = [True, True, False, True, True, False, True, True, True, True, True]
    assert sequences.scored.tolist() == expected
    hidden = model.predict(docs)[1]
    network = get_shim(model).network
    weights = naive.weights_of(network)
    states, _ = naive.read(network.settings, weights, [row("二"), row("三"), row("四")])
    np.testing.assert_allclose(hidden, states[1:].detach(), **TOLERANCE)


@pytest.mark.parametrize("previous", ["</s>", "<unk>", "z", ""])
def test_previous_token_that_is_no_word_is_unknown_and_never_the_boundary(previous):
    model = make_model()
    sequences = sequences_from_docs(model, [make_doc("一", (previous, True))])[0]
    assert sequences.ids[0] == UNKNOWN_ROW


def test_previous_token_is_looked_up_by_the_models_attribute():
    model = make_model(attr="LOWER")
    sequences = sequences_from_docs(model, [make_doc("一", ("A", True))])[0]
    assert sequences.ids[0] == model.attrs["vocabulary"].row("a") != UNKNOWN_ROW


def test_damaged_mark_is_an_error():
    doc = make_doc("一")
    doc.user_data["spacy_rnn.window"] = {"previous": 3, "final": "no"}
    with pytest.raises(ValueError, match="R219"):
        make_model().predict([doc])


# -- settings


@pytest.mark.parametrize("cutoffs", ["auto", "fast"])
@pytest.mark.parametrize("width", [8, 128])
def test_clusters_are_chosen_for_the_width(cutoffs, width):
    entries = [[f"w{number}", 10**6 // number] for number in range(1, 5000)]
    network = get_shim(make_model(entries=entries, cutoffs=cutoffs, width=width)).network
    assert (len(network.settings.cutoffs) > 6) == (cutoffs == "fast" or width < 128)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "cnn"}, "R008.*cell.*'cnn'.*rnn, gru, lstm"),
        ({"precision": "float16"}, "R008.*precision.*'float16'.*auto, float32, bfloat16"),
        ({"prediction_precision": "half"}, "R008.*prediction_precision.*'half'.*auto"),
        ({"cutoffs": "some"}, "R008.*cutoffs.*'some'"),
        ({"attr": "LEMMA"}, "R001.*'LEMMA'.*ORTH, LOWER, NORM"),
        ({"width": 0}, "R009.*width.*0"),
        ({"embedding_width": -1, "tied": False}, "R009.*embedding_width.*-1"),
        ({"depth": 0}, "R009.*depth.*0"),
        ({"width": 6, "embedding_width": 5}, "R017.*width = 6, embedding_width = 5"),
        ({"cutoffs": [1, 5]}, "R018"),
        ({"cutoffs": [5, 5]}, "R018"),
        ({"cutoffs": [5, 3]}, "R018"),
        ({"cutoffs": [0]}, "R018"),
    ],
    ids=str,
)
def test_wrong_settings_are_refused_at_once(options, message):
    with pytest.raises(ValueError, match=message):
        build_rnn_lm(**options)


def test_cutoffs_beyond_the_vocabulary_are_refused_when_it_is_known():
    rows = len(ENTRIES) + 2
    make_model(cutoffs=[4, rows - 1])
    with pytest.raises(ValueError, match=f"R018.*{rows} rows"):
        make_model(cutoffs=[4, rows])


@pytest.mark.parametrize(("cutoffs", "expected"), [(None, ()), ([], ()), ([2, 9], (2, 9))])
def test_cutoffs_are_taken_as_given(cutoffs, expected):
    assert get_shim(make_model(cutoffs=cutoffs)).network.settings.cutoffs == expected


def test_automatic_cutoffs_follow_from_the_counts():
    entries = [[f"w{number}", 10**6 // (number + 1)] for number in range(4000)]
    network = get_shim(make_model(cutoffs="auto", entries=entries)).network
    assert network.settings.cutoffs
    assert network.settings.words == len(entries) + 2


def test_embedding_is_as_wide_as_the_states_unless_said_otherwise():
    assert get_shim(make_model(width=9)).network.embedding.shape[1] == 9
    untied = get_shim(make_model(width=9, embedding_width=4, tied=False)).network
    assert untied.embedding.shape[1] == 4
    assert untied.softmax.weight.shape[1] == 9


# -- the vocabulary


def test_vocabulary_is_read_from_a_file_at_initialization(tmp_path):
    path = tmp_path / "words.json"
    path.write_text(json.dumps(ENTRIES), encoding="utf-8")
    model = make_model(initialize=False, vocabulary=str(path), attr="LOWER")
    path_model = model.initialize()
    expected = Vocabulary(ENTRIES, attr="LOWER")
    assert path_model.attrs["vocabulary"].labels == expected.labels
    assert path_model.attrs["vocabulary"].attr == "LOWER"
    assert get_shim(model).network.settings.words == len(expected)


def test_given_vocabulary_is_not_replaced_by_the_file(tmp_path):
    path = tmp_path / "words.json"
    path.write_text(json.dumps([["x", 1]]), encoding="utf-8")
    model = make_model(vocabulary=str(path))
    assert model.attrs["vocabulary"].labels == Vocabulary(ENTRIES).labels


def test_without_words_there_is_a_clear_error(tmp_path):
    with pytest.raises(ValueError, match="R007"):
        make_model(initialize=False).initialize()
    with pytest.raises(ValueError, match="R004"):
        make_model(initialize=False, vocabulary=str(tmp_path / "missing.json")).initialize()
    with pytest.raises(ValueError, match="R002"):
        path = tmp_path / "empty.json"
        path.write_text("[]", encoding="utf-8")
        make_model(initialize=False, vocabulary=str(path)).initialize()


def test_initialization_follows_the_seed():
    weights = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        model = make_model(initialize=False)
        model.attrs["vocabulary"] = Vocabulary(ENTRIES)
        model.initialize()
        weights.append(values_of(model))
    assert models.same_values(weights[0], weights[1])
    assert not torch.equal(weights[0]["embedding"], weights[2]["embedding"])


def test_models_saved_with_their_vocabulary_give_words_back():
    model = make_model(attr="NORM")
    loaded = make_model(initialize=False, attr="ORTH").from_bytes(model.to_bytes())
    assert loaded.attrs["vocabulary"].labels == model.attrs["vocabulary"].labels
    assert loaded.attrs["vocabulary"].attr == "NORM"
