"""Figures that `Doc.to_json` wrote, on the Doc that `Doc.from_json` makes of them."""

import json
import warnings

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_rnn import register_extensions

from ..helpers import ENGLISH

NAMES = ["rnn_surprisal", "rnn_mean_surprisal", "rnn_perplexity", "rnn_next"]


def read(data, vocab=None):
    return Doc(vocab or spacy.blank("en").vocab).from_json(json.loads(json.dumps(data)))


def forget_extensions(monkeypatch):
    """As in a process that has no pipeline yet."""
    for kind in ("doc", "token", "span"):
        monkeypatch.setattr(f"spacy.tokens.underscore.Underscore.{kind}_extensions", {})


@pytest.mark.parametrize("text", [ENGLISH[0], ""])
def test_they_are_what_they_were(trained, text):
    doc = trained(text)
    back = read(doc.to_json(underscore=NAMES))
    assert [back._.get(name) for name in NAMES] == [doc._.get(name) for name in NAMES]
    # and again, through every way that a Doc is kept
    again = read(back.to_json(underscore=NAMES))
    data = DocBin(docs=[back], store_user_data=True).to_bytes()
    (stored,) = DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab)
    for other in (again, stored, back.copy()):
        assert [other._.get(name) for name in NAMES] == [doc._.get(name) for name in NAMES]


def test_they_are_read_before_the_attributes_are_registered(trained, monkeypatch):
    doc = trained(ENGLISH[0])
    data, expected = doc.to_json(underscore=NAMES), [doc._.get(name) for name in NAMES]
    forget_extensions(monkeypatch)
    for name in NAMES:
        Doc.set_extension(name, default=None)
    back = read(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register_extensions()
    assert [back._.get(name) for name in NAMES] == expected
    assert trained(ENGLISH[1])._.rnn_surprisal > 0


def test_what_was_not_written_is_an_error_and_not_none(trained):
    back = read(trained(ENGLISH[0]).to_json(underscore=["rnn_surprisal"]))
    for missing in (
        lambda: back._.rnn_perplexity,
        lambda: back[0]._.rnn_surprisal,
        lambda: back[0]._.rnn_hidden,
        lambda: back[0:2]._.rnn_surprisal,
    ):
        with pytest.raises(ValueError, match=r"R340.*from JSON"):
            missing()
    plain = read(trained(ENGLISH[0]).to_json())
    assert plain._.rnn_surprisal is plain[0]._.rnn_surprisal is None  # nothing was written


def test_retokenizing_is_noticed(trained):
    back = read(trained(ENGLISH[0]).to_json(underscore=NAMES))
    with back.retokenize() as retokenizer:
        retokenizer.merge(back[0:2])
    for name in NAMES:
        with pytest.raises(ValueError, match="R341"):
            back._.get(name)


def test_the_component_has_the_last_word(trained):
    data = trained(ENGLISH[0]).to_json(underscore=NAMES)
    data["_"]["rnn_surprisal"] = -1.0
    back = read(data, trained.vocab)
    assert back._.rnn_surprisal == -1.0
    trained.get_pipe("rnn_lm")(back)
    assert back._.rnn_surprisal == trained(ENGLISH[0])._.rnn_surprisal
    with pytest.raises(ValueError, match="R342"):
        back._.rnn_surprisal = -1.0
    with pytest.raises(ValueError, match="R342"):
        back[0]._.rnn_surprisal = -1.0
