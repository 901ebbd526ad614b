"""`normalize`: how a text was typed doesn't decide about its numbers, and Docs keep it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.corpus.windows import split_document
from spacy_rnn.tokenizers.jieba_tokenizer import create_jieba_tokenizer

from ..helpers import make_random, weights_of
from .reference import ReferenceSpeller

ENGLISH = ["it's a boat , isn't it ?", '" two pears -- or ... three "', "the cat 's boat !"]
CHINESE = ["我爱你，北京。", "你（好）吗？", "他说：“好！”"]
TYPED = {
    "en": [
        ("it's an old boat, isn't it?", "it’s an old boat, isn’t it？"),
        ('he said "the boat" -- or ...', "he said “the boat” — or …"),
        ("the zeppelin's find, o'clock", "the zeppelin’s ﬁnd, o’clock"),
    ],
    "zh": [("我爱你,北京.", "我爱你，北京。"), ('你(好)吗?"不!"', "你（好）吗？“不！”")],
}
MODELS = {"closed": {}, "open-spelling": {"speller_width": 4, "subword_rows": 30}}


def make(lang, model, normalize="typography"):
    nlp = make_random(
        {"en": ENGLISH, "zh": CHINESE}[lang], lang=lang, model={"normalize": normalize, **model}
    )
    if lang == "zh":
        nlp.tokenizer = create_jieba_tokenizer()(nlp)
    return nlp


@pytest.fixture(scope="module", params=[(lang, name) for lang in TYPED for name in MODELS])
def pipeline(request):
    lang, name = request.param
    return make(lang, MODELS[name]), TYPED[lang]


def test_texts_that_are_typed_otherwise_have_the_same_numbers(pipeline):
    nlp, texts = pipeline
    for plain, typed in texts:
        one, other = nlp(plain), nlp(typed)
        assert other.text == typed
        np.testing.assert_array_equal(one._.rnn_lm.log_probs, other._.rnn_lm.log_probs)
        np.testing.assert_array_equal(one.tensor, other.tensor)
        assert one._.rnn_next == other._.rnn_next


def test_without_it_they_differ():
    nlp = make("en", {}, normalize="none")
    (plain, typed), *_ = TYPED["en"]
    assert abs(nlp(plain)._.rnn_surprisal - nlp(typed)._.rnn_surprisal) > 0.1


def test_unknown_words_are_spelled_in_their_normal_form():
    nlp = make("en", MODELS["open-spelling"])
    lm = nlp.get_pipe("rnn_lm")
    doc = Doc(nlp.vocab, words=["zeppelin’s", "ﬁnd", "“", "it"])
    lm.set_annotations([doc], lm.predict([doc]))
    spelling = ReferenceSpeller(lm)
    spelling.words = lm.vocabulary.forms
    expected = [spelling.log_prob("zeppelin's"), spelling.log_prob("find"), 0, 0]
    np.testing.assert_allclose(doc._.rnn_lm.spelling, expected, atol=1e-4)


def test_the_speller_and_the_network_learn_normal_forms():
    steps = []
    for plain in (True, False):
        nlp = make("en", MODELS["open-spelling"])
        lm = nlp.get_pipe("rnn_lm")
        docs = [nlp.make_doc(pair[0] if plain else pair[1]) for pair in TYPED["en"]]
        lm.update([Example(doc, doc) for doc in docs], sgd=None, losses={})
        named = lm.shim.network.parameters_by_name().items()
        steps.append({name: weight.grad.numpy().copy() for name, weight in named})
    for name, gradient in steps[0].items():
        np.testing.assert_array_equal(gradient, steps[1][name], err_msg=name)


def test_windows_begin_with_the_normal_form_of_the_token_before(pipeline):
    nlp, texts = pipeline
    lm = nlp.get_pipe("rnn_lm")
    for plain, typed in texts:
        counts = [lm.count(split_document(nlp.make_doc(text), 1)) for text in (plain, typed)]
        assert counts[0].log_prob == pytest.approx(counts[1].log_prob, rel=1e-6)
        assert counts[0].spelling == pytest.approx(counts[1].spelling, rel=1e-6)


def test_words_are_asked_for_in_any_typography():
    lm = make("zh", {}).get_pipe("rnn_lm")
    assert np.array_equal(lm.embedding(","), lm.embedding("，"))
    assert lm.embedding(",").any() and lm.vocabulary.words[lm.vocabulary.row(",")] == "，"
    one, other = lm.score_continuation("我爱你", [",北京", "，北京"])
    assert one.log_prob == pytest.approx(other.log_prob, abs=1e-5)


def test_numbers_are_the_same_in_threads_and_after_memory_zones():
    nlp = make("en", MODELS["open-spelling"])
    texts = [f"the zeppelin{number}’s “boat” … {number}" for number in range(40)]
    expected = [nlp(text)._.rnn_surprisal for text in texts]
    fresh = make("en", MODELS["open-spelling"])
    with fresh.memory_zone():
        within = [fresh(text)._.rnn_surprisal for text in texts]
    assert within == expected
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: fresh(text)._.rnn_surprisal, texts))
    assert found == expected


def test_a_saved_pipeline_normalizes_as_before(tmp_path):
    nlp = make("en", MODELS["open-spelling"])
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    lm = loaded.get_pipe("rnn_lm")
    assert lm.vocabulary.options == nlp.get_pipe("rnn_lm").vocabulary.options
    for _, typed in TYPED["en"]:
        one, other = nlp(typed)._.rnn_lm, loaded(typed)._.rnn_lm
        assert np.array_equal(one.log_probs, other.log_probs)
    before, after = weights_of(nlp.get_pipe("rnn_lm")), weights_of(lm)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_network_of_another_typography_is_not_loaded():
    nlp = make("en", {})
    other = spacy.blank("en")
    shape = {"width": 12, "cutoffs": None, "precision": "float32", "normalize": "nfkc"}
    other.add_pipe("rnn_lm", config={"model": shape})
    with pytest.raises(ValueError, match=r"R010.*normalize: typography there, nfkc here"):
        other.get_pipe("rnn_lm").from_bytes(nlp.get_pipe("rnn_lm").to_bytes(exclude=["vocab"]))
