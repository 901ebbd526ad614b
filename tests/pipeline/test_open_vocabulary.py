"""Words that the vocabulary doesn't have: p(<unk> | context) · p(spelling)."""

import copy
import math
import pickle
from itertools import product

import numpy as np
import pytest
import spacy
import srsly
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.corpus.windows import split_document
from spacy_rnn.network.speller import Spellings, spelling_log_probs

from ..helpers import make_examples, make_pipeline, make_random
from ..layers.spelling_by_hand import ENTRIES
from ..layers.test_weights import close_file, open_file
from ..network import naive
from .reference import Reference, ReferenceSpeller, words_of
from .test_output import through_bytes, through_docbin, through_pickle

WORDS = [" ".join([word] * count) for word, count in ENTRIES.items()]
MODELS = {
    "lstm": {},
    "gru-deep-clusters": {"cell": "gru", "depth": 2, "cutoffs": [6, 15], "spelling": "context"},
    "rnn-untied-clusters": {
        "cell": "rnn", "tied": False, "embedding_width": 7, "cutoffs": [4], "spelling": "context"
    },
    "lstm-subwords": {"subword_rows": 50, "spelling": "context"},
    "lstm-ngrams": {"speller_ngram_rows": 30, "spelling": "context"},
}  # fmt: skip
# from left to right, from right to left
READINGS = {"forward": [False], "backward": [True], "both": [False, True]}
TEXTS = ["ab ba cabs abc 獏é", "", "zeppelin", "<unk> ab </s> 猫", "ab ba abc", " \n "]
ODD = [
    "\0", "a\0b", "😀", "👩‍👩‍👧‍👦", "e\u0301\u0323", "\u0301", "\ufeff", "\u200b", "\U0010ffff",
    "\ud7ff\ue000\uffff", "ab" * 2500, "獏" * 5000, "NOUN", "IS_ALPHA", "ﷺ", "i\u0307",
]  # fmt: skip
CHARACTERS = st.characters(exclude_categories=["Cs"])
STORED = [["log_probs", "next"], ["log_probs"], ["next"], ["hidden"], ["entropy", "rank"], []]


def make_open(**options):
    """A random model of words of few letters, whose speller has clusters if it has."""
    model = {"speller_width": 4, **options.pop("model", {})}
    return make_random(options.pop("texts", WORDS), model=model, **{"min_count": 2, **options})


@pytest.fixture(scope="module", params=list(MODELS))
def model(request):
    return MODELS[request.param]


@pytest.fixture(scope="module")
def opened(model):
    """Shared: tests must not change its weights."""
    return make_open(model=model)


@pytest.fixture(scope="module")
def plain():
    """Shared: tests must not change its weights."""
    return make_open()


def make_doc(nlp, words):
    return nlp(Doc(nlp.vocab, words=words))


def open_log_probs(lm, words, reverse=False):
    """Of every word in the order of the text, and of the end."""
    order = words[::-1] if reverse else words
    trace = Reference(lm, reverse=reverse).read(order).log_probs
    inside = trace[:-1][::-1] if reverse else trace[:-1]
    spelling = ReferenceSpeller(lm).log_probs(words, reverse=reverse)
    return np.append(inside + spelling, trace[-1])


# -- definitions


@pytest.mark.parametrize("direction", READINGS)
def test_surprisal_is_that_of_the_plain_recurrence_with_spelling(model, direction):
    nlp = make_open(model={**model, "direction": direction})
    lm = nlp.get_pipe("rnn_lm")
    assert bool(lm.shim.network.settings.symbol_cutoffs) == ("cutoffs" in model)
    for text in TEXTS:
        doc = nlp(text)
        output = doc._.rnn_lm
        made = [output, output.backward][: len(READINGS[direction])]
        for part, reverse in zip(made, READINGS[direction], strict=True):
            expected = open_log_probs(lm, words_of(doc), reverse)
            bits = -expected / math.log(2)
            assert_allclose(part.surprisal, bits[:-1], atol=1e-4)
            assert part.end_log_prob == pytest.approx(expected[-1], abs=1e-5)
            assert part.perplexity == pytest.approx(math.exp(-expected.mean()), rel=1e-4)
            spelling = ReferenceSpeller(lm).log_probs(words_of(doc), reverse=reverse)
            assert_allclose(part.spelling, spelling, atol=1e-4)
            assert part.spelling.dtype == part.log_probs.dtype == np.float32
        bits = -open_log_probs(lm, words_of(doc), READINGS[direction][0])[:-1] / math.log(2)
        assert_allclose([token._.rnn_surprisal for token in doc], bits, atol=1e-4)
        assert doc._.rnn_surprisal == pytest.approx(bits.sum(), abs=1e-3)
        assert doc._.rnn_perplexity == output.perplexity


def test_spelling_is_no_part_of_known_words_nor_of_a_model_without_speller(plain):
    doc = plain("ab zz ba")
    assert doc._.rnn_lm.spelling[[0, 2]].tolist() == [0.0, 0.0]
    assert doc._.rnn_lm.spelling[1] < 0
    assert make_random()("the zeppelin")._.rnn_lm.spelling is None


@pytest.mark.parametrize("context", [[], ["ab"], ["zz", "獏", "ba"]], ids=str)
def test_probabilities_of_words_of_any_spelling_do_not_sum_to_more_than_one(opened, context):
    """Those of the vocabulary, and unknown ones: each of them in a document of its own."""
    lm = opened.get_pipe("rnn_lm")
    letters = ["a", "b", "c", "z", "é", "獏", "\0", "猫"]
    strings = [*letters, *(one + two for one in letters for two in letters)]
    words = {*lm.vocabulary.words[2:], *strings}
    docs = opened.pipe(Doc(opened.vocab, words=[*context, word]) for word in words)
    log_probs = [float(doc._.rnn_lm.log_probs[-1]) for doc in docs]
    end = opened(Doc(opened.vocab, words=context))._.rnn_lm.end_log_prob
    total = math.fsum(map(math.exp, [*log_probs, end]))
    closed, distribution = lm.next_distribution(Doc(opened.vocab, words=context))
    known = 1 - float(distribution[closed.index("<unk>")])
    # what is added may be less than the last digit of a sum of float32 numbers
    assert known - 1e-6 < total <= 1 + 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("cutoffs", [None, [6, 15]], ids=str)
def test_the_mass_of_all_spellings_of_a_plain_speller_is_one(cutoffs):
    """Of one and of two symbols, and of those that go on after two."""
    lm = make_open(model={"cutoffs": cutoffs}).get_pipe("rnn_lm")
    network = lm.shim.network
    network.speller.softmax.bias.data[0] += 4.0  # short words are not all that rare
    symbols = network.settings.symbols
    one = np.arange(1, symbols)
    two = np.stack([np.repeat(one, len(one)), np.tile(one, len(one))], axis=1)
    lengths = np.repeat([1, 2], [len(one), len(two)])
    spellings = Spellings.from_symbols(np.concatenate([one, two.ravel()]), lengths)
    closed = np.exp(spelling_log_probs(network.speller, spellings)).sum()
    own, weights = network.settings.speller, naive.weights_of(network.speller)
    with torch.no_grad():
        h = c = torch.zeros(len(two), own.width, dtype=torch.float64)
        read = np.concatenate([np.zeros((len(two), 1), dtype=int), two], axis=1)
        prefix = 0.0
        for column in range(3):
            h, c = naive.step(own.cell, weights, 0, weights["embedding"][read[:, column]], h, c)
            table = naive.log_distribution(own, weights, h)
            if not column:
                prefix = -torch.log1p(-table[:, 0].exp())
            if column < 2:
                prefix = prefix + table[torch.arange(len(two)), torch.from_numpy(two[:, column])]
        going_on = float((prefix.exp() * (1 - table[:, 0].exp())).sum())
    assert 0.05 < closed < 0.99
    assert closed + going_on == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("cutoffs", [None, [6, 15]], ids=["full", "clusters"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_no_mass_is_lost_in_a_context(cell, cutoffs):
    """All strings of up to four of three letters, known or not, in a context, and what is left for
    longer ones and other letters, whichever way the text is read."""
    shape = {"cell": cell, "cutoffs": cutoffs, "direction": "both", "spelling": "context"}
    nlp = make_open(model={**shape, "speller_ngram_rows": 30})
    lm = nlp.get_pipe("rnn_lm")
    with torch.no_grad():
        # neither short words nor words of these letters are all that rare
        symbols = [0, *ReferenceSpeller(lm).symbols("abc")]
        lm.shim.network.speller.softmax.bias[symbols] += 5.0
    words = ["".join(letters) for n in range(1, 5) for letters in product("abc", repeat=n)]
    assert sum(word in lm.vocabulary for word in words) == 4
    context = ["ab", "zz"]
    for reverse in (False, True):
        reference, speller = Reference(lm, reverse=reverse), ReferenceSpeller(lm)
        trace = reference.read(context)
        distribution = np.exp(trace.log_distributions[-1])
        # a right context is what is read before in that direction
        lists = [[word, *context[::-1]] if reverse else [*context, word] for word in words]
        docs = list(nlp.pipe(Doc(nlp.vocab, words=each) for each in lists))
        outputs = [doc._.rnn_lm.backward if reverse else doc._.rnn_lm for doc in docs]
        found = [out.log_probs[0 if reverse else -1] for out in outputs]
        others = [
            distribution[row]
            for row, word in enumerate(lm.vocabulary.words)
            if row and word not in words
        ]
        start = speller.start(torch.from_numpy(trace.hidden[-1]), reverse=reverse)
        left = mass_of_the_others(speller, start, "abc", 4)
        assert 0.02 < left < 0.99
        total = np.exp(np.array(found, np.float64)).sum() + sum(others) + distribution[0] * left
        assert total == pytest.approx(1, abs=1e-5)


@torch.no_grad()
def mass_of_the_others(speller, start, letters, longest):
    """p of all spellings that have another symbol than these letters, or more than so many."""
    total = 0.0
    rows = [speller.characters.index(letter) + 1 for letter in letters]
    for n in range(longest + 1):
        for word in map("".join, product(letters, repeat=n)):
            table = speller.table(speller.symbols(word), start).exp()
            prefix = 1.0
            for place, symbol in enumerate([*speller.symbols(word), None]):
                p = table[place].clone()
                closed = word[:place] in {"", "<unk>", *speller.words[2:]}
                if closed:
                    p = p / p[1:].sum()
                    p[0] = 0.0
                if symbol is not None:
                    prefix = prefix * float(p[symbol])
                elif n < longest:
                    p[[0, *rows]] = 0.0
                    total += prefix * float(p.sum())
                else:
                    total += prefix * float(1 - p[0])
    return total


# -- any text


@pytest.mark.parametrize("word", ODD, ids=lambda word: ascii(word)[:20])
def test_odd_words_are_spelled_like_others(plain, word):
    doc = make_doc(plain, ["ab", word, "ba"])
    expected = open_log_probs(plain.get_pipe("rnn_lm"), ["ab", word, "ba"])
    assert np.isfinite(doc._.rnn_lm.log_probs).all()
    assert_allclose(doc._.rnn_lm.log_probs, expected[:-1], rtol=1e-5, atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(words=st.lists(st.text(CHARACTERS, min_size=1, max_size=6), min_size=1, max_size=5))
def test_any_words_have_the_surprisal_of_the_definition(plain, words):
    doc = make_doc(plain, words)
    expected = open_log_probs(plain.get_pipe("rnn_lm"), words)[:-1]
    assert_allclose(doc._.rnn_lm.surprisal, -expected / math.log(2), atol=1e-4)


@settings(deadline=None, max_examples=60)
@given(text=st.text(CHARACTERS, max_size=80))
def test_every_token_of_any_text_has_a_finite_surprisal(plain, text):
    doc = plain(text)
    surprisal = doc._.rnn_lm.surprisal
    assert surprisal.shape == (len(doc),)
    assert np.isfinite(surprisal).all() and (surprisal >= 0).all()
    assert math.isfinite(doc._.rnn_surprisal)


def test_the_text_of_the_end_is_spelled_and_that_of_a_missing_word_is_not(plain):
    lm = plain.get_pipe("rnn_lm")
    unknown = Reference(lm).read(["ab"]).log_distributions[1][0]
    for word, spelling in (("<unk>", 0.0), ("</s>", ReferenceSpeller(lm).log_prob("</s>"))):
        doc = make_doc(plain, ["ab", word])
        assert doc._.rnn_lm.log_probs[1] == pytest.approx(unknown + spelling, rel=1e-5)
        assert (doc._.rnn_lm.spelling[1] < 0) == bool(spelling)
        assert not lm.vocabulary.knows(doc[1])
        plan = lm.score_continuation("ab", [Doc(plain.vocab, words=[word])])[0]
        assert plan.log_prob == pytest.approx(unknown + spelling, rel=1e-5)


@pytest.mark.parametrize("attr", ["LOWER", "NORM"])
def test_a_missing_word_is_one_by_the_form_that_is_looked_up(attr):
    nlp = make_open(model={"attr": attr, "spelling": "context"})
    spelled = make_doc(nlp, ["<UNK>", "<unk>", "</S>"])._.rnn_lm.spelling
    assert spelled[0] == spelled[1] == 0 > spelled[2]


@pytest.mark.parametrize("attr", ["LOWER", "NORM"])
def test_the_form_that_is_looked_up_is_spelled(attr):
    nlp = make_open(lang="en", model={"attr": attr, "spelling": "context"})
    lm = nlp.get_pipe("rnn_lm")
    doc = nlp("AB Cabs I'm 'Cause gonna CABS abc")
    forms = [token.norm_ if attr == "NORM" else token.lower_ for token in doc]
    assert sum(form != token.lower_ for form, token in zip(forms, doc, strict=True)) >= (
        3 if attr == "NORM" else 0
    )
    assert_allclose(doc._.rnn_lm.log_probs, open_log_probs(lm, forms)[:-1], rtol=1e-5)
    spelled = dict(zip(words_of(doc), doc._.rnn_lm.spelling.tolist(), strict=True))
    # each in its own context
    assert max(spelled["Cabs"], spelled["CABS"]) < 0 == spelled["AB"]


def test_an_empty_document_has_nothing_to_spell(plain):
    output = plain("")._.rnn_lm
    assert output.spelling.shape == output.log_probs.shape == (0,)
    assert output.perplexity == pytest.approx(math.exp(-output.end_log_prob))
    assert plain.get_pipe("rnn_lm").count([plain.make_doc("")]).spelling == 0.0


# -- batches, copies and files


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_numbers_do_not_depend_on_the_batch(opened, batch_size):
    texts = ["", *TEXTS, "ab " * 40 + "cabs", "zeppelin zeppelin ab", *TEXTS[::-1]]
    for text, doc in zip(texts, opened.pipe(texts, batch_size=batch_size), strict=True):
        alone = opened(text)._.rnn_lm
        assert_allclose(doc._.rnn_lm.log_probs, alone.log_probs, rtol=1e-5)
        assert_allclose(doc._.rnn_lm.spelling, alone.spelling, rtol=1e-5)


def assert_same_bits(one, other):
    for name in ("log_probs", "spelling", "hidden"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.end_log_prob == other.end_log_prob and one.next == other.next


def test_a_saved_pipeline_predicts_the_same_bits(opened, tmp_path):
    opened.to_disk(tmp_path)
    blank = spacy.util.load_model_from_config(opened.config)
    copies = [spacy.load(tmp_path), blank.from_bytes(opened.to_bytes())]
    copies += [pickle.loads(pickle.dumps(opened)), copy.deepcopy(opened)]
    for loaded in copies:
        for text in [*TEXTS, "é" * 300]:
            assert_same_bits(loaded(text)._.rnn_lm, opened(text)._.rnn_lm)


@pytest.mark.parametrize("duplicate", [through_bytes, through_docbin, through_pickle, Doc.copy])
def test_a_copied_document_keeps_its_spelling(plain, duplicate):
    for doc in plain.pipe(TEXTS):
        copied = duplicate(duplicate(doc))
        assert_same_bits(copied._.rnn_lm, doc._.rnn_lm)
        assert copied._.rnn_perplexity == doc._.rnn_perplexity


def test_a_model_that_was_saved_before_there_were_spellers_still_loads(tmp_path):
    nlp = make_random(model={"cutoffs": [6, 15]})
    nlp.to_disk(tmp_path)
    file = tmp_path / "rnn_lm" / "model"
    message = srsly.msgpack_loads(file.read_bytes())
    ((number, shim),) = [(n, s[0]) for n, s in enumerate(message["shims"]) if s]
    inner = srsly.msgpack_loads(shim)
    header, rest = open_file(inner["state"])
    (entry,) = header["__metadata__"]
    claims = srsly.json_loads(header["__metadata__"][entry])
    del claims["checksum"]  # nor were there these
    for name in ("speller_width", "symbols", "symbol_cutoffs", "spelling", "speller_ngram_rows"):
        del claims["settings"][name]
    header["__metadata__"][entry] = srsly.json_dumps(claims)
    message["shims"][number] = [srsly.msgpack_dumps({**inner, "state": close_file(header, rest)})]
    file.write_bytes(srsly.msgpack_dumps(message))
    config = tmp_path / "config.cfg"
    lines = config.read_text("utf8").splitlines(keepends=True)
    old = [line for line in lines if not line.startswith(("speller_", "spelling", "cache_"))]
    assert len(lines) - len(old) == 6
    config.write_text("".join(old), "utf8")
    for text in TEXTS:
        assert_same_bits(spacy.load(tmp_path)(text)._.rnn_lm, nlp(text)._.rnn_lm)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_speller_of_another_alphabet_is_refused(swapped):
    texts = [["ab ba aa bb"], ["cd efg efd gcd"]]
    pipes = [make_pipeline(t, model={"speller_width": 4}, top_k=1) for t in texts]
    words, weights = (nlp.get_pipe("rnn_lm") for nlp in pipes[:: -1 if swapped else 1])
    assert len(words.vocabulary) == len(weights.vocabulary)
    message = srsly.msgpack_loads(words.to_bytes(exclude=["vocab"]))
    model = srsly.msgpack_loads(message["model"])
    model["shims"] = srsly.msgpack_loads(weights.model.to_bytes())["shims"]
    message["model"] = srsly.msgpack_dumps(model)
    with pytest.raises(ValueError, match="R304"):
        words.from_bytes(srsly.msgpack_dumps(message))


# -- scores


def brute_force(lm, docs):
    closed, opened = [], []
    for doc in docs:
        log_probs = Reference(lm).read(words_of(doc)).log_probs
        closed += log_probs.tolist()
        spelling = ReferenceSpeller(lm).log_probs(words_of(doc))
        opened += (log_probs + np.append(spelling, 0.0)).tolist()
    characters = sum(len(doc.text) for doc in docs)
    missing = any("<unk>" in words_of(doc) for doc in docs)
    return {
        "lm_perplexity": math.exp(-np.mean(closed)),
        "lm_perplexity_open": math.exp(-np.mean(opened)),
        "lm_bits_per_char": None if missing else -sum(opened) / math.log(2) / characters,
    }


def test_scores_of_texts_with_missing_words_have_their_class_and_no_bits_per_character(opened):
    lm = opened.get_pipe("rnn_lm")
    docs = [Doc(opened.vocab, words=words) for words in (["ab", "<unk>", "zz"], ["</s>"])]
    scores = lm.score([Example(doc, doc) for doc in docs])
    for name, value in brute_force(lm, docs).items():
        assert scores[name] == (value and pytest.approx(value, rel=1e-5)), name
    counts = lm.count(docs)
    assert (counts.unknown, counts.missing) == (3, 1)


def test_a_model_without_speller_has_an_open_perplexity_if_all_unknown_words_are_missing():
    nlp = make_random(texts=WORDS, min_count=2)
    lm, doc = nlp.get_pipe("rnn_lm"), Doc(nlp.vocab, words=["ab", "<unk>"])
    scores = lm.score([Example(doc, doc)])
    assert scores["lm_perplexity_open"] == scores["lm_perplexity"]
    assert scores["lm_bits_per_char"] is None
    other = Doc(nlp.vocab, words=["ab", "<unk>", "zz"])
    assert lm.score([Example(other, other)])["lm_perplexity_open"] is None


def test_scores_include_spelling_where_they_say_so(opened):
    scores = opened.evaluate(make_examples(opened, TEXTS))
    expected = brute_force(opened.get_pipe("rnn_lm"), [opened.make_doc(text) for text in TEXTS])
    for name, value in expected.items():
        assert scores[name] == pytest.approx(value, rel=1e-5), name
    assert scores["lm_oov"] > 0
    assert scores["lm_prob"] == 1 / scores["lm_perplexity"]


@pytest.mark.parametrize("kept", STORED, ids=lambda kept: "+".join(kept) or "none")
@pytest.mark.parametrize("direction", ["forward", "both"])
def test_counts_of_kept_outputs_are_those_of_the_network(kept, direction):
    nlp = make_open(annotations=kept, model={"direction": direction})
    lm = nlp.get_pipe("rnn_lm")
    docs = list(nlp.pipe(TEXTS))
    output = docs[0]._.rnn_lm
    assert (output.spelling is not None) == (output.log_probs is not None) == ("log_probs" in kept)
    for number in range(len(READINGS[direction])):
        found = vars(lm.count(docs, direction=number))
        fresh = vars(lm.count([nlp.make_doc(text) for text in TEXTS], direction=number))
        assert found == pytest.approx(fresh, rel=1e-6)
        words = [word for doc in docs for word in words_of(doc)]
        unknown = [word for word in words if word not in lm.vocabulary]
        assert (found["tokens"], found["unknown"]) == (len(words), len(unknown))
        assert found["spelling"] < 0


def test_kept_outputs_are_counted_as_they_are(plain, monkeypatch):
    docs = list(plain.pipe(TEXTS))
    monkeypatch.setattr("spacy_rnn.pipeline.counting.predict_sequences", None)
    assert plain.get_pipe("rnn_lm").count(docs).tokens == sum(map(len, docs))


def test_counts_of_a_kept_output_are_exact_beside_a_long_word(plain):
    lm, doc = plain.get_pipe("rnn_lm"), make_doc(plain, ["獏" * 5000])
    fresh = lm.count([Doc(plain.vocab, words=words_of(doc))])
    assert lm.count([doc]).log_prob == pytest.approx(fresh.log_prob, rel=1e-6)


@pytest.mark.slow
def test_a_long_word_alone_does_not_stop_the_evaluation():
    """exp of its surprisal is beyond all numbers, and its model is fine."""
    nlp = make_open(cache_window=5)
    lm, doc = nlp.get_pipe("rnn_lm"), Doc(nlp.vocab, words=["獏" * 5000])
    scores = lm.score([Example(doc, doc)])
    expected = Reference(lm).read(words_of(doc)).log_probs
    assert scores["lm_perplexity"] == pytest.approx(math.exp(-expected.mean()), rel=1e-5)
    assert scores["lm_perplexity_open"] is scores["lm_cache_perplexity_open"] is None
    bits = -open_log_probs(lm, words_of(doc)).sum() / math.log(2)
    assert scores["lm_bits_per_char"] == pytest.approx(bits / len(doc.text), rel=1e-5)
    assert nlp(doc)._.rnn_perplexity == math.inf


@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_token_of_windows_counts_once(plain, size):
    lm = plain.get_pipe("rnn_lm")
    doc = Doc(plain.vocab, words=["ab", "cabs", "zz", "ba", "獏é", "cabs", "abc"])
    windows = split_document(doc, size)
    assert len(windows) > 1
    whole = lm.count([doc])
    for made in (windows, list(plain.pipe([copy.deepcopy(window) for window in windows]))):
        parts = lm.count(made)
        assert parts.spelling == pytest.approx(whole.spelling, rel=1e-6)
        names = ("predictions", "tokens", "unknown")
        assert [getattr(parts, n) for n in names] == [getattr(whole, n) for n in names]
    spelled = np.concatenate([window._.rnn_lm.spelling for window in made])
    assert_allclose(spelled, plain(doc)._.rnn_lm.spelling, rtol=1e-6)


def test_a_speller_of_negative_width_is_refused():
    with pytest.raises(ValueError, match=r"R309.*speller_width"):
        make_pipeline(model={"speller_width": -1})
