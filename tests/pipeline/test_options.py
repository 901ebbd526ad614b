"""What the component computes and keeps, and under which name."""

from itertools import combinations

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from thinc.api import Adam

from spacy_rnn import RNNLM

from ..helpers import ENGLISH, SMALL, make_examples, make_pipeline

FIELDS = {
    "hidden": ["hidden"],
    "log_probs": ["log_probs", "end_log_prob", "surprisal", "perplexity"],
    "next": ["next", "next_words"],
    "final_state": ["final_state"],
    "tensor": [],
}
SUBSETS = [list(some) for size in range(len(FIELDS) + 1) for some in combinations(FIELDS, size)]


@pytest.fixture(scope="module")
def nlp():
    return make_pipeline()


@pytest.fixture
def calls(nlp, monkeypatch):
    """Counts what the softmax is asked for."""
    counts = dict.fromkeys(("target_log_probs", "top_k", "log_distribution"), 0)
    softmax = nlp.get_pipe("rnn_lm").shim.network.softmax

    def count(name):
        original = getattr(softmax, name)

        def counted(*args, **kwargs):
            counts[name] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(softmax, name, counted)

    for name in counts:
        count(name)
    return counts


@pytest.mark.parametrize("annotations", SUBSETS, ids=lambda names: "+".join(names) or "none")
def test_only_the_named_annotations_are_computed_and_kept(nlp, calls, monkeypatch, annotations):
    monkeypatch.setattr(nlp.get_pipe("rnn_lm"), "annotations", tuple(annotations))
    doc = nlp(ENGLISH[0])
    for name, fields in FIELDS.items():
        for field in fields:
            assert (getattr(doc._.rnn_lm, field) is not None) == (name in annotations)
    assert (doc.tensor.size > 0) == ("tensor" in annotations)
    assert calls["target_log_probs"] == int("log_probs" in annotations)
    assert calls["top_k"] == int("next" in annotations)
    if not {"log_probs", "next"} & set(annotations):
        assert calls["log_distribution"] == 0


def test_annotations_of_the_config_are_those_that_are_kept():
    doc = make_pipeline(annotations=["hidden", "next"])(ENGLISH[0])
    assert doc._.rnn_lm.hidden is not None and doc._.rnn_next
    assert doc._.rnn_lm.log_probs is None and not doc.tensor.size


@pytest.mark.parametrize(
    "read, annotation",
    [
        (lambda doc: doc._.rnn_next, "next"),
        (lambda doc: doc._.rnn_surprisal, "log_probs"),
        (lambda doc: doc._.rnn_perplexity, "log_probs"),
        (lambda doc: doc[0]._.rnn_hidden, "hidden"),
        (lambda doc: doc[0]._.rnn_next, "next"),
        (lambda doc: doc[0]._.rnn_surprisal, "log_probs"),
        (lambda doc: doc[0:1]._.rnn_surprisal, "log_probs"),
    ],
)
def test_reading_what_was_not_kept_says_what_to_add(nlp, monkeypatch, read, annotation):
    others = tuple(name for name in FIELDS if name != annotation)
    monkeypatch.setattr(nlp.get_pipe("rnn_lm"), "annotations", others)
    with pytest.raises(ValueError, match=f"R307.*'{annotation}'"):
        read(nlp(ENGLISH[0]))
    monkeypatch.setattr(nlp.get_pipe("rnn_lm"), "annotations", (annotation,))
    assert read(nlp(ENGLISH[0])) is not None


@pytest.mark.parametrize(
    "config, code",
    [
        ({"annotations": ["hidden", "surprise"]}, "R301.*'surprise'"),
        ({"top_k": 0}, "R009.*top_k"),
        ({"top_k": -3}, "R009.*top_k"),
        ({"min_count": 0}, "R009.*min_count"),
        ({"max_size": 0}, "R009.*max_size"),
        # spaCy lets a number in quotes through
        ({"top_k": "5"}, "R009.*top_k.*'5'"),
        ({"min_count": "2"}, "R009.*min_count.*'2'"),
        ({"max_size": "9"}, "R009.*max_size.*'9'"),
        ({"lm_weight": "1"}, "R309.*lm_weight.*'1'"),
        ({"cache_window": "5"}, "R309.*cache_window.*'5'"),
        ({"cache_weight": "0.5"}, "R309.*cache_weight.*'0.5'"),
        ({"cache_flatness": "0.5"}, "R309.*cache_flatness.*'0.5'"),
        *(
            ({"model": {"@architectures": "spacy-rnn.RNNLM.v1", option: "8"}}, f"{option}.*'8'")
            for option in ("width", "embedding_width", "depth", "subword_rows", "speller_width")
        ),
        ({"model": {"@architectures": "spacy-rnn.RNNLM.v1", "cutoffs": ["8"]}}, "R018.*'8'"),
    ],
)
def test_an_option_out_of_range_is_refused(config, code):
    with pytest.raises(ValueError, match=code):
        spacy.blank("xx").add_pipe("rnn_lm", config=config)


@pytest.mark.parametrize("value", [1.5, True, "2", float("nan")])
@pytest.mark.parametrize("option", ["top_k", "min_count", "max_size", "cache_window"])
def test_an_option_that_is_no_whole_number_is_refused_without_spacys_check(nlp, option, value):
    lm = nlp.get_pipe("rnn_lm")
    with pytest.raises(ValueError, match=rf"{option}.*whole number"):
        RNNLM(nlp.vocab, lm.model, **{option: value})


@pytest.mark.parametrize("top_k", [1, 3, 18])
def test_top_k_is_the_length_of_every_list(top_k):
    nlp = make_pipeline(top_k=top_k)
    doc = nlp(ENGLISH[0])
    assert [len(row) for row in doc._.rnn_next] == [top_k] * len(doc)


def test_top_k_above_the_vocabulary_is_refused_where_it_matters(tmp_path):
    with pytest.raises(ValueError, match=r"R308.*k = 5.*2 words"):
        make_pipeline(["a a", "a"])
    # without lists of next words it doesn't
    assert make_pipeline(["a a", "a"], annotations=["hidden"])("a")._.rnn_lm.hidden is not None
    make_pipeline().to_disk(tmp_path)
    loaded = spacy.load(tmp_path, config={"components.rnn_lm.top_k": 500})
    with pytest.raises(ValueError, match=r"R308.*k = 500"):
        loaded("the cat")


def test_a_component_keeps_its_output_under_its_own_name():
    nlp = make_pipeline(name="small_lm")
    doc = nlp(ENGLISH[0])
    assert doc._.small_lm.hidden.shape == (len(doc), SMALL["width"])
    # the rnn_* attributes are those of the component "rnn_lm"
    assert doc._.rnn_surprisal is None and doc[0]._.rnn_hidden is None


def test_two_components_keep_their_outputs_apart():
    nlp = make_pipeline()
    expected = nlp(ENGLISH[3])
    model = {"@architectures": "spacy-rnn.RNNLM.v1", **SMALL, "width": 5, "cell": "gru"}
    config = {"model": model, "top_k": 2, "annotations": ["hidden", "next"]}
    second = nlp.add_pipe("rnn_lm", name="second_lm", config=config)
    second.initialize(lambda: make_examples(nlp, ENGLISH), nlp=nlp)
    doc = nlp(ENGLISH[3])
    assert np.array_equal(doc._.rnn_lm.hidden, expected._.rnn_lm.hidden)
    assert doc._.rnn_perplexity == expected._.rnn_perplexity
    assert doc._.second_lm.hidden.shape == (len(doc), 5)
    assert [len(row) for row in doc._.second_lm.next] == [2] * len(doc)
    assert np.array_equal(doc.tensor, doc._.rnn_lm.hidden)  # the second one keeps no tensor
    scores = nlp.evaluate(make_examples(nlp, ENGLISH), per_component=True)
    assert scores["rnn_lm"]["lm_perplexity"] != scores["second_lm"]["lm_perplexity"]


def test_a_component_from_another_pipeline_keeps_its_output_under_its_new_name(trained):
    lm = trained.get_pipe("rnn_lm")
    nlp = spacy.blank("xx")
    try:
        nlp.add_pipe("rnn_lm", name="borrowed_lm", source=trained)
        doc = nlp(ENGLISH[0])
        assert doc._.borrowed_lm.hidden.shape == (len(doc), SMALL["width"])
        with pytest.warns(UserWarning, match="W311"):
            assert doc._.rnn_lm is None
    finally:
        lm.name = "rnn_lm"


def test_registering_again_changes_no_extension(nlp):
    before = Doc.get_extension("rnn_surprisal")
    spacy.blank("de").add_pipe("rnn_lm")
    assert Doc.get_extension("rnn_surprisal") == before


def test_a_model_of_another_kind_is_refused():
    model = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "width": 8,
        "depth": 1,
        "embed_size": 50,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": False,
        "pretrained_vectors": None,
    }
    with pytest.raises(ValueError, match=r"R333.*spacy-rnn\.RNNLM\.v1"):
        spacy.blank("xx").add_pipe("rnn_lm", config={"model": model})


@pytest.mark.parametrize("name", ["rnn_surprisal", "rnn_next"])
def test_a_name_of_an_attribute_is_refused(name):
    with pytest.raises(ValueError, match=rf"R334.*{name}"):
        spacy.blank("xx").add_pipe("rnn_lm", name=name)


def test_messages_about_weights_name_the_component():
    nlp = make_pipeline(name="second_lm")
    for parameter in nlp.get_pipe("second_lm").shim.network.parameters():
        parameter.grad = torch.full_like(parameter, float("nan"))
    with pytest.raises(ValueError, match=r"R014.*second_lm"):
        nlp.get_pipe("second_lm").finish_update(Adam(0.1))
