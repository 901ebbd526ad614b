"""A batch in parts, as `accumulate_gradient` divides it, takes the step of the undivided one."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from spacy.training import Example
from thinc.api import SGD, Adam

from spacy_rnn.corpus.windows import read_mark, split_document
from spacy_rnn.layers.sequences import sequences_from_docs

from ..helpers import ENGLISH, make_pipeline, make_random, weights_of
from ..layers.by_hand import ByHand
from ..layers.spelling_by_hand import Speller
from ..network import naive
from .test_streams import make_docs, mark_streams
from .test_upstream import ByHand as ListenersByHand
from .test_upstream import listening_pipeline, tagged

TEXTS = [
    "the grey cat watches an old boat . a tired sailor forgets the harbour . our neighbour paints",
    "zeppelin",
    "the baker",
    "",
    "our neighbour paints two green pears . the zeppelin carries a letter !",
]
# where the batch is cut, beside its ends
CUTS = {"two": [2], "every": [1, 2, 3, 4], "empty first": [1, 3, 4], "late": [4]}
MODELS = {
    "forward": {},
    "backward-clusters": {"direction": "backward", "cutoffs": [6, 15]},
    "both-deep": {"direction": "both", "depth": 2},
    "both-untied": {"direction": "both", "tied": False, "embedding_width": 7},
}


class WindowsByHand(ByHand):
    """Also of windows of documents, which read the token beside them."""

    def log_probs(self, doc):
        mark, parts = read_mark(doc), []
        words = [self.vocabulary.row(token.text) for token in doc]
        for reverse in self.network.directions:
            beside = mark and (mark.following if reverse else mark.previous)
            edge = mark is None or (mark.previous is None if reverse else mark.final)
            first = 1 if beside is None else self.vocabulary.row(beside)
            rows = words[::-1] if reverse else words
            stack = naive.stack_of(self.weights, reverse=reverse)
            states, _ = naive.read(self.network.settings, stack, [first, *rows])
            targets = [*rows, 1] if edge else rows
            table = naive.log_distribution(self.network.settings, self.weights, states)
            parts.append(table[torch.arange(len(targets)), torch.tensor(targets).long()])
        return parts


IN_CONTEXT = {"speller_width": 4, "spelling": "context"}


def cut(examples, places):
    return [examples[a:b] for a, b in pairwise([0, *places, len(examples)])]


def examples_of(docs):
    return [Example(doc, doc) for doc in docs]


def gradients_of(nlp, update):
    """What a step of plain gradient descent takes from each weight of the language model after the
    updates of all parts, as in spaCy's loop. All weights are left as they were."""
    lm = nlp.get_pipe("rnn_lm")
    before = weights_of(lm)
    update()
    for name, pipe in nlp.pipeline:
        pipe.finish_update(SGD(1.0 if name == "rnn_lm" else 0.0, grad_clip=0.0))
    lm.finish_pending_step()
    after = weights_of(lm)
    with torch.no_grad():
        for name, parameter in lm.shim.network.parameters_by_name().items():
            parameter.copy_(torch.from_numpy(before[name]))
    return {name: before[name] - after[name] for name in before}


def assert_close(found, expected, atol=1e-5):
    assert found.keys() == expected.keys()
    assert max(np.abs(value).max() for value in expected.values()) > 0.05
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=atol, err_msg=name)


def in_parts(lm, docs, places, **options):
    def update():
        for part in cut(examples_of(docs), places):
            lm.update(part, **options)

    return update


@pytest.fixture(scope="module", params=MODELS)
def nlp(request):
    """Shared: tests must leave its weights as they were."""
    return make_random(model={"width": 7, **MODELS[request.param]}, lm_weight=1.5)


def mean_gradients(lm, docs):
    hand = WindowsByHand(lm.model)
    return {n: g.numpy() for n, g in hand.gradients(1.5 * hand.mean_loss(docs)).items()}


def test_the_gradient_is_that_of_the_mean_over_all_parts(nlp):
    lm, docs = nlp.get_pipe("rnn_lm"), [nlp.make_doc(text) for text in TEXTS]
    expected = mean_gradients(lm, docs)
    for places in CUTS.values():
        assert_close(gradients_of(nlp, in_parts(lm, docs, places)), expected)
    empty_first = [docs[3], *docs[:3], docs[4]]
    for places in CUTS.values():
        assert_close(gradients_of(nlp, in_parts(lm, empty_first, places)), expected)


def test_the_gradient_of_windows_is_too(nlp):
    """Both directions have other numbers of symbols, for each part other ones."""
    lm = nlp.get_pipe("rnn_lm")
    long, short = (nlp.make_doc(text) for text in (TEXTS[0], TEXTS[4]))
    docs = [*split_document(long, 5)[:3], *split_document(short, 6)[1:], nlp.make_doc("a boat")]
    expected = mean_gradients(lm, docs)
    for places in ([], [1], [3, 5], [1, 2, 3, 4, 5]):
        assert_close(gradients_of(nlp, in_parts(lm, docs, places)), expected)


@pytest.mark.parametrize("lm_weight", [0.0, 1.0])
@pytest.mark.parametrize("direction", ["forward", "both"])
def test_the_spellers_gradient_is_that_of_all_parts(lm_weight, direction):
    model = {"width": 7, "speller_width": 4, "direction": direction}
    nlp = make_random(model=model, min_count=17, top_k=1, lm_weight=lm_weight)
    speller = Speller(nlp)
    docs = [nlp.make_doc(text) for text in TEXTS]
    predictions = sum(len(doc) + 1 for doc in docs)
    expected = speller.gradients(-speller.total(speller.unknown(TEXTS)) / predictions)
    for places in CUTS.values():
        found = gradients_of(nlp, in_parts(nlp.get_pipe("rnn_lm"), docs, places))
        assert_close({name: found[name] for name in expected}, expected)
        if not lm_weight:
            assert not any(value.any() for name, value in found.items() if name not in expected)


def listeners_in_parts(nlp, texts, places, exclude=()):
    def update():
        for part in cut(texts, places):
            nlp.update(tagged(nlp, part), sgd=False, exclude=list(exclude))

    return update


@pytest.mark.parametrize("lm_weight", [0.0, 2.5])
def test_listeners_send_sums_beside_it(lm_weight):
    nlp = listening_pipeline(taggers=1, lm_weight=lm_weight)
    hand = ListenersByHand(nlp, lm_weight)
    expected = hand.gradients(hand.loss(TEXTS, ["tagger0"]))
    for places in CUTS.values():
        found = gradients_of(nlp, listeners_in_parts(nlp, TEXTS, places))
        assert_close(found, expected, atol=1e-4)


def test_any_listeners_directions_and_spelling_go_together():
    model = {"direction": "both", "speller_width": 4, "spelling": "context", "subword_rows": 20}
    nlp = listening_pipeline(taggers=2, model=model, min_count=17, top_k=1)
    for silent in ([], ["tagger1"], ["tagger0", "tagger1"]):
        expected, *others = (
            gradients_of(nlp, listeners_in_parts(nlp, TEXTS, places, silent))
            for places in ([], *CUTS.values())
        )
        for found in others:
            assert_close(found, expected)


def test_losses_are_those_of_the_undivided_batch():
    nlp = make_random(model={**IN_CONTEXT, "direction": "both"}, min_count=17, top_k=1)
    lm, made = nlp.get_pipe("rnn_lm"), []
    docs = [nlp.make_doc(text) for text in TEXTS]
    for places in ([], *CUTS.values()):
        losses = {}
        gradients_of(nlp, in_parts(lm, docs, places, losses=losses))
        made.append(losses)
    for losses in made[1:]:
        assert losses == pytest.approx(made[0], rel=1e-5)
    assert made[0]["rnn_lm_tokens"] == 2 * sum(len(nlp.make_doc(text)) + 1 for text in TEXTS)


def test_windows_of_streams_come_in_parts():
    made = []
    for parts in (1, 2, 4):
        nlp = make_random(model={**IN_CONTEXT, "depth": 2}, min_count=17, top_k=1)
        lm, sgd = nlp.get_pipe("rnn_lm"), SGD(0.1, grad_clip=0.0)
        for batch in mark_streams(make_docs(nlp), 3):
            for number in range(parts):
                if batch[number::parts]:
                    lm.update(batch[number::parts])
            lm.finish_update(sgd)
        made.append(weights_of(lm))
    for weights in made[1:]:
        assert_close(weights, made[0])


# -- a batch that isn't divided


def test_an_undivided_batch_has_one_backward_pass_and_its_very_gradients(nlp, monkeypatch):
    lm, docs = nlp.get_pipe("rnn_lm"), [nlp.make_doc(text) for text in TEXTS]
    # the layer below, by hand
    readings = [reading.only_scored() for reading in sequences_from_docs(lm.model, docs)]
    for reading in readings:
        reading.wanted.log_probs, reading.wanted.hidden = True, False
    outputs, backprop = lm.model.layers[0].begin_update(readings)
    for output in outputs:
        count = len(output.log_probs)
        output.log_probs[:] = np.float32(-1.0 / count) * np.float32(1.5)
        output.hidden = None
    backprop(outputs)
    expected = lm.shim.take_gradients()
    passes = []
    backward = torch.autograd.backward
    monkeypatch.setattr(
        torch.autograd, "backward", lambda *a, **k: passes.append(k) or backward(*a, **k)
    )
    lm.update(examples_of(docs))
    taken = {}
    monkeypatch.setattr(
        "spacy_rnn.layers.shim.apply_gradients", lambda *_: taken.update(lm.shim.take_gradients())
    )
    lm.finish_update(SGD(1.0))
    assert len(passes) == 1 and not passes[0]["retain_graph"]
    assert taken.keys() == expected.keys()
    for name, gradient in expected.items():
        assert torch.equal(taken[name], gradient), name


def test_only_parts_with_listeners_and_an_own_loss_have_a_second_pass(monkeypatch):
    passes = []
    backward = torch.autograd.backward
    monkeypatch.setattr(
        torch.autograd, "backward", lambda *a, **k: passes.append(k) or backward(*a, **k)
    )

    def count(nlp, places):
        passes.clear()
        gradients_of(nlp, listeners_in_parts(nlp, TEXTS[:3], places))
        return len(passes)

    assert count(make_pipeline(), [1, 2]) == 3
    assert count(listening_pipeline(lm_weight=0.0), [1, 2]) == 3
    assert count(listening_pipeline(), []) == 1
    assert count(listening_pipeline(), [1, 2]) == 6


# -- what goes wrong


def no_step(lm):
    """Whether a step would move nothing."""
    before = weights_of(lm)
    lm.finish_update(SGD(1.0))
    after = weights_of(lm)
    return all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("listening", [False, True])
def test_a_batch_of_empty_documents_alone_moves_nothing(listening):
    nlp = listening_pipeline() if listening else make_random()
    lm = nlp.get_pipe("rnn_lm")
    losses = {}
    for _ in range(2):
        nlp.update(tagged(nlp, ["", ""]), sgd=False, losses=losses)
    assert losses["rnn_lm_tokens"] == 0
    assert no_step(lm)
    # nor is it in the next batch
    docs = [nlp.make_doc(text) for text in ENGLISH[:3]]
    alone = copy.deepcopy(nlp)
    for each in (nlp, alone):
        each.get_pipe("rnn_lm").update(examples_of(docs), sgd=SGD(0.1), losses=losses)
    assert_close(weights_of(lm), weights_of(alone.get_pipe("rnn_lm")), atol=0)


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_part_whose_update_fails_adds_nothing(nlp, bad, monkeypatch):
    lm, docs = nlp.get_pipe("rnn_lm"), [nlp.make_doc(text) for text in TEXTS[:3]]
    good = [doc for number, doc in enumerate(docs) if number != bad]
    expected = mean_gradients(lm, good)

    def update():
        for number, doc in enumerate(docs):
            if number != bad:
                lm.update(examples_of([doc]))
                continue
            monkeypatch.setattr(type(lm), "get_loss", lambda *_: (float("nan"), None))
            with pytest.raises(ValueError, match="R303"):
                lm.update(examples_of([doc]))
            monkeypatch.undo()

    assert_close(gradients_of(nlp, update), expected)


@pytest.mark.parametrize("listening", [False, True])
def test_a_listener_that_fails_takes_only_its_own_answer_along(listening):
    """The language model's own loss of that part counts, as where a listener is silent."""
    made, nlp = [], listening_pipeline()
    for fails in (True, False):
        good = tagged(nlp, TEXTS[:1])
        bad = tagged(nlp, TEXTS[4:])
        if fails:
            bad[0].reference[0].tag_ = "UNHEARD OF"

        def update(good=good, bad=bad, fails=fails):
            for part in (bad, good) if listening else (good, bad):
                if part is good:
                    nlp.update(part, sgd=False)
                elif fails:
                    with pytest.raises(KeyError):
                        nlp.update(part, sgd=False)
                else:
                    nlp.update(part, sgd=False, exclude=["tagger0"])

        made.append(gradients_of(nlp, update))
    assert_close(*made)


@pytest.mark.parametrize("model", [{}, {"direction": "both"}], ids=str)
def test_a_backward_pass_that_fails_leaves_no_gradient(model, monkeypatch):
    nlp = make_random(model=model)
    lm = nlp.get_pipe("rnn_lm")
    one, two = ([nlp.make_doc(text)] for text in ENGLISH[:2])
    lm.update(examples_of(one))

    def fail(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr(torch.autograd, "backward", fail)
    with pytest.raises(MemoryError):
        lm.update(examples_of(two))
        lm.finish_update(SGD(0.1))
    monkeypatch.undo()
    assert no_step(lm)


def test_a_step_that_fails_leaves_no_gradient():
    nlp = make_random()
    lm = nlp.get_pipe("rnn_lm")
    for text in ENGLISH[:2]:
        lm.update(examples_of([nlp.make_doc(text)]))
    with torch.no_grad():
        # the log-probabilities stay finite, the gradients don't
        lm.shim.network.encoder.layers[0].weight_hh_l0.register_hook(lambda g: g * float("inf"))
    lm.update(examples_of([nlp.make_doc(ENGLISH[2])]))
    with pytest.raises(ValueError, match="R014"):
        lm.finish_update(SGD(0.1))
    assert no_step(lm)


# -- between the parts


@pytest.mark.parametrize("model", [{}, {"direction": "both"}], ids=str)
def test_what_is_done_between_parts_changes_no_step(model):
    nlp = make_random(model={**IN_CONTEXT, **model}, min_count=17, top_k=1)
    lm, optimizer, others = nlp.get_pipe("rnn_lm"), Adam(0.01, use_averages=True), []
    lm.update(examples_of([nlp.make_doc(TEXTS[0])]), sgd=optimizer)

    def use_averages():
        with nlp.use_params(optimizer.averages):
            nlp(TEXTS[4])

    actions = {
        "nothing": lambda: None,
        "averages": use_averages,
        "predict": lambda: nlp(TEXTS[4]),
        "save": lambda: lm.to_bytes(exclude=["vocab"]),
        "copy": lambda: others.append(copy.deepcopy(lm)),
        "pickle": lambda: others.append(pickle.loads(pickle.dumps(lm))),
    }
    made = {}
    for name, action in actions.items():

        def update(action=action):
            for text in TEXTS[:3]:
                lm.update(examples_of([nlp.make_doc(text)]))
                action()

        made[name] = gradients_of(nlp, update)
        assert_close(made[name], made["nothing"])
    assert len(others) == 6
    assert all(no_step(other) for other in others[::2])


def test_gradients_that_were_cleared_are_no_part(nlp):
    """As in a loop that measures losses only: one part is run at once where its gradients can be
    weighted later."""
    lm, docs = nlp.get_pipe("rnn_lm"), [nlp.make_doc(text) for text in TEXTS[:3]]
    expected = mean_gradients(lm, docs[1:])

    def update():
        lm.update(examples_of(docs[:1]))
        if len(lm.shim.network.directions) == 1:
            lm.shim.network.zero_grad()
        else:
            lm.forget_batch()
        lm.update(examples_of(docs[1:]))

    assert_close(gradients_of(nlp, update), expected)


def test_new_weights_have_no_gradients_of_old_ones():
    nlp = make_random()
    lm, other = nlp.get_pipe("rnn_lm"), make_random(seed=1).get_pipe("rnn_lm")
    for text in ENGLISH[:2]:
        lm.update(examples_of([nlp.make_doc(text)]))
    lm.from_bytes(other.to_bytes(exclude=["vocab"]), exclude=["vocab"])
    assert no_step(lm)
