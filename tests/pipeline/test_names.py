"""Names that others use too: attributes, and components that were sourced under another name."""

import warnings

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span, Token

from spacy_rnn import register_extensions

from ..helpers import ENGLISH, make_pipeline

TEXT = ENGLISH[0]


@pytest.fixture
def nobody(monkeypatch):
    """A process in which nothing is registered yet."""
    for kind in ("doc", "token", "span"):
        monkeypatch.setattr(f"spacy.tokens.underscore.Underscore.{kind}_extensions", {})


@pytest.mark.parametrize(
    "options", [{"default": 0.0}, {"getter": lambda part: 0.0}, {"method": lambda part: 0.0}]
)
def test_attributes_that_others_registered_become_ours_with_a_warning(nobody, options):
    for kind in (Doc, Token, Span):
        kind.set_extension("rnn_surprisal", **options)
    with pytest.warns(UserWarning, match=r"W310.*rnn_surprisal") as caught:
        nlp = make_pipeline()
    assert {str(w.message).split()[1] for w in caught if "W310" in str(w.message)} == {
        f"{kind}._.rnn_surprisal" for kind in ("Doc", "Token", "Span")
    }
    doc = nlp(TEXT)
    expected = doc._.rnn_lm.surprisal
    assert np.allclose([token._.rnn_surprisal for token in doc], expected, rtol=1e-5)
    assert doc[0:2]._.rnn_surprisal == pytest.approx(expected[:2].sum(), rel=1e-5)
    assert doc._.rnn_surprisal == pytest.approx(expected.sum(), rel=1e-5)


def test_the_name_of_the_component_becomes_ours_with_a_warning(nobody):
    Doc.set_extension("lm", getter=lambda doc: 0.0)
    with pytest.warns(UserWarning, match=r"W310.*Doc\._\.lm"):
        nlp = make_pipeline(name="lm")
    assert len(nlp(TEXT)._.lm.log_probs) == len(nlp.make_doc(TEXT))


def test_attributes_that_others_take_later_become_ours_at_the_next_text(nobody):
    nlp = make_pipeline()
    Token.set_extension("rnn_surprisal", default=0.0, force=True)
    with pytest.warns(UserWarning, match="W310"):
        doc = nlp(TEXT)
    assert doc[0]._.rnn_surprisal == pytest.approx(doc._.rnn_lm.surprisal[0], rel=1e-6)


def test_our_own_attributes_are_registered_again_without_a_word(nobody):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            register_extensions()
            register_extensions("other")


# --- sourced components


def sourced(nlp, name, source_name="rnn_lm"):
    other = spacy.blank("en")
    other.add_pipe(source_name, name=name, source=nlp)
    return other


def test_a_component_that_was_sourced_under_another_name_has_its_own_in_each_pipeline(nobody):
    nlp = make_pipeline()
    expected = nlp(TEXT)._.rnn_surprisal
    other = sourced(nlp, "borrowed")
    doc = nlp(TEXT)
    assert doc._.rnn_surprisal == expected
    assert doc[0]._.rnn_surprisal == doc._.rnn_lm.surprisal[0]
    assert other(TEXT)._.borrowed.surprisal.sum() == pytest.approx(expected, rel=1e-5)
    # a second one of the old name is the other pipeline's own
    other.add_pipe("rnn_lm", config={"model": {"width": 4}})
    second = other.get_pipe("rnn_lm")
    second.initialize(lambda: [spacy.training.Example(doc, doc)], nlp=other)
    twice = other(TEXT)
    assert twice._.rnn_lm.hidden.shape[1] == 4 and twice._.borrowed.hidden.shape[1] == 12


def test_numbers_under_a_name_that_was_changed_are_missed_with_a_warning(nobody):
    nlp = make_pipeline()
    second = sourced(nlp, "second_home")
    third = sourced(second, "third_home", "second_home")
    doc = second(TEXT)
    with pytest.warns(UserWarning, match=r"W311.*'second_home'.*'third_home'"):
        assert doc._.second_home is None
    with pytest.warns(UserWarning, match=r"W311.*'rnn_lm'"):
        assert doc._.rnn_surprisal is None
    assert doc._.third_home.perplexity == pytest.approx(nlp(TEXT)._.rnn_perplexity, rel=1e-5)
    assert third(TEXT)._.third_home.perplexity == doc._.third_home.perplexity
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert second.make_doc(TEXT)._.rnn_surprisal is None  # nothing ran: nothing is missed
