"""What a speller that knows the context learns from a batch: each word in its context."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
import torch
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.corpus.windows import split_document
from spacy_rnn.layers import learned_spelling
from spacy_rnn.layers.learned_spelling import expect_new_words, learn_spelling
from spacy_rnn.layers.neighbours import Neighbours, join_neighbours
from spacy_rnn.layers.sequences import sequences_from_docs
from spacy_rnn.vocabulary import UNKNOWN_ROW
from spacy_rnn.vocabulary.token_forms import find_forms

from ..helpers import make_random, weights_of
from ..network import naive
from ..pipeline.reference import Reference, words_of
from ..pipeline.test_upstream import step_of
from .spelling_by_hand import (
    DOCS,
    LEARNED,
    TEXTS_OF_ENTRIES,
    assert_same,
    check,
    docs_of,
    entries_speller,
    others,
)


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


def test_some_words_that_the_text_has_once_are_expected_and_read_as_unknown_ones():
    speller = entries_speller(spelling="context", width=5)
    model = speller.lm.model
    (reading,) = sequences_from_docs(model, docs_of(speller, [["猫", "ab", "cb", "zz"] * 500]))
    found = expect_new_words(model, reading)
    changed = found.targets != reading.targets
    assert np.array_equal(found.ids[1:] != reading.ids[1:], changed[:-1])
    assert not found.ids[found.ids != reading.ids].any()
    assert 20 < changed.sum() < 90 and not found.targets[changed].any()
    once = speller.lm.vocabulary.row("猫")
    assert (reading.targets[changed] == once).all()
    plain = entries_speller().lm.model
    assert expect_new_words(plain, reading) is reading


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_no_window_begins_with_what_another_one_expects(direction):
    speller = entries_speller(spelling="context", width=5, direction=direction)
    (doc,) = docs_of(speller, [["ab", "cb", "猫"] * 200])
    windows = list(split_document(doc, 3))
    (reading,) = sequences_from_docs(speller.lm.model, windows)
    reading = reading.only_scored()
    starts = np.cumsum(reading.lengths) - reading.lengths
    found = expect_new_words(speller.lm.model, reading)
    assert (found.targets != reading.targets).sum() > 5
    expected = np.where(found.targets != reading.targets, UNKNOWN_ROW, reading.targets)
    for start, length in zip(starts, reading.lengths, strict=True):
        assert found.ids[start] == reading.ids[start]
        read = slice(start + 1, start + length)
        assert found.ids[read].tolist() == expected[start : start + length - 1].tolist()


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
@pytest.mark.parametrize("rows", [0, 40])
def test_rare_and_unknown_words_are_learned_in_their_contexts(direction, rows):
    speller = entries_speller(spelling="context", direction=direction, speller_ngram_rows=rows)
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
