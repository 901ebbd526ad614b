"""Which listeners a component knows, and what those get that come, go or don't fit."""

import pytest
import spacy
from thinc.api import SGD

from ..helpers import ENGLISH, make_pipeline
from .test_upstream import RATE, TEXTS, listening_pipeline, tagged


@pytest.mark.parametrize("way", ["loaded", "added"])
def test_a_listener_that_is_enabled_later_gets_its_vectors(way, tmp_path):
    """spaCy shows a component its listeners at some moments only."""
    nlp = listening_pipeline(annotations=["log_probs"])
    expected = [token.tag for token in nlp(ENGLISH[0])]
    assert len(set(expected)) > 1
    nlp.to_disk(tmp_path)
    if way == "loaded":
        nlp = spacy.load(tmp_path, disable=["tagger0"])
        nlp.enable_pipe("tagger0")
    else:
        with nlp.select_pipes(disable=["tagger0"]):
            nlp.add_pipe("sentencizer")
    assert [token.tag for token in nlp(ENGLISH[0])] == expected


def test_a_listener_whose_upstream_was_renamed_is_noticed():
    nlp = listening_pipeline(annotations=["log_probs"])
    nlp.rename_pipe("rnn_lm", "other")
    with pytest.raises(ValueError, match=r"R320.*tagger0 listens to rnn_lm"):
        nlp(ENGLISH[0])


def test_a_pipeline_that_lost_its_listeners_writes_no_tensor():
    nlp = listening_pipeline(annotations=["log_probs"])
    nlp.replace_listeners("rnn_lm", "tagger0", ["model.tok2vec"])
    assert not nlp("the baker").tensor.size


def test_two_listeners_of_one_component_can_be_replaced():
    nlp = make_pipeline(model={"width": 5})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 5, "upstream": "rnn_lm"}
    textcat = {
        "@architectures": "spacy.TextCatEnsemble.v2",
        "tok2vec": listener,
        "linear_model": {
            "@architectures": "spacy.TextCatReduce.v1",
            "tok2vec": listener,
            "exclusive_classes": True,
            "use_reduce_first": False,
            "use_reduce_last": False,
            "use_reduce_max": False,
            "use_reduce_mean": True,
        },
    }
    nlp.add_pipe("textcat", config={"model": textcat})
    lm = nlp.get_pipe("rnn_lm")
    assert len(lm.listeners) == 2
    nlp.replace_listeners("rnn_lm", "textcat", ["model.tok2vec", "model.linear_model.tok2vec"])
    assert lm.listeners == []


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_a_listener_of_another_width_is_named_before_it_answers(direction):
    nlp = make_pipeline(model={"width": 5, "direction": direction})
    width = 9 if direction == "forward" else 5
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": width, "upstream": "rnn_lm"}
    layers = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    tagger = nlp.add_pipe("tagger", config={"model": layers})
    tagger.initialize(lambda: tagged(nlp, ENGLISH), nlp=nlp)
    with pytest.raises(ValueError, match=rf"R323.* {width} .*width = "):
        nlp.update(tagged(nlp, TEXTS), sgd=SGD(RATE))


def test_a_layer_that_answers_twice_is_an_error():
    nlp = listening_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    lm.update(tagged(nlp, TEXTS))
    (listener,) = lm.listeners
    answer, vectors = listener._backprop, listener._outputs
    assert answer([0 * vector for vector in vectors]) == []
    with pytest.raises(ValueError, match="R331"):
        answer([])
