import gc

import pytest
import spacy
from spacy.lang.en import English
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.corpus.token_cache import _CACHES, get_cache
from spacy_rnn.training.resumable.batch_stream import checksum_of

from .conftest import TEXTS, CountingTokenizer


def read(cache, nlp, text):
    found = cache.find_words(nlp, text)
    return found if isinstance(found, Doc) else found.to_doc(nlp.vocab)


def same(a, b):
    """Everything a tokenizer writes: words, spaces, norms, tags, lemmas."""
    attributes = ["ORTH", "SPACY", "NORM", "TAG", "LEMMA"]
    return a.text == b.text and (a.to_array(attributes) == b.to_array(attributes)).all()


@pytest.mark.parametrize("text", [*TEXTS, "", " ", "\n\n", "They can't, won't, shouldn't."])
def test_kept_tokens_make_the_doc_that_the_tokenizer_makes(nlp, text):
    nlp.tokenizer = CountingTokenizer(nlp)
    cache = get_cache(nlp)
    first, second = read(cache, nlp, text), read(cache, nlp, text)
    assert nlp.tokenizer.calls[text] == 1
    expected = nlp.make_doc(text)
    assert first is not second
    assert same(first, expected)
    assert same(second, expected)
    assert second.has_unknown_spaces == expected.has_unknown_spaces


@pytest.mark.parametrize("lang", ["en", "de", "zh"])
def test_a_text_is_the_same_document_at_every_reading(lang):
    nlp = spacy.blank(lang)
    cache = get_cache(nlp)
    first, second = (Example(d, d) for d in (read(cache, nlp, " a b. c") for _ in range(2)))
    assert checksum_of([first]) == checksum_of([second])


class TaggingTokenizer:
    """Tags as it tokenizes, and knows no spaces, as tokenizers of some languages do."""

    def __init__(self, vocab):
        self.vocab = vocab
        self.calls = 0

    def __call__(self, text):
        self.calls += 1
        words = text.split(" ")
        doc = Doc(self.vocab, words=words, tags=[word.upper() for word in words])
        doc.user_data["readings"] = words
        return doc


def test_what_else_a_tokenizer_annotates_is_kept_and_does_not_leak(nlp):
    nlp.tokenizer = TaggingTokenizer(nlp.vocab)
    cache = get_cache(nlp)
    first = read(cache, nlp, "up and down")
    first[0].tag_ = "CHANGED"
    first.user_data["readings"].append("changed")
    second = read(cache, nlp, "up and down")
    second[1].tag_ = "CHANGED"
    second.user_data["readings"].append("changed")
    third = read(cache, nlp, "up and down")
    assert nlp.tokenizer.calls == 1
    assert [t.tag_ for t in third] == ["UP", "AND", "DOWN"]
    assert third.user_data == {"readings": ["up", "and", "down"]}
    assert third.has_unknown_spaces


def test_cache_goes_with_its_pipeline():
    nlp = spacy.blank("xx")
    read(get_cache(nlp), nlp, "some words")
    gc.collect()
    kept = len(_CACHES)
    del nlp
    gc.collect()
    assert len(_CACHES) == kept - 1


def test_pipelines_share_nothing(nlp):
    other = English()
    assert get_cache(nlp) is get_cache(nlp)
    assert get_cache(nlp) is not get_cache(other)


def test_changed_rules_of_the_tokenizer_empty_the_cache(nlp):
    assert [t.text for t in read(get_cache(nlp), nlp, "gimme that")] == ["gimme", "that"]
    nlp.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}])
    assert [t.text for t in read(get_cache(nlp), nlp, "gimme that")] == ["gim", "me", "that"]


def test_other_tokenizer_empties_the_cache(nlp):
    read(get_cache(nlp), nlp, "well-known")
    nlp.tokenizer = CountingTokenizer(nlp)
    read(get_cache(nlp), nlp, "well-known")
    assert nlp.tokenizer.calls["well-known"] == 1
    read(get_cache(nlp), nlp, "well-known")
    assert nlp.tokenizer.calls["well-known"] == 1


def test_cache_is_safe_across_a_memory_zone(nlp):
    nlp.tokenizer = TaggingTokenizer(nlp.vocab)
    with nlp.memory_zone():
        read(get_cache(nlp), nlp, "unheard ofwordindeed")
    assert len(get_cache(nlp)) == 0
    nlp.tokenizer = CountingTokenizer(nlp)
    with nlp.memory_zone():
        read(get_cache(nlp), nlp, "anotherunheardword stays")
    doc = read(get_cache(nlp), nlp, "anotherunheardword stays")
    assert [t.text for t in doc] == ["anotherunheardword", "stays"]
    assert sum(nlp.tokenizer.calls.values()) == 1


def test_equal_words_are_one_string(nlp):
    cache = get_cache(nlp)
    for text in ["row row row", "row your boat", "row away"]:
        read(cache, nlp, text)
    words = [word for plain in cache._documents.values() for word in plain.words if word == "row"]
    assert len(words) == 5
    assert len({id(word) for word in words}) == 1
