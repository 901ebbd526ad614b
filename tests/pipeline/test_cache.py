"""The component's neural cache against a loop over the words of each document."""

import copy
import math
import pickle

import numpy as np
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.corpus.windows import split_document
from spacy_rnn.network.cache import LARGEST_WINDOW
from spacy_rnn.pipeline.rnn_lm import RNNLM

from ..helpers import ENGLISH, make_examples, make_pipeline, make_random
from .reference import Reference, ReferenceSpeller, words_of
from .test_output import through_bytes, through_docbin, through_pickle

TEXTS = [
    "the cat the zeppelin the zeppelin pears pears",
    "",
    "zeppelin",
    "the harbour the harbour the harbour",
    "harbour zeppelin dirigible zeppelin <unk> dirigible",
]
MODELS = {
    "closed": {},
    "open": {"speller_width": 4},
    "open-gru-clusters-both": {
        "speller_width": 4, "cell": "gru", "depth": 2, "cutoffs": [6, 15], "direction": "both",
        "spelling": "context",
    },
}  # fmt: skip


def make_cached(window=3, *, weight=0.3, flatness=0.7, model=None, **options):
    # the likeliest words, so that others are unknown
    options = {"min_count": 17, "top_k": 2, "model": model or {}, **options}
    if options["model"].get("cutoffs"):
        options["min_count"] = 1
    settings = {"cache_window": window, "cache_weight": weight, "cache_flatness": flatness}
    return make_random(**settings, **options)


@pytest.fixture(scope="module", params=list(MODELS))
def model(request):
    return MODELS[request.param]


def brute_force(lm, words, opened):
    """log p of every word and of the end, with the cache."""
    reference, cache = Reference(lm), lm.cache
    trace = reference.read(words)
    if opened:
        symbols = [*words, None]
        own = trace.log_probs + np.append(ReferenceSpeller(lm).log_probs(words), 0.0)
    else:
        symbols = [*(reference.row(word) for word in words), "end"]
        own = trace.log_probs
    result = [own[0]]
    if opened:
        closed = brute_force(lm, words, False)
    for now in range(1, len(symbols)):
        if opened and symbols[now] == "<unk>":  # a missing word: the class of all unknown ones
            result.append(closed[now])
            continue
        first = max(0, now - cache.window)
        scores = [cache.flatness * (trace.hidden[i] @ trace.hidden[now]) for i in range(first, now)]
        weights = np.exp(scores)
        hits = [symbols[i] == symbols[now] for i in range(first, now)]
        cached = (weights * hits).sum() / weights.sum()
        result.append(math.log((1 - cache.weight) * math.exp(own[now]) + cache.weight * cached))
    return np.array(result)


def with_cache(output):
    return np.append(output.cache_log_probs, output.cache_end_log_prob)


@pytest.mark.parametrize("window", [1, 3, 10_000])
@pytest.mark.parametrize("flatness", [0.0, 0.7])
def test_every_word_has_the_probability_of_the_loop(model, window, flatness):
    nlp = make_cached(window, flatness=flatness, model=model)
    lm = nlp.get_pipe("rnn_lm")
    for text in [*TEXTS, " ".join(TEXTS) + " pears"]:
        doc = nlp(text)
        output = doc._.rnn_lm
        expected = brute_force(lm, words_of(doc), "speller_width" in model)
        assert output.cache_log_probs.dtype == np.float32
        assert_allclose(with_cache(output), expected, atol=1e-4)
        assert output.cache_perplexity == pytest.approx(math.exp(-expected.mean()), rel=1e-4)
        assert output.backward is None or output.backward.cache_log_probs is None


def test_a_missing_word_has_the_probability_of_its_class_and_is_like_no_other(model):
    nlp = make_cached(5, model=model)
    lm = nlp.get_pipe("rnn_lm")
    words = ["the", "zeppelin", "<unk>", "dirigible", "<unk>", "zeppelin", "</s>", "</s>"]
    doc = nlp(Doc(nlp.vocab, words=words))
    expected = brute_force(lm, words, "speller_width" in model)
    assert_allclose(with_cache(doc._.rnn_lm), expected, atol=1e-4)
    assert expected[2] == pytest.approx(brute_force(lm, words, False)[2])


def test_a_document_longer_than_a_block_looks_back_like_others():
    nlp = make_cached(400, model=MODELS["open"])
    words = " ".join([*ENGLISH[:50], "zeppelin", *ENGLISH[50:], "zeppelin"]).split()
    assert len(words) > 300
    doc = nlp(Doc(nlp.vocab, words=words))
    expected = brute_force(nlp.get_pipe("rnn_lm"), words, True)
    assert_allclose(with_cache(doc._.rnn_lm), expected, atol=1e-4)


def test_plain_numbers_are_as_without_a_cache(model):
    plain, cached = make_cached(0, model=model), make_cached(5, model=model)
    for text in TEXTS:
        one, other = plain(text)._.rnn_lm, cached(text)._.rnn_lm
        assert np.array_equal(one.log_probs, other.log_probs)
        assert np.array_equal(one.hidden, other.hidden)
        assert one.next == other.next and one.perplexity == other.perplexity
        assert one.cache_log_probs is one.cache_end_log_prob is one.cache_perplexity is None


def test_a_cache_without_weight_changes_no_number(model):
    nlp = make_cached(5, weight=0.0, model=model)
    for text in TEXTS:
        output = nlp(text)._.rnn_lm
        assert_allclose(output.cache_log_probs, output.log_probs, atol=1e-6)
        assert output.cache_perplexity == pytest.approx(output.perplexity, rel=1e-6)


def test_documents_of_a_batch_do_not_see_each_other(model):
    nlp = make_cached(10, model=model)
    texts = [*TEXTS, *TEXTS[::-1]]
    for text, doc in zip(texts, nlp.pipe(texts, batch_size=100), strict=True):
        assert_allclose(with_cache(doc._.rnn_lm), with_cache(nlp(text)._.rnn_lm), atol=1e-5)


def test_an_unknown_word_is_remembered_as_itself_where_it_is_spelled():
    """Where it isn't, any unknown word is `<unk>` again."""
    words = ["the", "zeppelin", "the"]
    for name, alike in (("closed", True), ("open", False)):
        nlp = make_cached(2, flatness=0.0, weight=0.5, model=MODELS[name])
        docs = [nlp(Doc(nlp.vocab, words=[*words, last])) for last in ("zeppelin", "balloon")]
        same, other = (doc._.rnn_lm for doc in docs)
        # half of what is remembered is the word, and half of it all is the cache's
        for output, hit in ((same, True), (other, alike)):
            own = math.exp(output.log_probs[-1])
            expected = math.log(own / 2 + 0.25 * hit)
            assert output.cache_log_probs[-1] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("window", [1, 3, 10_000])
@pytest.mark.parametrize("cutoffs", [None, [6, 15]])
def test_probabilities_of_all_words_with_the_cache_sum_to_one(window, cutoffs):
    """Each word of the vocabulary comes in a document of its own; the end comes in the first."""
    nlp = make_cached(window, model={"cutoffs": cutoffs}, min_count=1)
    lm = nlp.get_pipe("rnn_lm")
    context = ["the", "harbour", "zeppelin", "the", "pears"]
    words = [*lm.vocabulary.words[2:], "unknown"]
    docs = [*nlp.pipe(Doc(nlp.vocab, words=[*context, word]) for word in words)]
    log_probs = [doc._.rnn_lm.cache_log_probs[-1] for doc in docs]
    log_probs.append(nlp(Doc(nlp.vocab, words=context))._.rnn_lm.cache_end_log_prob)
    assert len(log_probs) == len(lm.vocabulary)
    assert math.fsum(map(math.exp, log_probs)) == pytest.approx(1, abs=1e-5)


def test_the_end_of_a_document_is_like_no_word_even_of_an_empty_form():
    nlp = make_cached(5, model={"speller_width": 4, "attr": "NORM"})
    nlp.vocab["zap"].norm_ = ""
    output = nlp(Doc(nlp.vocab, words=["zap", "zap"]))._.rnn_lm
    expected = math.log(0.7) + output.end_log_prob
    assert output.cache_end_log_prob == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("duplicate", [through_bytes, through_docbin, through_pickle, Doc.copy])
def test_a_copied_document_keeps_the_numbers_of_the_cache(duplicate):
    nlp = make_cached(model=MODELS["open"])
    for doc in nlp.pipe(TEXTS):
        found = duplicate(duplicate(doc))._.rnn_lm
        assert np.array_equal(found.cache_log_probs, doc._.rnn_lm.cache_log_probs)
        assert found.cache_end_log_prob == doc._.rnn_lm.cache_end_log_prob
        assert found.cache_perplexity == doc._.rnn_lm.cache_perplexity


def test_options_of_the_cache_are_saved_with_the_pipeline(tmp_path):
    nlp = make_cached(7, weight=0.2, flatness=0.4)
    nlp.to_disk(tmp_path)
    blank = spacy.util.load_model_from_config(nlp.config)
    copies = [spacy.load(tmp_path), blank.from_bytes(nlp.to_bytes())]
    for loaded in [*copies, pickle.loads(pickle.dumps(nlp)), copy.deepcopy(nlp)]:
        assert loaded.get_pipe("rnn_lm").cache == nlp.get_pipe("rnn_lm").cache
        for text in TEXTS:
            found, expected = loaded(text)._.rnn_lm, nlp(text)._.rnn_lm
            assert np.array_equal(with_cache(found), with_cache(expected))


@pytest.mark.parametrize("annotations", [["log_probs"], ["log_probs", "entropy"]], ids=str)
def test_states_that_the_cache_needs_are_not_kept(annotations):
    nlp = make_cached(annotations=annotations)
    doc = nlp(TEXTS[0])
    assert doc._.rnn_lm.hidden is None and doc.tensor.shape == (0,)
    expected = brute_force(nlp.get_pipe("rnn_lm"), words_of(doc), False)
    assert_allclose(with_cache(doc._.rnn_lm), expected, atol=1e-4)


def test_without_log_probs_there_is_no_cache():
    output = make_cached(annotations=["hidden", "next"])(TEXTS[0])._.rnn_lm
    assert output.cache_log_probs is output.cache_end_log_prob is output.cache_perplexity is None


# -- scores


def corpus(lm, docs, opened):
    parts = [brute_force(lm, words_of(doc), opened) for doc in docs]
    return math.exp(-np.concatenate(parts).mean())


@pytest.mark.parametrize("annotations", [["log_probs", "next"], ["hidden"], []], ids=str)
def test_scores_with_the_cache_are_those_of_the_loop(model, annotations):
    nlp = make_cached(model=model, annotations=annotations)
    lm = nlp.get_pipe("rnn_lm")
    docs = [nlp.make_doc(text) for text in TEXTS]
    scores = nlp.evaluate(make_examples(nlp, TEXTS))
    assert scores["lm_cache_perplexity"] == pytest.approx(corpus(lm, docs, False), rel=1e-4)
    if "speller_width" in model:
        opened = corpus(lm, docs, True)
        assert scores["lm_cache_perplexity_open"] == pytest.approx(opened, rel=1e-4)
    else:
        assert "lm_cache_perplexity_open" not in scores
    without = make_cached(0, model=model)
    plain = without.evaluate(make_examples(without, TEXTS))
    assert not any("cache" in name for name in plain)
    for name in plain.keys() - {"speed", "token_acc"}:
        assert scores[name] == (None if plain[name] is None else pytest.approx(plain[name])), name


def test_counts_with_a_cache_add_up(model):
    nlp = make_cached(model=model)
    lm = nlp.get_pipe("rnn_lm")
    docs = list(nlp.pipe(TEXTS))
    whole, parts = lm.count(docs), lm.count(docs[:2]) + lm.count(docs[2:])
    assert vars(parts) == pytest.approx(vars(whole), rel=1e-6)
    assert whole.cache_log_prob < 0
    assert (whole.cache_log_prob_open < 0) == ("speller_width" in model)
    if "both" in model.values():
        assert lm.count(docs, direction=1).cache_log_prob == 0.0


@pytest.mark.parametrize("name", ["closed", "open"])
def test_windows_do_not_count_the_end_that_they_do_not_have(name):
    """Each looks back at itself only."""
    nlp = make_cached(10, model=MODELS[name])
    lm = nlp.get_pipe("rnn_lm")
    words = TEXTS[0].split()
    windows = split_document(Doc(nlp.vocab, words=words), 3)
    made = [doc._.rnn_lm for doc in nlp.pipe(windows)]
    log_probs = [*(output.cache_log_probs for output in made), [made[-1].cache_end_log_prob]]
    expected = float(np.concatenate(log_probs).sum(dtype="d"))
    for docs in (windows, split_document(Doc(nlp.vocab, words=words), 3)):
        counts = lm.count(docs)
        found = counts.cache_log_prob if name == "closed" else counts.cache_log_prob_open
        assert found == pytest.approx(expected, rel=1e-6)
        assert counts.predictions == len(words) + 1
    # nothing to look back at
    assert all(output.cache_log_probs[0] == output.log_probs[0] for output in made)


def test_training_is_the_same_with_a_cache():
    one, other = make_cached(0), make_cached(5)
    doc = one.make_doc(TEXTS[0])
    losses = [nlp.get_pipe("rnn_lm").update([Example(doc, doc)]) for nlp in (one, other)]
    assert losses[0] == losses[1]


# -- options

INFINITE, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("window", -1),
        ("window", LARGEST_WINDOW + 1),
        *(("weight", value) for value in (-0.1, 1.0, 2.0, INFINITE, NAN)),
        *(("flatness", value) for value in (-0.1, INFINITE, NAN)),
    ],
)
def test_options_out_of_range_are_refused_and_named(option, value):
    lm = make_pipeline().get_pipe("rnn_lm")
    with pytest.raises(ValueError, match=f"R309.*cache_{option}"):
        RNNLM(lm.vocab, lm.model, **{f"cache_{option}": value})


def test_a_model_from_right_to_left_has_no_cache():
    with pytest.raises(ValueError, match=r"R324.*rnn_lm.*neural cache"):
        make_pipeline(model={"direction": "backward"}, cache_window=5)
    assert make_pipeline(model={"direction": "backward"}, cache_window=0)("the")._.rnn_lm
