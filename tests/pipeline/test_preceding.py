"""Which components before a language model may change its tokens."""

import pytest
import spacy
from spacy.language import Language

from spacy_rnn.pipeline.preceding import deciding_components, may_change_tokens

from ..helpers import make_pipeline

# Of spaCy's own: what they do is to change tokens, norms, or anything.
CHANGING = {
    "attribute_ruler",
    "doc_cleaner",
    "merge_entities",
    "merge_noun_chunks",
    "merge_subtokens",
    "token_splitter",
}


def spacys_own():
    """All factories of spaCy that every language has, but for one that can't be made: it needs an
    architecture that was never registered."""
    return sorted(
        name
        for name, factory in spacy.registry.factories.get_all().items()
        if factory.__module__ == "spacy.pipeline.factories" or name.startswith("merge_")
        if name != "nn_labeller"
    )


@pytest.mark.parametrize("attr", ["ORTH", "LOWER", "NORM"])
def test_each_of_spacys_components_is_known_to_change_tokens_or_not(attr):
    nlp = spacy.blank("en")  # spaCy registers its factories with the first pipeline
    names = spacys_own()
    assert {"tagger", "ner", "sentencizer", *CHANGING} <= set(names)
    for name in names:
        nlp.add_pipe(name)
    found = {name for name in names if may_change_tokens(nlp, name, attr)}
    assert found == (CHANGING - {"attribute_ruler"} if attr == "ORTH" else CHANGING)


@Language.component("rnn_preceding_test_stranger")
def stranger(doc):
    return doc


def test_what_comes_before_one_that_may_change_tokens_stays():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    order = ["sentencizer", "entity_ruler", "merge_entities", "tagger", "tok2vec"]
    for name in order:
        nlp.add_pipe(name, before="rnn_lm")
    assert deciding_components(nlp, lm) == order[:3]
    nlp.add_pipe("rnn_preceding_test_stranger", before="rnn_lm")
    assert deciding_components(nlp, lm) == [*order, "rnn_preceding_test_stranger"]
    nlp.disable_pipe("rnn_preceding_test_stranger")
    assert deciding_components(nlp, lm) == order[:3]
    nlp.disable_pipe("merge_entities")
    assert deciding_components(nlp, lm) == []
    nlp.add_pipe("rnn_preceding_test_stranger", "later")
    assert deciding_components(nlp, lm) == []


def test_a_factory_of_others_that_has_the_name_of_a_harmless_one_is_not_known(monkeypatch):
    nlp = make_pipeline()
    nlp.add_pipe("rnn_preceding_test_stranger", "other", before="rnn_lm")
    monkeypatch.setattr(nlp.get_pipe_meta("other"), "factory", "tagger")
    assert deciding_components(nlp, nlp.get_pipe("rnn_lm")) == ["other"]
