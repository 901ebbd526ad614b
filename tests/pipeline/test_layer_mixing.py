"""A listener may read a learned mixture of all layers."""

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from thinc.api import SGD, Adam, Model

from spacy_rnn.layers import layer_mixing
from spacy_rnn.layers.rnn_tok2vec import build_rnn_tok2vec
from spacy_rnn.layers.shim import get_shim
from spacy_rnn.vocabulary.subword_features import hash_features

from ..helpers import ENGLISH, make_random, weights_of
from .test_upstream import TEXTS, tagged

RATE = 0.1
SHAPES = {
    "lstm": {"cell": "lstm", "depth": 2, "direction": "both"},
    "gru-projected": {
        "cell": "gru",
        "depth": 3,
        "tied": False,
        "embedding_width": 4,
        "subword_rows": 9,
    },
    "rnn-backward": {"cell": "rnn", "direction": "backward"},
}


def mixing_pipeline(*, model=None, mixing=True, **config):
    nlp = make_random(model={"width": 5, **(model or {})}, **config)
    width = nlp.get_pipe("rnn_lm").model.get_dim("nO")
    listener = {"@architectures": "spacy-rnn.RNNListener.v1", "width": width, "mixing": mixing}
    layers = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    tagger = nlp.add_pipe("tagger", config={"model": layers})
    tagger.initialize(lambda: tagged(nlp, ENGLISH), nlp=nlp)
    generator = np.random.default_rng(0)
    softmax = tagger.model.get_ref("softmax")
    softmax.set_param("W", generator.normal(size=(3, width)).astype("f"))
    if mixing:
        # one step without a rate: the listener knows now how many layers there are
        nlp.update(tagged(nlp, ENGLISH[:1]), sgd=SGD(0.0))
        node = listener_of(nlp)
        count = len(node.get_param("layer_weights"))
        node.set_param("layer_weights", generator.normal(size=count).astype("f"))
        node.set_param("layer_scale", np.array([1.7], dtype="f"))
    return nlp


def listener_of(nlp):
    (node,) = (n for n in nlp.get_pipe("tagger").model.walk() if n.name == "rnn-listener")
    return node


class Plain:
    """Embedding, layers and mixture in plain torch, in double precision."""

    def __init__(self, network, vocabulary, node):
        self.settings, self.vocabulary = network.settings, vocabulary
        self.own = {n: p.detach().double() for n, p in network.parameters_by_name().items()}
        for parameter in self.own.values():
            parameter.requires_grad_()
        kinds = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
        self.make = kinds[self.settings.cell]
        self.mixing = {
            name: torch.from_numpy(node.get_param(name)).double().requires_grad_()
            for name in node.param_names
            if node.has_param(name)
        }

    def layers(self, doc):
        """For each layer (tokens, width of all directions)."""
        settings = self.settings
        rows = [self.vocabulary.row(token.text) for token in doc]
        vectors = self.own["embedding"][[1, *rows]]
        if settings.subword_rows:
            table, size = self.own["subwords.weight"], settings.subword_rows
            spelled = [table[list(hash_features(token.text, size))].sum(0) for token in doc]
            vectors = torch.stack([vectors[0], *map(torch.add, vectors[1:], spelled)])
        sides = []
        for name, reverse in (("encoder", False), ("backward_encoder", True)):
            if not any(key.startswith(f"{name}.") for key in self.own):
                continue
            output = torch.cat([vectors[:1], vectors[1:].flip(0)]) if reverse else vectors
            every = [output]
            for number in range(settings.depth):
                prefix = f"{name}.layers.{number}."
                weights = {k[len(prefix) :]: w for k, w in self.own.items() if k.startswith(prefix)}
                cell = self.make(output.shape[1], settings.width).double()
                output = torch.func.functional_call(cell, weights, (output,))[0]
                every.append(output)
            every = [layer[1:].flip(0) if reverse else layer[1:] for layer in every]
            sides.append(every)
        return [torch.cat(parts, dim=1) for parts in zip(*sides, strict=True)]

    def vectors(self, doc):
        layers = self.layers(doc)
        if "embedding_projection" in self.mixing:
            layers[0] = layers[0] @ self.mixing["embedding_projection"].T
        shares = torch.softmax(self.mixing["layer_weights"], 0)
        return self.mixing["layer_scale"] * sum(s * h for s, h in zip(shares, layers, strict=True))


def plain_of(nlp):
    lm = nlp.get_pipe("rnn_lm")
    return Plain(lm.network, lm.vocabulary, listener_of(nlp))


def plain_loss(nlp, plain, texts):
    head = nlp.get_pipe("tagger").model.get_ref("softmax")
    matrix, bias = (torch.from_numpy(head.get_param(n).copy()).double() for n in "Wb")
    total = 0.0
    for example in filter(lambda e: len(e.predicted), tagged(nlp, texts)):
        scores = torch.log_softmax(plain.vectors(example.predicted) @ matrix.T + bias, dim=1)
        gold = torch.tensor(["ABC".index(tag) for tag in example.get_aligned("TAG", True)])
        total = total - scores[torch.arange(len(scores)), gold].sum()
    return total


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
def nlp(request):
    return mixing_pipeline(model=request.param, lm_weight=0.0, annotations=["hidden"])


def copied(nlp):
    return spacy.blank("xx").from_config(nlp.config).from_bytes(nlp.to_bytes())


def test_prediction_mixes_the_layers_as_plain_torch_does(nlp):
    plain, node = plain_of(nlp), listener_of(nlp)
    docs = list(nlp.pipe(TEXTS))
    for doc, vectors in zip(docs, node.predict(docs), strict=True):
        assert vectors.shape == (len(doc), node.get_dim("nO"))
        if len(doc):
            np.testing.assert_allclose(vectors, plain.vectors(doc).detach(), atol=1e-5)


def test_gradients_of_the_mixture_and_of_every_layer_are_those_of_plain_torch(nlp):
    nlp = copied(nlp)
    plain, node, lm = plain_of(nlp), listener_of(nlp), nlp.get_pipe("rnn_lm")
    weights = {**plain.own, **plain.mixing}
    given = torch.autograd.grad(
        plain_loss(nlp, plain, TEXTS), [*weights.values()], allow_unused=True
    )
    before = {**weights_of(lm), **{n: node.get_param(n).copy() for n in plain.mixing}}
    nlp.update(tagged(nlp, TEXTS), sgd=SGD(RATE, grad_clip=0.0))
    lm.finish_pending_step()
    after = {**weights_of(lm), **{n: node.get_param(n) for n in plain.mixing}}
    for (name, weight), gradient in zip(weights.items(), given, strict=True):
        expected = torch.zeros_like(weight) if gradient is None else gradient
        found = (before[name] - after[name]) / RATE
        np.testing.assert_allclose(found, expected, atol=2e-4, rtol=1e-3, err_msg=name)
    assert all(np.abs(before[name] - after[name]).max() > 1e-4 for name in plain.mixing)


def test_saved_and_loaded_it_gives_the_same_tags_and_vectors(nlp):
    loaded = copied(nlp)
    for text in TEXTS:
        one, other = nlp(text), loaded(text)
        assert [t.tag_ for t in one] == [t.tag_ for t in other]
        ours, theirs = (listener_of(p).predict([d])[0] for p, d in ((nlp, one), (loaded, other)))
        assert np.array_equal(ours, theirs)


def test_of_a_frozen_model_the_mixture_alone_learns_with_the_same_gradient(nlp):
    frozen, free = copied(nlp), copied(nlp)
    before = weights_of(frozen.get_pipe("rnn_lm"))
    frozen.update(tagged(frozen, TEXTS), sgd=SGD(RATE), annotates=["rnn_lm"], exclude=["rnn_lm"])
    free.update(tagged(free, TEXTS), sgd=SGD(RATE))
    one, other = listener_of(frozen), listener_of(free)
    for name in one.param_names:
        if one.has_param(name):
            np.testing.assert_allclose(
                one.get_param(name), other.get_param(name), atol=1e-6, err_msg=name
            )
    assert np.abs(one.get_param("layer_scale") - 1.7) > 1e-4
    after = weights_of(frozen.get_pipe("rnn_lm"))
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_without_mixing_nothing_is_kept_and_nothing_is_saved_of_it():
    nlp = mixing_pipeline(mixing=False)
    node = listener_of(nlp)
    assert node.param_names == ()
    doc = nlp(TEXTS[0])
    assert doc._.rnn_lm.layers is None
    assert np.array_equal(node.predict([doc])[0], doc._.rnn_lm.hidden)


def test_docs_without_a_token_are_nothing_to_learn_from():
    nlp = mixing_pipeline()
    nlp.update(tagged(nlp, ["", ""]), sgd=Adam(0.1))
    nlp.update(tagged(nlp, TEXTS), sgd=Adam(0.1))
    assert len(listener_of(nlp).get_param("layer_weights")) == 2
    assert [len(doc) for doc in nlp.pipe(["", "the grey cat"])] == [0, 3]


def test_beside_a_stock_listener_each_gets_its_own_and_both_answer():
    nlp = mixing_pipeline(lm_weight=0.0, annotations=["hidden"])
    alone = copied(nlp)
    stock = {"@architectures": "spacy.Tok2VecListener.v1", "width": 5, "upstream": "rnn_lm"}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": stock}
    second = nlp.add_pipe("tagger", name="second", config={"model": model})
    second.initialize(lambda: tagged(nlp, ENGLISH), nlp=nlp)
    # a head without weights sends no gradient
    alone.update(tagged(alone, TEXTS), sgd=SGD(RATE))
    nlp.update(tagged(nlp, TEXTS), sgd=SGD(RATE))
    for name, weight in weights_of(alone.get_pipe("rnn_lm")).items():
        np.testing.assert_allclose(weights_of(nlp.get_pipe("rnn_lm"))[name], weight, atol=1e-6)
    doc = nlp(TEXTS[0])
    assert np.array_equal(doc.tensor, doc._.rnn_lm.hidden)


def test_layers_survive_docbins_and_copies(nlp):
    doc = nlp(TEXTS[0])
    same = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    for other in (same, doc.copy()):
        found, expected = other._.rnn_lm.layers, doc._.rnn_lm.layers
        assert len(found) == nlp.get_pipe("rnn_lm").network.settings.depth + 1
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_errors_say_what_is_missing():
    nlp = mixing_pipeline()
    doc = nlp(TEXTS[0])
    doc._.rnn_lm.lower_layers = None
    with pytest.raises(ValueError, match="R921"):
        nlp.get_pipe("tagger").predict([doc])
    listener_of(nlp).set_param("layer_weights", np.zeros(4, dtype="f"))
    with pytest.raises(ValueError, match=r"R920.*4 layers.*has 2"):
        nlp(TEXTS[0])
    with pytest.raises(ValueError, match="R922"):
        nlp.replace_listeners("rnn_lm", "tagger", ["model.tok2vec"])


def test_it_learns_with_dropout_and_its_own_loss():
    nlp = mixing_pipeline(model=SHAPES["lstm"])
    sgd, losses = Adam(0.02), []
    for _ in range(12):
        found = nlp.update(tagged(nlp, ENGLISH[:16]), sgd=sgd, drop=0.1)
        losses.append(found["tagger"])
    assert losses[-1] < losses[0] / 2


def test_white_space_that_is_not_read_has_the_layers_of_the_token_before_it():
    nlp = mixing_pipeline(model={"white_space": "skip"})
    doc, plain = nlp("the  grey cat"), plain_of(nlp)
    assert doc[1].is_space
    words = Doc(nlp.vocab, words=["the", "grey", "cat"])
    expected = plain.vectors(words).detach()[[0, 0, 1, 2]]
    np.testing.assert_allclose(listener_of(nlp).predict([doc])[0], expected, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_inside_a_component_the_mixture_is_that_of_plain_torch(tmp_path, shape):
    source = make_random(model={"width": 5, **shape})
    source.to_disk(tmp_path)
    model = build_rnn_tok2vec(
        **{"width": 5, "direction": "forward", "subword_rows": 0, **shape},
        source=str(tmp_path),
        precision="float32",
        mixing=True,
    )
    docs = [source.make_doc(text) for text in TEXTS]
    model.initialize(X=docs)
    vectors, backprop = model.begin_update(docs)
    plain = Plain(get_shim(model).network, source.get_pipe("rnn_lm").vocabulary, model)
    expected = [plain.vectors(doc) for doc in docs if len(doc)]
    for given in (vectors, model.predict(docs)):
        assert [len(found) for found in given] == [len(doc) for doc in docs]
        pairs = zip(filter(len, given), expected, strict=True)
        assert all(np.allclose(found, wanted.detach(), atol=1e-5) for found, wanted in pairs)
    backprop([np.cos(vector) for vector in vectors])
    sum((v * v.detach().cos()).sum() for v in expected).backward()
    for name, weight in plain.mixing.items():
        assert np.allclose(model.get_grad(name), weight.grad, atol=1e-4), name
    for name, weight in get_shim(model).network.parameters_by_name().items():
        wanted = plain.own[name].grad
        if wanted is not None:
            assert np.allclose(weight.grad, wanted, atol=1e-4), name


def test_the_projection_of_an_untrained_mixture_is_the_same_at_each_call_and_in_each_process():
    """What is drawn for the embedding comes from no generator that others use."""
    made = []
    for seed in (0, 1):
        np.random.seed(seed)
        before = np.random.get_state()[1].copy()
        model = Model("mixture", lambda *_: None, dims={"nO": 5})
        layers = [np.zeros((2, 3), dtype="f"), np.zeros((2, 5), dtype="f")]
        made += [layer_mixing._weights_for(model, layers, False)[2] for _ in range(2)]
        assert (np.random.get_state()[1] == before).all()
    assert made[0].shape == (5, 3) and made[0].std() > 0.1
    for other in made[1:]:
        np.testing.assert_array_equal(other, made[0])
