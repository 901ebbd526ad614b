"""`predict_chained`: documents after documents."""

import numpy as np
import pytest

import spacy_rnn.pipeline.position_batches as position_batches

from ..helpers import ENGLISH, VARIANTS, make_random
from .reference import Reference

ANNOTATIONS = ("hidden", "log_probs", "next", "entropy", "rank", "final_state")


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_document_goes_on_from_the_state_of_the_one_before(variant):
    nlp = make_random(model=VARIANTS[variant])
    lm = nlp.get_pipe("rnn_lm")
    chains = [ENGLISH[:3], [ENGLISH[9]], [], [ENGLISH[20], "", "unheard boat"]]
    made = lm.predict_chained([[*map(nlp.make_doc, chain)] for chain in chains], ANNOTATIONS)
    reference = Reference(lm)
    outputs = iter(each.output for each in made)
    for chain in chains:
        before = None
        for text in chain:
            before, output = reference.read(text.split(), after=before), next(outputs)
            np.testing.assert_allclose(output.log_probs, before.log_probs[:-1], atol=1e-4)
            np.testing.assert_allclose(output.hidden, before.hidden[1:], atol=1e-4)
            assert output.end_log_prob == pytest.approx(before.log_probs[-1], abs=1e-4)
            best = [reference.top(d, lm.top_k) for d in before.log_distributions[1:]]
            assert [[word for word, _ in each] for each in output.next] == best
            assert output.final_state is None
    assert next(outputs, None) is None


def test_chains_of_one_document_are_what_predict_gives():
    nlp = make_random(model={"direction": "both"})
    lm = nlp.get_pipe("rnn_lm")
    docs = [nlp.make_doc(text) for text in ENGLISH[:6]]
    made = lm.predict_chained([[doc] for doc in docs], ("log_probs",))
    for one, other in zip(made, lm.predict(docs), strict=True):
        np.testing.assert_allclose(one.output.log_probs, other.output.log_probs, atol=1e-5)
        np.testing.assert_allclose(
            one.output.backward.log_probs, other.output.backward.log_probs, atol=1e-5
        )


def test_a_chain_is_never_divided_and_batches_are_bounded(monkeypatch):
    nlp = make_random()
    lm = nlp.get_pipe("rnn_lm")
    chains = [[*map(nlp.make_doc, ENGLISH[i : i + 2])] for i in range(0, 8, 2)]
    whole = lm.predict_chained(chains, ("log_probs",))
    monkeypatch.setattr(position_batches, "_BATCH_POSITIONS", 25)
    sizes = [lengths for _, lengths in position_batches.by_chains(chains)]
    assert [number for lengths in sizes for number in lengths] == [2] * 4 and len(sizes) > 2
    parts = lm.predict_chained(chains, ("log_probs",))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one.output.log_probs, other.output.log_probs, atol=1e-5)


def test_a_model_that_reads_from_right_to_left_carries_nothing():
    nlp = make_random(model={"direction": "backward"})
    lm = nlp.get_pipe("rnn_lm")
    docs = [nlp.make_doc(text) for text in ENGLISH[:2]]
    with pytest.raises(ValueError, match=r"R324.*carry its state on"):
        lm.predict_chained([docs], ("log_probs",))
    assert len(lm.predict_chained([docs[:1], docs[1:]], ("log_probs",))) == 2
