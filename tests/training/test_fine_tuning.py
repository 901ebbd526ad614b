"""Gradual unfreezing and discriminative rates, step by step, as a config asks for them."""

import pickle
from itertools import pairwise

import pytest
import torch
from spacy.util import registry
from thinc.api import SGD, Adam

from spacy_rnn.training.fine_tuning import create_fine_tuning_callback

from ..helpers import ENGLISH, make_examples, make_pipeline
from ..inline import network_weights, same, tagged, tagger_pipeline

MODEL = {"width": 6, "depth": 2, "direction": "both", "subword_rows": 16, "tied": False}
# names of the groups by a part of their weights' names, from below
GROUPS = [("embedding", "subwords"), ("layers.0.",), ("layers.1.",), ("softmax.",)]


def lm_pipeline(**options):
    return make_pipeline(model={**MODEL, **options})


def step(nlp, callback, number, examples, optimizer):
    callback(nlp, {"step": number, "epoch": 0})
    nlp.update(examples, sgd=optimizer)


def moved_groups(before, after):
    result = []
    for parts in GROUPS:
        names = [name for name in before if any(part in name for part in parts)]
        moved = {not torch.equal(before[name], after[name]) for name in names}
        assert len(moved) == 1, (parts, names)
        result.append(moved.pop())
    return result


def test_groups_of_a_language_model_wake_one_after_the_other():
    nlp = lm_pipeline()
    callback, optimizer = create_fine_tuning_callback(unfreeze=2), Adam(0.1)
    examples = make_examples(nlp, ENGLISH[:12])
    # subword rows start at zero, so the first gradients of everything are there already
    awake = []
    for number in range(8):
        before = network_weights(nlp, "rnn_lm")
        step(nlp, callback, number, examples, optimizer)
        awake.append(sum(moved_groups(before, network_weights(nlp, "rnn_lm"))))
    # the softmax wakes with the last layer; then one group every two steps
    wakings = [sum(number >= 2 * (group + 1) for group in range(3)) for number in range(8)]
    assert awake == [groups + (groups > 0) for groups in wakings]


def test_a_lower_group_wakes_after_the_upper_ones():
    nlp = lm_pipeline()
    callback, optimizer = create_fine_tuning_callback(unfreeze=1), Adam(0.1)
    examples = make_examples(nlp, ENGLISH[:12])
    history = []
    for number in range(4):
        before = network_weights(nlp, "rnn_lm")
        step(nlp, callback, number, examples, optimizer)
        history.append(moved_groups(before, network_weights(nlp, "rnn_lm")))
    assert history == [[group >= 3 - number for group in range(3)] + [number > 0]
                       for number in range(4)]  # fmt: skip


@pytest.mark.parametrize(("decay", "rate"), [(2.6, 1.0), (2.0, 0.5), (1.0, 1.0)])
def test_a_step_is_one_of_plain_descent_with_a_rate_for_each_group(decay, rate):
    """Compared with the step at one rate: gradient descent without clipping is linear in it."""
    changes = []
    for callback in (
        create_fine_tuning_callback(decay=1.0),
        create_fine_tuning_callback(decay=decay, rate=rate),
    ):
        nlp = lm_pipeline()
        before = network_weights(nlp, "rnn_lm")
        examples = make_examples(nlp, ENGLISH[:12])
        step(nlp, callback, 0, examples, SGD(1.0, grad_clip=0.0))
        after = network_weights(nlp, "rnn_lm")
        changes.append({name: after[name].double() - before[name] for name in before})
    shares = [rate / decay**below for below in (2, 1, 0)] + [rate]
    for parts, share in zip(GROUPS, shares, strict=True):
        for name in changes[0]:
            if any(part in name for part in parts):
                expected = share * changes[0][name]
                assert expected.abs().max() > 1e-4
                torch.testing.assert_close(changes[1][name], expected, atol=1e-6, rtol=1e-4)


def test_without_options_out_of_the_ordinary_training_is_the_same():
    trained = []
    for callback in (None, create_fine_tuning_callback(decay=1.0)):
        nlp = lm_pipeline()
        optimizer = Adam(0.1)
        for number in range(3):
            if callback:
                callback(nlp, {"step": number, "epoch": 0})
            nlp.update(make_examples(nlp, ENGLISH[:12]), sgd=optimizer)
        trained.append(nlp.get_pipe("rnn_lm").model.to_bytes())
    assert trained[0] == trained[1]


def test_a_tied_softmax_has_its_rows_in_the_group_of_the_embedding():
    nlp = lm_pipeline(tied=True)
    callback, optimizer = create_fine_tuning_callback(unfreeze=1), Adam(0.1)
    before = network_weights(nlp, "rnn_lm")
    for number in range(3):
        step(nlp, callback, number, make_examples(nlp, ENGLISH[:12]), optimizer)
    middle = network_weights(nlp, "rnn_lm")
    assert torch.equal(middle["embedding"], before["embedding"])
    assert not torch.equal(middle["softmax.bias"], before["softmax.bias"])
    step(nlp, callback, 3, make_examples(nlp, ENGLISH[:12]), optimizer)
    assert not torch.equal(network_weights(nlp, "rnn_lm")["embedding"], before["embedding"])


def test_the_head_of_a_tagger_learns_while_its_network_is_frozen(tmp_path):
    lm_pipeline().to_disk(tmp_path)
    nlp = tagger_pipeline(**MODEL, source=str(tmp_path))
    callback, optimizer = create_fine_tuning_callback("tagger", unfreeze=2), Adam(0.1)
    start = network_weights(nlp, "tagger")
    head = nlp.get_pipe("tagger").model.get_ref("softmax")
    for number in range(2):
        before = head.get_param("W").copy()
        step(nlp, callback, number, tagged(nlp), optimizer)
        assert (head.get_param("W") != before).any()
    after = network_weights(nlp, "tagger")
    assert same(after, start)
    step(nlp, callback, 2, tagged(nlp), optimizer)
    # a tagger has no use for the softmax
    assert moved_groups(start, network_weights(nlp, "tagger")) == [False, False, True, False]


def test_upstream_of_a_listener_is_frozen_and_the_listener_learns():
    nlp = lm_pipeline()
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 12, "upstream": "rnn_lm"}
    layers = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    tagger = nlp.add_pipe("tagger", config={"model": layers})
    tagger.initialize(lambda: tagged(nlp), nlp=nlp)
    callback, optimizer = create_fine_tuning_callback(unfreeze=2), Adam(0.1)
    history = []
    for number in range(4):
        before = network_weights(nlp, "rnn_lm")
        head = tagger.model.get_ref("softmax").get_param("W").copy()
        step(nlp, callback, number, tagged(nlp), optimizer)
        assert (tagger.model.get_ref("softmax").get_param("W") != head).any()
        history.append(moved_groups(before, network_weights(nlp, "rnn_lm")))
    assert history == [[False] * 4] * 2 + [[False, False, True, True]] * 2


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_schedule_ends_with_all_groups_at_rates_that_fall_towards_the_embedding(depth):
    callback = create_fine_tuning_callback(unfreeze=10, decay=2.0)
    last = callback.rates(depth, 10 * (depth + 1))
    assert len(last) == depth + 2
    assert all(upper == 2 * lower for lower, upper in pairwise(last[:-1]))
    assert last[-1] == last[-2] == 1.0
    frozen = [callback.rates(depth, number).count(0.0) for number in range(10 * (depth + 1) + 1)]
    assert frozen == sorted(frozen, reverse=True)
    assert (frozen[0], frozen[-2], frozen[-1]) == (depth + 2, 1, 0)


def test_config_block_is_resolved_and_can_be_pickled():
    block = {"@callbacks": "spacy-rnn.fine_tuning.v1", "component": "rnn_lm", "unfreeze": 3}
    made = registry.resolve({"made": block})["made"]
    again = pickle.loads(pickle.dumps(made))
    assert vars(again) == vars(made)
    assert again.rates(2, 7) == create_fine_tuning_callback(unfreeze=3).rates(2, 7)


@pytest.mark.parametrize("name", ["ner", "sentencizer", "tagger"])
def test_component_without_a_network_is_named(name):
    nlp = lm_pipeline()
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("tagger")
    with pytest.raises(ValueError, match=rf"R225.*'{name}'.*rnn_lm.*sentencizer"):
        create_fine_tuning_callback(name)(nlp, {"step": 0, "epoch": 0})


@pytest.mark.parametrize("bad", [0, -1.0, float("inf"), float("nan")])
@pytest.mark.parametrize("option", ["decay", "rate"])
def test_a_number_out_of_range_is_refused(option, bad):
    with pytest.raises(ValueError, match=rf"R309.*{option}"):
        create_fine_tuning_callback(**{option: bad})


def test_steps_before_the_first_one_are_refused():
    with pytest.raises(ValueError, match="unfreeze"):
        create_fine_tuning_callback(unfreeze=-1)
