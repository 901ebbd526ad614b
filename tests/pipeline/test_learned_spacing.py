"""A component learns spacing from the raw text of its training, saves it, and writes by it."""

import json
import pickle
import random

import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.corpus.streams import create_stream_corpus
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.pipeline import learned_spacing
from spacy_rnn.vocabulary.spacing import Spacing, spacing_path
from spacy_rnn.vocabulary.spacing_counts import SpacingCounts

from ..helpers import SMALL, make_examples, make_pipeline, make_trained, run_spacy, train

KOREAN = ["나는 학교에 간다.", "나는 시장에 간다.", "동생은 학교에 온다!"]
DASHED = ["the well-known boat", "a well-worn coat", "an old-ish boat"]


def learned(nlp, texts):
    counts = SpacingCounts()
    for text in texts:
        counts.add(nlp.make_doc(text))
    return counts.spacing()


@pytest.fixture(scope="module")
def korean():
    """Shared: tests must not change it."""
    return make_trained(KOREAN, lang="xx")


def test_korean_keeps_its_spaces(korean):
    lm = korean.get_pipe("rnn_lm")
    assert lm.generate("동생은", temperature=0) == "동생은 학교에 온다!"
    assert lm.generate("동생은 ", temperature=0) == "동생은 학교에 온다!"
    assert lm.generate(korean.make_doc("나는"), temperature=0).startswith("나는 ")
    assert lm.spacing == learned(korean, KOREAN)


def test_a_hyphen_joins_what_it_joined_in_training():
    lm = make_trained(DASHED).get_pipe("rnn_lm")
    assert lm.generate("the", temperature=0) == "the well-known boat"
    lm.spacing = Spacing()
    assert lm.generate("the", temperature=0) == "the well - known boat"


@pytest.mark.parametrize("given", ["text", "labels", "file"])
def test_quotation_marks_of_any_form_are_one(given, tmp_path):
    texts = ["he said “yes” twice", "she said “no” twice"] * 2
    nlp = spacy.blank("en")
    model = {**SMALL, "normalize": "typography"}
    settings = {}
    if given == "file":
        text, model["vocabulary"] = tmp_path / "text.txt", str(tmp_path / "words.json")
        text.write_text("\n".join(texts), encoding="utf8")
        options = ["--lang", "en", "--normalize", "typography"]
        assert run_spacy("rnn", "vocab", text, model["vocabulary"], *options).exit_code == 0
    elif given == "labels":
        settings = {"labels": [[w, 1] for w in ("he", "said", '"', "yes", "twice", "she", "no")]}
    lm = nlp.add_pipe("rnn_lm", config={"model": model})
    nlp.config["initialize"]["components"]["rnn_lm"] = settings
    nlp.initialize(lambda: make_examples(nlp, texts))
    train(nlp, texts, steps=60)
    assert lm.generate("he", temperature=0) == 'he said "yes" twice'
    assert lm.generate("she said “", temperature=0) == 'she said “no" twice'


def test_a_prompt_stands_unchanged_before_what_is_written(korean):
    lm = korean.get_pipe("rnn_lm")
    for prompt in ("", "나는", "나는\n", "  나는 \t", "나는 학교에 간다. "):
        assert lm.generate(prompt, seed=2).startswith(prompt)


def test_saving_keeps_the_spacing(korean, tmp_path):
    lm = korean.get_pipe("rnn_lm")
    assert lm.spacing.classes
    korean.to_disk(tmp_path / "model")
    assert spacy.load(tmp_path / "model").get_pipe("rnn_lm").spacing == lm.spacing
    data = (tmp_path / "model" / "rnn_lm" / "spacing").read_bytes()
    assert Spacing.from_bytes(data) == lm.spacing
    other = make_pipeline(DASHED, lang="xx").from_bytes(korean.to_bytes())
    assert other.get_pipe("rnn_lm").spacing == lm.spacing
    assert pickle.loads(pickle.dumps(lm)).spacing == lm.spacing
    other = spacy.blank("xx")
    assert other.add_pipe("rnn_lm", source=korean).spacing == lm.spacing
    lm.to_disk(tmp_path / "lm", exclude=["vocab"])
    assert {path.name for path in (tmp_path / "lm").iterdir()} == {"cfg", "model", "spacing"}
    again = make_pipeline(DASHED, lang="xx").get_pipe("rnn_lm")
    before = again.spacing
    assert again.from_disk(tmp_path / "lm", exclude=["vocab", "spacing"]).spacing == before
    assert again.from_bytes(lm.to_bytes(), exclude=["spacing"]).spacing == before
    assert again.from_disk(tmp_path / "lm", exclude=["vocab"]).spacing == lm.spacing


def test_a_model_that_was_saved_without_spacing_goes_on_with_the_rules(korean, tmp_path):
    korean.to_disk(tmp_path)
    (tmp_path / "rnn_lm" / "spacing").unlink()
    lm = spacy.load(tmp_path).get_pipe("rnn_lm")
    assert not lm.spacing
    assert lm.generate("동생은", temperature=0) == "동생은학교에온다!"
    # over one that has learned some
    other = make_pipeline(KOREAN, lang="xx")
    assert other.get_pipe("rnn_lm").spacing
    assert not other.from_disk(tmp_path).get_pipe("rnn_lm").spacing
    message = srsly.msgpack_loads(lm.to_bytes())
    del message["spacing"]
    again = make_pipeline(KOREAN, lang="xx").get_pipe("rnn_lm")
    again.from_bytes(srsly.msgpack_dumps(message))
    assert not again.spacing


def test_damaged_spacing_is_a_clear_error(korean, tmp_path):
    korean.to_disk(tmp_path)
    path = tmp_path / "rnn_lm" / "spacing"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"R304.*rnn_lm.*R360"):
        spacy.load(tmp_path)


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "tokens.jsonl", "streams"])
def test_ready_made_words_teach_no_spacing(tmp_path, name):
    path = tmp_path / (name if "." in name else "a.txt")
    if name == "tokens.jsonl":
        lines = [json.dumps({"tokens": ["나는", "학교에", "간다", "."]})] * 3
    else:
        lines = ["나는 학교에 간다 ."] * 3
        lines = [json.dumps({"text": line}) if name == "a.jsonl" else line for line in lines]
    path.write_text("\n".join(lines), encoding="utf8")
    reader = create_text_corpus(path, tokenized=name != "tokens.jsonl", max_length=3)
    if name == "streams":
        reader = create_stream_corpus(reader, streams=2, window=2)
    nlp = spacy.blank("xx")
    lm = nlp.add_pipe("rnn_lm", config={"model": {**SMALL}, "top_k": 1})
    nlp.initialize(lambda: reader(nlp))
    assert "학교에" in lm.vocabulary
    assert not lm.spacing


def test_spaces_of_annotated_docs_are_learned_if_they_are_known():
    nlp = make_pipeline(DASHED, lang="xx", top_k=1)
    words, spaces = ["나는", "간다", "."], [True, False, False]
    for reference, known in (
        (Doc(nlp.vocab, words=words, spaces=spaces), True),
        (Doc(nlp.vocab, words=words), False),
    ):
        predicted = Doc(nlp.vocab, words=words, spaces=spaces)
        lm = nlp.get_pipe("rnn_lm")
        lm.initialize(lambda p=predicted, r=reference: [Example(p, r)] * 2, nlp=nlp)
        assert bool(lm.spacing) == known


@Language.component("rnn_spacing_test_merges")
def merge_hyphens(doc):
    with doc.retokenize() as retokenizer:
        for token in doc:
            if token.text == "-":
                retokenizer.merge(doc[token.i - 1 : token.i + 2])
    return doc


def test_gaps_are_those_of_the_tokens_that_the_training_has():
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_spacing_test_merges")
    lm = nlp.add_pipe("rnn_lm", config={"model": {**SMALL}, "top_k": 1})
    nlp.config["training"]["annotating_components"] = ["rnn_spacing_test_merges"]
    nlp.initialize(lambda: make_examples(nlp, DASHED))
    assert "well-known" in lm.vocabulary
    assert lm.spacing.classes == {("LATIN", "LATIN", 0): (6, 6)}


def test_with_labels_the_beginning_of_the_text_is_enough(monkeypatch):
    nlp = make_pipeline(KOREAN, lang="xx")
    lm = nlp.get_pipe("rnn_lm")
    labels, whole = lm.label_data, lm.spacing
    random.seed(3)
    expected = random.random()
    random.seed(3)
    read = []

    def get_examples():
        for example in make_examples(nlp, KOREAN):
            random.random()  # as a reader that shuffles
            read.append(example)
            yield example

    lm.initialize(get_examples, nlp=nlp, labels=labels)
    assert lm.spacing == whole
    assert random.random() == expected
    read.clear()
    monkeypatch.setattr(learned_spacing, "_ENOUGH", 5)
    lm.initialize(get_examples, nlp=nlp, labels=labels)
    assert lm.spacing == learned(nlp, KOREAN[:2])
    assert len(read) == 2
    lm.initialize(lambda: [], nlp=nlp, labels=labels)
    assert not lm.spacing


def test_the_file_beside_the_vocabulary_is_read_instead_of_the_text(tmp_path):
    text, words = tmp_path / "text.txt", tmp_path / "words.json"
    text.write_text("\n".join(KOREAN), encoding="utf8")
    done = run_spacy("rnn", "vocab", text, words)
    assert done.exit_code == 0, done.output
    nlp = spacy.blank("xx")
    model = {**SMALL, "vocabulary": str(words)}
    lm = nlp.add_pipe("rnn_lm", config={"model": model, "top_k": 1})
    nlp.initialize(lambda: make_examples(nlp, ["나는학교에"]))
    assert lm.spacing == learned(nlp, KOREAN)
    # without it, the text
    spacing_path(words).unlink()
    nlp.initialize(lambda: make_examples(nlp, ["나는 학교에"]))
    assert lm.spacing == learned(nlp, ["나는 학교에"])
    spacing_path(words).write_text("no JSON", encoding="utf8")
    with pytest.raises(ValueError, match=r"R361.*words\.spacing\.json"):
        nlp.initialize(lambda: make_examples(nlp, KOREAN))
    # of ready-made words nothing is learned, and nothing old is left
    done = run_spacy("rnn", "vocab", text, words, "--tokenized")
    assert done.exit_code == 0, done.output
    assert Spacing.from_bytes(spacing_path(words).read_bytes()) == Spacing()


def test_a_source_brings_its_spacing_along(tmp_path):
    make_pipeline(KOREAN, lang="xx").to_disk(tmp_path / "source")
    nlp = spacy.blank("xx")
    model = {**SMALL, "source": str(tmp_path / "source")}
    lm = nlp.add_pipe("rnn_lm", config={"model": model, "top_k": 1})
    nlp.initialize(lambda: make_examples(nlp, DASHED))
    counts = SpacingCounts()
    for text in DASHED:
        counts.add(nlp.make_doc(text))
    counts.add_spacing(learned(nlp, KOREAN))
    assert lm.spacing == counts.spacing()
    classes = learned(nlp, KOREAN).classes
    assert lm.spacing.classes["HANGUL", "HANGUL", 0] == classes["HANGUL", "HANGUL", 0]
    assert lm.spacing.classes["-", "LATIN", 0] == (3, 0)
