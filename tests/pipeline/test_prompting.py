"""The next word, the distribution, and text that the model writes."""

import copy
import gc
import math
import pickle
import warnings
import weakref
from collections import Counter

import numpy as np
import pytest
import spacy
import torch
from numpy.testing import assert_allclose
from spacy.language import Language

from spacy_rnn.pipeline.rnn_lm import RNNLM

from ..helpers import ENGLISH, make_pipeline, make_trained, train
from .reference import Reference, run_on, words_of

PROMPTS = ["", "the", "the baker paints two", "zeppelin zeppelin", "  "]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_predict_next_lists_the_likeliest_words(variant, prompt):
    lm = variant.get_pipe("rnn_lm")
    reference = Reference(lm)
    log_distribution = reference.read(words_of(variant.make_doc(prompt))).log_distributions[-1]
    predicted = lm.predict_next(prompt, k=7)
    assert [word for word, _ in predicted] == reference.top(log_distribution, 7)
    for word, probability in predicted:
        expected = math.exp(log_distribution[reference.words.index(word)])
        assert probability == pytest.approx(expected, abs=1e-5)
    assert lm.predict_next(prompt) == predicted[:5]


def test_a_prompt_may_be_a_doc(lm, trained):
    doc = trained.make_doc("the baker")
    assert lm.predict_next(doc) == lm.predict_next("the baker")
    assert_allclose(lm.next_distribution(doc)[1], lm.next_distribution("the baker")[1])
    assert lm.generate(doc, seed=4) == lm.generate("the baker", seed=4)


def test_an_empty_prompt_is_the_beginning_of_a_document(lm, trained):
    probabilities = dict(zip(*lm.next_distribution(""), strict=True))
    first = trained("the")._.rnn_lm.log_probs[0]
    assert probabilities["the"] == pytest.approx(math.exp(first), abs=1e-6)


def test_what_follows_in_a_document_is_what_follows_a_prompt(lm, trained):
    doc = trained("the baker paints")
    for token in doc:
        predicted = lm.predict_next(doc[: token.i + 1].text)
        assert [word for word, _ in token._.rnn_next] == [word for word, _ in predicted]
        assert_allclose([p for _, p in token._.rnn_next], [p for _, p in predicted], atol=1e-6)


@pytest.mark.parametrize("k", [0, -1])
def test_predict_next_needs_a_positive_k(lm, k):
    with pytest.raises(ValueError, match="R009"):
        lm.predict_next("the", k=k)


def test_predict_next_can_list_every_word_but_no_more(lm):
    words = len(lm.vocabulary) - 1
    assert len(lm.predict_next("the", k=words)) == words
    with pytest.raises(ValueError, match="R308"):
        lm.predict_next("the", k=words + 1)


@pytest.mark.parametrize("prompt", [5, 2.5])
def test_a_prompt_is_a_text_or_a_doc(lm, prompt):
    with pytest.raises(TypeError, match="R316"):
        lm.predict_next(prompt)


def test_text_prompts_need_a_tokenizer(trained):
    lm = trained.get_pipe("rnn_lm")
    bare = RNNLM(trained.vocab, lm.model)
    with pytest.raises(ValueError, match="R312"):
        bare.predict_next("the")
    assert bare.predict_next(trained.make_doc("the")) == lm.predict_next("the")


def test_temperature_zero_takes_the_likeliest_word_each_time(variant):
    lm = variant.get_pipe("rnn_lm")
    expected = run_on(Reference(lm), ["the"], 12)
    written = lm.generate("the", max_tokens=12, temperature=0)
    assert words_of(variant.make_doc(written)) == expected
    assert lm.generate("the", max_tokens=12, top_k=1, seed=3) == written
    assert lm.generate("the", max_tokens=12, top_p=1e-9, seed=3) == written


def test_writing_stops_at_the_end_of_the_document():
    nlp = make_trained(["one two three.", "one two three."])
    lm = nlp.get_pipe("rnn_lm")
    assert lm.generate("one", max_tokens=50, temperature=0) == "one two three."
    lm.shim.network.softmax.bias.data[1] = -1e4  # the end is out of reach
    written = lm.generate("one", max_tokens=50, temperature=0)
    assert len(nlp.make_doc(written)) == 51


@pytest.mark.parametrize("max_tokens", [0, 1, 3])
def test_at_most_so_many_tokens_are_written(lm, trained, max_tokens):
    lengths = {
        len(trained.make_doc(lm.generate("the", max_tokens=max_tokens, seed=seed))) - 1
        for seed in range(20)
    }
    assert max(lengths) == max_tokens


def test_the_same_seed_writes_the_same_and_other_seeds_others(lm):
    for seed in (0, 1, -5, 2**63 - 1, -(2**63)):
        assert lm.generate("the", seed=seed) == lm.generate("the", seed=seed)
    assert len({lm.generate("the", seed=seed) for seed in range(20)}) > 10


def test_writing_leaves_the_global_random_state_alone(lm):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    lm.generate("the", seed=1)
    lm.predict_next("the")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("prompt", ["  the\tbaker \n ", "the  ", "zeppelin ?!", "</s> <unk>"])
def test_the_prompt_stands_unchanged_in_the_result(lm, prompt):
    assert lm.generate(prompt, max_tokens=0) == prompt
    for seed in range(5):
        assert lm.generate(prompt, seed=seed).startswith(prompt)


def test_the_unknown_word_is_never_written_however_likely():
    nlp = make_trained()
    lm = nlp.get_pipe("rnn_lm")
    lm.shim.network.softmax.bias.data[0] += 50
    assert lm.next_distribution("the")[1][0] > 0.99
    for options in ({}, {"temperature": 0}, {"temperature": 9.0}, {"top_k": 3}, {"top_p": 0.5}):
        for seed in range(5):
            assert "<unk>" not in lm.generate("the", seed=seed, **options)


def first_words(lm, count=300, **options):
    return Counter(lm.generate("the", max_tokens=1, seed=s, **options) for s in range(count))


def test_words_are_drawn_as_often_as_they_are_probable(lm):
    words, probabilities = lm.next_distribution("the")
    probabilities = probabilities / probabilities[1:].sum()
    likely = [row for row in range(2, len(words)) if probabilities[row] > 0.1]
    drawn = first_words(lm)
    assert len(likely) > 1
    for row in likely:
        # five standard deviations
        slack = 5 * math.sqrt(probabilities[row] * (1 - probabilities[row]) / 300)
        assert abs(drawn[f"the {words[row]}"] / 300 - probabilities[row]) < slack


@pytest.mark.slow
def test_top_k_and_top_p_draw_from_the_likeliest_words_only(lm):
    predicted = lm.predict_next("the", k=10)
    words = [f"the {w}" if w != "</s>" else "the" for w, _ in predicted]
    assert set(first_words(lm, top_k=3)) == set(words[:3])
    known = 1 - float(lm.next_distribution("the")[1][0])
    together = np.cumsum([p / known for _, p in predicted])
    kept = int(np.searchsorted(together, 0.6)) + 1
    assert set(first_words(lm, top_p=0.6)) == set(words[:kept])
    assert set(first_words(lm, top_p=float(together[0]) / 2)) == {words[0]}


@pytest.mark.slow
def test_temperature_sharpens_and_flattens(lm):
    best = "the " + lm.predict_next("the", k=1)[0][0]
    shares = [first_words(lm, temperature=t)[best] for t in (0.3, 1.0, 5.0)]
    assert shares == sorted(shares, reverse=True) and shares[0] > shares[2] + 50


@pytest.mark.parametrize(
    "option, value",
    [
        ("max_tokens", -1),
        ("temperature", -0.1),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("top_k", -1),
        ("top_p", 0.0),
        ("top_p", 1.5),
        ("top_p", float("nan")),
        ("seed", 2**63),
        ("temperature", "1"),
        ("temperature", True),
        ("top_k", 1.5),
        ("top_k", "3"),
        ("top_p", "0.5"),
        ("seed", 1.5),
        ("seed", None),
        ("max_tokens", 2.0),
    ],
)
def test_an_option_out_of_range_is_refused(lm, option, value):
    with pytest.raises(ValueError, match=f"R309.*{option}"):
        lm.generate("the", **{option: value})


def test_numbers_of_numpy_are_numbers(lm):
    given = {
        "max_tokens": np.int64(5),
        "temperature": np.float32(0.5),
        "top_k": np.int32(3),
        "top_p": np.float64(0.75),
        "seed": np.uint8(7),
    }
    plain = {name: value.item() for name, value in given.items()}
    assert lm.generate("the", **given) == lm.generate("the", **plain)


def test_reading_a_prompt_changes_no_state_between_calls(lm):
    before = lm.predict_next("the baker")
    lm.generate("our neighbour", seed=3)
    assert lm.predict_next("the baker") == before


def test_lower_case_models_read_any_case():
    nlp = make_pipeline(["The Baker sings .", "THE baker sings !"], model={"attr": "LOWER"})
    lm = nlp.get_pipe("rnn_lm")
    assert lm.predict_next("THE BAKER") == lm.predict_next("the baker")
    assert np.array_equal(nlp("BAKER")._.rnn_lm.hidden, nlp("baker")._.rnn_lm.hidden)
    assert "The" not in lm.vocabulary and "the" in lm.vocabulary


@Language.component("rnn_prompt_test_merges")
def merges(doc):
    with doc.retokenize() as retokenizer:
        if len(doc) > 1:
            retokenizer.merge(doc[:2])
    return doc


@pytest.fixture(scope="module")
def merging():
    """The words are known merged and unmerged."""
    nlp = make_pipeline([*ENGLISH, "grey"])  # a copy of a trained one wouldn't know its pipeline
    train(nlp, [*ENGLISH, "grey"])
    nlp.add_pipe("rnn_prompt_test_merges", first=True)
    return nlp


def test_prompts_pass_the_components_that_texts_pass(merging):
    lm = merging.get_pipe("rnn_lm")
    text = "the grey cat watches"
    doc = merging(text)
    assert len(doc) == 3
    assert lm.predict_next(text) == lm.predict_next(doc)
    assert [word for word, _ in lm.predict_next(text)] == [w for w, _ in doc._.rnn_next[-1]]
    assert lm.generate(text, seed=2) == lm.generate(doc, seed=2)
    (found,) = lm.score_continuation(text, ["an old boat"])
    assert found.words == ["an old", "boat"]  # read by itself, as the prompt is
    with merging.select_pipes(disable="rnn_prompt_test_merges"):
        assert lm.predict_next(text) == lm.predict_next(merging.make_doc(text))


def test_prompts_of_another_tokenizer_pass_no_component(merging, monkeypatch):
    lm = merging.get_pipe("rnn_lm")
    monkeypatch.setattr(lm, "tokenizer", spacy.blank("xx").tokenizer)
    plain = lm.predict_next(merging.make_doc("the grey cat"))
    assert lm.predict_next("the grey cat") == plain
    for copied in (copy.deepcopy(lm), pickle.loads(pickle.dumps(lm))):
        with pytest.warns(UserWarning, match=r"W315.*join_pipeline"):
            assert copied.predict_next("the grey cat") == plain


def test_a_copy_of_a_pipeline_can_be_joined_again(merging):
    expected = merging.get_pipe("rnn_lm").predict_next("the grey cat")
    copied = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(merging))))
    lm = copied.get_pipe("rnn_lm")
    with pytest.warns(UserWarning, match="W315"):
        assert lm.predict_next("the grey cat") != expected
    lm.join_pipeline(copied)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lm.predict_next("the grey cat") == expected


def test_a_copy_of_a_pipeline_without_such_components_says_nothing(trained):
    copied = pickle.loads(pickle.dumps(trained)).get_pipe("rnn_lm")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert copied.predict_next("the") == trained.get_pipe("rnn_lm").predict_next("the")


def test_a_component_does_not_keep_its_pipeline_alive():
    nlp = make_pipeline()
    lm, alive = nlp.get_pipe("rnn_lm"), weakref.ref(nlp)
    del nlp
    gc.collect()
    assert alive() is None
    assert len(lm.predict_next("the cat")) == 5
