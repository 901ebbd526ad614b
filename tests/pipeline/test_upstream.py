"""Stock components listen, and their gradients reach the network beside its own loss."""

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import SGD, Adam, fix_random_seed

from ..helpers import ENGLISH, make_examples, make_pipeline, weights_of
from ..network import naive
from .reference import words_of
from .test_streams import make_docs, mark_streams

RATE = 0.1
TEXTS = ["the grey cat watches", "", "zeppelin", "our neighbour paints the harbour ."]
MORE = ["a tired sailor", "the baker forgets a letter !"]


def tags_of(doc, number=0):
    return ["ABC"[(len(token) + number) % 3] for token in doc]


def tagged(nlp, texts, number=0):
    docs = [nlp.make_doc(text) for text in texts]
    return [Example.from_dict(doc, {"tags": tags_of(doc, number)}) for doc in docs]


def listening_pipeline(*, taggers=1, upstream="rnn_lm", seed=0, model=None, **config):
    """A language model and taggers with random weights that listen to it."""
    nlp = make_pipeline(model={"width": 5, **(model or {})}, **config)
    width = nlp.get_pipe("rnn_lm").model.get_dim("nO")
    generator = np.random.default_rng(seed)
    for number in range(taggers):
        listener = {
            "@architectures": "spacy.Tok2VecListener.v1",
            "width": width,
            "upstream": upstream,
        }
        layers = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
        tagger = nlp.add_pipe("tagger", name=f"tagger{number}", config={"model": layers})
        tagger.initialize(lambda: tagged(nlp, ENGLISH), nlp=nlp)
        softmax = tagger.model.get_ref("softmax")
        softmax.set_param("W", generator.normal(size=(3, width)).astype("f"))
    return nlp


class ByHand:
    """The gradient of all losses by the weights, from the naive network and torch's autograd."""

    def __init__(self, nlp, lm_weight):
        self.nlp, self.lm_weight = nlp, lm_weight
        self.lm = nlp.get_pipe("rnn_lm")
        self.network = self.lm.shim.network
        self.weights = naive.weights_of(self.network)

    def loss(self, texts, taggers):
        docs = [self.nlp.make_doc(text) for text in texts]
        heads = [self.nlp.get_pipe(name).model.get_ref("softmax") for name in taggers]
        own, count, theirs = 0.0, 0, 0.0
        for doc in docs:
            rows = [self.lm.vocabulary.row(word) for word in words_of(doc)]
            hidden, _ = naive.read(self.network.settings, self.weights, [1, *rows])
            distribution = naive.log_distribution(self.network.settings, self.weights, hidden)
            own = own - distribution[torch.arange(len(rows) + 1), torch.tensor([*rows, 1])].sum()
            count += len(rows) + 1
            for number, head in enumerate(heads):
                matrix, bias = (torch.from_numpy(head.get_param(n)).double() for n in "Wb")
                scores = torch.log_softmax(hidden[1:] @ matrix.T + bias, dim=1)
                gold = torch.tensor(["ABC".index(tag) for tag in tags_of(doc, number)]).long()
                theirs = theirs - scores[torch.arange(len(rows)), gold].sum()
        return self.lm_weight * own / count + theirs

    def gradients(self, loss):
        given = torch.autograd.grad(loss, list(self.weights.values()), allow_unused=True)
        named = zip(self.weights.items(), given, strict=True)
        return {n: (torch.zeros_like(w) if g is None else g).numpy() for (n, w), g in named}


def step_of(nlp, update):
    """What a step of plain gradient descent takes from each weight, as a gradient."""
    lm = nlp.get_pipe("rnn_lm")
    before = weights_of(lm)
    update(SGD(RATE, grad_clip=0.0))
    lm.finish_pending_step()
    after = weights_of(lm)
    return {name: (before[name] - after[name]) / RATE for name in before}


def check(found, expected):
    assert found.keys() == expected.keys()
    assert sum(np.abs(value).max() for value in expected.values()) > 0.1
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=2e-4, rtol=1e-3, err_msg=name)


@pytest.mark.parametrize("taggers", [1, 2])
@pytest.mark.parametrize("lm_weight", [0.0, 1.0, 2.5])
def test_gradient_is_that_of_all_losses_together(taggers, lm_weight):
    nlp = listening_pipeline(taggers=taggers, lm_weight=lm_weight)
    hand = ByHand(nlp, lm_weight)
    names = [f"tagger{number}" for number in range(taggers)]
    expected = hand.gradients(hand.loss(TEXTS, names))
    examples = two_kinds(nlp, TEXTS, taggers)
    found = step_of(nlp, lambda sgd: run_update(nlp, examples, sgd))
    check(found, expected)


def two_kinds(nlp, texts, taggers):
    """Examples for taggers that want different tags of one batch."""
    return [tagged(nlp, texts, number) for number in range(taggers)]


def run_update(nlp, examples, sgd):
    """nlp.update, with examples of its own for each tagger."""
    if len(examples) == 1:
        nlp.update(examples[0], sgd=sgd)
        return
    lm = nlp.get_pipe("rnn_lm")
    lm.update(examples[0])
    lm.finish_update(sgd)
    for number, batch in enumerate(examples):
        nlp.get_pipe(f"tagger{number}").update(batch)


@pytest.mark.parametrize("direction", ["backward", "both"])
def test_gradient_is_right_in_other_directions(direction):
    """By finite differences of what the component says itself."""
    nlp = listening_pipeline(model={"width": 4, "direction": direction, "subword_rows": 9})
    lm = nlp.get_pipe("rnn_lm")
    network = lm.shim.network
    before = weights_of(lm)
    found = step_of(nlp, lambda sgd: nlp.update(tagged(nlp, TEXTS), sgd=sgd))
    # the tagger has stepped as well: its weights of before are needed
    fresh = listening_pipeline(model={"width": 4, "direction": direction, "subword_rows": 9})
    softmax = fresh.get_pipe("tagger0").model.get_ref("softmax")
    head, bias = (softmax.get_param(name).astype("d") for name in "Wb")
    generator = np.random.default_rng(0)

    def loss():
        total, own, count = 0.0, 0.0, 0
        for doc in nlp.get_pipe("rnn_lm").pipe(nlp.make_doc(text) for text in TEXTS):
            scores = doc.tensor.astype("d") @ head.T + bias
            scores -= np.log(np.exp(scores).sum(1, keepdims=True))
            gold = ["ABC".index(tag) for tag in tags_of(doc)]
            total -= scores[np.arange(len(doc)), gold].sum()
            outputs = [doc._.rnn_lm] + ([doc._.rnn_lm.backward] if direction == "both" else [])
            own -= sum(out.log_probs.sum(dtype="d") + out.end_log_prob for out in outputs)
            count += len(doc) + 1
        return total + own / count

    for name, parameter in network.parameters_by_name().items():
        parameter.data.copy_(torch.from_numpy(before[name]))
    for name, parameter in network.parameters_by_name().items():
        move = generator.normal(size=parameter.shape).astype("f")
        sides = []
        for sign in (1, -1):
            parameter.data.copy_(torch.from_numpy(before[name] + sign * 2e-3 * move))
            sides.append(loss())
        parameter.data.copy_(torch.from_numpy(before[name]))
        slope = (sides[0] - sides[1]) / 4e-3
        assert (found[name] * move).sum() == pytest.approx(slope, rel=0.02, abs=5e-3), name


def test_accumulated_gradients_are_those_of_one_batch():
    """As spaCy's loop does it: updates without an optimizer, then a step. The own loss is a mean,
    that of a listener a sum."""
    nlp = listening_pipeline(taggers=1)
    hand = ByHand(nlp, 1.0)
    expected = hand.gradients(hand.loss([*TEXTS, *MORE], ["tagger0"]))

    def update(sgd):
        for texts in (TEXTS, MORE):
            nlp.update(tagged(nlp, texts), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)

    check(step_of(nlp, update), expected)


def test_listeners_are_found_by_name_and_by_star_only():
    nlp = listening_pipeline(taggers=1, upstream="*")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 5, "upstream": "other"}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("tagger", name="elsewhere", config={"model": model})
    nlp._link_components()
    lm = nlp.get_pipe("rnn_lm")
    assert isinstance(lm, spacy.ty.ListenedToComponent)
    assert lm.listening_components == ["tagger0"] == list(lm.listener_map)
    (node,) = lm.listeners
    assert node.upstream_name == "*"
    assert lm.remove_listener(node, "tagger0") and not lm.remove_listener(node, "tagger0")
    assert lm.listeners == [] and lm.listener_map == {}


@pytest.mark.parametrize("lm_weight", [0.0, 1.0])
def test_losses_are_those_of_the_language_model_alone(lm_weight):
    nlp = listening_pipeline(lm_weight=lm_weight)
    alone = make_pipeline(model={"width": 5})
    losses = nlp.update(tagged(nlp, TEXTS), sgd=False, losses={})
    expected = alone.update(make_examples(alone, TEXTS), sgd=False, losses={})
    if not lm_weight:
        expected = {"rnn_lm": 0.0, "rnn_lm_tokens": 0}
    assert losses["rnn_lm"] == pytest.approx(expected["rnn_lm"], rel=1e-5)
    assert losses["rnn_lm_tokens"] == expected["rnn_lm_tokens"]


def test_without_weight_and_listeners_nothing_is_trained():
    nlp = make_pipeline(lm_weight=0.0)
    before = weights_of(nlp.get_pipe("rnn_lm"))
    nlp.update(make_examples(nlp, TEXTS), sgd=Adam(0.1))
    after = weights_of(nlp.get_pipe("rnn_lm"))
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match=r"R309.*lm_weight"):
        make_pipeline(lm_weight=-1.0)


@pytest.mark.parametrize("silenced", ["exclude", "select_pipes"])
def test_a_silent_listener_leaves_the_language_models_own_training_alone(silenced):
    """Its step waits for an answer that never comes, and is taken when the model is used."""
    nlp = listening_pipeline()
    alone = make_pipeline(model={"width": 5})
    ours, theirs = SGD(RATE), SGD(RATE)
    for texts in (TEXTS, MORE, TEXTS):
        if silenced == "exclude":
            nlp.update(tagged(nlp, texts), sgd=ours, exclude=["tagger0"])
        else:
            with nlp.select_pipes(disable="tagger0"):
                nlp.update(tagged(nlp, texts), sgd=ours)
        alone.update(make_examples(alone, texts), sgd=theirs)
    expected = alone("the baker forgets")._.rnn_lm.log_probs
    with nlp.select_pipes(disable="tagger0"):
        found = nlp("the baker forgets")._.rnn_lm.log_probs
    np.testing.assert_allclose(found, expected, atol=1e-5)
    weights = weights_of(alone.get_pipe("rnn_lm"))
    for name, value in weights_of(nlp.get_pipe("rnn_lm")).items():
        np.testing.assert_allclose(value, weights[name], atol=1e-5, err_msg=name)


def test_only_some_of_the_listeners_answer():
    nlp = listening_pipeline(taggers=2)
    hand = ByHand(nlp, 1.0)
    expected = hand.gradients(hand.loss(TEXTS, ["tagger0"]))
    examples = tagged(nlp, TEXTS)
    found = step_of(nlp, lambda sgd: nlp.update(examples, sgd=sgd, exclude=["tagger1"]))
    check(found, expected)


def test_a_postponed_step_is_saved_and_averaged(tmp_path):
    nlp = listening_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    before = weights_of(lm)
    optimizer = Adam(0.01, use_averages=True)
    nlp.update(tagged(nlp, TEXTS), sgd=optimizer, exclude=["tagger0"])
    nlp.to_disk(tmp_path)
    other = spacy.load(tmp_path)
    moved = weights_of(other.get_pipe("rnn_lm"))
    assert not np.array_equal(moved["embedding"], before["embedding"])
    nlp.update(tagged(nlp, TEXTS), sgd=optimizer, exclude=["tagger0"])
    with nlp.use_params(optimizer.averages):
        inside = weights_of(lm)["embedding"]
    after = weights_of(lm)["embedding"]
    assert not np.array_equal(inside, after) and not np.array_equal(after, moved["embedding"])


def test_windows_of_streams_carry_their_state_beside_listeners():
    """The same training as without a listener, which has no gradient to give."""
    nlp = listening_pipeline()
    alone = make_pipeline(model={"width": 5})
    for pipeline, sgd in ((nlp, Adam(0.01)), (alone, Adam(0.01))):
        fix_random_seed(0)
        for batch in mark_streams(make_docs(pipeline), 3):
            pipeline.update(batch, sgd=sgd, exclude=["tagger0"])
    nlp.get_pipe("rnn_lm").finish_pending_step()
    expected = weights_of(alone.get_pipe("rnn_lm"))
    for name, value in weights_of(nlp.get_pipe("rnn_lm")).items():
        np.testing.assert_allclose(value, expected[name], atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_all_stock_components_train_together_on_one_network():
    nlp = make_pipeline(model={"width": 16})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
    names = ["tagger", "morphologizer", "parser", "ner", "spancat", "textcat"]
    for name in names:
        config = {"model": model_with(name, {"tok2vec": listener})}
        if name == "parser":
            config["min_action_freq"] = 1
        nlp.add_pipe(name, config=config)
    examples = all_annotations(nlp)
    nlp.initialize(lambda: examples)
    before = weights_of(nlp.get_pipe("rnn_lm"))
    assert nlp.get_pipe("rnn_lm").listening_components == names
    optimizer = Adam(0.02)
    first = nlp.update(examples, sgd=optimizer, losses={})
    for _ in range(30):
        last = nlp.update(examples, sgd=optimizer, losses={})
    assert all(last[name] < 0.5 * first[name] for name in names)
    after = weights_of(nlp.get_pipe("rnn_lm"))
    assert not np.array_equal(before["embedding"], after["embedding"])
    doc = nlp(ENGLISH[0])
    assert [token.tag_ for token in doc] == tags_of(doc)
    assert [entity.text for entity in doc.ents] == [doc[2].text]


def model_with(name, part):
    """The component's default model with another tok2vec."""
    if name == "textcat":
        choices = {
            f"use_reduce_{kind}": kind == "mean" for kind in ("first", "last", "max", "mean")
        }
        model = {"@architectures": "spacy.TextCatReduce.v1", "exclusive_classes": True, **choices}
    else:
        model = Language.get_factory_meta(name).default_config["model"]
    return {**model, **part}


def all_annotations(nlp):
    examples = []
    for text in ENGLISH[:12]:
        doc = nlp.make_doc(text)
        second = doc[2]
        examples.append(
            Example.from_dict(
                doc,
                {
                    "tags": tags_of(doc),
                    "morphs": [f"Length={len(token)}" for token in doc],
                    "heads": [0] * len(doc),
                    "deps": ["ROOT", *["dep"] * (len(doc) - 1)],
                    "entities": [(second.idx, second.idx + len(second), "THING")],
                    "spans": {"sc": [(0, len(doc[0]), "START")]},
                    "cats": {"CAT": float("cat" in text), "OTHER": float("cat" not in text)},
                },
            )
        )
    return examples


def test_a_batch_that_failed_leaves_the_next_one_alone():
    """The network's backward pass can be interrupted, or run out of memory."""
    nlp, other = listening_pipeline(), listening_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    network = lm.model.layers[0]
    forward = network._func
    network._func = lambda model, X, is_train: (forward(model, X, is_train)[0], interrupt)
    with pytest.raises(KeyboardInterrupt):
        nlp.update(tagged(nlp, TEXTS), sgd=SGD(RATE))
    network._func = forward
    for pipeline in (nlp, other):
        pipeline.update(tagged(pipeline, MORE), sgd=SGD(RATE))
    expected = weights_of(other.get_pipe("rnn_lm"))
    for name, value in weights_of(lm).items():
        np.testing.assert_allclose(value, expected[name], atol=1e-6, err_msg=name)


def interrupt(gradients):
    raise KeyboardInterrupt
