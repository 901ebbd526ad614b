"""The speller's part of a batch, and how it learns beside the language model."""

from itertools import product

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import SGD

from spacy_rnn.vocabulary.alphabet import Alphabet

from ..helpers import ENGLISH, make_examples, make_pipeline, make_random, train, weights_of
from ..pipeline.reference import ReferenceSpeller, words_of
from ..pipeline.test_streams import make_docs, mark_streams
from ..pipeline.test_upstream import ByHand as ListenersByHand
from ..pipeline.test_upstream import listening_pipeline, step_of, tagged
from .by_hand import ByHand
from .spelling_by_hand import (
    DOCS,
    LEARNED,
    TEXTS,
    TRAINED,
    UNKNOWN,
    Speller,
    assert_same,
    check,
    docs_of,
    english_speller,
    entries_speller,
    learn,
    others,
    spell_docs,
)


@pytest.fixture(scope="module", params=[None, [5, 20]], ids=["full", "clusters"])
def speller(request):
    """Shared: tests must not change its weights."""
    made = entries_speller(cutoffs=request.param)
    assert bool(made.network.settings.symbol_cutoffs) == bool(request.param)
    return made


# -- prediction


def test_unknown_words_are_spelled_and_known_ones_are_not(speller):
    found = spell_docs(speller.lm.model, docs_of(speller))
    assert found.dtype == np.float32
    expected = speller.reference.log_probs([word for words in DOCS for word in words])
    assert np.count_nonzero(expected) == len(UNKNOWN)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_form_is_spelled_once_however_often_it_occurs(speller, monkeypatch):
    made = []
    original = Alphabet.spell

    def spell(self, words):
        made.append(words)
        return original(self, words)

    monkeypatch.setattr(Alphabet, "spell", spell)
    spell_docs(speller.lm.model, docs_of(speller))
    assert [sorted(words) for words in made] == [sorted(set(UNKNOWN))]


def test_without_unknown_words_nothing_is_spelled(speller):
    for lists in ([], [[]], [["ab"], ["ba", "猫"]]):
        found = spell_docs(speller.lm.model, docs_of(speller, lists))
        assert found.tolist() == [0.0] * sum(map(len, lists))


def test_docs_of_several_vocabs_can_be_in_one_batch(speller):
    other = Doc(spacy.blank("xx").vocab, words=["獏é", "ab", "other"])
    found = spell_docs(speller.lm.model, [*docs_of(speller), other])
    expected = speller.reference.log_probs(["獏é", "ab", "other"])
    np.testing.assert_allclose(found[-3:], expected, rtol=1e-5)


def test_words_that_spacy_numbers_as_symbols_are_spelled(speller):
    """Their hashes are small numbers, which no string store lists."""
    words = ["NOUN", "ORTH", "IS_ALPHA", "nsubj"]
    found = spell_docs(speller.lm.model, docs_of(speller, [words]))
    np.testing.assert_allclose(found, speller.reference.log_probs(words), rtol=1e-5)


def test_a_model_without_a_speller_spells_nothing():
    lm = make_random().get_pipe("rnn_lm")
    docs = [Doc(lm.vocab, words=["zz"])]
    assert spell_docs(lm.model, docs) is None
    loss, words, backprop = learn(lm.model, docs)
    backprop(1.0)
    assert (loss, words) == (0.0, 0)
    assert all(p.grad is None for p in lm.shim.network.parameters())


# -- the training pass


def test_unknown_words_and_those_that_occurred_once_are_learned(speller):
    loss, words, _ = learn(speller.lm.model, docs_of(speller))
    assert words == len(LEARNED)
    assert loss == pytest.approx(-speller.total(LEARNED).item(), rel=1e-5)


def test_the_gradient_is_the_naive_one_times_the_weight(speller):
    _, _, backprop = learn(speller.lm.model, docs_of(speller))
    backprop(0.25)
    expected = speller.gradients(-0.25 * speller.total(LEARNED))
    parameters = speller.network.parameters_by_name()
    found = {name: p.grad for name, p in parameters.items() if p.grad is not None}
    speller.network.zero_grad()
    assert found.keys() == expected.keys()
    check(found, expected)


def test_the_gradient_is_the_slope_of_the_loss():
    speller = entries_speller()
    docs = docs_of(speller)
    _, _, backprop = learn(speller.lm.model, docs)
    backprop(1.0)
    step = 1e-2
    for name, parameter in speller.network.speller.parameters_by_name().items():
        # along the gradient, where the slope is its norm
        direction = parameter.grad / parameter.grad.norm()
        losses = []
        for sign in (1, -2, 1):
            parameter.data += sign * step * direction
            losses.append(learn(speller.lm.model, docs)[0])
        slope = (losses[0] - losses[1]) / (2 * step)
        assert slope == pytest.approx(float(parameter.grad.norm()), rel=2e-2), name


def test_the_mark_of_missing_words_changes_nothing_that_is_taught():
    """As in WikiText-2, where every word that is not in the vocabulary is one."""
    texts = [*ENGLISH, "the <unk> paints the <unk> ."]
    words = [text.split() for text in texts]
    made = []
    for mark in ("<unk>", "baker"):  # a word that it knows
        nlp = make_pipeline(model={"speller_width": 4})
        docs = [Doc(nlp.vocab, words=[w.replace("<unk>", mark) for w in each]) for each in words]
        lm = nlp.get_pipe("rnn_lm")
        lm.update([Example(doc, doc) for doc in docs], sgd=SGD(0.1))
        made.append({n: v for n, v in weights_of(lm).items() if n.startswith("speller.")})
        losses = lm.update([Example(docs[-1], docs[-1])], losses={})
        assert losses["rnn_lm_spelled"] == 0 == losses["rnn_lm_spelling"]
    assert_same(*made)


def test_rare_words_are_taught_beside_missing_ones(speller):
    loss, words, _ = learn(speller.lm.model, docs_of(speller, [["<unk>", "猫"]]))
    assert words == 1
    assert loss == pytest.approx(-speller.total(["猫"]).item(), rel=1e-5)


@pytest.mark.parametrize(("word", "learned"), [("z" * 100, 1), ("z" * 101, 0), ("é" * 51, 0)])
def test_words_of_more_than_a_hundred_symbols_are_not_learned(speller, word, learned):
    loss, words, _ = learn(speller.lm.model, docs_of(speller, [[word, "zz"]]))
    assert words == 1 + learned
    expected = [word, "zz"] if learned else ["zz"]
    assert loss == pytest.approx(-speller.total(expected).item(), rel=1e-5)


def test_a_batch_without_words_to_learn_has_no_loss(speller):
    for lists in ([["ab", "cb"]], [["z" * 101]]):
        loss, words, backprop = learn(speller.lm.model, docs_of(speller, lists))
        backprop(1.0)
        assert (loss, words) == (0.0, 0)
    assert all(p.grad is None for p in speller.network.parameters())


# -- the component


def test_a_speller_starts_with_the_shares_of_the_symbols():
    """How many words have each, half a word added; the bytes share what is left."""
    lm = make_pipeline(model={"speller_width": 4}).get_pipe("rnn_lm")
    settings, words = lm.shim.network.settings, lm.vocabulary.words[2:]
    characters = ReferenceSpeller(lm).characters
    counts = [len(words), *(sum(c in word for word in words) for c in characters), *[0] * 256]
    assert (settings.speller_width, settings.symbols) == (4, len(counts))
    shares = (np.array(counts) + 0.5) / (sum(counts) + 0.5 * len(counts))
    bias = lm.shim.network.speller.softmax.bias.detach()
    np.testing.assert_allclose(bias, np.log(shares), rtol=1e-5)


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("lm_weight", [0.0, 1.0, 2.5])
def test_an_update_adds_the_gradients_of_both_losses(lm_weight, direction):
    speller = english_speller(lm_weight=lm_weight, direction=direction, cutoffs=[3])
    docs = [speller.nlp.make_doc(text) for text in TEXTS]
    predictions = sum(len(doc) + 1 for doc in docs)
    unknown = speller.unknown(TEXTS)
    total = speller.total(unknown)
    expected = speller.gradients(-total / predictions)
    hand = ByHand(speller.lm.model)
    if lm_weight:
        own = hand.gradients(lm_weight * hand.mean_loss(docs))
        expected |= {n: v.numpy() for n, v in others(own).items()}
    losses = {}
    examples = make_examples(speller.nlp, TEXTS)
    before = weights_of(speller.lm)
    found = step_of(speller.nlp, lambda sgd: speller.lm.update(examples, sgd=sgd, losses=losses))
    check(found, expected)
    if not lm_weight:
        assert_same(others(before), others(weights_of(speller.lm)))
    assert losses["rnn_lm_spelled"] == len(unknown) > 3
    assert losses["rnn_lm_spelling"] == pytest.approx(-total.item(), rel=1e-5)


def test_losses_are_those_of_a_model_without_a_speller_and_the_spelling():
    speller = english_speller()
    lm, examples = speller.lm, make_examples(speller.nlp, TEXTS)
    losses = {"rnn_lm_spelling": 3.0}
    for _ in range(2):
        lm.update(examples, losses=losses)
    unknown = speller.unknown(TEXTS)
    spelling = -speller.total(unknown).item()
    assert losses["rnn_lm_spelling"] == pytest.approx(3 + 2 * spelling, rel=1e-5)
    assert losses["rnn_lm_spelled"] == 2 * len(unknown)
    hand = ByHand(lm.model)
    closed = sum(
        float(part.detach().sum()) for e in examples for part in hand.log_probs(e.predicted)
    )
    assert losses["rnn_lm"] == pytest.approx(-2 * closed, rel=1e-5)
    without = make_random(min_count=17, top_k=1).get_pipe("rnn_lm")
    assert set(without.update(make_examples(speller.nlp, TEXTS))) == {"rnn_lm", "rnn_lm_tokens"}


def test_gradients_of_several_updates_are_those_of_one_batch():
    speller = english_speller()
    parts = [make_examples(speller.nlp, texts) for texts in (TEXTS[:2], TEXTS[2:])]
    predictions = sum(len(example.predicted) + 1 for examples in parts for example in examples)
    expected = speller.gradients(-speller.total(speller.unknown(TEXTS)) / predictions)

    def update(sgd):
        for examples in parts:
            speller.lm.update(examples)
        speller.lm.finish_update(sgd)

    check(step_of(speller.nlp, update), expected)


@pytest.mark.parametrize("rates", [(1, 1, 0), (0, 0, 1), (0, 0, 0)], ids=str)
def test_the_speller_is_frozen_with_the_softmax(rates):
    speller = english_speller()
    lm = speller.lm
    lm.shim.set_rates(rates)
    before = weights_of(lm)
    losses = lm.update(make_examples(speller.nlp, TEXTS), sgd=SGD(0.1), losses={})
    after = weights_of(lm)
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    top = {n for n in before if n.startswith(("speller.", "softmax."))}
    expected = {name for name in before if rates[-1 if name in top else 0]}
    assert moved == expected
    assert losses["rnn_lm_spelled"] > 0


@pytest.mark.parametrize("lm_weight", [0.0, 1.0])
def test_the_speller_learns_beside_listeners(lm_weight):
    nlp = listening_pipeline(lm_weight=lm_weight, min_count=17, top_k=1, model={"speller_width": 4})
    hand = ListenersByHand(nlp, lm_weight)
    expected = others(hand.gradients(hand.loss(TEXTS, ["tagger0"])))
    speller = Speller(nlp)
    predictions = sum(len(nlp.make_doc(text)) + 1 for text in TEXTS)
    total = speller.total(speller.unknown(TEXTS))
    expected |= speller.gradients(-total / predictions)
    examples = tagged(nlp, TEXTS)
    found = step_of(nlp, lambda sgd: nlp.update(examples, sgd=sgd))
    if not lm_weight:
        expected.pop("softmax.bias")  # nobody else has a gradient for it
    check(found, expected)


def test_windows_of_a_stream_learn_every_word_once():
    speller = english_speller()
    losses = {}
    docs = make_docs(speller.nlp)
    for batch in mark_streams(docs, 4):
        speller.lm.update(batch, losses=losses)
    words = [word for doc in docs for word in words_of(doc)]
    unknown = [word for word in words if word not in speller.lm.vocabulary]
    assert losses["rnn_lm_spelled"] == len(unknown)
    assert losses["rnn_lm_spelling"] == pytest.approx(-speller.total(unknown).item(), rel=1e-5)


def test_a_speller_learns_alone_from_windows_of_a_stream():
    speller = english_speller(lm_weight=0.0)
    losses = {}
    for batch in mark_streams(make_docs(speller.nlp), 4):
        speller.lm.update(batch, losses=losses)
    assert losses["rnn_lm_spelled"] > 0


def test_a_loss_that_is_no_number_changes_no_weight():
    speller = english_speller()
    speller.network.speller.softmax.bias.data[1] = float("nan")
    before = others(weights_of(speller.lm))
    with pytest.raises(ValueError, match="R303"):
        speller.lm.update(make_examples(speller.nlp, TEXTS), sgd=SGD(0.1))
    assert_same(before, others(weights_of(speller.lm)))


def test_empty_documents_change_nothing():
    speller = english_speller()
    before = weights_of(speller.lm)
    doc = speller.nlp.make_doc("")
    speller.lm.update([Example(doc, doc)], sgd=SGD(0.1))
    assert_same(before, weights_of(speller.lm))


@pytest.mark.slow
@pytest.mark.parametrize("spelling", ["plain", "context"])
def test_training_makes_the_words_of_the_text_more_probable_than_others(spelling):
    nlp = make_random(**TRAINED | {"model": {**TRAINED["model"], "spelling": spelling}})
    words = ["sailor", "pears", "zqxjk", "kkkkk"]
    train(nlp, ENGLISH, steps=60, drop=0.1)
    spelled = nlp(Doc(nlp.vocab, words=words))._.rnn_lm.spelling
    assert min(spelled[:2]) > max(spelled[2:]) + 2


@pytest.mark.slow
def test_training_makes_a_word_more_probable_where_it_occurs():
    """The known words after them tell north and south apart; the network's states are its own."""
    texts = ["north wind", "south sea"] * 10 + ["north zeppelin", "south dirigible"] * 8
    model = {"speller_width": 8, "spelling": "context"}
    nlp = make_pipeline(texts, model=model, min_count=9, top_k=1)
    train(nlp, texts, steps=60)
    words = product(["north", "south"], ["zeppelin", "dirigible"])
    spelled = {pair: nlp(" ".join(pair))._.rnn_lm.spelling[1] for pair in words}
    assert spelled["north", "zeppelin"] > spelled["south", "zeppelin"] + 2
    assert spelled["south", "dirigible"] > spelled["north", "dirigible"] + 2


@pytest.mark.parametrize("count", [0, 1])
def test_a_list_of_words_without_counts_says_nothing_of_rare_ones(count):
    lm = Speller(make_pipeline(**TRAINED)).lm
    lm.initialize(lambda: [], labels=[[word, count] for word in lm.vocabulary.words[2:]])
    docs = [lm.tokenizer(text) for text in TEXTS]
    unknown = sum(not lm.vocabulary.knows(token) for doc in docs for token in doc)
    assert learn(lm.model, docs)[1] == unknown > 0
