"""Several language models in one pipeline, and copies, sources and frozen ones of them."""

import numpy as np
import pytest
import spacy
from spacy.training import Example
from spacy.util import registry
from thinc.api import Adam, fix_random_seed

from ..helpers import ENGLISH, make_examples, make_pipeline, make_random, weights_of
from .test_upstream import all_annotations, model_with

STOCK, OWN = "spacy.Tok2VecListener.v1", "spacy-rnn.RNNListener.v1"
SMALL = {"cutoffs": None, "precision": "float32", "@architectures": "spacy-rnn.RNNLM.v1"}
TEXT = "the baker paints zeppelin"


def tags_of(doc):
    return ["ABC"[len(token) % 3] for token in doc]


def tagged(nlp, texts=ENGLISH):
    docs = [nlp.make_doc(text) for text in texts]
    return [Example.from_dict(doc, {"tags": tags_of(doc)}) for doc in docs]


def add_tagger(nlp, name, upstream, width, architecture=STOCK):
    listener = {"@architectures": architecture, "width": width, "upstream": upstream}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    return nlp.add_pipe("tagger", name=name, config={"model": model})


def two_upstreams(architecture, *, widths=(5, 5), order=("first", "second", "tag1", "tag2")):
    """Two language models and a tagger for each."""
    nlp = spacy.blank("xx")
    for name in order:
        number = 0 if name in ("first", "tag1") else 1
        width = widths[number]
        if name.startswith("tag"):
            add_tagger(nlp, name, ("first", "second")[number], width, architecture)
        else:
            nlp.add_pipe("rnn_lm", name=name, config={"model": {**SMALL, "width": width}})
    fix_random_seed(0)
    nlp.initialize(lambda: tagged(nlp))
    generator = np.random.default_rng(1)
    for name in ("tag1", "tag2"):
        softmax = nlp.get_pipe(name).model.get_ref("softmax")
        softmax.set_param("W", generator.normal(size=softmax.get_param("W").shape).astype("f"))
    return nlp


def expected_tags(nlp, tagger, hidden):
    """What the tagger's softmax says of these vectors."""
    softmax = nlp.get_pipe(tagger).model.get_ref("softmax")
    scores = hidden @ softmax.get_param("W").T + softmax.get_param("b")
    return [nlp.get_pipe(tagger).labels[best] for best in scores.argmax(1)]


@pytest.mark.parametrize("widths", [(5, 5), (5, 8)])
def test_own_listeners_read_the_upstream_that_they_name(widths):
    nlp = two_upstreams(OWN, widths=widths)
    doc = nlp(TEXT)
    assert doc._.first.hidden.shape == (4, widths[0])
    assert not np.array_equal(doc._.first.log_probs, doc._.second.log_probs)
    # a tagger leaves tags alone that are there already
    assert [token.tag_ for token in doc] == expected_tags(nlp, "tag1", doc._.first.hidden)
    with nlp.select_pipes(disable="tag1"):
        doc = nlp(TEXT)
        assert [token.tag_ for token in doc] == expected_tags(nlp, "tag2", doc._.second.hidden)


def test_own_listeners_train_the_upstream_that_they_name():
    nlp = two_upstreams(OWN)
    for name in ("first", "second"):
        nlp.get_pipe(name).lm_weight = 0.0
    before = [weights_of(nlp.get_pipe(name))["embedding"] for name in ("first", "second")]
    nlp.update(tagged(nlp), sgd=Adam(0.01), exclude=["tag2"])
    after = [weights_of(nlp.get_pipe(name))["embedding"] for name in ("first", "second")]
    assert not np.array_equal(before[0], after[0])
    assert np.array_equal(before[1], after[1])


@pytest.mark.parametrize(
    ("order", "victim", "last"),
    [
        (("first", "second", "tag1", "tag2"), "tag1", "second"),
        (("first", "second", "tag2", "tag1"), "tag1", "second"),
    ],
)
@pytest.mark.parametrize("use", ["predict", "update"])
def test_stock_listeners_that_would_be_mixed_up_are_an_error(order, victim, last, use):
    nlp = two_upstreams(STOCK, order=order)
    with pytest.raises(ValueError, match=rf"R320.*{victim} .*first.*{last}"):
        if use == "predict":
            nlp(TEXT)
        else:
            nlp.update(tagged(nlp), sgd=Adam(0.01))


def test_stock_listeners_directly_behind_their_upstreams_are_right():
    nlp = two_upstreams(STOCK, order=("first", "tag1", "second", "tag2"))
    doc = nlp(TEXT)
    # a tagger leaves tags alone that are there already
    assert [token.tag_ for token in doc] == expected_tags(nlp, "tag1", doc._.first.hidden)
    with nlp.select_pipes(disable="tag1"):
        doc = nlp(TEXT)
        assert [token.tag_ for token in doc] == expected_tags(nlp, "tag2", doc._.second.hidden)


def test_a_tok2vec_and_a_language_model_are_kept_apart():
    nlp = spacy.blank("xx")
    nlp.add_pipe("tok2vec")
    nlp.add_pipe("rnn_lm", config={"model": {**SMALL, "width": 5}})
    add_tagger(nlp, "tagger", "tok2vec", 96)
    nlp.initialize(lambda: tagged(nlp))
    with pytest.raises(ValueError, match=r"R320.*tagger.*tok2vec.*rnn_lm"):
        nlp(TEXT)
    # one that doesn't write doc.tensor is in nobody's way
    nlp.get_pipe("rnn_lm").annotations = ("log_probs",)
    assert nlp(TEXT).tensor.shape == (4, 96)


def test_a_language_model_that_is_listened_to_writes_the_tensor_unasked():
    nlp = make_pipeline(annotations=["log_probs"])
    assert nlp(TEXT).tensor.size == 0
    add_tagger(nlp, "tagger", "*", 12).initialize(lambda: tagged(nlp), nlp=nlp)
    nlp._link_components()
    assert nlp(TEXT).tensor.shape == (4, 12)
    assert nlp(TEXT)._.rnn_lm.hidden is None


def test_own_listeners_have_their_vectors_kept_unasked():
    nlp = two_upstreams(OWN)
    expected = nlp(TEXT)
    for name in ("first", "second"):
        nlp.get_pipe(name).annotations = ("log_probs",)
    doc = nlp(TEXT)
    assert np.array_equal(doc._.first.hidden, expected._.first.hidden)
    assert [token.tag_ for token in doc] == [token.tag_ for token in expected]
    assert doc.tensor.size == 0 and doc._.first.next is None


def test_an_own_listener_without_its_vectors_is_an_error():
    nlp = make_pipeline(annotations=["hidden"])
    add_tagger(nlp, "tagger", "rnn_lm", 12, OWN).initialize(lambda: tagged(nlp), nlp=nlp)
    # at initialization it has nothing to read; from the first vectors on it needs them
    nlp(TEXT)
    with nlp.select_pipes(disable="rnn_lm"), pytest.raises(ValueError, match=r"R322.*rnn_lm"):
        nlp(TEXT)
    # read by a pipeline that nobody listened in
    nlp.get_pipe("rnn_lm").annotations = ("log_probs",)
    nlp.get_pipe("rnn_lm").forget_listeners()
    with pytest.raises(ValueError, match=r"R322.*rnn_lm"):
        nlp(TEXT)


def test_an_own_listener_does_not_train_on_nothing():
    nlp = make_pipeline()
    add_tagger(nlp, "tagger", "rnn_lm", 12, OWN).initialize(lambda: tagged(nlp), nlp=nlp)
    with pytest.raises(ValueError, match=r"R322.*annotating_components"):
        nlp.update(tagged(nlp), sgd=Adam(0.1), exclude=["rnn_lm"])


def test_an_own_listener_of_another_width_is_an_error():
    nlp = make_pipeline()
    add_tagger(nlp, "tagger", "rnn_lm", 9, OWN).initialize(lambda: tagged(nlp), nlp=nlp)
    with pytest.raises(ValueError, match=r"R323.*9.*12"):
        nlp(TEXT)


@pytest.mark.parametrize(
    "name",
    ["tagger", "morphologizer", "parser", "ner", "spancat", "spancat_singlelabel", "textcat"],
)
def test_own_listeners_are_initialized_in_every_stock_component(name):
    nlp = make_pipeline()
    listener = {"@architectures": OWN, "width": 12, "upstream": "rnn_lm"}
    rare = {"min_action_freq": 1} if name == "parser" else {}
    nlp.add_pipe(name, config={"model": model_with(name, {"tok2vec": listener}), **rare})
    examples = all_annotations(nlp)
    nlp.initialize(lambda: examples)
    first = nlp.update(examples, sgd=Adam(0.02), losses={})
    assert first[name] > 0
    assert nlp(TEXT)._.rnn_lm.hidden.shape == (4, 12)


def test_an_own_listener_needs_a_name():
    build = registry.architectures.get(OWN)
    with pytest.raises(ValueError, match="R321"):
        build(width=4, upstream="*")


@pytest.mark.parametrize("architecture", [STOCK, OWN])
def test_a_frozen_language_model_annotates_for_its_listeners(architecture):
    nlp = make_random(model={"width": 6})
    lm = nlp.get_pipe("rnn_lm")
    tagger = add_tagger(nlp, "tagger", "rnn_lm", 6, architecture)
    tagger.initialize(lambda: tagged(nlp), nlp=nlp)
    nlp._link_components()
    before, optimizer = weights_of(lm), Adam(0.05)
    head = tagger.model.get_ref("softmax")
    for _ in range(3):
        nlp.update(tagged(nlp), sgd=optimizer, exclude=["rnn_lm"], annotates=["rnn_lm"])
    after = weights_of(lm)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    doc = nlp(TEXT)
    assert head.get_param("W").any()
    assert [token.tag_ for token in doc] == expected_tags(nlp, "tagger", doc._.rnn_lm.hidden)


def test_a_trained_model_is_sourced_with_its_weights_and_goes_on_learning():
    old = make_random(model={"width": 6})
    expected = old(TEXT)._.rnn_lm.log_probs
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_lm", source=old)
    add_tagger(nlp, "tagger", "*", 6)
    with nlp.select_pipes(enable="tagger"):
        nlp.initialize(lambda: tagged(nlp))
    ours = nlp.get_pipe("rnn_lm")
    assert np.array_equal(nlp(TEXT)._.rnn_lm.log_probs, expected)
    before = weights_of(ours)
    optimizer = nlp.resume_training()
    first = nlp.update(tagged(nlp), sgd=optimizer, losses={})
    for _ in range(20):
        last = nlp.update(tagged(nlp), sgd=optimizer, losses={})
    assert last["tagger"] < first["tagger"]
    assert ours.listening_components == ["tagger"]
    assert not np.array_equal(weights_of(ours)["embedding"], before["embedding"])


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_a_replaced_listener_says_the_same_and_learns_for_itself(direction, tmp_path):
    nlp = make_random(model={"width": 6, "direction": direction, "subword_rows": 20})
    width = 12 if direction == "both" else 6
    add_tagger(nlp, "tagger", "*", width).initialize(lambda: tagged(nlp), nlp=nlp)
    nlp._link_components()
    optimizer = Adam(0.02)
    for _ in range(10):
        nlp.update(tagged(nlp), sgd=optimizer)
    expected = [token.tag_ for token in nlp(TEXT)]
    nlp.replace_listeners("rnn_lm", "tagger", ["model.tok2vec"])
    lm, tagger = nlp.get_pipe("rnn_lm"), nlp.get_pipe("tagger")
    assert lm.listeners == []
    assert (
        nlp.config["components"]["tagger"]["model"]["tok2vec"]["@architectures"]
        == SMALL["@architectures"]
    )
    assert [token.tag_ for token in nlp(TEXT)] == expected
    before = weights_of(lm)
    inside = tagger.model.get_ref("tok2vec").layers[0].shims[0].network
    learned = inside.embedding.detach().numpy().copy()
    nlp.update(tagged(nlp), sgd=optimizer, exclude=["rnn_lm"])
    assert all(np.array_equal(before[name], value) for name, value in weights_of(lm).items())
    assert not np.array_equal(learned, inside.embedding.detach().numpy())
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, exclude=["rnn_lm"])
    assert [token.tag_ for token in loaded(TEXT)] == [token.tag_ for token in nlp(TEXT)]


def test_after_its_upstream_trained_a_tagger_can_train_without_it():
    """The listener has forgotten the last batch, and reads doc.tensor."""
    nlp = make_random(model={"width": 6})
    add_tagger(nlp, "tagger", "*", 6).initialize(lambda: tagged(nlp), nlp=nlp)
    nlp._link_components()
    optimizer = Adam(0.02)
    nlp.update(tagged(nlp), sgd=optimizer)
    losses = nlp.update(
        tagged(nlp, ENGLISH[:3]), sgd=optimizer, exclude=["rnn_lm"], annotates=["rnn_lm"]
    )
    assert losses["tagger"] > 0 and "rnn_lm" not in losses


def test_several_components_keep_their_outputs_apart(tmp_path):
    nlp = two_upstreams(OWN)
    doc = nlp(TEXT)
    for name in ("first", "second"):
        alone = nlp.get_pipe(name)(nlp.make_doc(TEXT))
        np.testing.assert_allclose(
            getattr(doc._, name).log_probs, getattr(alone._, name).log_probs, atol=1e-6
        )
    # the short attributes read the one named rnn_lm, which isn't there
    assert doc._.rnn_surprisal is None
    assert make_examples(nlp, [TEXT])[0].predicted._.first is None
