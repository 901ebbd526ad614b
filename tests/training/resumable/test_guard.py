"""Numbers that aren't finite are noticed at the step where they appear, and named."""

import numpy as np
import pytest
import spacy
import torch
from thinc.api import Adam, Linear, chain

from spacy_rnn.layers.optimizer import check_weights
from spacy_rnn.training.resumable.checkpoints import Checkpoints
from spacy_rnn.training.resumable.guard import check_finite_weights, check_gradients, check_losses

from ...helpers import make_examples, make_pipeline
from .trainings import TAGGER, annotate, begin, bytes_of, last_letter, make_config, run_whole

BAD = [float("nan"), float("inf"), -float("inf")]
# infinite numbers take the same way through a whole training
BAD_IN_TRAINING = [BAD[0], *(pytest.param(value, marks=pytest.mark.slow) for value in BAD[1:])]


BATCHES = {"training__batcher__size": 60}


def start(texts, tmp_path, **changes):
    config = make_config(texts, **BATCHES, **changes)
    return config, begin(config, tmp_path / "out", every=4)


def fail_at(run, steps, harm):
    """Do something bad before a step."""
    step = run.loop.step

    def step_with_harm():
        if run.loop.progress.steps == steps:
            harm()
        return step()

    run.loop.step = step_with_harm


def check_resumed(config, tmp_path, undisturbed):
    """What was kept is good: the training goes on as if nothing had been."""
    paths = Checkpoints(tmp_path / "out" / "checkpoint").paths()
    assert [path.name[-2:] for path in paths] == ["04", "08"]
    resumed = run_whole(config, tmp_path / "out", every=4, resume=True)
    assert bytes_of(resumed) == undisturbed.weights(**BATCHES)


@pytest.mark.parametrize("value", BAD_IN_TRAINING)
def test_a_bad_loss_stops_the_step_before_it_changes_anything(
    texts, undisturbed, tmp_path, monkeypatch, value
):
    config, run = start(texts, tmp_path)
    lm = run.loop.nlp.get_pipe("rnn_lm")
    get_loss, before = lm.get_loss, {}

    def harm():
        before.update(bytes_of(run.loop.nlp))
        lm.get_loss = lambda examples, scores: (value, get_loss(examples, scores)[1])

    fail_at(run, 10, harm)
    with pytest.raises(ValueError, match=r"R303.*rnn_lm"):
        run.execute()
    assert run.loop.progress.steps == 10
    assert bytes_of(run.loop.nlp) == before
    check_resumed(config, tmp_path, undisturbed)


@pytest.mark.parametrize("value", BAD_IN_TRAINING)
def test_a_bad_weight_is_named_at_the_step_that_made_it(texts, undisturbed, tmp_path, value):
    config, run = start(texts, tmp_path)

    def harm():
        run.loop.recipe.optimizer.learn_rate = value

    fail_at(run, 10, harm)
    with pytest.raises(ValueError, match=r"R030.*rnn_lm.*embedding"):
        run.execute()
    assert run.loop.progress.steps == 10
    check_resumed(config, tmp_path, undisturbed)


def test_a_bad_gradient_is_named_and_changes_nothing(texts, undisturbed, tmp_path):
    config, run = start(texts, tmp_path)
    lm = run.loop.nlp.get_pipe("rnn_lm")
    weight = lm.shim.network.parameters_by_name()["embedding"]
    update = lm.update

    def bad_update(*args, **kwargs):
        losses = update(*args, **kwargs)
        weight.grad[3, 2] = float("nan")
        return losses

    fail_at(run, 10, lambda: setattr(lm, "update", bad_update))
    with pytest.raises(ValueError, match=r"R014.*rnn_lm.*\(in: embedding\)"):
        run.execute()
    check_resumed(config, tmp_path, undisturbed)


def test_components_beside_it_are_watched_too(texts, tmp_path):
    changes = {**TAGGER, **annotate(texts, "tags", last_letter)}
    _, run = start(texts, tmp_path, **changes)
    tagger = run.loop.nlp.get_pipe("tagger")
    node = next(node for node in tagger.model.walk() if "W" in node.param_names)
    update = tagger.update

    def bad_update(*args, **kwargs):
        losses = update(*args, **kwargs)
        node.get_grad("W")[0, 0] = float("inf")
        return losses

    fail_at(run, 2, lambda: setattr(tagger, "update", bad_update))
    with pytest.raises(ValueError, match=r"R014.*tagger.*\.W"):
        run.execute()


@pytest.mark.parametrize("value", BAD)
def test_losses_of_any_component_are_checked(value):
    check_losses({"tagger": 3.0, "ner": np.float32(2)})
    with pytest.raises(ValueError, match=r"R607.*ner"):
        check_losses({"tagger": 3.0, "ner": np.float32(value)})


@pytest.mark.parametrize("value", BAD)
def test_weights_and_gradients_of_thinc_layers_are_checked(value):
    model = chain(Linear(4, 3), Linear(5, 4))
    model.initialize()
    check_finite_weights("tagger", model)
    check_gradients("tagger", model)
    model.layers[1].set_grad("b", np.array([1, 2, value, 4, 5], dtype="f"))
    with pytest.raises(ValueError, match=r"R014.*tagger.*linear\.b\)"):
        check_gradients("tagger", model)
    model.layers[0].get_param("W")[2, 1] = value
    with pytest.raises(ValueError, match=r"R030.*tagger.*linear\.W\)"):
        check_finite_weights("tagger", model)


def test_large_finite_numbers_are_not_taken_for_bad_ones():
    huge = torch.full((40, 40), 3e38)
    assert not torch.isfinite(torch.linalg.vector_norm(huge))
    check_weights({"w": huge}, "rnn_lm")
    model = Linear(40, 40)
    model.initialize()
    model.set_param("W", huge.numpy())
    check_finite_weights("tagger", model)


def test_bad_weights_are_noticed_in_spacys_own_loop_too():
    nlp = make_pipeline()
    optimizer = Adam(0.01)
    nlp.update(make_examples(nlp, ["the grey cat"]), sgd=optimizer)
    optimizer.learn_rate = float("inf")
    with pytest.raises(ValueError, match="R030"):
        nlp.update(make_examples(nlp, ["the grey cat"]), sgd=optimizer)


def test_what_was_saved_before_bad_weights_loads(texts, tmp_path):
    _, run = start(texts, tmp_path)
    fail_at(run, 7, lambda: setattr(run.loop.recipe.optimizer, "learn_rate", float("nan")))
    with pytest.raises(ValueError, match="R030"):
        run.execute()
    for name in ("model-last", "model-best"):
        network = spacy.load(tmp_path / "out" / name).get_pipe("rnn_lm").shim.network
        assert all(weight.isfinite().all() for weight in network.parameters())
