"""A listed corpus of bare words: its Docs come and go, and nobody notices."""

import gc
import pickle
from types import MethodType
from weakref import ref

import pytest
import spacy
from numpy.testing import assert_array_equal
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.loop import subdivide_batch

from spacy_rnn.corpus import plain_examples
from spacy_rnn.corpus.plain_docs import PlainDoc
from spacy_rnn.corpus.plain_examples import ExampleMaker, PlainExample
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.corpus.windows import read_mark

from .conftest import TEXTS, write_corpus

ENGLISH = spacy.blank("en")


def make_pair(text="We can't  see\n that."):
    """An example of bare words, and spaCy's own of the same text."""
    doc = ENGLISH.make_doc(text)
    return ExampleMaker(ENGLISH.vocab, plain=True).from_bare_doc(doc), Example(doc, doc)


def list_corpus(tmp_path, nlp, name="a.txt", **options):
    return list(create_text_corpus(write_corpus(tmp_path / name, TEXTS), **options)(nlp))


def alive(references):
    gc.collect()
    return [doc for doc in (reference() for reference in references) if doc is not None]


def call(member):
    return member() if isinstance(member, MethodType) or callable(member) else member


def comparable(value):
    """What can be compared of a member's value."""
    if isinstance(value, Doc):
        return value.to_json()
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, tuple):
        return tuple(map(comparable, value))
    if isinstance(value, Example):
        return value.to_dict()
    if hasattr(value, "x2y"):
        return value.x2y.data.tolist(), value.y2x.data.tolist()
    return value


MEMBERS = [
    name
    for name, member in vars(Example).items()
    if not name.startswith("_") and name not in ("from_dict", "get_aligned")
]


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_of_an_example_gives_what_spacy_has(name):
    bare, whole = make_pair()
    if name.startswith("get_aligned_spans"):
        spans = whole.reference[0:2], whole.reference[3:5]
        found, expected = (getattr(example, name)(spans) for example in (bare, whole))
        assert [span.text for span in found] == [span.text for span in expected]
        return
    assert comparable(call(getattr(bare, name))) == comparable(call(getattr(whole, name)))


def test_what_needs_arguments_or_an_operator_gives_what_spacy_has():
    bare, whole = make_pair()
    assert (len(bare), str(bare), repr(bare)) == (len(whole), str(whole), repr(whole))
    assert bare.get_aligned("ORTH", as_string=True) == whole.get_aligned("ORTH", as_string=True)
    assert pickle.loads(pickle.dumps(bare)).to_dict() == whole.to_dict()
    assert_array_equal(bare.alignment.x2y.data, whole.alignment.x2y.data)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.txt", {}),
        ("a.txt", {"max_length": 3}),
        ("a.txt", {"tokenized": True}),
        ("a.jsonl.gz", {}),
        ("a.spacy", {}),
        ("a.spacy", {"max_length": 3}),
    ],
)
def test_a_listed_corpus_holds_words_and_only_the_last_docs(
    tmp_path, nlp, monkeypatch, name, options
):
    monkeypatch.setattr(plain_examples, "_RECENT", 20)
    examples = list_corpus(tmp_path, nlp, name, **options)
    held = list_corpus(tmp_path, nlp, name, **options, cache=False)
    assert {type(example) for example in held} == {Example}
    for _ in range(2):
        kept = alive([ref(example.predicted) for example in examples])
        assert kept[-1] is examples[-1].predicted
        assert sum(map(len, kept)) <= 20 < sum(map(len, examples))
        del kept
    # what is made again is what it was
    words = ["ORTH", "SPACY", "NORM", "SENT_START"]
    for example, other in zip(examples, held, strict=True):
        assert_array_equal(example.predicted.to_array(words), other.predicted.to_array(words))
        assert read_mark(example.reference) == read_mark(other.reference)
        unknown = example.predicted.has_unknown_spaces, other.predicted.has_unknown_spaces
        assert unknown[0] == unknown[1]
        assert len(example) == len(other)


def test_a_doc_that_somebody_holds_stays_the_same(tmp_path, nlp, monkeypatch):
    monkeypatch.setattr(plain_examples, "_RECENT", 1)
    example, *others = list_corpus(tmp_path, nlp)
    doc = example.predicted
    for other in others:
        assert other.predicted is other.reference
    assert doc is example.predicted is example.reference is example.x is example.y
    doc.cats["travel"] = 1.0
    assert example.reference.cats


def test_a_doc_that_takes_its_place_is_kept(tmp_path, nlp, monkeypatch):
    monkeypatch.setattr(plain_examples, "_RECENT", 1)
    first, second, *others = list_corpus(tmp_path, nlp)
    first.predicted = Doc(nlp.vocab, words=["two", "words"])
    second.reference = Doc(nlp.vocab, words=["one"], tags=["X"])
    for other in others:
        assert other.predicted.text
    gc.collect()
    assert [len(first), first.predicted.text, first.x.text] == [2, "two words ", "two words "]
    assert first.reference.text == TEXTS[0]
    assert second.y[0].tag_ == "X"
    assert second.text == TEXTS[1]


def test_what_was_written_onto_a_doc_is_gone_with_it(tmp_path, nlp, monkeypatch):
    monkeypatch.setattr(plain_examples, "_RECENT", 1)
    example, other, *_ = list_corpus(tmp_path, nlp)
    example.predicted.cats["travel"] = 1.0
    assert other.predicted.text
    gc.collect()
    assert not example.predicted.cats


def test_a_step_of_spacys_loop_makes_each_doc_once(tmp_path, nlp, monkeypatch):
    made = []
    make = PlainDoc.to_doc
    monkeypatch.setattr(PlainDoc, "to_doc", lambda *args: made.append(1) or make(*args))
    examples = list_corpus(tmp_path, nlp, "a.spacy")
    assert not made
    nlp.add_pipe("sentencizer")
    for batch in subdivide_batch(examples, 1):
        nlp.update(batch, sgd=False, annotates=["sentencizer"])
    assert len(made) == len(examples)
    assert not any(example.predicted.has_annotation("TAG") for example in examples)


def test_docs_of_a_memory_zone_are_not_found_after_it(nlp):
    maker = ExampleMaker(nlp.vocab, plain=True)
    example = maker.from_words(PlainDoc(("unheard", "ofwordindeed"), b"\1\0"))
    with nlp.memory_zone():
        made = ref(example.predicted)
        assert made() is None
        assert example.predicted.text == "unheard ofwordindeed"
    assert [token.text for token in example.predicted] == ["unheard", "ofwordindeed"]


def test_equal_words_of_a_file_are_one_string(tmp_path, nlp):
    path = write_corpus(tmp_path / "a.spacy", ["the grey cat", "the cat"])
    first, second = create_text_corpus(path)(nlp)
    assert isinstance(first, PlainExample) and isinstance(second, PlainExample)
    assert first._words.words[0] is second._words.words[0]
    assert first._words.words[2] is second._words.words[1]


def test_compiled_components_find_no_annotations_in_bare_words():
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("ner")
    ner.add_label("GPE")
    nlp.initialize()
    weights = nlp.get_pipe("ner").model.to_bytes()
    doc = nlp.make_doc("We see Oslo")
    bare = ExampleMaker(nlp.vocab, plain=True).from_bare_doc(doc)
    losses = ner.update([bare], sgd=nlp.create_optimizer(), losses={})
    assert losses == ner.update([Example(doc, doc)], losses={})
    assert ner.model.to_bytes() == weights
