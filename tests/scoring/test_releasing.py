"""What words of memory zones leave behind."""

from contextlib import contextmanager

import pytest
import spacy
from spacy.language import Language

from spacy_rnn import release_memory
from spacy_rnn.scoring.releasing import memory_zone

from ..helpers import ENGLISH, make_pipeline, make_trained
from ..pipeline.comparing import assert_same_docs


def places(nlp):
    """How many strings spaCy's table has room for."""
    return nlp.vocab.strings._map.capacity


def run_zones(nlp, zones=6, words=2000, between=None, read=None):
    """RETURNS (List[int]): The places after every zone, each with words of its own."""
    found, read = [], read or nlp
    for zone in range(zones):
        with nlp.memory_zone():
            for start in range(0, words, 100):
                read(" ".join(f"w{zone}x{number}" for number in range(start, start + 100)))
        if between is not None:
            between(nlp)
        found.append(places(nlp))
    return found


@pytest.mark.slow
def test_tables_stay_as_large_as_what_is_kept():
    nlp = make_pipeline(lang="en")
    assert len(set(run_zones(nlp, between=release_memory, read=nlp.make_doc))) == 1
    # this is spaCy's, and what the function is for: when it fails, the function can go
    nlp = make_pipeline(lang="en")
    grown = run_zones(nlp, read=nlp.make_doc)
    assert grown[-1] > 2 * grown[0]


def test_docs_and_predictions_stay():
    nlp = make_trained()
    texts = [*ENGLISH[:5], "an unheard zeppelin"]
    before = list(nlp.pipe(texts))
    strings, shapes = set(nlp.vocab.strings), [[token.shape_ for token in doc] for doc in before]
    run_zones(nlp, zones=2)
    release_memory(nlp)
    assert set(nlp.vocab.strings) == strings
    assert [[token.shape_ for token in doc] for doc in before] == shapes
    assert [doc.text for doc in before] == texts
    assert_same_docs(nlp.pipe(texts), before, close=0)
    assert_same_docs(map(nlp, before), nlp.pipe(texts))


def test_vectors_stay():
    nlp = make_trained()
    nlp.get_pipe("rnn_lm").export_vectors()
    before = nlp("baker").vector
    release_memory(nlp)
    assert before.any() and (nlp("baker").vector == before).all()


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_tokenizer_has_no_lexemes_from_before(when):
    nlp = make_trained(lang="en")
    assert not nlp("the baker isn't")[1].is_stop  # in the tokenizer's cache
    if when == "before":
        nlp.vocab["baker"].is_stop = True
    release_memory(nlp)
    if when == "after":
        nlp.vocab["baker"].is_stop = True
    doc = nlp("the baker isn't")
    assert doc[1].is_stop == nlp.vocab["baker"].is_stop == (when == "after")
    assert [token.text for token in doc] == ["the", "baker", "is", "n't"]


@pytest.mark.slow
def test_norms_are_looked_up_once_however_often_it_is_called():
    """spaCy puts a function around the getter at each loading; a thousand are too deep a stack."""
    nlp = spacy.blank("zh")  # its vocab is empty, so that each call takes a millisecond only
    nlp.vocab.lookups.add_table("lexeme_norm", {"爱": "愛"})
    nlp.vocab.from_bytes(nlp.vocab.to_bytes())
    for _ in range(1100):
        release_memory(nlp)
    assert nlp("爱我")[0].norm_ == "愛"


def test_within_a_memory_zone_it_is_an_error():
    nlp = make_trained()
    with nlp.memory_zone(), pytest.raises(ValueError, match="R530"):
        release_memory(nlp)
    release_memory(nlp)


class Stranger:
    """A component, or a tokenizer that calls another one."""

    def __init__(self, call=lambda doc: doc):
        self.call = call

    def __call__(self, given):
        return self.call(given)


class CarefulStranger(Stranger):
    @contextmanager
    def memory_zone(self, mem):
        yield mem


@pytest.mark.parametrize("stranger", [Stranger, CarefulStranger])
@pytest.mark.parametrize("place", ["component", "tokenizer", "disabled"])
def test_words_are_freed_where_nobody_may_keep_them(stranger, place):
    nlp = make_trained()
    if place == "tokenizer":
        nlp.tokenizer = stranger(nlp.tokenizer)
    else:
        Language.component("rnn_zone_test_stranger", func=stranger())
        nlp.add_pipe("rnn_zone_test_stranger", first=True)
    if place == "disabled":
        nlp.disable_pipe("rnn_zone_test_stranger")
    with memory_zone(nlp):
        nlp("zeppelins")
    freed = stranger is CarefulStranger or place == "disabled"
    assert ("zeppelins" in nlp.vocab.strings) != freed
