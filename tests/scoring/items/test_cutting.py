"""The tokens of regions."""

import pytest
import spacy
from hypothesis import strategies as st

from spacy_rnn.scoring.items.cutting import cut_at_regions, split_tokens, without_punctuation
from spacy_rnn.scoring.items.regions import Region

from ...hostile import TEXTS, fuzz
from .rows import make_rows

NLP = spacy.blank("xx")
ROWS = make_rows([{}])


def cut(text, *spans, how="error"):
    doc = NLP.make_doc(text)
    return doc, cut_at_regions(doc, [Region(0, *span) for span in spans], ROWS, cut=how)


def test_a_region_has_the_tokens_that_it_has_characters_of():
    doc, found = cut("The old cat .", (4, 11), (3, 12), (7, 8), (0, 0), (0, 13))
    assert [doc[a:b].text for a, b, _ in found] == ["old cat", "old cat", "", "", "The old cat ."]
    assert {how for *_, how in found} == {"no"}


def test_an_edge_within_a_token_is_an_error_that_names_both():
    with pytest.raises(ValueError, match=r"R729.*row 1.*'happ'.*'unhappy'.*`cut`"):
        cut("so unhappy", (5, 9))


def test_a_token_may_be_included_as_a_whole():
    doc, found = cut("so unhappy", (5, 10), (3, 5), (0, 2), how="include")
    assert [(doc[a:b].text, how) for a, b, how in found] == [
        ("unhappy", "include"),
        ("unhappy", "include"),
        ("so", "no"),
    ]


def test_a_token_may_be_split_at_the_edges():
    doc, found = cut("so unhappy now", (5, 9), (0, 2), (9, 14), how="split")
    assert [token.text for token in doc] == ["so", "un", "happ", "y", "now"]
    assert doc.text == "so unhappy now"
    assert [(doc[a:b].text, how) for a, b, how in found] == [
        ("happ", "split"),
        ("so", "no"),
        ("y now", "split"),
    ]


@fuzz(300, text=TEXTS, places=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=3))
def test_splitting_keeps_every_text_and_gives_the_region_exactly(text, places):
    spans = [sorted(round(share * len(text)) for share in pair) for pair in places]
    doc, found = cut(text, *spans, how="split")
    assert doc.text == text
    places_of = [range(token.idx, token.idx + len(token)) for token in doc]
    covered = {place for places in places_of for place in places}
    for (start, end), (first, last, _) in zip(spans, found, strict=True):
        inside = [place for places in places_of[first:last] for place in places]
        assert inside == [place for place in range(start, end) if place in covered]


def test_a_token_is_split_in_as_many_parts_as_there_are_edges():
    doc = NLP.make_doc("abcdef gh")
    split_tokens(doc, [1, 2, 5, 8])
    assert [token.text_with_ws for token in doc] == ["a", "b", "cde", "f ", "g", "h"]


def test_punctuation_is_left_out_at_the_edges_only():
    doc, (span,) = cut('("well-known",  )', (0, 17))
    bare = without_punctuation(doc, span)
    assert doc[bare.start : bare.end].text == "well-known"
    doc, (span,) = cut("?!", (0, 2))
    assert without_punctuation(doc, span)[:2] == (len(doc), len(doc))
