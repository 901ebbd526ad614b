"""Training: the loss is the negative log-likelihood, and nothing steps unless asked."""

import numpy as np
import pytest
import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import SGD, Adam, fix_random_seed

from spacy_rnn.corpus.windows import split_document

from ..helpers import ENGLISH, make_examples, make_pipeline, make_trained, train, weights_of
from .reference import Reference, words_of

TEXTS = [ENGLISH[0], "zeppelin", "", "the baker paints <unk> zeppelin zeppelin .", " "]


def brute_force_loss(lm, docs):
    reference = Reference(lm)
    return -sum(reference.read(words_of(doc)).log_probs.sum() for doc in docs)


def same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("cutoffs", [None, [6, 15]])
def test_loss_is_the_negative_log_likelihood_of_tokens_and_ends(cutoffs):
    nlp = make_trained(model={"cutoffs": cutoffs, "depth": 2})
    lm = nlp.get_pipe("rnn_lm")
    examples = make_examples(nlp, TEXTS)
    losses = lm.update(examples)
    docs = [example.predicted for example in examples]
    assert losses["rnn_lm"] == pytest.approx(brute_force_loss(lm, docs), rel=1e-5)
    assert losses["rnn_lm_tokens"] == sum(len(doc) + 1 for doc in docs)
    # further updates add up, under the component's name
    again = lm.update(examples, losses=losses)
    assert again is losses
    assert losses["rnn_lm"] == pytest.approx(2 * brute_force_loss(lm, docs), rel=1e-5)
    assert losses["rnn_lm_tokens"] == 2 * sum(len(doc) + 1 for doc in docs)


def test_losses_have_the_name_of_the_component():
    nlp = make_pipeline(name="my_lm")
    assert set(nlp.update(make_examples(nlp, TEXTS), losses={})) == {"my_lm", "my_lm_tokens"}


def test_gradient_is_that_of_the_mean_loss():
    """A step of plain gradient descent, against finite differences of the brute force."""
    nlp = make_pipeline(model={"width": 4})
    lm = nlp.get_pipe("rnn_lm")
    examples = make_examples(nlp, TEXTS[:2])
    docs = [example.predicted for example in examples]
    count = sum(len(doc) + 1 for doc in docs)
    before = weights_of(lm)
    rate = 0.1
    lm.update(examples, sgd=SGD(rate, grad_clip=0.0))
    after = weights_of(lm)
    network = lm.shim.network
    for name, parameter in network.parameters_by_name().items():
        parameter.data.copy_(torch.from_numpy(before[name]))
    generator = np.random.default_rng(0)
    for name, parameter in network.parameters_by_name().items():
        direction = generator.normal(size=parameter.shape).astype("float32")
        sides = []
        for sign in (1, -1):
            parameter.data.copy_(torch.from_numpy(before[name] + sign * 1e-3 * direction))
            sides.append(brute_force_loss(lm, docs) / count)
            parameter.data.copy_(torch.from_numpy(before[name]))
        slope = (sides[0] - sides[1]) / 2e-3
        moved = float(((before[name] - after[name]) / rate * direction).sum())
        assert moved == pytest.approx(slope, rel=0.02, abs=2e-4), name


def test_get_loss_sums_what_it_is_given():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    examples = make_examples(nlp, ["the baker", "the"])
    scores = np.array([-1, -2, -3, -4, -5], dtype="f")
    loss, gradient = lm.get_loss(examples, scores)
    assert loss == 15 and type(loss) is float
    # falling loss means rising scores
    assert gradient.tolist() == pytest.approx([-1 / 5] * 5)


def test_windows_of_a_document_have_its_loss_read_from_their_previous_token():
    nlp = make_trained()
    lm = nlp.get_pipe("rnn_lm")
    text = "the baker paints zeppelin the harbour . our neighbour"
    doc = Doc(nlp.vocab, words=text.split())
    windows = split_document(doc, 4)
    assert [len(window) for window in windows] == [4, 4, 1]
    examples = [Example(window, window) for window in windows]
    losses = lm.update(examples)
    reference, words = Reference(lm), words_of(doc)
    expected = reference.read(words[:4]).log_probs[:-1].sum()
    expected += reference.read(words[4:8], start=words[3]).log_probs[:-1].sum()
    expected += reference.read(words[8:], start=words[7]).log_probs.sum()
    assert losses["rnn_lm"] == pytest.approx(-expected, rel=1e-5)
    # the document's end is predicted once
    assert losses["rnn_lm_tokens"] == len(doc) + 1
    # a window annotated alone says the same
    made = np.concatenate([nlp(window)._.rnn_lm.log_probs for window in windows])
    end = nlp(windows[-1])._.rnn_lm.end_log_prob
    assert made.sum() + end == pytest.approx(expected, rel=1e-5)


def test_nothing_steps_without_an_optimizer():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    examples = make_examples(nlp, TEXTS)
    before = weights_of(lm)
    lm.update(examples, sgd=None)
    lm.update(examples, sgd=False)
    nlp.update(examples, sgd=False)
    assert same(before, weights_of(lm))
    lm.finish_update(Adam(0.01))
    assert not same(before, weights_of(lm))


def test_several_updates_until_the_step_are_one_batch():
    def step(batches):
        nlp = make_pipeline()
        lm = nlp.get_pipe("rnn_lm")
        for texts in batches:
            lm.update(make_examples(nlp, texts))
        lm.finish_update(SGD(0.1, grad_clip=0.0))
        return weights_of(lm)["embedding"]

    start = weights_of(make_pipeline().get_pipe("rnn_lm"))["embedding"]
    together = step([ENGLISH[:5]]) - start
    for batches in ([ENGLISH[:2], ENGLISH[2:5]], [[text] for text in ENGLISH[:5]]):
        np.testing.assert_allclose(step(batches) - start, together, atol=1e-6)


def test_training_learns(trained):
    untrained = make_pipeline()
    for text in ENGLISH[:3]:
        assert trained(text)._.rnn_perplexity < 0.7 * untrained(text)._.rnn_perplexity


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_cell_can_learn_a_text_by_heart(cell):
    text = ["one two one three one four."]
    nlp = make_pipeline(text, model={"cell": cell, "width": 16})
    train(nlp, text, steps=80)
    assert nlp(text[0])._.rnn_perplexity < 1.2
    assert nlp.get_pipe("rnn_lm").generate("one", temperature=0) == "one two one three one four."


def test_dropout_reaches_the_network():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    examples = make_examples(nlp, ENGLISH[:8])
    exact = lm.update(examples, drop=0.0)["rnn_lm"]
    assert exact == lm.update(examples, drop=0.0)["rnn_lm"]
    dropped = {lm.update(examples, drop=0.5)["rnn_lm"] for _ in range(3)}
    assert len(dropped) == 3 and exact not in dropped


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_a_batch_without_tokens_changes_nothing(texts):
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    before = weights_of(lm)
    losses = lm.update(make_examples(nlp, texts), sgd=Adam(0.1))
    assert losses == {"rnn_lm": 0.0, "rnn_lm_tokens": 0}
    assert same(before, weights_of(lm))


def test_what_are_no_examples_is_refused():
    nlp = make_pipeline()
    with pytest.raises(TypeError):
        nlp.get_pipe("rnn_lm").update([nlp.make_doc("the baker")])


def test_a_loss_that_is_no_number_stops_before_the_step():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    lm.shim.network.softmax.bias.data[3] = float("nan")
    before = weights_of(lm)
    with pytest.raises(ValueError, match=r"R303.*nan"):
        nlp.update(make_examples(nlp, ENGLISH), sgd=Adam(0.1))
    after = weights_of(lm)
    assert all(np.array_equal(before[name], after[name], equal_nan=True) for name in before)


def test_a_gradient_that_is_no_number_stops_before_the_step(monkeypatch):
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    before = weights_of(lm)
    original = lm.get_loss
    monkeypatch.setattr(lm, "get_loss", lambda *args: (1.0, original(*args)[1] * np.float32("inf")))
    with pytest.raises(ValueError, match="R014"):
        nlp.update(make_examples(nlp, ENGLISH), sgd=Adam(0.1))
    assert same(before, weights_of(lm))
    monkeypatch.undo()
    # and the bad gradient is gone
    nlp.update(make_examples(nlp, ENGLISH), sgd=Adam(0.1))
    assert not same(before, weights_of(lm))
    assert all(np.isfinite(value).all() for value in weights_of(lm).values())


def test_averaged_weights_are_used_inside_the_block_only():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    optimizer = Adam(0.05, use_averages=True)
    history = []
    for _ in range(3):
        nlp.update(make_examples(nlp, ENGLISH), sgd=optimizer)
        history.append(weights_of(lm))
    # thinc's running mean: decay (1 + t) / (10 + t), from zero
    average = np.zeros_like(history[0]["embedding"])
    for t, weights in enumerate(history, start=1):
        decay = (1 + t) / (10 + t)
        average = decay * average + (1 - decay) * weights["embedding"]
    with nlp.use_params(optimizer.averages):
        np.testing.assert_allclose(weights_of(lm)["embedding"], average, atol=1e-6)
        inside = nlp(ENGLISH[0])._.rnn_perplexity
    assert same(history[-1], weights_of(lm))
    assert nlp(ENGLISH[0])._.rnn_perplexity != inside


@pytest.mark.parametrize("drop", [-0.1, 1.0, 2.0])
def test_a_dropout_rate_out_of_range_is_refused(drop):
    nlp = make_pipeline()
    with pytest.raises(ValueError, match=r"R309.*drop"):
        nlp.get_pipe("rnn_lm").update(make_examples(nlp, ENGLISH), drop=drop)


def test_rehearsing_does_no_harm():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    before = weights_of(lm)
    examples = make_examples(nlp, ENGLISH)
    optimizer = nlp.resume_training()
    assert nlp.rehearse(examples, sgd=optimizer) == {}
    assert same(before, weights_of(lm))


def test_an_optimizer_starts_anew_with_a_network_of_another_vocabulary():
    def run(optimizer_of_both):
        # the larger one first: moments that are too small for the weights would be overrun
        nlp = make_pipeline([" ".join(f"q{number}" for number in range(60))])
        first = Adam(0.01)
        nlp.update(make_examples(nlp, ["q1 q2"]), sgd=first)
        fix_random_seed(1)
        nlp.initialize(lambda: make_examples(nlp, ENGLISH), sgd=first)
        second = first if optimizer_of_both else Adam(0.01)
        nlp.update(make_examples(nlp, ENGLISH), sgd=second)
        return weights_of(nlp.get_pipe("rnn_lm"))

    assert same(run(False), run(True))
