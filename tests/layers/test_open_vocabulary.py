"""The speller's part of a batch, and how it learns beside the language model."""

from collections import Counter
from functools import partial
from itertools import product

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import SGD

from spacy_rnn.layers import learned_spelling
from spacy_rnn.layers.learned_spelling import expect_new_words, learn_spelling
from spacy_rnn.layers.neighbours import Neighbours, join_neighbours
from spacy_rnn.layers.open_vocabulary import find_forms, spell_tokens
from spacy_rnn.layers.sequences import sequences_from_docs
from spacy_rnn.vocabulary.alphabet import Alphabet

from ..helpers import ENGLISH, make_examples, make_pipeline, make_random, train, weights_of
from ..network import naive
from ..pipeline.reference import Reference, ReferenceSpeller, words_of
from ..pipeline.test_streams import make_docs, mark_streams
from ..pipeline.test_upstream import ByHand as ListenersByHand
from ..pipeline.test_upstream import listening_pipeline, step_of, tagged
from .by_hand import ByHand

# the last three of the first line occur once in the training text
ENTRIES = {"ab": 9, "ba": 7, "abc": 5, "cb": 2, "猫": 1, "狗猫": 1, "c": 1}
# many, so that the bytes, which no word has, are worth a softmax cluster of their own
ENTRIES |= {"".join(letters): 2 for letters in [*product("defghij", repeat=3)][::2]}
TEXTS_OF_ENTRIES = [" ".join([word] * count) for word, count in ENTRIES.items()]
DOCS = [["ab", "zz", "ba", "zz"], [], ["猫", "獏é", "ab", "c"], ["ab"], ["<unk>", "</s>", "fad"]]
# "<unk>" is a missing word: nobody knows how it is spelled
UNKNOWN = ["zz", "zz", "獏é", "</s>", "fad"]
LEARNED = [*UNKNOWN, "猫", "c"]
TRAINED = {"model": {"speller_width": 4, "width": 5}, "min_count": 17, "top_k": 1}
TEXTS = ["the grey cat watches", "", "zeppelin", "our zeppelin paints the harbour ."]


class Speller:
    """A pipeline, its component, and the naive speller with a gradient."""

    def __init__(self, nlp):
        self.nlp = nlp
        self.lm = nlp.get_pipe("rnn_lm")
        self.network = self.lm.shim.network
        self.reference = ReferenceSpeller(self.lm)

    def total(self, words):
        """Σ log p(spelling), as it is trained: 1 − p(end | end) isn't divided by."""
        self.weights = naive.weights_of(self.network.speller)
        parts = [torch.zeros((), dtype=torch.float64)]
        for word in words:
            symbols = self.reference.symbols(word)
            hidden, _ = naive.read(self.network.settings.speller, self.weights, [0, *symbols])
            table = naive.log_distribution(self.network.settings.speller, self.weights, hidden)
            parts.append(table[torch.arange(len(symbols) + 1), torch.tensor([*symbols, 0])].sum())
        return torch.stack(parts).sum()

    def gradients(self, loss):
        loss.backward()
        return {f"speller.{name}": value.grad.numpy() for name, value in self.weights.items()}

    def unknown(self, texts):
        """Tokens that are learned: unknown ones, as this vocabulary has no rare words."""
        words = [word for text in texts for word in words_of(self.nlp.make_doc(text))]
        return [word for word in words if word not in self.lm.vocabulary]


def entries_speller(**model):
    return Speller(make_random(texts=TEXTS_OF_ENTRIES, model={"speller_width": 4, **model}))


def english_speller(*, lm_weight=1.0, **model):
    """Of a vocabulary of three words, so that many are unknown."""
    options = {**TRAINED, "model": {**TRAINED["model"], **model}}
    return Speller(make_random(**options, lm_weight=lm_weight))


def docs_of(speller, lists=DOCS):
    return [Doc(speller.nlp.vocab, words=words) for words in lists]


def spell_docs(model, docs):
    return spell_tokens(model, sequences_from_docs(model, docs)[0])


def learn(model, docs, dropout=0.0):
    """Of a plain speller."""
    return learn_spelling(model, docs, sequences_from_docs(model, docs), None, dropout)


def check(found, expected):
    for name, value in expected.items():
        scale = np.abs(value).max()
        assert scale > 0, name
        np.testing.assert_allclose(found[name], value, atol=3e-4 * scale, err_msg=name)


def others(weights):
    return {name: value for name, value in weights.items() if not name.startswith("speller.")}


def assert_same(before, after):
    assert before.keys() == after.keys()
    for name in before:
        assert np.array_equal(before[name], after[name]), name


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


# -- in context


def lesson_by_hand(speller, docs, joined=None):
    """Σ log p of the words that are new and of all that are taught, each in the state in which it
    is predicted, the mean of the directions.

    joined: by its place in each document, what a word and the next one are together."""
    lm, reference = speller.lm, speller.reference
    reference.weights = speller.weights = naive.weights_of(speller.network.speller)
    counts = dict(zip(lm.vocabulary.words[2:], lm.vocabulary.counts[2:].tolist(), strict=True))
    new, known = [], []
    for doc in docs:
        words = words_of(doc)
        for reverse in lm.shim.network.directions:
            trace = Reference(lm, reverse=reverse).read(words[::-1] if reverse else words)
            states = torch.from_numpy(trace.hidden)[: len(words)]
            states = states.flip(0) if reverse else states
            taught = [(word, counts.get(word, 0), place) for place, word in enumerate(words)]
            taught += [(word, 2, place + reverse) for place, word in (joined or {}).items()]
            for word, count, place in taught:
                state = states[place]
                if word == "<unk>" or count > 5:
                    continue
                h, c = speller_start(speller, state, reverse, is_known=count > 1)
                symbols = reference.symbols(word)
                table = reference.table(symbols, (h, c))
                total = table[torch.arange(len(symbols) + 1), torch.tensor([*symbols, 0])].sum()
                for shut in [0] if count > 1 else reference.shut(word):
                    total = total - torch.logsumexp(table[shut, 1:], 0)
                (known if count > 1 else new).append(total / len(lm.shim.network.directions))
    return torch.stack(new).sum(), torch.stack([*new, *known]).sum()


def test_neighbours_are_words_of_letters_without_a_space_between_them():
    nlp = make_random(model={"white_space": "skip"})
    model = nlp.get_pipe("rnn_lm").model
    words = [
        ["我", "爱", "北京", "。", "图", " ", "书", "馆"],
        [],
        ["a", "cat", "n't"],
        ["一", "二"],
    ]
    spaces = [[False] * 8, [], [True, False, False], [False, False]]
    docs = [Doc(nlp.vocab, words=w, spaces=s) for w, s in zip(words, spaces, strict=True)]
    (reading,) = sequences_from_docs(model, docs)
    found = join_neighbours(docs, reading.tokens, 300)
    read = [word for each in words for word in each if word != " "]
    assert {*found.words} == {"我爱", "爱北京", "书馆", "一二"}
    assert all(read[i] + read[i + 1] == w for w, i in zip(found.words, found.first, strict=True))
    (nothing,) = sequences_from_docs(model, [])
    assert join_neighbours([], nothing.tokens, 3).words == []


def learn_in_context(speller, lists, dropout):
    docs = docs_of(speller, lists)
    readings = sequences_from_docs(speller.lm.model, docs)
    hidden = [torch.zeros(len(reading.targets), 5) for reading in readings]
    return learn_spelling(speller.lm.model, docs, readings, hidden, dropout)


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_neighbours_are_learned_as_a_known_word_in_the_state_before_both(direction, monkeypatch):
    speller = entries_speller(spelling="context", direction=direction)
    docs = docs_of(speller, [["zz", "ab", "ba", "ab"]])
    pair = Neighbours(["abba"], np.array([1]))
    monkeypatch.setattr(learned_spelling, "join_neighbours", lambda docs, tokens, n: pair)
    # no word that the text has more than five times is drawn
    monkeypatch.setattr(np.random, "random", np.ones)
    new, total = lesson_by_hand(speller, docs, {1: "abba"})
    expected = speller.gradients(-total / 5)
    examples = [Example(doc, doc) for doc in docs]
    losses = {}
    # so little dropout drops nothing, but draws
    update = partial(speller.lm.update, examples, drop=1e-12, losses=losses)
    found = step_of(speller.nlp, lambda sgd: update(sgd=sgd))
    check(found, expected)
    assert losses["rnn_lm_spelled"] == 1
    assert losses["rnn_lm_spelling"] == pytest.approx(-float(new.detach()), rel=1e-5)


def test_each_type_is_learned_five_times_in_the_mean_however_often_it_occurs(monkeypatch):
    found = Counter()

    def spy(tokens, wanted):
        forms = find_forms(tokens, wanted)
        found.update(forms.words[number] for number in forms.numbers.tolist())
        return forms

    monkeypatch.setattr(learned_spelling, "find_forms", spy)
    words = ["ab"] * 9 + ["ba"] * 7 + ["abc"] * 5 + ["cb"] * 2 + ["zz", "<unk>"]
    wanted = {"ab": (900, 1100), "ba": (900, 1100), "abc": (1000, 1000), "cb": (400, 400)}
    wanted["zz"] = (200, 200)
    speller = entries_speller(spelling="context", width=5)
    learn_in_context(speller, [words] * 200, dropout=1e-12)
    assert found.keys() == wanted.keys()
    assert all(low <= found[word] <= high for word, (low, high) in wanted.items())
    found.clear()
    # what isn't trained with dropout draws nothing
    learn_in_context(speller, [words], dropout=0.0)
    assert found == {"abc": 5, "cb": 2, "zz": 1}


def test_some_words_that_the_text_has_once_are_expected_as_unknown_ones():
    speller = entries_speller(spelling="context", width=5)
    model = speller.lm.model
    (reading,) = sequences_from_docs(model, docs_of(speller, [["猫", "ab", "cb", "zz"] * 500]))
    found = expect_new_words(model, reading)
    changed = found.targets != reading.targets
    assert found.ids is reading.ids
    assert 20 < changed.sum() < 90 and not found.targets[changed].any()
    once = speller.lm.vocabulary.row("猫")
    assert (reading.targets[changed] == once).all()
    plain = entries_speller().lm.model
    assert expect_new_words(plain, reading) is reading


def updating(nlp, lists):
    """What `step_of` takes: an update with documents of these words."""
    docs = [Doc(nlp.vocab, words=words) for words in lists]
    examples = [Example(doc, doc) for doc in docs]
    return lambda sgd: nlp.get_pipe("rnn_lm").update(examples, sgd=sgd)


def speller_start(speller, state, reverse, *, is_known):
    name = f"starts.{'backward_' * reverse}encoder."
    joint = speller.weights[name + "weight"] @ state + speller.weights[name + "bias"]
    h, c = (joint + is_known * speller.weights[name + "known"]).chunk(2)
    return torch.tanh(h)[None], c[None]


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_rare_and_unknown_words_are_learned_in_their_contexts(direction):
    speller = entries_speller(spelling="context", direction=direction)
    lm, docs = speller.lm, docs_of(speller, [*DOCS, ["abc", "zz", "cb"]])
    before = others(weights_of(lm))
    losses = {}
    new, total = lesson_by_hand(speller, docs)
    predictions = sum(len(doc) + 1 for doc in docs)
    expected = speller.gradients(-total / predictions)
    examples = [Example(doc, doc) for doc in docs]
    lm.lm_weight = 0.0  # the network reads, and the speller alone learns
    found = step_of(speller.nlp, lambda sgd: lm.update(examples, sgd=sgd, losses=losses))
    check(found, expected)
    assert_same(before, others(weights_of(lm)))
    assert losses["rnn_lm_spelled"] == len(LEARNED) + 1
    assert losses["rnn_lm_spelling"] == pytest.approx(-float(new.detach()), rel=1e-5)


def test_beside_the_language_model_a_speller_learns_the_same():
    made = []
    for lm_weight in (0.0, 1.0):
        speller = entries_speller(spelling="context", direction="both")
        speller.lm.lm_weight = lm_weight
        grads = step_of(speller.nlp, updating(speller.nlp, [*DOCS, ["abc", "zz", "cb"]]))
        made.append({name: g for name, g in grads.items() if name.startswith("speller.")})
    check(*made[::-1])


def test_no_gradient_of_the_speller_goes_back_to_the_words():
    """What words learn is the same with any speller, and without one."""
    made = []
    for options in ({"speller_width": 0}, {}, {"spelling": "context"}):
        nlp = make_random(texts=TEXTS_OF_ENTRIES, model={"speller_width": 4, **options})
        own = others(entries_speller().network.state_dict())
        nlp.get_pipe("rnn_lm").shim.network.load_state_dict(own, strict=False)
        made.append(others(step_of(nlp, updating(nlp, DOCS))))
    check(made[1], made[0])
    check(made[2], made[0])


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
