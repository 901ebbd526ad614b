"""A step that waits for listeners: who answers late, never, or not at all."""

import copy
import pickle

import numpy as np
import pytest
from spacy.training import Example
from thinc.api import SGD, Adam
from thinc.schedules import warmup_linear

from ..helpers import make_examples, make_pipeline, weights_of
from .test_upstream import MORE, RATE, TEXTS, ByHand, check, listening_pipeline, step_of, tagged

PAIRS = ("most_similar", "predict_next")


def moved(before, lm):
    return max(np.abs(before[name] - value).max() for name, value in weights_of(lm).items())


@pytest.mark.parametrize("annotates", [["rnn_lm"], ["rnn_lm", "tagger0"]])
@pytest.mark.parametrize("loop", [True, False])
def test_components_that_annotate_in_training_lose_no_gradient(annotates, loop):
    nlp = listening_pipeline()
    hand = ByHand(nlp, 1.0)
    expected = hand.gradients(hand.loss(TEXTS, ["tagger0"]))
    examples = tagged(nlp, TEXTS)

    def update(sgd):
        nlp.update(examples, sgd=False if loop else sgd, annotates=annotates)
        if loop:
            for _, pipe in nlp.pipeline:
                pipe.finish_update(sgd)

    check(step_of(nlp, update), expected)


def test_a_postponed_step_is_done_at_the_rate_of_its_time():
    """As in spaCy's loop, which moves the schedules before the next update."""
    nlp, alone = listening_pipeline(), make_pipeline(model={"width": 5})
    for pipeline in (nlp, alone):
        optimizer = SGD(warmup_linear(RATE, 3, 6), grad_clip=0.0)
        for texts in (TEXTS, MORE, TEXTS, MORE):
            optimizer.step_schedules()
            examples = tagged(pipeline, texts)
            pipeline.update(examples, sgd=False, exclude=["tagger0"])
            pipeline.get_pipe("rnn_lm").finish_update(optimizer)
        pipeline.get_pipe("rnn_lm").finish_pending_step()
    expected = weights_of(alone.get_pipe("rnn_lm"))
    for name, value in weights_of(nlp.get_pipe("rnn_lm")).items():
        np.testing.assert_allclose(value, expected[name], atol=1e-6, err_msg=name)


def test_a_batch_without_tokens_leaves_nothing_behind():
    nlp = listening_pipeline()
    optimizer = Adam(0.01)
    nlp.update(tagged(nlp, ["", ""]), sgd=optimizer)
    losses = nlp.update(tagged(nlp, MORE), sgd=optimizer, exclude=["rnn_lm"], annotates=["rnn_lm"])
    assert losses["tagger0"] > 0
    before = weights_of(nlp.get_pipe("rnn_lm"))
    nlp.update(tagged(nlp, TEXTS), sgd=optimizer)
    assert moved(before, nlp.get_pipe("rnn_lm")) > 0


@pytest.mark.parametrize("how", ["pickle", "deepcopy"])
def test_copies_are_made_after_the_step_that_waits(how):
    nlp = listening_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    before = weights_of(lm)
    nlp.update(tagged(nlp, TEXTS), sgd=SGD(RATE), exclude=["tagger0"])
    assert moved(before, lm) == 0
    copied = pickle.loads(pickle.dumps(lm)) if how == "pickle" else copy.deepcopy(lm)
    after = weights_of(lm)
    assert moved(before, lm) > 0
    assert all(np.array_equal(after[name], value) for name, value in weights_of(copied).items())
    copied.finish_pending_step()
    assert moved(after, copied) == 0


@pytest.mark.parametrize("use", ["embedding", "most_similar", "predict_next", "generate", "count"])
def test_whoever_reads_the_weights_reads_them_after_the_step(use):
    nlp, alone = listening_pipeline(), make_pipeline(model={"width": 5})
    for pipeline in (nlp, alone):
        pipeline.update(tagged(pipeline, TEXTS), sgd=SGD(10.0), exclude=["tagger0"])

    def read(pipeline):
        lm = pipeline.get_pipe("rnn_lm")
        if use == "count":
            return [lm.count([pipeline.make_doc("the baker")]).log_prob]
        made = getattr(lm, use)("the")
        # words with their numbers, or the vector or the text itself
        return [value for _, value in made] if use in PAIRS else made

    found, expected = read(nlp), read(alone)
    if use == "generate":
        assert found == expected
    else:
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_failed_listener_does_not_stop_the_next_batch():
    nlp = listening_pipeline()
    bad = [Example.from_dict(nlp.make_doc("the"), {"tags": ["UNHEARD OF"]})]
    with pytest.raises(KeyError):
        nlp.update(bad, sgd=Adam(0.01))
    before = weights_of(nlp.get_pipe("rnn_lm"))
    losses = nlp.update(tagged(nlp, TEXTS), sgd=Adam(0.01), losses={})
    assert losses["tagger0"] > 0 and moved(before, nlp.get_pipe("rnn_lm")) > 0


def test_predictions_alone_change_no_weight():
    nlp = listening_pipeline()
    nlp.update(tagged(nlp, TEXTS), sgd=Adam(0.01))
    before = weights_of(nlp.get_pipe("rnn_lm"))
    list(nlp.pipe(TEXTS))
    nlp.evaluate(make_examples(nlp, TEXTS))
    assert moved(before, nlp.get_pipe("rnn_lm")) == 0
