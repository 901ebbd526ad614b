"""The scores of a corpus, each against a brute-force sum."""

import math

import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.corpus.windows import split_document
from spacy_rnn.pipeline.rnn_lm import RNNLM
from spacy_rnn.pipeline.scorer import make_lm_scorer

from ..helpers import ENGLISH, make_examples, make_pipeline, make_trained
from .reference import Reference, words_of

KNOWN = [*ENGLISH[:6], "", "the baker ! the baker", ENGLISH[9]]
UNKNOWN = [*KNOWN, "the zeppelin <unk> baker", "  "]
NAMES = ["lm_perplexity", "lm_perplexity_open", "lm_bits_per_char", "lm_acc", "lm_oov", "lm_prob"]


def brute_force(lm, docs):
    reference = Reference(lm)
    log_probs, hits, characters, unknown, tokens = [], [], 0, 0, 0
    for doc in docs:
        words = words_of(doc)
        trace = reference.read(words)
        log_probs += trace.log_probs.tolist()
        rows = [reference.row(word) for word in words]
        targets = [*rows, 1]
        for target, distribution in zip(targets, trace.log_distributions, strict=True):
            best = 1 + int(distribution[1:].argmax())  # the unknown word is never predicted
            hits.append(best == target)
        characters += len(doc.text)
        unknown += rows.count(0)
        tokens += len(words)
    perplexity = math.exp(-sum(log_probs) / len(log_probs))
    return {
        "lm_perplexity": perplexity,
        "lm_prob": 1 / perplexity,
        "lm_acc": sum(hits) / len(hits),
        "lm_oov": unknown / tokens,
        "lm_perplexity_open": None if unknown else perplexity,
        "lm_bits_per_char": None if unknown else -sum(log_probs) / math.log(2) / characters,
    }


@pytest.mark.parametrize("texts", [KNOWN, UNKNOWN], ids=["known", "unknown"])
@pytest.mark.parametrize("kept", ["all", "hidden"])
def test_evaluation_gives_the_scores_of_the_brute_force(variant, texts, kept, monkeypatch):
    lm = variant.get_pipe("rnn_lm")
    if kept != "all":
        # nothing that scoring could read from the Docs
        monkeypatch.setattr(lm, "annotations", (kept,))
    scores = variant.evaluate(make_examples(variant, texts))
    expected = brute_force(lm, [variant.make_doc(text) for text in texts])
    for name, value in expected.items():
        assert scores[name] == (None if value is None else pytest.approx(value, rel=1e-5)), name
        assert value is None or type(scores[name]) is float


def test_the_scores_do_not_depend_on_the_batch_size(trained):
    examples = make_examples(trained, KNOWN)
    one, two = (trained.evaluate(examples, batch_size=size) for size in (1, 100))
    for name in NAMES:
        assert one[name] == pytest.approx(two[name], rel=1e-6)


def test_bits_per_character_count_every_character_and_the_end(trained):
    nlp = make_trained(["  the baker  ! \n", *ENGLISH])  # here the white space is a word
    scores = nlp.evaluate(make_examples(nlp, ["  the baker  ! \n"]))
    doc = nlp("  the baker  ! \n")
    bits = -(doc._.rnn_lm.log_probs.sum(dtype=float) + doc._.rnn_lm.end_log_prob) / math.log(2)
    assert scores["lm_bits_per_char"] == pytest.approx(bits / len(doc.text), rel=1e-5)
    assert (
        trained.evaluate(make_examples(trained, ["  the baker  ! \n"]))["lm_bits_per_char"] is None
    )


def test_the_end_alone_is_scored_for_an_empty_document(trained):
    scores = trained.evaluate(make_examples(trained, [""]))
    end = Reference(trained.get_pipe("rnn_lm")).read([]).log_probs[-1]
    assert scores["lm_perplexity"] == pytest.approx(math.exp(-end), rel=1e-5)
    assert scores["lm_bits_per_char"] is None and scores["lm_oov"] == 0


def test_without_documents_there_are_no_scores(trained):
    scores = trained.evaluate([])
    assert [scores[name] for name in NAMES] == [None] * len(NAMES)


def test_windows_are_scored_as_they_are_trained(trained):
    doc = Doc(trained.vocab, words=" ".join(ENGLISH[:3]).split())
    examples = [Example(window, window) for window in split_document(doc, 7)]
    scores = trained.evaluate(examples)
    lm = trained.get_pipe("rnn_lm")
    losses = lm.update(examples)
    perplexity = math.exp(losses["rnn_lm"] / losses["rnn_lm_tokens"])
    assert scores["lm_perplexity"] == pytest.approx(perplexity, rel=1e-5)
    assert losses["rnn_lm_tokens"] == len(doc) + 1


def test_scores_follow_the_predicted_tokens(trained):
    """The reference may be cut into other tokens."""
    predicted = Doc(trained.vocab, words=["the", "baker"])
    reference = Doc(trained.vocab, words=["the", "bak", "er"], spaces=[True, False, False])
    scores = trained.evaluate([Example(predicted, reference)])
    expected = brute_force(trained.get_pipe("rnn_lm"), [predicted])
    assert scores["lm_perplexity"] == pytest.approx(expected["lm_perplexity"], rel=1e-5)


def test_a_component_that_retokenizes_afterwards_does_not_stop_the_evaluation():
    nlp = make_trained()
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "ROLE", "pattern": "the baker"}])
    nlp.add_pipe("merge_entities")
    scores = nlp.evaluate(make_examples(nlp, ENGLISH[48:50]))
    merged = [Doc(nlp.vocab, words=words_of(nlp(text))) for text in ENGLISH[48:50]]
    assert words_of(merged[0])[0] == "the baker"
    expected = brute_force(nlp.get_pipe("rnn_lm"), merged)
    assert scores["lm_perplexity"] == pytest.approx(expected["lm_perplexity"], rel=1e-5)


def test_another_component_does_not_score_from_the_annotations_of_this_one():
    """Equal words, other weights: the numbers that a Doc holds belong to one name."""
    first, second = make_trained(), make_pipeline(name="other_lm", seed=5)
    examples = [Example(first(text), first.make_doc(text)) for text in KNOWN]
    lm = second.get_pipe("other_lm")
    expected = brute_force(lm, [first.make_doc(text) for text in KNOWN])
    assert lm.score(examples)["lm_perplexity"] == pytest.approx(expected["lm_perplexity"], rel=1e-5)


def test_loaded_annotations_are_scored_like_fresh_ones(trained):
    """After a round trip the list of next words has a table of its own."""
    lm = trained.get_pipe("rnn_lm")
    fresh = trained.evaluate(make_examples(trained, KNOWN))
    docs = [Doc(trained.vocab).from_bytes(trained(text).to_bytes()) for text in KNOWN]
    scores = lm.score([Example(doc, doc) for doc in docs])
    for name in NAMES:
        assert scores[name] == pytest.approx(fresh[name], rel=1e-5)


def test_the_scorer_ignores_what_it_does_not_know(trained):
    lm = trained.get_pipe("rnn_lm")
    examples = make_examples(trained, KNOWN)
    scores = lm.score(examples, beam_width=3, nlp=trained)
    assert sorted(scores) == sorted(NAMES)
    assert make_lm_scorer()(examples, lm=lm, anything=None) == scores


def test_a_component_without_a_scorer_has_no_scores(trained):
    lm = trained.get_pipe("rnn_lm")
    assert RNNLM(trained.vocab, lm.model).score(make_examples(trained, KNOWN)) == {}


def test_a_better_model_has_a_higher_main_score(trained):
    weights = trained.config["training"]["score_weights"]
    assert {name for name, weight in weights.items() if weight} == {"lm_prob"}
    assert set(NAMES) == set(weights)
    untrained = make_pipeline()
    examples = make_examples(trained, KNOWN)
    assert trained.evaluate(examples)["lm_prob"] > untrained.evaluate(examples)["lm_prob"]


@pytest.mark.parametrize(("value", "code"), [(float("nan"), "R371"), (1e30, "R315")])
def test_a_perplexity_that_is_no_number_is_an_error_with_advice(value, code):
    """As a score it could not be compared, nor written to a checkpoint's meta.json."""
    nlp = make_pipeline()
    nlp.get_pipe("rnn_lm").shim.network.softmax.bias.data[3:5] = value
    with pytest.raises(ValueError, match=f"{code}.*learning rate"):
        nlp.evaluate(make_examples(nlp, KNOWN))


def test_accuracy_counts_the_end_and_never_a_predicted_unknown_word():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    lm.shim.network.softmax.bias.data[0] += 100  # <unk> is certain, then the end
    lm.shim.network.softmax.bias.data[1] += 50
    scores = nlp.evaluate(make_examples(nlp, ["zeppelin zeppelin zeppelin", "zeppelin"]))
    assert scores["lm_acc"] == 2 / 6  # the two ends
    assert scores["lm_oov"] == 1
    assert np.isfinite(scores["lm_perplexity"])


def test_language_models_of_one_pipeline_have_scores_of_their_own():
    nlp = make_pipeline(name="first", scorer={"@scorers": "spacy-rnn.lm_scorer.v1", "prefix": "a"})
    other = make_pipeline(seed=1, scorer={"@scorers": "spacy-rnn.lm_scorer.v1", "prefix": "b"})
    nlp.add_pipe("rnn_lm", source=other)
    examples = make_examples(nlp, ENGLISH[:5])
    scores = nlp.evaluate(examples)
    assert scores["a_perplexity"] != scores["b_perplexity"]
    for name, prefix in (("first", "a"), ("rnn_lm", "b")):
        total = 0.0
        for text in ENGLISH[:5]:
            output = getattr(nlp(text)._, name)
            total -= output.log_probs.sum(dtype="d") + output.end_log_prob
        count = sum(len(nlp.make_doc(text)) + 1 for text in ENGLISH[:5])
        assert scores[f"{prefix}_perplexity"] == pytest.approx(np.exp(total / count), rel=1e-5)
    assert not any(name.startswith("lm_") for name in scores)
