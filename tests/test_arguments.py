"""A wrong argument of a public function is named by a clear error, whatever its type."""

import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

import spacy_rnn

from .helpers import ENGLISH

NO_SIZES = [None, "3", 1.5, True, [], -1, float("nan")]
NO_NUMBERS = [None, "1", [], float("nan"), True]
NO_STRINGS = [None, 3, [], b"x"]
NO_PROMPTS = [None, 3, ["the"], b"the"]


@pytest.fixture(scope="module")
def lm(trained):
    return trained.get_pipe("rnn_lm")


CALLS = {
    "predict_next prompt": (lambda lm, x: lm.predict_next(x), NO_PROMPTS),
    "predict_next k": (lambda lm, x: lm.predict_next("the", x), [*NO_SIZES, 0]),
    "next_distribution prompt": (lambda lm, x: lm.next_distribution(x), NO_PROMPTS),
    "generate prompt": (lambda lm, x: lm.generate(x), NO_PROMPTS),
    "generate seed": (lambda lm, x: lm.generate("the", seed=x), [None, "0", 1.5, True, 2**63]),
    "generate max_tokens": (lambda lm, x: lm.generate("the", max_tokens=x), NO_SIZES),
    "generate temperature": (lambda lm, x: lm.generate("the", temperature=x), NO_NUMBERS),
    "generate top_k": (lambda lm, x: lm.generate("the", top_k=x), NO_SIZES),
    "generate top_p": (lambda lm, x: lm.generate("the", top_p=x), [*NO_NUMBERS, 0, 1.5]),
    "score_continuation prompt": (lambda lm, x: lm.score_continuation(x, ["cat"]), NO_PROMPTS),
    "score_continuation candidates": (
        lambda lm, x: lm.score_continuation("the", x),
        [None, 3, "cat", [3], [None]],
    ),
    "sentence_scores text": (lambda lm, x: lm.sentence_scores(x), NO_PROMPTS),
    "embedding word": (lambda lm, x: lm.embedding(x), NO_STRINGS),
    "most_similar word": (lambda lm, x: lm.most_similar(x), [*NO_STRINGS, "zeppelin"]),
    "most_similar n": (lambda lm, x: lm.most_similar("cat", x), [*NO_SIZES, 0]),
    "export_vectors vocab": (lambda lm, x: lm.export_vectors(vocab=x), ["x", 3]),
    "knows token": (lambda lm, x: lm.vocabulary.knows(x), NO_STRINGS),
    "initialize get_examples": (lambda lm, x: lm.initialize(x), [3, "text", []]),
    "update drop": (lambda lm, x: lm.update([], drop=x), [None, "0", 1.0, True]),
    "render docs": (lambda lm, x: spacy_rnn.render(x), [None, 3, "text", ["text"]]),
    "render style": (lambda lm, x: spacy_rnn.render([], x), [None, 3, [], "pie"]),
    "render component": (lambda lm, x: spacy_rnn.render([], component=x), NO_STRINGS),
    "render marks": (lambda lm, x: spacy_rnn.render([], marks=x), ["?", 3]),
    "render max_tokens": (lambda lm, x: spacy_rnn.render([], max_tokens=x), ["3", 1.5, True, 0]),
    "render scale": (lambda lm, x: spacy_rnn.render([], scale=x), [*NO_NUMBERS[1:], 0]),
    "render direction": (lambda lm, x: spacy_rnn.render([], direction=x), [None, 3, "up"]),
    "render value": (lambda lm, x: spacy_rnn.render([], "states", value=x), NO_STRINGS[1:]),
    "render order": (lambda lm, x: spacy_rnn.render([], "states", order=x), [3, "x"]),
    "render layer": (
        lambda lm, x: spacy_rnn.render(lm.trace("a"), "states", layer=x),
        [1, "0", 0.5],
    ),
    "render max_units": (
        lambda lm, x: spacy_rnn.render([], "steps", max_units=x),
        ["3", 1.5, True, 0],
    ),
    "trace text": (lambda lm, x: lm.trace(x), NO_PROMPTS),
    "trace k": (lambda lm, x: lm.trace("the", k=x), [*NO_SIZES[1:], 0, 10**6]),
    "trace direction": (lambda lm, x: lm.trace("the", direction=x), [3, "up", "backward"]),
    "BatchScorer model": (lambda lm, x: spacy_rnn.BatchScorer(x), [None, 3, []]),
    "BatchScorer text": (lambda lm, x: spacy_rnn.BatchScorer("m", text=x), NO_STRINGS),
    "BatchScorer prefix": (lambda lm, x: spacy_rnn.BatchScorer("m", prefix=x), NO_STRINGS),
    "BatchScorer component": (lambda lm, x: spacy_rnn.BatchScorer("m", component=x), [3, ["lm"]]),
    "BatchScorer measures": (lambda lm, x: spacy_rnn.BatchScorer("m", measures=x), [None, 3, [3]]),
    "BatchScorer on_error": (lambda lm, x: spacy_rnn.BatchScorer("m", on_error=x), [None, 3]),
    "BatchScorer batch_size": (
        lambda lm, x: spacy_rnn.BatchScorer("m", batch_size=x),
        ["3", 1.5, True, 0],
    ),
    "BatchScorer gpu_id": (lambda lm, x: spacy_rnn.BatchScorer("m", gpu_id=x), [None, "0", 1.5]),
    "BatchScorer batch": (lambda lm, x: spacy_rnn.BatchScorer("m")(x), [None, 3, "text", ["text"]]),
    "release_memory nlp": (lambda lm, x: spacy_rnn.release_memory(x), [None, "m"]),
    "register_extensions name": (lambda lm, x: spacy_rnn.register_extensions(x), NO_STRINGS),
    "Vocabulary words": (lambda lm, x: spacy_rnn.Vocabulary.from_labels(x), [None, 3, "x", [3]]),
    "Vocabulary attr": (lambda lm, x: spacy_rnn.Vocabulary(attr=x), [None, 3, "SHAPE"]),
    "from_docs min_count": (
        lambda lm, x: spacy_rnn.Vocabulary.from_docs([], min_count=x),
        [*NO_SIZES, 0],
    ),
    "JiebaTokenizer vocab": (lambda lm, x: spacy_rnn.JiebaTokenizer(x), [None, "zh"]),
    "JiebaTokenizer hmm": (lambda lm, x: spacy_rnn.JiebaTokenizer(Vocab(), hmm=x), [None, "no", 0]),
    "JiebaTokenizer user_words": (
        lambda lm, x: spacy_rnn.JiebaTokenizer(Vocab(), user_words=x),
        [None, 3, "云", [3]],
    ),
    "JiebaTokenizer engine": (
        lambda lm, x: spacy_rnn.JiebaTokenizer(Vocab(), engine=x),
        [None, 3, "go", []],
    ),
    "JiebaTokenizer text": (
        lambda lm, x: spacy_rnn.JiebaTokenizer(Vocab())(x),
        [None, 3, ["我"], b"x"],
    ),
}


@pytest.mark.parametrize(
    "call, value",
    [
        pytest.param(call, value, id=f"{name} {value!r}"[:50])
        for name, (call, values) in CALLS.items()
        for value in values
    ],
)
def test_a_wrong_argument_is_a_clear_error(lm, call, value):
    with pytest.raises((ValueError, TypeError)) as caught:
        call(lm, value)
    assert str(caught.value).startswith("[R"), caught.value


def test_numbers_of_numpy_and_docs_are_fine(lm, trained):
    import numpy as np

    doc = trained.make_doc("the grey cat")
    assert lm.predict_next(doc, np.int64(2)) == lm.predict_next("the grey cat", 2)
    assert len(lm.most_similar("cat", np.int32(2))) == 2
    assert lm.generate("the", seed=np.int64(3)) == lm.generate("the", seed=3)
    assert lm.vocabulary.knows(doc[1]) and lm.vocabulary.knows(trained.vocab["grey"])


@pytest.mark.parametrize("text", [ENGLISH[5], "the zeppelin", ""])
def test_sentence_scores_of_a_text_are_those_of_its_doc(trained, text):
    lm = trained.get_pipe("rnn_lm")
    expected = lm.sentence_scores(trained(text))
    assert lm.sentence_scores(text) == (expected and pytest.approx(expected, rel=1e-6))
    kept = lm.annotations
    lm.annotations = ("tensor",)  # which a Doc would have to hold log-probabilities for
    try:
        assert lm.sentence_scores(text) == (expected and pytest.approx(expected, rel=1e-6))
    finally:
        lm.annotations = kept
    with pytest.raises(ValueError, match="R332"):
        lm.sentence_scores(Doc(trained.vocab, words=["the"]))
