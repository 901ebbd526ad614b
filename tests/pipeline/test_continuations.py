"""p(candidate | prompt) is that of the joined document, whoever computes it."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from spacy_rnn.pipeline.rnn_lm import RNNLM

from ..helpers import ENGLISH, make_pipeline, make_random
from .reference import Reference, ReferenceSpeller, words_of

MODELS = {
    "lstm": {},
    "gru-deep-clusters": {"cell": "gru", "depth": 2, "cutoffs": [6, 15]},
    "rnn-untied-clusters": {"cell": "rnn", "tied": False, "embedding_width": 7, "cutoffs": [4]},
    "subwords": {"subword_rows": 50, "depth": 2},
    "speller": {"speller_width": 4},
    "speller-subwords-both": {
        "speller_width": 4,
        "spelling": "context",
        "subword_rows": 50,
        "direction": "both",
    },
}
PROMPTS = ["the tired sailor", "", "zeppelin", "the zeppelin dirigible paints"]
CANDIDATES = ["paints", "watches an old boat .", "zeppelin", "", "a zeppelin <unk> ! pears", "the"]


@pytest.fixture(scope="module", params=list(MODELS))
def pipeline(request):
    """Shared: tests must not change its weights."""
    return make_random(model=MODELS[request.param], top_k=2)


def lm_of(nlp):
    return nlp.get_pipe("rnn_lm")


def joined(nlp, prompt, candidate):
    """log p of the candidate's words and of the end, from a document of both."""
    before, after = (words_of(nlp.make_doc(text)) for text in (prompt, candidate))
    output = nlp(Doc(nlp.vocab, words=[*before, *after]))._.rnn_lm
    return np.append(output.log_probs, output.end_log_prob)[len(before) :]


@pytest.mark.parametrize("end", [False, True])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_continuation_has_the_probability_of_the_joined_document(pipeline, prompt, end):
    found = lm_of(pipeline).score_continuation(prompt, CANDIDATES, end=end)
    assert [made.text for made in found] == CANDIDATES
    for made, candidate in zip(found, CANDIDATES, strict=True):
        expected = joined(pipeline, prompt, candidate)
        expected = expected if end else expected[:-1]
        assert made.words == words_of(pipeline.make_doc(candidate))
        assert made.log_probs.dtype == np.float32
        assert_allclose(made.log_probs, expected, rtol=1e-5, atol=1e-5)
        total = float(expected.sum(dtype="d"))
        assert made.log_prob == pytest.approx(total, rel=1e-5)
        assert made.surprisal == pytest.approx(-total / math.log(2), rel=1e-5)
        mean = -total / math.log(2) / max(1, len(expected))
        assert made.mean_surprisal == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_continuation_is_that_of_the_plain_recurrence(pipeline, prompt):
    lm = lm_of(pipeline)
    before = words_of(pipeline.make_doc(prompt))
    words = ["a", "zeppelin", "paints"]
    expected = Reference(lm).read([*before, *words]).log_probs[len(before) :]
    if lm.spells:
        expected[:-1] += ReferenceSpeller(lm).log_probs([*before, *words])[len(before) :]
    (found,) = lm.score_continuation(prompt, ["a zeppelin paints"], end=True)
    assert_allclose(found.log_probs, expected, atol=1e-4)


def test_the_empty_candidate_is_certain_and_its_end_is_not(pipeline):
    lm = lm_of(pipeline)
    for prompt in PROMPTS:
        (open_end,) = lm.score_continuation(prompt, [""])
        assert (open_end.text, open_end.words, open_end.log_probs.shape) == ("", [], (0,))
        assert open_end.log_prob == open_end.surprisal == open_end.mean_surprisal == 0.0
        assert str(open_end.surprisal) == "0.0"
        (closed,) = lm.score_continuation(prompt, [""], end=True)
        end = pipeline(prompt)._.rnn_lm.end_log_prob
        assert closed.log_probs.tolist() == [pytest.approx(end, rel=1e-5)]
        assert closed.mean_surprisal == closed.surprisal > 0


def test_no_candidates_have_no_scores(pipeline):
    for prompt in PROMPTS:
        assert lm_of(pipeline).score_continuation(prompt, []) == []


def test_single_words_are_as_probable_as_the_distribution_says(pipeline):
    lm = lm_of(pipeline)
    words, probabilities = lm.next_distribution("the tired")
    docs = [Doc(pipeline.vocab, words=[word]) for word in words[2:]]
    found = [made.log_prob for made in lm.score_continuation("the tired", docs)]
    assert_allclose(np.exp(found), probabilities[2:], rtol=1e-4)
    (end,) = lm.score_continuation("the tired", [""], end=True)
    assert math.exp(end.log_prob) == pytest.approx(probabilities[1], rel=1e-4)


def test_many_candidates_are_scored_as_each_alone(pipeline):
    lm = lm_of(pipeline)
    candidates = [*ENGLISH, *CANDIDATES, *ENGLISH[::-1]] * 6
    together = lm.score_continuation("the zeppelin", candidates, end=True)
    assert len(together) == len(candidates) > 512
    alone = {c: lm.score_continuation("the zeppelin", [c], end=True)[0] for c in {*candidates}}
    for made, candidate in zip(together, candidates, strict=True):
        assert made.text == candidate
        assert_allclose(made.log_probs, alone[candidate].log_probs, rtol=1e-5, atol=1e-5)


def test_documents_can_be_prompts_and_candidates(pipeline):
    lm = lm_of(pipeline)
    prompt = Doc(pipeline.vocab, words=["the", "tired sailor"])
    candidate = Doc(pipeline.vocab, words=["paints a", "letter", "!"], spaces=[True, False, False])
    found, text = lm.score_continuation(prompt, [candidate, "paints"], end=True)
    assert (found.text, found.words) == (candidate.text, words_of(candidate))
    assert text.words == ["paints"]
    whole = pipeline(Doc(pipeline.vocab, words=[*words_of(prompt), *words_of(candidate)]))._.rnn_lm
    assert_allclose(found.log_probs, [*whole.log_probs[2:], whole.end_log_prob], rtol=1e-5)
    assert not candidate.user_data and not prompt.user_data


def test_white_space_around_a_candidate_is_left_out():
    lm = lm_of(make_random())
    bare, spaced, blank = lm.score_continuation("the", ["baker", "  baker \n", " \t "])
    assert spaced.words == bare.words == ["baker"] and spaced.text == "baker"
    assert spaced.log_prob == pytest.approx(bare.log_prob)
    assert blank.words == [] and blank.log_prob == 0.0


def test_the_prompt_is_read_once_for_all_candidates(monkeypatch):
    lm = lm_of(make_random())
    reads = []
    original = RNNLM._read
    monkeypatch.setattr(
        RNNLM, "_read", lambda self, prompt: reads.append(prompt) or original(self, prompt)
    )
    lm.score_continuation("the baker", CANDIDATES)
    assert reads == ["the baker"]


def test_a_cache_is_no_part_of_continuations():
    plain, cached = make_random(), make_random(cache_window=5)
    one, other = (lm_of(nlp).score_continuation("the baker", CANDIDATES) for nlp in (plain, cached))
    for made, same in zip(one, other, strict=True):
        assert np.array_equal(made.log_probs, same.log_probs)


def test_a_text_needs_a_tokenizer_and_a_document_none():
    nlp = make_random()
    lm = RNNLM(nlp.vocab, lm_of(nlp).model)
    doc = Doc(nlp.vocab, words=["the"])
    for prompt, candidates in (("the", [doc]), (doc, ["baker"])):
        with pytest.raises(ValueError, match="R312"):
            lm.score_continuation(prompt, candidates)
    (found,) = lm.score_continuation(doc, [doc])
    assert found.log_prob == pytest.approx(
        lm_of(nlp).score_continuation("the", ["the"])[0].log_prob, rel=1e-6
    )


@pytest.mark.parametrize("wrong", [None, 3, ["the"], b"the"], ids=repr)
def test_what_is_neither_text_nor_document_is_refused(wrong):
    lm = lm_of(make_random())
    with pytest.raises(TypeError, match=rf"R316.*{type(wrong).__name__}"):
        lm.score_continuation(wrong, ["the"])
    with pytest.raises(TypeError, match=rf"R316.*{type(wrong).__name__}"):
        lm.score_continuation("the", ["baker", wrong])


def test_a_model_from_right_to_left_continues_nothing():
    lm = lm_of(make_pipeline(model={"direction": "backward"}))
    for prompt in ("", "the"):
        with pytest.raises(ValueError, match=r"R324.*rnn_lm"):
            lm.score_continuation(prompt, ["baker"])


def test_scoring_continuations_draws_nothing_and_changes_no_weight():
    nlp = make_random(model={"speller_width": 4})
    before = lm_of(nlp).to_bytes(exclude=["vocab"])
    first, second = (
        lm_of(nlp).score_continuation("the zeppelin", CANDIDATES, end=True) for _ in range(2)
    )
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.log_probs, other.log_probs)
    assert lm_of(nlp).to_bytes(exclude=["vocab"]) == before
