"""The bridge to thinc: averages, copies, saving, threads and forks."""

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import srsly
import torch
from thinc.api import Adam, set_dropout_rate

from spacy_rnn.layers.shim import get_shim
from spacy_rnn.network.inference import Wanted

from . import models
from .models import make_docs, make_model, parameters_of, same_values, values_of


def predict(model, docs=None):
    return np.concatenate(model.predict(make_docs() if docs is None else docs))


def trained_model(steps=3, **options):
    model, optimizer = make_model(**options), Adam(0.05)
    models.train(model, make_docs(), optimizer, steps)
    return model, optimizer


# -- training


def test_training_lowers_the_loss():
    model, docs = make_model(), make_docs()
    before = models.log_probs_of(model, docs)[0].mean()
    models.train(model, docs, Adam(0.05), steps=20)
    assert models.log_probs_of(model, docs)[0].mean() > before + 0.5


def test_step_changes_weights_in_place():
    model = make_model()
    places = {name: p.data_ptr() for name, p in parameters_of(model).items()}
    before = values_of(model)
    models.train(model, make_docs(), Adam(0.05))
    assert {name: p.data_ptr() for name, p in parameters_of(model).items()} == places
    after = values_of(model)
    assert not any(torch.equal(before[name], after[name]) for name in before)


def test_gradients_of_several_passes_add_up():
    model, docs = make_model(), make_docs()
    one = torch.ones(1)
    gradients = []
    for batches in ([docs], [docs[:3], docs[3:]]):
        for batch in batches:
            log_probs, backprop = models.log_probs_of(model, batch)
            backprop(one.expand(len(log_probs)).numpy())
        gradients.append({name: p.grad for name, p in parameters_of(model).items()})
        get_shim(model).network.zero_grad()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("precision", "threads"), [("float32", 2), ("bfloat16", 1)])
def test_two_trainings_with_one_seed_are_identical(precision, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        results = []
        for _ in range(2):
            torch.manual_seed(5)
            model = make_model(depth=2, precision=precision, width=32, cutoffs="auto")
            set_dropout_rate(model, 0.3)
            models.train(model, make_docs() * 40, Adam(0.05), steps=2)
            results.append(model)
    finally:
        torch.set_num_threads(before)
    assert same_values(*(values_of(model) for model in results))
    assert results[0].to_bytes() == results[1].to_bytes()


def test_gradient_that_is_not_finite_stops_before_the_weights_change():
    model = make_model()
    before = values_of(model)
    log_probs, backprop = models.log_probs_of(model, make_docs())
    backprop(np.full_like(log_probs, np.nan))
    with pytest.raises(ValueError, match="R014"):
        model.finish_update(Adam(0.1))
    assert same_values(values_of(model), before)


# -- averages


def test_averages_are_swapped_in_and_out_again():
    model, optimizer = trained_model()
    before, outside = values_of(model), predict(model)
    places = [parameter.data_ptr() for parameter in get_shim(model).network.parameters()]
    assert len(optimizer.averages) == len(before)
    with model.use_params(optimizer.averages):
        inside = values_of(model)
        for name, value in inside.items():
            average = optimizer.averages[(get_shim(model).id, name)]
            assert np.array_equal(value.numpy(), average)
            assert not torch.equal(value, before[name])
        assert not np.allclose(predict(model), outside, atol=1e-3)
    assert same_values(values_of(model), before)
    assert np.array_equal(predict(model), outside)
    assert [p.data_ptr() for p in get_shim(model).network.parameters()] == places


def test_weights_are_restored_after_an_exception():
    model, optimizer = trained_model()
    before = values_of(model)
    with pytest.raises(KeyError), model.use_params(optimizer.averages):
        raise KeyError
    assert same_values(values_of(model), before)


def test_weights_are_restored_if_an_average_does_not_fit():
    model, optimizer = trained_model()
    before = values_of(model)
    optimizer.averages[(get_shim(model).id, "softmax.bias")] = np.zeros(99, dtype="float32")
    with pytest.raises(RuntimeError), model.use_params(optimizer.averages):
        pass
    assert same_values(values_of(model), before)


def test_averages_of_another_model_are_not_taken():
    model, other = make_model(), make_model()
    optimizer = Adam(0.05)
    models.train(other, make_docs(), optimizer)
    before = values_of(model)
    with model.use_params(optimizer.averages):
        assert same_values(values_of(model), before)
    with model.use_params({}):
        assert same_values(values_of(model), before)


def test_averages_can_be_swapped_in_before_initialization():
    with make_model(initialize=False).use_params({(1, "embedding"): np.zeros(3)}):
        pass


# -- copies


def test_copy_has_an_id_and_weights_of_its_own():
    model, optimizer = trained_model()
    copied = model.copy()
    assert get_shim(copied).id != get_shim(model).id
    assert get_shim(copied).id not in {owner for owner, _ in optimizer.mom1}
    assert same_values(values_of(copied), values_of(model))
    assert np.array_equal(predict(copied), predict(model))
    assert copied.attrs["vocabulary"].labels == model.attrs["vocabulary"].labels
    before = values_of(model)
    models.train(copied, make_docs(), optimizer)
    assert same_values(values_of(model), before)
    assert not same_values(values_of(copied), before)


def test_original_and_copy_share_no_moments_in_one_optimizer():
    docs = make_docs()
    model, together, alone = make_model(), Adam(0.05), Adam(0.05)
    copied, expected = model.copy(), model.copy()
    for _ in range(3):
        models.train(model, docs, together, steps=1)
        models.train(copied, docs, together, steps=1)
        models.train(expected, docs, alone, steps=1)
    assert same_values(values_of(model), values_of(expected))
    assert same_values(values_of(copied), values_of(expected))


def test_copy_leaves_gradients_that_wait_for_a_step_behind():
    model = make_model()
    log_probs, backprop = models.log_probs_of(model, make_docs())
    backprop(np.ones_like(log_probs))
    copied = model.copy()
    assert all(p.grad is None for p in parameters_of(copied).values())
    assert all(p.grad is not None for p in parameters_of(model).values())


def test_copy_keeps_tied_weights_tied():
    network = get_shim(make_model(tied=True).copy()).network
    assert network.softmax.weight is network.embedding


def test_model_without_a_network_can_be_copied():
    copied = make_model(initialize=False).copy()
    with pytest.raises(ValueError, match="R015"):
        copied.predict(make_docs())


# -- saving


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("tied", [True, False])
def test_bytes_and_pickle_give_identical_predictions(cell, tied):
    options = {"cell": cell, "tied": tied, "depth": 2}
    model, _ = trained_model(**options)
    from_bytes = make_model(initialize=False, **options).from_bytes(model.to_bytes())
    from_pickle = pickle.loads(pickle.dumps(model))
    for loaded in (from_bytes, from_pickle):
        assert same_values(values_of(loaded), values_of(model))
        assert np.array_equal(predict(loaded), predict(model))
        assert loaded.attrs["vocabulary"].labels == model.attrs["vocabulary"].labels
    assert from_bytes.to_bytes() == model.to_bytes()


def test_disk_gives_identical_predictions(tmp_path):
    model, _ = trained_model()
    model.to_disk(tmp_path / "model")
    loaded = make_model(initialize=False).from_disk(tmp_path / "model")
    assert np.array_equal(predict(loaded), predict(model))


def test_loaded_model_trains_on():
    model, _ = trained_model()
    loaded = make_model(initialize=False).from_bytes(model.to_bytes())
    models.train(loaded, make_docs(), Adam(0.05))
    models.train(model, make_docs(), Adam(0.05))
    assert same_values(values_of(loaded), values_of(model))


def test_model_without_a_network_round_trips():
    empty = make_model(initialize=False)
    loaded = make_model(initialize=False).from_bytes(empty.to_bytes())
    with pytest.raises(ValueError, match="R015"):
        loaded.predict(make_docs())
    # and empties a model that had one
    emptied = make_model().from_bytes(empty.to_bytes())
    with pytest.raises(ValueError, match="R015"):
        emptied.predict(make_docs())


@pytest.mark.parametrize(
    "options",
    [{"cell": "gru"}, {"depth": 2}, {"tied": False}, {"tied": False, "width": 7}],
    ids=str,
)
def test_weights_of_another_config_are_refused(options):
    data = get_shim(make_model()).to_bytes()
    other = make_model(initialize=False, **options)
    with pytest.raises(ValueError, match="R010"):
        get_shim(other).from_bytes(data)
    with pytest.raises(ValueError):
        make_model(initialize=False, **options).from_bytes(make_model().to_bytes())


def test_damaged_bytes_are_refused_and_the_weights_stay():
    model = make_model()
    shim, data = get_shim(model), get_shim(make_model()).to_bytes()
    before = values_of(model)
    places = [*range(0, len(data), len(data) // 50), len(data) - 1]
    damaged = [data[:place] for place in places]
    damaged += [b"\x93\x01\x02\x03", b"\x80", b"\xc1", data + b"\0", pickle.dumps({"state": 1})]
    for state in (b"x", "text", 7, [1, 2], {"a": 1}):
        damaged.append(srsly.msgpack_dumps({"config": {}, "state": state}))
    for bytes_data in damaged:
        with pytest.raises(ValueError, match=r"^\[R01[0-2]\]"):
            shim.from_bytes(bytes_data)
    assert same_values(values_of(model), before)


def test_loading_leaves_the_random_state_alone():
    data = make_model().to_bytes()
    model = make_model(initialize=False)
    before = torch.random.get_rng_state()
    model.from_bytes(data)
    assert torch.equal(torch.random.get_rng_state(), before)


# -- devices, threads, processes


def test_unknown_device_is_an_error():
    with pytest.raises(ValueError, match="R016"):
        get_shim(make_model()).to_device("tpu", 0)
    shim = get_shim(make_model())
    shim.to_device("cpu", 0)
    assert shim.device == torch.device("cpu")


def test_uninitialised_model_says_so():
    model = make_model(initialize=False)
    for call in (
        lambda: model.predict(make_docs()),
        lambda: model.begin_update(make_docs()),
        lambda: model.finish_update(Adam(0.1)),
    ):
        with pytest.raises(ValueError, match="R015"):
            call()
    get_shim(model).to_device("cpu", 0)


def test_threads_predict_what_one_thread_predicts():
    model = make_model(width=32, depth=2)
    set_dropout_rate(model, 0.5)
    batches = [make_docs([text * (n + 1) for text in models.TEXTS]) for n in range(10)]
    expected = [predict(model, batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: predict(model, batch), batches * 10))
    for number, array in enumerate(found):
        np.testing.assert_array_equal(array, expected[number % len(batches)])


def test_threads_predict_while_another_trains_a_copy():
    model = make_model(width=32)
    copied, docs = model.copy(), make_docs()
    expected = predict(model)
    with ThreadPoolExecutor(4) as pool:
        training = pool.submit(models.train, copied, make_docs() * 4, Adam(0.05), 10)
        found = list(pool.map(lambda _: predict(model, docs), range(40)))
        training.result()
    assert all(np.array_equal(array, expected) for array in found)


def test_network_layer_predicts_through_thinc_as_well():
    model, docs = make_model(), make_docs()
    sequences = models.sequences_from_docs(model, docs)[0]
    sequences.wanted = Wanted(hidden=True, log_probs=True)
    expected, _ = models.log_probs_of(model, docs)
    set_dropout_rate(model, 0.5)
    (outputs,) = model.layers[0].predict([sequences])
    np.testing.assert_allclose(outputs.log_probs, expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_forked_child_predicts_without_hanging():
    """A child has torch's thread pool, but not its threads."""
    program = [sys.executable, "-m", "tests.layers.fork_and_predict"]
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    root = Path(__file__).parents[2]
    done = subprocess.run(program, cwd=root, env=environment, timeout=120, check=False)
    assert done.returncode == 0
